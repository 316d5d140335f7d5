#include "latentpath/kernel/mmd.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <limits>
#include <memory>
#include <numbers>
#include <numeric>
#include <random>

#include "kernel/dense/pair_kernels.h"
#include "latentpath/core/error.h"
#include "latentpath/core/thread_pool.h"

namespace latentpath {
namespace {

using detail::PairKernels;

constexpr int64_t kTile = 96;  // a multiple of 48; two tiles and their products stay in a core's cache
// Fewer pairs than these, a millisecond's work, are done before another thread has woken up on a busy
// machine.
constexpr int64_t kPairsPerThread = 1000000;

/// The distinct points of two samples with their net weights, in lexicographic order: what the samples'
/// distance depends on.
struct SignedAtoms {
  int64_t dim = 0, count = 0;
  std::vector<double> points;      ///< [count · dim]
  std::vector<double> weights;     ///< [count]: the first sample's weight there minus the second's
  std::vector<int64_t> atom_of;    ///< [n + m]: where each point of both samples went
  std::vector<double> own_weight;  ///< [n + m], scaled to sum 1 in each sample
  bool empty = true;               ///< no net weight anywhere: the samples are equal
};

std::vector<double> normalised_weights(const SampleView& sample) {
  const int64_t n = sample.count();
  if (sample.weights.empty()) return std::vector<double>(static_cast<size_t>(n), 1 / static_cast<double>(n));
  LATENTPATH_CHECK(static_cast<int64_t>(sample.weights.size()) == n, kArgument, "a sample of ", n,
                   " points has ", sample.weights.size(), " weights");
  for (const double w : sample.weights)
    LATENTPATH_CHECK(w >= 0 && std::isfinite(w), kArgument, "a sample's weight is ", w,
                     ": it must not be negative");
  // In ascending order, so that the sum does not depend on the order of the points.
  std::vector<double> weights(sample.weights.begin(), sample.weights.end()), sorted = weights;
  std::sort(sorted.begin(), sorted.end());
  const double total = std::accumulate(sorted.begin(), sorted.end(), 0.0);
  LATENTPATH_CHECK(total > 0, kArgument, "the weights of a sample are all 0");
  for (double& w : weights) w /= total;
  return weights;
}

void check_samples(const SampleView& first, const SampleView& second) {
  for (const SampleView* sample : {&first, &second}) {
    LATENTPATH_CHECK(sample->dim >= 1, kArgument, "a sample's dimension is ", sample->dim,
                     ": it must be at least 1");
    LATENTPATH_CHECK(!sample->points.empty(), kArgument, "a sample has no points");
    LATENTPATH_CHECK(static_cast<int64_t>(sample->points.size()) % sample->dim == 0, kArgument,
                     "a sample of ", sample->points.size(), " numbers is not made of points of dimension ",
                     sample->dim);
    for (const double x : sample->points)
      LATENTPATH_CHECK(std::isfinite(x), kNumerical, "a sample holds NaN or infinite numbers");
  }
  LATENTPATH_CHECK(first.dim == second.dim, kArgument, "the samples' dimensions differ: ", first.dim, " and ",
                   second.dim);
}

SignedAtoms merge(const SampleView& first, const SampleView& second) {
  check_samples(first, second);
  SignedAtoms atoms;
  const int64_t dim = atoms.dim = first.dim, n = first.count(), total = n + second.count();
  atoms.own_weight = normalised_weights(first);
  const std::vector<double> other = normalised_weights(second);
  atoms.own_weight.insert(atoms.own_weight.end(), other.begin(), other.end());
  const auto point = [&](int64_t i) {
    return i < n ? first.points.data() + i * dim : second.points.data() + (i - n) * dim;
  };
  std::vector<int64_t> order(static_cast<size_t>(total));
  std::iota(order.begin(), order.end(), 0);
  // Equal points in the order of sample and weight: their weights are then added in the same order always.
  std::sort(order.begin(), order.end(), [&](int64_t i, int64_t j) {
    const double *p = point(i), *q = point(j);
    for (int64_t k = 0; k < dim; ++k)
      if (p[k] != q[k]) return p[k] < q[k];
    if ((i < n) != (j < n)) return i < n;
    return atoms.own_weight[static_cast<size_t>(i)] < atoms.own_weight[static_cast<size_t>(j)];
  });
  atoms.atom_of.resize(static_cast<size_t>(total));
  double plus = 0, minus = 0;
  const auto close_atom = [&] {
    if (atoms.count == 0) return;
    atoms.weights.push_back(plus - minus);
    atoms.empty = atoms.empty && plus == minus;
  };
  for (size_t rank = 0; rank < order.size(); ++rank) {
    const int64_t i = order[rank];
    const double* p = point(i);
    if (rank == 0 || !std::equal(p, p + dim, atoms.points.end() - dim)) {
      close_atom();
      plus = minus = 0;
      atoms.points.insert(atoms.points.end(), p, p + dim);
      ++atoms.count;
    }
    (i < n ? plus : minus) += atoms.own_weight[static_cast<size_t>(i)];
    atoms.atom_of[static_cast<size_t>(i)] = atoms.count - 1;
  }
  close_atom();
  return atoms;
}

/// Numbers on a cache line of their own.
struct AlignedDelete {
  void operator()(double* p) const { ::operator delete[](p, std::align_val_t{64}); }
};
class Numbers {
 public:
  explicit Numbers(int64_t count)
      : data_(static_cast<double*>(
            ::operator new[](static_cast<size_t>(count) * sizeof(double), std::align_val_t{64}))) {
    std::fill_n(data_.get(), count, 0.0);
  }
  double* get() const { return data_.get(); }
  double& operator[](int64_t i) const { return data_[static_cast<size_t>(i)]; }

