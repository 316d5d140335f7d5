// Entropic optimal transport, and the bounds that it gives on the exact one.

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernel/dense/pair_kernels.h"
#include "latentpath/core/error.h"
#include "latentpath/core/thread_pool.h"
#include "latentpath/measure/transport.h"
#include "measure/dense/transport_samples.h"

namespace latentpath {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// A sample as the vector loops want it: coordinates by columns, padded to a multiple of 8.
struct Columns {
  Columns(const SampleView& sample) : count(sample.count()), padded((count + 7) / 8 * 8), dim(sample.dim) {
    coordinates.assign(static_cast<size_t>(padded * dim), 0.0);
    log_weight.assign(static_cast<size_t>(padded), -kInfinity);
    weight = detail::normalised_weights(sample);
    for (int64_t i = 0; i < count; ++i) {
      log_weight[static_cast<size_t>(i)] = std::log(weight[static_cast<size_t>(i)]);
      for (int64_t k = 0; k < dim; ++k)
        coordinates[static_cast<size_t>(k * padded + i)] = sample.points[static_cast<size_t>(i * dim + k)];
    }
    points = sample.points.data();
  }
  int64_t count, padded, dim;
  std::vector<double> coordinates, log_weight, weight;
  const double* points;
};

/// −ε log Σ_b w_b exp((potential_b − ½‖x − z_b‖²)/ε) at every point x of `at`, and the mean of z_b by those
/// weights.
std::vector<double> soft_minimum(const detail::PairKernels& run, const Columns& at, const Columns& from,
                                 const std::vector<double>& potential, double epsilon, int threads,
                                 std::vector<double>* mean = nullptr) {
  std::vector<double> offsets = from.log_weight;
  for (size_t b = 0; b < static_cast<size_t>(from.count); ++b) offsets[b] += potential[b] / epsilon;
  std::vector<double> result(static_cast<size_t>(at.count));
  if (mean != nullptr) mean->resize(static_cast<size_t>(at.count * at.dim));
  constexpr int64_t kBlock = 64;
  const int64_t blocks = (at.count + kBlock - 1) / kBlock;
  const auto take_blocks = [&](int64_t thread) {
    const IndexRange range = share_of(blocks, thread, threads);
    for (int64_t block = range.begin; block < range.end; ++block) {
      const int64_t first = block * kBlock, size = std::min(kBlock, at.count - first);
      run.log_sum_exp(at.points + first * at.dim, size, from.coordinates.data(), offsets.data(), from.padded,
                      at.dim, 0.5 / epsilon, result.data() + first,
                      mean == nullptr ? nullptr : mean->data() + first * at.dim);
    }
  };
  run_on_threads(threads, take_blocks, threads);
  for (double& value : result) value *= -epsilon;
  return result;
}

void average(std::vector<double>& potential, const std::vector<double>& other) {
  for (size_t i = 0; i < potential.size(); ++i) potential[i] = 0.5 * (potential[i] + other[i]);
}

/// No plan costs less: potentials of the cost ½‖x − y‖², made feasible for it.
double dual_bound(const SampleView& first, const SampleView& second, const Columns& x, const Columns& y,
                  const std::vector<double>& f) {
  const detail::DistanceRows distances(second);
  std::vector<double> row(static_cast<size_t>(y.count)), g(row.size(), kInfinity);
  double bound = 0;
  for (size_t i = 0; i < f.size(); ++i) {
    distances(first.points.data() + static_cast<int64_t>(i) * first.dim, row.data());
    for (size_t j = 0; j < row.size(); ++j) g[j] = std::min(g[j], 0.5 * row[j] - f[i]);
    bound += 2 * x.weight[i] * f[i];
  }
  for (size_t j = 0; j < g.size(); ++j) bound += 2 * y.weight[j] * g[j];
  return bound;
}

/// The cost of a plan whose rows, exact for g, are shrunk in the columns that have too much, by
/// exp((min(g, T(f)) − g)/ε), and to which what is then missing is given in proportion. With the points
/// measured from their common mean, it is Σ w ‖x‖² + Σ v ‖y‖² − 2 Σ π ⟨x, y⟩.
double rounded_plan_cost(const detail::PairKernels& run, const Columns& x, const Columns& y,
                         const std::vector<double>& f, const std::vector<double>& g,
                         const std::vector<double>& exact_g, double epsilon, int threads) {
  std::vector<double> shrunk = g, mean;
  for (size_t j = 0; j < g.size(); ++j) shrunk[j] = std::min(g[j], exact_g[j]);
  const std::vector<double> shrunk_f = soft_minimum(run, x, y, shrunk, epsilon, threads, &mean);
  const auto dim = static_cast<size_t>(x.dim);
  std::vector<double> centre(dim, 0.0), missing_x(dim, 0.0), missing_y(dim, 0.0);
  for (const Columns* sample : {&x, &y})
    for (size_t i = 0; i < sample->weight.size(); ++i)
      for (size_t k = 0; k < dim; ++k) centre[k] += 0.5 * sample->weight[i] * sample->points[i * dim + k];
  double cost = 0, missing = 0;
  for (size_t i = 0; i < f.size(); ++i) {
    const double mass = x.weight[i] * std::exp(std::min(0.0, (f[i] - shrunk_f[i]) / epsilon));
    for (size_t k = 0; k < dim; ++k) {
      const double z = x.points[i * dim + k] - centre[k];
      cost += x.weight[i] * z * z - 2 * mass * z * (mean[i * dim + k] - centre[k]);
      missing_x[k] += (x.weight[i] - mass) * z;
    }
    missing += x.weight[i] - mass;
  }
  for (size_t j = 0; j < g.size(); ++j) {
    const double mass = y.weight[j] * std::exp((shrunk[j] - exact_g[j]) / epsilon);
    for (size_t k = 0; k < dim; ++k) {
      const double z = y.points[j * dim + k] - centre[k];
      cost += y.weight[j] * z * z;
      missing_y[k] += (y.weight[j] - mass) * z;
    }
  }
  for (size_t k = 0; missing > 0 && k < dim; ++k) cost -= 2 * missing_x[k] * missing_y[k] / missing;
  return cost;
}

/// From a blur as large as both samples together, where one step is enough, to the one that is wanted.
std::vector<double> blur_schedule(const Columns& x, const Columns& y, double last,
                                  const EntropicOptions& options) {
  double diameter = 0;
  for (int64_t k = 0; k < x.dim; ++k) {
    double low = kInfinity, high = -kInfinity;
    for (const Columns* sample : {&x, &y})
      for (int64_t i = 0; i < sample->count; ++i) {
        const double z = sample->coordinates[static_cast<size_t>(k * sample->padded + i)];
        low = std::min(low, z);
        high = std::max(high, z);
      }
    diameter += (high - low) * (high - low);
  }
  std::vector<double> blurs;
  for (double blur = std::sqrt(diameter); blur > last; blur *= options.annealing) blurs.push_back(blur);
  blurs.insert(blurs.end(), static_cast<size_t>(options.last_iterations + 1), last);
  return blurs;
}

}  // namespace

