#include "latentpath/measure/transport.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "kernel/dense/pair_kernels.h"
#include "latentpath/core/error.h"
#include "latentpath/core/thread_pool.h"

namespace latentpath {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double squared_distance(const double* x, const double* y, int64_t dim) {
  double total = 0;
  for (int64_t k = 0; k < dim; ++k) total += (x[k] - y[k]) * (x[k] - y[k]);
  return total;
}

void check(const SampleView& first, const SampleView& second) {
  for (const SampleView* sample : {&first, &second}) {
    LATENTPATH_CHECK(sample->dim >= 1 && !sample->points.empty(), kArgument, "a sample has no points");
    LATENTPATH_CHECK(static_cast<int64_t>(sample->points.size()) % sample->dim == 0, kArgument,
                     "a sample of ", sample->points.size(), " numbers is not made of points of dimension ",
                     sample->dim);
    for (const double x : sample->points)
      LATENTPATH_CHECK(std::isfinite(x), kNumerical, "a sample holds NaN or infinite numbers");
    LATENTPATH_CHECK(
        sample->weights.empty() || static_cast<int64_t>(sample->weights.size()) == sample->count(), kArgument,
        "a sample of ", sample->count(), " points has ", sample->weights.size(), " weights");
    double total = sample->weights.empty() ? 1 : 0;
    for (const double w : sample->weights) {
      LATENTPATH_CHECK(w >= 0 && std::isfinite(w), kArgument, "a sample's weight is ", w,
                       ": it must not be negative");
      total += w;
    }
    LATENTPATH_CHECK(total > 0, kArgument, "the weights of a sample are all 0");
  }
  LATENTPATH_CHECK(first.dim == second.dim, kArgument, "the samples' dimensions differ: ", first.dim, " and ",
                   second.dim);
}

/// Masses as whole numbers with sum `total`, the rounding given to the largest remainders.
std::vector<int64_t> whole_masses(const SampleView& sample, int64_t total) {
  const auto n = static_cast<size_t>(sample.count());
  if (sample.weights.empty() && total % sample.count() == 0)
    return std::vector<int64_t>(n, total / sample.count());
  std::vector<double> wanted(n, static_cast<double>(total) / static_cast<double>(n));
  if (!sample.weights.empty()) {
    const double sum = std::accumulate(sample.weights.begin(), sample.weights.end(), 0.0);
    for (size_t i = 0; i < n; ++i) wanted[i] = sample.weights[i] / sum * static_cast<double>(total);
  }
  std::vector<int64_t> masses(n);
  std::vector<size_t> order(n);
  std::iota(order.begin(), order.end(), size_t{0});
  int64_t rest = total;
  for (size_t i = 0; i < n; ++i) rest -= masses[i] = static_cast<int64_t>(wanted[i]);
  std::stable_sort(order.begin(), order.end(), [&](size_t i, size_t j) {
    return wanted[i] - std::floor(wanted[i]) > wanted[j] - std::floor(wanted[j]);
  });
  for (size_t k = 0; rest != 0; k = (k + 1) % n) {
    const size_t i = order[k];
    if (rest < 0 && masses[i] == 0) continue;
    masses[i] += rest > 0 ? 1 : -1;
    rest += rest > 0 ? -1 : 1;
  }
  return masses;
}

struct WholeMove {
  int64_t from, to, mass;
};

/// In one dimension mass keeps its order.
std::vector<WholeMove> sorted_moves(const SampleView& first, const SampleView& second,
                                    std::vector<int64_t> supply, std::vector<int64_t> demand) {
  const auto sorted = [](const SampleView& sample) {
    std::vector<int64_t> order(static_cast<size_t>(sample.count()));
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int64_t i, int64_t j) {
      return sample.points[static_cast<size_t>(i)] < sample.points[static_cast<size_t>(j)];
    });
    return order;
  };
  const std::vector<int64_t> from = sorted(first), to = sorted(second);
  std::vector<WholeMove> moves;
  for (size_t i = 0, j = 0; i < from.size() && j < to.size();) {
    int64_t &left = supply[static_cast<size_t>(from[i])], &wanted = demand[static_cast<size_t>(to[j])];
    const int64_t mass = std::min(left, wanted);
    if (mass > 0) moves.push_back({from[i], to[j], mass});
    left -= mass;
    wanted -= mass;
    if (left == 0) ++i;
    if (wanted == 0) ++j;
  }
  return moves;
}