 private:
  std::unique_ptr<double[], AlignedDelete> data_;
};

/// Neumaier's sum: what rounding takes away is added at the end.
class ExactSum {
 public:
  void add(double x) {
    const double t = sum_ + x;
    rest_ += std::abs(sum_) >= std::abs(x) ? (sum_ - t) + x : (x - t) + sum_;
    sum_ = t;
  }
  double value() const { return sum_ + rest_; }

 private:
  double sum_ = 0, rest_ = 0;
};

/// What a signed measure does: its energy Σ s_a s_b g over unordered pairs, and the field F_a = Σ_b s_b q
/// (z_a − z_b) at every atom.
struct PairField {
  double value = 0, absolute = 0;
  std::vector<double> field;  ///< [count · dim]
};

const PairKernels& kernels_for(const std::string& instructions) {
  const PairKernels* found = detail::find_pair_kernels(instructions.c_str());
  LATENTPATH_CHECK(found != nullptr, kArgument, "the instructions '", instructions,
                   "' are not available on this processor");
  return *found;
}

int threads_for(int asked, int64_t work_items) {
  const int64_t most = asked > 0 ? asked : thread_width();
  return static_cast<int>(std::clamp<int64_t>(work_items, 1, most));
}

/// Where to count coordinates from: products of points far from the origin would cancel. Taken for the
/// coordinates that are all at least 3/4 as far out as their mean: there z − centre is exact (Sterbenz), and
/// no difference of two points is touched; 0 for the others.
std::vector<double> far_centre(const SignedAtoms& atoms) {
  std::vector<double> centre(static_cast<size_t>(atoms.dim), 0.0);
  for (int64_t k = 0; k < atoms.dim; ++k) {
    const auto coordinate = [&](int64_t a) { return atoms.points[static_cast<size_t>(a * atoms.dim + k)]; };
    double mean = 0, deviation = 0;
    for (int64_t a = 0; a < atoms.count; ++a) mean += coordinate(a) / static_cast<double>(atoms.count);
    for (int64_t a = 0; a < atoms.count; ++a) deviation = std::max(deviation, std::abs(coordinate(a) - mean));
    if (std::abs(mean) > 4 * deviation) centre[static_cast<size_t>(k)] = mean;
  }
  return centre;
}

/// The atoms in tiles, as the kernels read them: coordinate by coordinate and, where the space is not narrow,
/// by rows with their squared norms too.
struct TiledAtoms {
  TiledAtoms(const SignedAtoms& atoms, bool is_narrow)
      : narrow(is_narrow),
        count(atoms.count),
        tiles((count + kTile - 1) / kTile),
        dim(atoms.dim),
        stride((dim + 15) / 16 * 16),
        coordinates(tiles * dim * kTile),
        weights(tiles * kTile),
        norms(narrow ? 0 : tiles * kTile),
        rows(narrow ? 0 : tiles * kTile * stride) {
    const std::vector<double> centre =
        narrow ? std::vector<double>(static_cast<size_t>(dim), 0.0) : far_centre(atoms);
    for (int64_t a = 0; a < count; ++a) {
      const double s = weights[a] = atoms.weights[static_cast<size_t>(a)];
      for (int64_t k = 0; k < dim; ++k) {
        const double z = atoms.points[static_cast<size_t>(a * dim + k)] - centre[static_cast<size_t>(k)];
        coordinates[place(a, k)] = z;
        if (narrow) continue;
        norms[a] += z * z;
        rows[a * stride + k] = s * z;
      }
    }
    points.tile = kTile;
    points.dim = dim;
    points.stride = stride;
    points.coordinates = coordinates.get();
    points.weights = weights.get();
    points.squared_norms = norms.get();
    points.weighted_rows = rows.get();
  }