EntropicTransport entropic_transport(const SampleView& first, const SampleView& second,
                                     const EntropicOptions& options, const CancellationToken& cancellation) {
  detail::check_transport(first, second);
  LATENTPATH_CHECK(options.blur >= 0 && std::isfinite(options.blur), kArgument,
                   "the blur of entropic transport must be positive, or 0 for a default, not ", options.blur);
  LATENTPATH_CHECK(options.annealing > 0 && options.annealing < 1, kArgument,
                   "the annealing of entropic transport must lie between 0 and 1, not at ",
                   options.annealing);
  const detail::PairKernels& run = *detail::find_pair_kernels("auto");
  // Fewer terms of a sum than these, a millisecond's work, are done before another thread has woken up.
  constexpr int64_t kTermsPerThread = 500'000;
  const int64_t most = options.threads > 0 ? options.threads : thread_width();
  const auto threads = static_cast<int>(
      std::clamp<int64_t>(first.count() * second.count() / kTermsPerThread, 1, std::max<int64_t>(1, most)));
  const Columns x(first), y(second);
  EntropicTransport result;
  result.blur = options.blur > 0 ? options.blur : 0.03 * median_distance(first, second);

  const std::vector<double> blurs = blur_schedule(x, y, result.blur, options);
  std::vector<double> f(static_cast<size_t>(x.count), 0.0), g(static_cast<size_t>(y.count), 0.0), f_self = f,
                                                                                                  g_self = g;
  for (const double blur : blurs) {
    LATENTPATH_CHECK(!cancellation.cancelled(), kInterrupted, "interrupted before the transport was found");
    const double epsilon = blur * blur;
    const std::vector<double> new_f = soft_minimum(run, x, y, g, epsilon, threads);
    const std::vector<double> new_g = soft_minimum(run, y, x, f, epsilon, threads);
    // Were f exact for g, the mass in column j would be v_j exp((g_j − T(f)_j)/ε).
    if (blur == result.blur && result.iterations > 0) {
      double error = 0;
      for (size_t j = 0; j < g.size(); ++j)
        error += y.weight[j] * std::abs(std::expm1((g[j] - new_g[j]) / epsilon));
      for (size_t i = 0; i < f.size(); ++i)
        error += x.weight[i] * std::abs(std::expm1((f[i] - new_f[i]) / epsilon));
      if (error < options.marginal_error) break;
    }
    average(f, new_f);
    average(g, new_g);
    average(f_self, soft_minimum(run, x, x, f_self, epsilon, threads));
    average(g_self, soft_minimum(run, y, y, g_self, epsilon, threads));
    ++result.iterations;
  }
  const double epsilon = result.blur * result.blur;
  std::vector<double> to_y, to_x, x_self, y_self;
  const std::vector<double> last_f = soft_minimum(run, x, y, g, epsilon, threads, &to_y);
  const std::vector<double> last_g = soft_minimum(run, y, x, last_f, epsilon, threads);
  soft_minimum(run, y, x, f, epsilon, threads, &to_x);
  const std::vector<double> last_f_self = soft_minimum(run, x, x, f_self, epsilon, threads, &x_self);
  const std::vector<double> last_g_self = soft_minimum(run, y, y, g_self, epsilon, threads, &y_self);
  result.forward.assign(first.points.begin(), first.points.end());
  result.backward.assign(second.points.begin(), second.points.end());
  for (size_t i = 0; i < result.forward.size(); ++i) result.forward[i] += to_y[i] - x_self[i];
  for (size_t i = 0; i < result.backward.size(); ++i) result.backward[i] += to_x[i] - y_self[i];
  double divergence = 0;
  for (size_t i = 0; i < f.size(); ++i) divergence += x.weight[i] * (last_f[i] - last_f_self[i]);
  for (size_t j = 0; j < g.size(); ++j) {
    divergence += y.weight[j] * (last_g[j] - last_g_self[j]);
    // With rows exact, the mass in column j is v_j exp((g_j − T(f)_j)/ε).
    result.marginal_error += y.weight[j] * std::abs(std::expm1((g[j] - last_g[j]) / epsilon));
  }
  result.cost = std::max(0.0, 2 * divergence);
  result.lower_bound = std::max(0.0, dual_bound(first, second, x, y, last_f));
  result.upper_bound =
      std::max(result.lower_bound, rounded_plan_cost(run, x, y, last_f, g, last_g, epsilon, threads));
  LATENTPATH_CHECK(std::isfinite(divergence), kNumerical, "entropic transport ended in NaN or infinity");
  return result;
}

}  // namespace latentpath