/// Successive shortest paths. Prices u, v keep c_ij − u_i − v_j ≥ 0, with equality where mass flows; each
/// round sends mass from one row along a path that is shortest in these reduced costs to a column that still
/// wants some.
class ShortestPaths {
 public:
  ShortestPaths(const SampleView& first, const SampleView& second, std::vector<int64_t> supply,
                std::vector<int64_t> demand)
      : n_(first.count()), m_(second.count()), supply_(std::move(supply)), demand_(std::move(demand)) {
    cost_.resize(static_cast<size_t>(n_ * m_));
    for (int64_t i = 0; i < n_; ++i)
      for (int64_t j = 0; j < m_; ++j)
        cost_[static_cast<size_t>(i * m_ + j)] = squared_distance(
            first.points.data() + i * first.dim, second.points.data() + j * first.dim, first.dim);
    u_.assign(static_cast<size_t>(n_), 0.0);
    v_.assign(static_cast<size_t>(m_), kInfinity);
    // Column reduction: the prices at which each column's nearest row would serve it.
    for (int64_t i = 0; i < n_; ++i)
      for (size_t j = 0; j < static_cast<size_t>(m_); ++j) v_[j] = std::min(v_[j], cost(i)[j]);
    flow_.resize(static_cast<size_t>(m_));
    distance_.resize(static_cast<size_t>(m_));
    reached_by_.resize(static_cast<size_t>(m_));
    entered_by_.resize(static_cast<size_t>(n_));
    row_distance_.resize(static_cast<size_t>(n_));
    open_.resize(static_cast<size_t>(m_));
  }

  std::vector<WholeMove> solve(const CancellationToken& cancellation) {
    for (int64_t i = 0; i < n_; ++i) {
      LATENTPATH_CHECK(!cancellation.cancelled(), kInterrupted, "interrupted before the transport was found");
      while (supply_[static_cast<size_t>(i)] > 0) augment(i);
    }
    std::vector<WholeMove> moves;
    for (int64_t j = 0; j < m_; ++j)
      for (const Part& part : flow_[static_cast<size_t>(j)]) moves.push_back({part.row, j, part.mass});
    return moves;
  }

 private:
  struct Part {
    int64_t row, mass;
  };
  const double* cost(int64_t i) const { return cost_.data() + i * m_; }

  void augment(int64_t source) {
    std::fill(distance_.begin(), distance_.end(), kInfinity);
    std::fill(row_distance_.begin(), row_distance_.end(), kInfinity);
    std::iota(open_.begin(), open_.end(), 0);
    int64_t open = m_, target = -1;
    closed_.clear();
    rows_.assign(1, source);
    row_distance_[static_cast<size_t>(source)] = 0;
    entered_by_[static_cast<size_t>(source)] = -1;
    size_t scanned = 0;
    double reach = 0;
    while (target < 0) {
      for (; scanned < rows_.size(); ++scanned) {
        const int64_t row = rows_[scanned];
        const double* c = cost(row);
        const double base = reach - u_[static_cast<size_t>(row)];
        for (int64_t p = 0; p < open; ++p) {
          const auto j = static_cast<size_t>(open_[static_cast<size_t>(p)]);
          const double d = std::max(base + c[j] - v_[j], reach);  // reduced costs are ≥ 0 but for rounding
          if (d < distance_[j]) distance_[j] = d, reached_by_[j] = row;
        }
      }
      int64_t best = 0;
      for (int64_t p = 1; p < open; ++p)
        if (distance_[static_cast<size_t>(open_[static_cast<size_t>(p)])] <
            distance_[static_cast<size_t>(open_[static_cast<size_t>(best)])])
          best = p;
      const int64_t column = open_[static_cast<size_t>(best)];
      open_[static_cast<size_t>(best)] = open_[static_cast<size_t>(--open)];
      reach = distance_[static_cast<size_t>(column)];
      if (demand_[static_cast<size_t>(column)] > 0) {
        target = column;
        break;
      }
      closed_.push_back(column);
      for (const Part& part : flow_[static_cast<size_t>(column)]) {
        if (row_distance_[static_cast<size_t>(part.row)] < kInfinity) continue;
        row_distance_[static_cast<size_t>(part.row)] = reach;
        entered_by_[static_cast<size_t>(part.row)] = column;
        rows_.push_back(part.row);
      }
    }
    for (const int64_t row : rows_)
      u_[static_cast<size_t>(row)] += reach - row_distance_[static_cast<size_t>(row)];
    for (const int64_t j : closed_) v_[static_cast<size_t>(j)] -= reach - distance_[static_cast<size_t>(j)];

    // Back along the path: how much can go, then send it.
    int64_t mass = std::min(supply_[static_cast<size_t>(source)], demand_[static_cast<size_t>(target)]);
    for (int64_t column = target;;) {
      const int64_t row = reached_by_[static_cast<size_t>(column)],
                    before = entered_by_[static_cast<size_t>(row)];
      if (before < 0) break;
      mass = std::min(mass, part(before, row)->mass);
      column = before;
    }
    supply_[static_cast<size_t>(source)] -= mass;
    demand_[static_cast<size_t>(target)] -= mass;
    for (int64_t column = target;;) {
      const int64_t row = reached_by_[static_cast<size_t>(column)],
                    before = entered_by_[static_cast<size_t>(row)];
      auto& parts = flow_[static_cast<size_t>(column)];
      const auto found = part(column, row);
      if (found != parts.end())
        found->mass += mass;
      else
        parts.push_back({row, mass});
      if (before < 0) break;
      const auto taken = part(before, row);
      taken->mass -= mass;
      if (taken->mass == 0) flow_[static_cast<size_t>(before)].erase(taken);
      column = before;
    }
  }