  /// Where coordinate k of atom a stands in an array of tiles.
  int64_t place(int64_t a, int64_t k) const { return (a / kTile * dim + k) * kTile + a % kTile; }

  bool narrow;
  int64_t count, tiles, dim, stride;
  Numbers coordinates, weights, norms, rows;
  detail::TiledPoints points{};
};

detail::KernelCoefficients coefficients_of(const RadialKernel& kernel) {
  int family = detail::kEnergyFamily;
  switch (kernel.family()) {
    case RadialKernel::Family::kGaussian:
      family = detail::kGaussianFamily;
      break;
    case RadialKernel::Family::kInverseMultiquadric:
      family = detail::kInverseMultiquadricFamily;
      break;
    case RadialKernel::Family::kLaplace:
      family = detail::kLaplaceFamily;
      break;
    default:
      break;
  }
  return {family, static_cast<int>(kernel.parameters().size()), kernel.parameters().data()};
}

/// What one thread adds up: the double sum over its pairs of tiles, and its derivative by the points.
struct FieldShare {
  ExactSum value, absolute;
  std::unique_ptr<Numbers> force, row_force, row_coefficient;

  void add_pairs(const PairKernels& run, const TiledAtoms& atoms, const detail::KernelCoefficients& kernel,
                 int64_t thread, int64_t threads) {
    Numbers scratch(atoms.narrow ? 0 : kTile * kTile);
    if (atoms.narrow) {
      force = std::make_unique<Numbers>(atoms.tiles * atoms.dim * kTile);
    } else {
      row_force = std::make_unique<Numbers>(atoms.tiles * kTile * atoms.stride);
      row_coefficient = std::make_unique<Numbers>(atoms.tiles * kTile);
    }
    // Pairs of tiles are dealt out in a fixed order, so that equal numbers of threads give equal sums.
    int64_t pair = 0;
    for (int64_t a = 0; a < atoms.tiles; ++a) {
      for (int64_t b = a; b < atoms.tiles; ++b, ++pair) {
        if (pair % threads != thread) continue;
        detail::PairSums sums{0, 0};
        if (atoms.narrow)
          run.narrow_tile(atoms.points, kernel, a, b, sums, force->get());
        else
          run.wide_tile(atoms.points, kernel, a, b, sums, row_force->get(), row_coefficient->get(),
                        scratch.get());
        value.add(sums.value);
        absolute.add(sums.absolute);
      }
    }
  }

  /// The derivative by coordinate k of atom a.
  double at(const TiledAtoms& atoms, int64_t a, int64_t k) const {
    const int64_t place = atoms.place(a, k);
    return atoms.narrow
               ? (*force)[place]
               : atoms.coordinates[place] * (*row_coefficient)[a] - (*row_force)[a * atoms.stride + k];
  }
};

PairField pair_field(const RadialKernel& kernel, const SignedAtoms& atoms, const MmdOptions& options) {
  const PairKernels& run = kernels_for(options.instructions);
  const TiledAtoms tiled(atoms, atoms.dim <= detail::kMostNarrowDim);
  const detail::KernelCoefficients coefficients = coefficients_of(kernel);
  const int64_t pairs = tiled.tiles * (tiled.tiles + 1) / 2;
  const int threads =
      threads_for(options.threads, std::min(pairs, 1 + atoms.count * atoms.count / 2 / kPairsPerThread));
  std::vector<FieldShare> shares(static_cast<size_t>(threads));
  run_on_threads(
      threads,
      [&](int64_t thread) {
        shares[static_cast<size_t>(thread)].add_pairs(run, tiled, coefficients, thread, threads);
      },
      threads);

  PairField result;
  ExactSum value, absolute;
  result.field.assign(static_cast<size_t>(atoms.count * atoms.dim), 0.0);
  for (const FieldShare& share : shares) {
    value.add(share.value.value());
    absolute.add(share.absolute.value());
    for (int64_t a = 0; a < atoms.count; ++a)
      for (int64_t k = 0; k < atoms.dim; ++k)
        result.field[static_cast<size_t>(a * atoms.dim + k)] += share.at(tiled, a, k);
  }
  result.value = value.value();
  result.absolute = absolute.value();
  return result;
}

/// The linear kernel: everything depends on the difference m of the means. −½ Σ s_a s_b ‖z_a − z_b‖² = ‖m‖².
PairField linear_field(const SignedAtoms& atoms) {
  PairField result;
  std::vector<ExactSum> mean(static_cast<size_t>(atoms.dim)), size(static_cast<size_t>(atoms.dim));
  for (int64_t a = 0; a < atoms.count; ++a)
    for (int64_t k = 0; k < atoms.dim; ++k) {
      const double term =
          atoms.weights[static_cast<size_t>(a)] * atoms.points[static_cast<size_t>(a * atoms.dim + k)];
      mean[static_cast<size_t>(k)].add(term);
      size[static_cast<size_t>(k)].add(std::abs(term));
    }
  result.field.resize(static_cast<size_t>(atoms.count * atoms.dim));
  for (int64_t k = 0; k < atoms.dim; ++k) {
    const double m = mean[static_cast<size_t>(k)].value();
    result.value -= 0.5 * m * m;
    result.absolute += 2 * std::abs(m) * size[static_cast<size_t>(k)].value();
    for (int64_t a = 0; a < atoms.count; ++a) result.field[static_cast<size_t>(a * atoms.dim + k)] = -m;
  }
  return result;
}

/// −2 s F for each point of a sample, by its own weight.
std::vector<double> gradient_of(const SignedAtoms& atoms, const std::vector<double>& field, int64_t begin,
                                int64_t count, double sign) {
  std::vector<double> gradient(static_cast<size_t>(count * atoms.dim));
  for (int64_t i = 0; i < count; ++i) {
    const auto which = static_cast<size_t>(begin + i);
    const double factor = -2 * sign * atoms.own_weight[which];
    for (int64_t k = 0; k < atoms.dim; ++k)
      gradient[static_cast<size_t>(i * atoms.dim + k)] =
          factor * field[static_cast<size_t>(atoms.atom_of[which] * atoms.dim + k)];
  }
  return gradient;
}

}  // namespace

std::vector<std::string> available_instructions() {
  std::vector<std::string> names;
  for (const char* name : {"avx512", "avx2", "baseline"})
    if (detail::find_pair_kernels(name) != nullptr) names.emplace_back(name);
  return names;
}

SquaredMmd squared_mmd(const RadialKernel& kernel, const SampleView& first, const SampleView& second,
                       const MmdOptions& options) {
  const SignedAtoms atoms = merge(first, second);
  SquaredMmd result;
  PairField pairs;
  if (atoms.empty)
    pairs.field.assign(static_cast<size_t>(atoms.count * atoms.dim), 0.0);
  else
    pairs = kernel.family() == RadialKernel::Family::kLinear ? linear_field(atoms)
                                                             : pair_field(kernel, atoms, options);
  const double sum = -2 * pairs.value;
  LATENTPATH_CHECK(std::isfinite(sum), kNumerical,
                   "the distance of two samples is beyond the range of numbers");
  result.value = sum > 0 ? sum : 0.0;  // and not −0
  result.clamped = result.value - sum;
  // Each term carries about 4 roundings (distance, exponential, two weights), in either direction.
  result.rounding = 4 * std::numeric_limits<double>::epsilon() * 2 * pairs.absolute;
  if (options.gradients) {
    result.first_gradient = gradient_of(atoms, pairs.field, 0, first.count(), 1);
    result.second_gradient = gradient_of(atoms, pairs.field, first.count(), second.count(), -1);
  }
  return result;
}

std::vector<SquaredMmd> neighbour_mmds(const RadialKernel& kernel, const std::vector<SampleView>& chain,
                                       const MmdOptions& options) {
  LATENTPATH_CHECK(chain.size() >= 2, kArgument, "a chain of samples must have at least 2, not ",
                   chain.size());
  const auto steps = static_cast<int64_t>(chain.size()) - 1;
  int64_t largest = 0;
  for (const SampleView& sample : chain) largest = std::max(largest, sample.count());
  std::vector<SquaredMmd> result(static_cast<size_t>(steps));
  MmdOptions each = options;
  const bool side_by_side = largest <= 1000;
  const int64_t pairs = 2 * largest * largest * steps;
  const int threads =
      side_by_side ? threads_for(options.threads, std::min(steps, 1 + pairs / kPairsPerThread)) : 1;
  if (side_by_side) each.threads = 1;
  run_on_threads(
      steps,
      [&](int64_t j) {
        const auto at = static_cast<size_t>(j);
        result[at] = squared_mmd(kernel, chain[at], chain[at + 1], each);
      },
      threads);
  return result;
}

double median_distance(const SampleView& first, const SampleView& second) {
  check_samples(first, second);
  const int64_t dim = first.dim, total = first.count() + second.count(),
                most = std::min<int64_t>(total, 1000);
  std::vector<const double*> points;
  for (int64_t i = 0; i < most; ++i) {
    const int64_t which = i * total / most;
    points.push_back(which < first.count() ? first.points.data() + which * dim
                                           : second.points.data() + (which - first.count()) * dim);
  }
  std::vector<double> squares;
  for (size_t i = 0; i < points.size(); ++i)
    for (size_t j = i + 1; j < points.size(); ++j) {
      double square = 0;
      for (int64_t k = 0; k < dim; ++k)
        square += (points[i][k] - points[j][k]) * (points[i][k] - points[j][k]);
      if (square > 0) squares.push_back(square);
    }
  if (squares.empty()) return 1;
  const auto middle = squares.begin() + static_cast<std::ptrdiff_t>(squares.size() / 2);
  std::nth_element(squares.begin(), middle, squares.end());
  return std::sqrt(*middle);
}

namespace {

/// A generator whose draws are the same with every standard library.
class Draws {
 public:
  explicit Draws(uint64_t seed) : engine_(seed) {}
  double uniform() { return (static_cast<double>(engine_() >> 11) + 0.5) * 0x1p-53; }  // in (0, 1)
  double normal() { return std::sqrt(-2 * std::log(uniform())) * std::cos(2 * std::numbers::pi * uniform()); }