  std::vector<Part>::iterator part(int64_t column, int64_t row) {
    auto& parts = flow_[static_cast<size_t>(column)];
    return std::find_if(parts.begin(), parts.end(), [&](const Part& p) { return p.row == row; });
  }

  int64_t n_, m_;
  std::vector<int64_t> supply_, demand_;
  std::vector<double> cost_, u_, v_, distance_, row_distance_;
  std::vector<std::vector<Part>> flow_;  ///< of each column, from which rows
  std::vector<int64_t> reached_by_, entered_by_, open_, closed_, rows_;
};

}  // namespace

TransportPlan exact_transport(const SampleView& first, const SampleView& second,
                              const CancellationToken& cancellation) {
  check(first, second);
  const int64_t n = first.count(), m = second.count();
  const bool weighted = !first.weights.empty() || !second.weights.empty();
  const int64_t total = weighted ? int64_t{1} << 52 : std::lcm(n, m);
  std::vector<int64_t> supply = whole_masses(first, total), demand = whole_masses(second, total);
  std::vector<WholeMove> moves;
  if (first.dim == 1)
    moves = sorted_moves(first, second, std::move(supply), std::move(demand));
  else
    moves = ShortestPaths(first, second, std::move(supply), std::move(demand)).solve(cancellation);
  std::sort(moves.begin(), moves.end(), [](const WholeMove& a, const WholeMove& b) {
    return a.from != b.from ? a.from < b.from : a.to < b.to;
  });
  TransportPlan plan;
  for (const WholeMove& move : moves) {
    const double mass = static_cast<double>(move.mass) / static_cast<double>(total);
    plan.moves.push_back({move.from, move.to, mass});
    plan.cost += mass * squared_distance(first.points.data() + move.from * first.dim,
                                         second.points.data() + move.to * first.dim, first.dim);
  }
  return plan;
}

namespace {

/// A sample as the vector loops want it: coordinates by columns, padded to a multiple of 8.
struct Columns {
  Columns(const SampleView& sample) : count(sample.count()), padded((count + 7) / 8 * 8), dim(sample.dim) {
    coordinates.assign(static_cast<size_t>(padded * dim), 0.0);
    log_weight.assign(static_cast<size_t>(padded), -kInfinity);
    weight.assign(static_cast<size_t>(count), 1 / static_cast<double>(count));
    if (!sample.weights.empty()) {
      const double sum = std::accumulate(sample.weights.begin(), sample.weights.end(), 0.0);
      for (size_t i = 0; i < weight.size(); ++i) weight[i] = sample.weights[i] / sum;
    }
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

}  // namespace

EntropicTransport entropic_transport(const SampleView& first, const SampleView& second,
                                     const EntropicOptions& options, const CancellationToken& cancellation) {
  check(first, second);
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

  // From a blur as large as both samples together, where one step is enough, to the one that is wanted.
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
  for (double blur = std::sqrt(diameter); blur > result.blur; blur *= options.annealing)
    blurs.push_back(blur);
  blurs.insert(blurs.end(), static_cast<size_t>(options.last_iterations + 1), result.blur);

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
  LATENTPATH_CHECK(std::isfinite(divergence), kNumerical, "entropic transport ended in NaN or infinity");
  return result;
}

}  // namespace latentpath