 private:
  std::mt19937_64 engine_;
};

/// Frequencies from the spectral measure of one Gaussian of the sum (the γ of draw `index` are taken in turn,
/// which weights them alike), the Laplace kernel, or the inverse multiquadric.
std::vector<double> draw_frequencies(const RadialKernel& kernel, int64_t dim, int64_t features,
                                     uint64_t seed) {
  Draws draws(seed);
  std::vector<double> frequencies;
  const std::vector<double>& p = kernel.parameters();
  for (int64_t f = 0; f < features; ++f) {
    double deviation = 0;
    switch (kernel.family()) {
      case RadialKernel::Family::kGaussian:
        deviation = std::sqrt(2 * p[static_cast<size_t>(f) % p.size()]);
        break;
      case RadialKernel::Family::kLaplace:  // a multivariate Cauchy: a normal over an independent |normal|
        deviation = p[0] / std::max(std::abs(draws.normal()), 1e-12);
        break;
      default: {  // 1/√(ρ² + c) = ∫ exp(−tρ²) e^{−tc} dt/√(πt): t is gamma distributed, ½ χ²₁/c
        const double normal = draws.normal();
        deviation = std::sqrt(normal * normal / p[0]);
      }
    }
    for (int64_t k = 0; k < dim; ++k) frequencies.push_back(deviation * draws.normal());
  }
  return frequencies;
}

/// The energy distance on random lines: in one dimension it is 2 ∫ (F − G)² dx, and the mean of |⟨θ, x⟩| over
/// the sphere is ‖x‖ Γ(d/2)/(√π Γ((d+1)/2)).
RandomFeatureMmd sliced_energy(const SignedAtoms& atoms, int64_t lines, uint64_t seed, int threads,
                               std::vector<double>& field) {
  const int64_t dim = atoms.dim, count = atoms.count;
  const double scale =
      std::sqrt(std::numbers::pi) *
      std::exp(std::lgamma(0.5 * static_cast<double>(dim + 1)) - std::lgamma(0.5 * static_cast<double>(dim)));
  Draws draws(seed);
  std::vector<double> directions;
  for (int64_t f = 0; f < lines; ++f) {
    double square = 0;
    for (int64_t k = 0; k < dim; ++k)
      directions.push_back(draws.normal()), square += directions.back() * directions.back();
    for (int64_t k = 0; k < dim; ++k) directions[static_cast<size_t>(f * dim + k)] /= std::sqrt(square);
  }
  std::vector<double> values(static_cast<size_t>(lines));
  std::vector<std::vector<double>> fields(static_cast<size_t>(threads));
  const auto add_share = [&](int64_t thread) {
    std::vector<double>& own = fields[static_cast<size_t>(thread)];
    own.assign(static_cast<size_t>(count * dim), 0.0);
    std::vector<double> projection(static_cast<size_t>(count));
    std::vector<int64_t> order(static_cast<size_t>(count));
    const IndexRange range = share_of(lines, thread, threads);
    for (int64_t f = range.begin; f < range.end; ++f) {
      const double* direction = directions.data() + f * dim;
      for (int64_t a = 0; a < count; ++a)
        projection[static_cast<size_t>(a)] =
            std::inner_product(direction, direction + dim, atoms.points.data() + a * dim, 0.0);
      std::iota(order.begin(), order.end(), 0);
      std::sort(order.begin(), order.end(), [&](int64_t i, int64_t j) {
        return projection[static_cast<size_t>(i)] < projection[static_cast<size_t>(j)];
      });
      double below = 0, total = 0;
      for (size_t r = 0; r < order.size(); ++r) {
        const auto a = static_cast<size_t>(order[r]);
        if (r > 0) {
          const double gap = projection[a] - projection[static_cast<size_t>(order[r - 1])];
          total += 2 * below * below * gap;
        }
        const double s = atoms.weights[a];
        // Σ_b s_b sign(z_a − z_b) = (below) − (above) = 2 below + s, as all weights sum to 0.
        const double pull = scale / static_cast<double>(lines) * (2 * below + s);
        for (int64_t k = 0; k < dim; ++k)
          own[a * static_cast<size_t>(dim) + static_cast<size_t>(k)] += pull * direction[k];
        below += s;
      }
      values[static_cast<size_t>(f)] = scale * total;
    }
  };
  run_on_threads(threads, add_share, threads);
  field.assign(static_cast<size_t>(count * dim), 0.0);
  for (const auto& own : fields)
    for (size_t i = 0; i < own.size(); ++i) field[i] += own[i];
  RandomFeatureMmd result;
  double square = 0;
  for (const double v : values) result.value += v / static_cast<double>(lines);
  for (const double v : values) square += (v - result.value) * (v - result.value);
  result.standard_error = std::sqrt(square / static_cast<double>(lines * std::max<int64_t>(1, lines - 1)));
  return result;
}

}  // namespace

RandomFeatureMmd random_feature_mmd(const RadialKernel& kernel, const SampleView& first,
                                    const SampleView& second, const RandomFeatureOptions& options) {
  LATENTPATH_CHECK(options.features >= 2, kArgument, "random features must be at least 2, not ",
                   options.features);
  const SignedAtoms atoms = merge(first, second);
  const PairKernels& run = kernels_for(options.instructions);
  const int64_t dim = atoms.dim, n = first.count(), m = second.count(), features = options.features;
  RandomFeatureMmd result;
  std::vector<double> field(static_cast<size_t>(atoms.count * dim), 0.0);
  if (!atoms.empty && kernel.family() == RadialKernel::Family::kLinear) {
    const PairField linear = linear_field(atoms);
    result.value = -2 * linear.value;
    field = linear.field;
  } else if (!atoms.empty && kernel.family() == RadialKernel::Family::kEnergy) {
    result = sliced_energy(atoms, features, options.seed, threads_for(options.threads, features), field);
  } else if (!atoms.empty) {
    const std::vector<double> frequencies = draw_frequencies(kernel, dim, features, options.seed);
    // Blocks of points that fit a cache, transposed.
    constexpr int64_t kBlock = 1024;
    const int64_t blocks = (atoms.count + kBlock - 1) / kBlock;
    const auto fill = [&](int64_t block, std::vector<double>& coordinates, std::vector<double>& weights) {
      coordinates.assign(static_cast<size_t>(kBlock * dim), 0.0);
      weights.assign(static_cast<size_t>(kBlock), 0.0);
      for (int64_t a = block * kBlock; a < std::min(atoms.count, (block + 1) * kBlock); ++a) {
        weights[static_cast<size_t>(a % kBlock)] = atoms.weights[static_cast<size_t>(a)];
        for (int64_t k = 0; k < dim; ++k)
          coordinates[static_cast<size_t>(k * kBlock + a % kBlock)] =
              atoms.points[static_cast<size_t>(a * dim + k)];
      }
    };
    const int threads = threads_for(options.threads, blocks);
    std::vector<std::vector<double>> shares(static_cast<size_t>(threads));
    const auto sum_share = [&](int64_t thread) {
      std::vector<double>& own = shares[static_cast<size_t>(thread)];
      own.assign(static_cast<size_t>(2 * features), 0.0);
      std::vector<double> coordinates, weights;
      const IndexRange range = share_of(blocks, thread, threads);
      for (int64_t block = range.begin; block < range.end; ++block) {
        fill(block, coordinates, weights);
        run.feature_sums(coordinates.data(), weights.data(), kBlock, dim, frequencies.data(), features,
                         own.data());
      }
    };
    run_on_threads(threads, sum_share, threads);
    std::vector<double> sums(static_cast<size_t>(2 * features), 0.0);
    for (const auto& own : shares)
      for (size_t i = 0; i < sums.size(); ++i) sums[i] += own[i];
    double square = 0;
    std::vector<double> values;
    for (size_t f = 0; f < static_cast<size_t>(features); ++f)
      values.push_back(kernel.peak() * (sums[2 * f] * sums[2 * f] + sums[2 * f + 1] * sums[2 * f + 1]));
    for (const double v : values) result.value += v / static_cast<double>(features);
    for (const double v : values) square += (v - result.value) * (v - result.value);
    result.standard_error = std::sqrt(square / static_cast<double>(features * (features - 1)));
    if (options.gradients) {
      // dMMD²/dz_a = 2 k(0)/features · s_a Σ_f (im cos − re sin) ω_f; F is −½ of it without s_a.
      const double scale = -kernel.peak() / static_cast<double>(features);
      const auto pull_share = [&](int64_t thread) {
        std::vector<double> coordinates, weights, gradient;
        const IndexRange range = share_of(blocks, thread, threads);
        for (int64_t block = range.begin; block < range.end; ++block) {
          fill(block, coordinates, weights);
          gradient.assign(static_cast<size_t>(kBlock * dim), 0.0);
          run.feature_gradient(coordinates.data(), kBlock, dim, frequencies.data(), sums.data(), features,
                               gradient.data());
          for (int64_t a = block * kBlock; a < std::min(atoms.count, (block + 1) * kBlock); ++a)
            for (int64_t k = 0; k < dim; ++k)
              field[static_cast<size_t>(a * dim + k)] =
                  scale * gradient[static_cast<size_t>(k * kBlock + a % kBlock)];
        }
      };
      run_on_threads(threads, pull_share, threads);
    }
  }
  if (options.gradients) {
    result.first_gradient = gradient_of(atoms, field, 0, n, 1);
    result.second_gradient = gradient_of(atoms, field, n, m, -1);
  }
  return result;
}

}  // namespace latentpath
