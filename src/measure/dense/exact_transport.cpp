// Exact optimal transport by LEMON's network simplex, and its proof by the dual.

// Without LEMON's compiled part: headers are all that is needed here, and nothing is left to whoever links
// us.
#define LEMON_ONLY_TEMPLATES
#include <lemon/network_simplex.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <future>
#include <limits>
#include <memory>
#include <numeric>
#include <thread>

#include "latentpath/core/error.h"
#include "latentpath/measure/transport.h"
#include "measure/dense/complete_bipartite_digraph.h"
#include "measure/dense/transport_samples.h"

namespace latentpath {
namespace {

using detail::CompleteBipartiteDigraph;
using detail::DistanceRows;
using detail::squared_distance;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr int64_t kWeightedTotal = int64_t{1} << 52;  ///< whole-number masses, of samples with weights
constexpr int64_t kNarrowTotal = int64_t{1} << 30;    ///< up to here masses fit 32 bits

/// Masses as whole numbers with sum `total`, the rounding given to the largest remainders.
std::vector<int64_t> whole_masses(const SampleView& sample, int64_t total) {
  const auto n = static_cast<size_t>(sample.count());
  if (sample.weights.empty() && total % sample.count() == 0)
    return std::vector<int64_t>(n, total / sample.count());
  std::vector<double> wanted = detail::normalised_weights(sample);
  for (double& mass : wanted) mass *= static_cast<double>(total);
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

int64_t total_mass(const SampleView& first, const SampleView& second) {
  const bool weighted = !first.weights.empty() || !second.weights.empty();
  return weighted ? kWeightedTotal : std::lcm(first.count(), second.count());
}

struct WholeMove {
  int64_t from, to, mass;
};

/// A basis of the transport problem: moves, and the potentials that belong to them.
struct Basis {
  std::vector<WholeMove> moves;
  std::vector<double> first_potential, second_potential;
};

/// In one dimension mass keeps its order. Along the staircase of pairs that are met on the way, those without
/// mass among them, u_i + v_j = c_ij, which holds everywhere with ≤ since c is convex.
Basis sorted_basis(const SampleView& first, const SampleView& second, std::vector<int64_t> supply,
                   std::vector<int64_t> demand) {
  const auto sorted = [](const SampleView& sample) {
    std::vector<int64_t> order(static_cast<size_t>(sample.count()));
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int64_t i, int64_t j) {
      return sample.points[static_cast<size_t>(i)] < sample.points[static_cast<size_t>(j)];
    });
    return order;
  };
  const std::vector<int64_t> from = sorted(first), to = sorted(second);
  const auto cost = [&](size_t i, size_t j) {
    return squared_distance(&first.points[static_cast<size_t>(from[i])],
                            &second.points[static_cast<size_t>(to[j])], 1);
  };
  Basis basis;
  basis.first_potential.assign(from.size(), 0.0);
  basis.second_potential.assign(to.size(), 0.0);
  double u = 0, v = basis.second_potential[static_cast<size_t>(to[0])] = cost(0, 0);
  for (size_t i = 0, j = 0;;) {
    int64_t &left = supply[static_cast<size_t>(from[i])], &wanted = demand[static_cast<size_t>(to[j])];
    const int64_t mass = std::min(left, wanted);
    if (mass > 0) basis.moves.push_back({from[i], to[j], mass});
    left -= mass;
    wanted -= mass;
    const bool last_row = i + 1 == from.size(), last_column = j + 1 == to.size();
    if (last_row && last_column) break;
    if (!last_row && (left == 0 || last_column)) {
      ++i;
      u = basis.first_potential[static_cast<size_t>(from[i])] = cost(i, j) - v;
    } else {
      ++j;
      v = basis.second_potential[static_cast<size_t>(to[j])] = cost(i, j) - u;
    }
  }
  return basis;
}

/// The samples with their means moved to 0, which changes costs by what depends on one point only, and so no
/// optimal plan: whole-number costs are then as fine as the clouds are small, however far apart they lie.
/// Owns what it needs, since a simplex that was cancelled goes on by itself.
class SimplexProblem {
 public:
  SimplexProblem(const SampleView& first, const SampleView& second, std::vector<int64_t> supply,
                 std::vector<int64_t> demand)
      : n_(first.count()),
        m_(second.count()),
        dim_(first.dim),
        points_(centred(first, first_mean_)),
        columns_(as_columns(second)),
        supply_(std::move(supply)),
        demand_(std::move(demand)) {
    row_.resize(static_cast<size_t>(m_));
    double most = 0;
    for (int64_t i = 0; i < n_; ++i) {
      columns_(points_.data() + i * dim_, row_.data());
      most = std::max(most, *std::max_element(row_.begin(), row_.end()));
    }
    LATENTPATH_CHECK(std::isfinite(most), kNumerical,
                     "the samples lie so far apart that squared distances are infinite");
    // Potentials are sums of at most n + m costs, and LEMON starts from half the largest number: both stay
    // within 64 bits.
    if (most > 0)
      scale_ = std::exp2(std::min(1000.0, std::floor(60 - std::log2(most) - std::log2(n_ + m_ + 1))));
  }

  template <typename Flow>
  Basis solve() {
    const CompleteBipartiteDigraph graph(static_cast<int>(n_), static_cast<int>(m_));
    // Arcs in LEMON's mixed order: sorted points took five times as long without.
    lemon::NetworkSimplex<CompleteBipartiteDigraph, Flow, int64_t> simplex(graph);
    simplex.costMap(Costs(*this)).supplyMap(Supplies<Flow>(*this));
    const auto outcome = simplex.run();
    LATENTPATH_ASSERT(outcome == decltype(simplex)::OPTIMAL);
    Basis basis;
    for (int k = 0; k < graph.arcNum(); ++k) {
      const auto mass = static_cast<int64_t>(simplex.flow(graph.arcFromId(k)));
      if (mass > 0) basis.moves.push_back({k / m_, k % m_, mass});
    }
    // LEMON's potentials keep cost + p(source) − p(target) ≥ 0; then back to the samples where they lay.
    for (int64_t i = 0; i < n_; ++i) {
      double u = -static_cast<double>(simplex.potential(graph.nodeFromId(static_cast<int>(i)))) / scale_;
      for (size_t k = 0; k < static_cast<size_t>(dim_); ++k) {
        const double shift = first_mean_[k] - second_mean_[k];
        u += shift * (2 * points_[static_cast<size_t>(i * dim_) + k] + shift);
      }
      basis.first_potential.push_back(u);
    }
    return basis;
  }

 private:
  /// LEMON asks for the arcs row after row.
  class Costs {
   public:
    using Key = CompleteBipartiteDigraph::Arc;
    using Value = int64_t;
    explicit Costs(SimplexProblem& problem) : problem_(problem) {}
    int64_t operator[](Key arc) const {
      const int64_t k = CompleteBipartiteDigraph::id(arc), i = k / problem_.m_;
      if (i != row_) {
        row_ = i;
        problem_.columns_(problem_.points_.data() + i * problem_.dim_, problem_.row_.data());
      }
      return std::llround(problem_.row_[static_cast<size_t>(k % problem_.m_)] * problem_.scale_);
    }

   private:
    SimplexProblem& problem_;
    mutable int64_t row_ = -1;
  };
  template <typename Flow>
  class Supplies {
   public:
    using Key = CompleteBipartiteDigraph::Node;
    using Value = Flow;
    explicit Supplies(const SimplexProblem& problem) : problem_(problem) {}
    Flow operator[](Key node) const {
      const int64_t k = CompleteBipartiteDigraph::id(node);
      return static_cast<Flow>(k < problem_.n_ ? problem_.supply_[static_cast<size_t>(k)]
                                               : -problem_.demand_[static_cast<size_t>(k - problem_.n_)]);
    }

   private:
    const SimplexProblem& problem_;
  };

  static std::vector<double> centred(const SampleView& sample, std::vector<double>& mean) {
    std::vector<double> points(sample.points.begin(), sample.points.end());
    const auto dim = static_cast<size_t>(sample.dim);
    mean.assign(dim, 0.0);
    for (size_t p = 0; p < points.size(); ++p)
      mean[p % dim] += points[p] / static_cast<double>(sample.count());
    for (size_t p = 0; p < points.size(); ++p) points[p] -= mean[p % dim];
    return points;
  }
  DistanceRows as_columns(const SampleView& sample) {
    const std::vector<double> points = centred(sample, second_mean_);
    return DistanceRows({points, sample.dim});
  }

  int64_t n_, m_, dim_;
  std::vector<double> first_mean_, second_mean_;
  std::vector<double> points_;  ///< x, centred
  DistanceRows columns_;        ///< y, centred
  std::vector<int64_t> supply_, demand_;
  std::vector<double> row_;
  double scale_ = 1;
};

/// The simplex has no place where it could be told to stop: where it takes long it runs on a thread of its
/// own, which is left to itself when the caller is cancelled.
Basis simplex_basis(std::shared_ptr<SimplexProblem> problem, bool narrow, int64_t pairs,
                    const CancellationToken& cancellation) {
  constexpr int64_t kPairsInNoTime = 250'000;  // some 20 ms
  const auto solve = [problem = std::move(problem), narrow] {
    return narrow ? problem->solve<int32_t>() : problem->solve<int64_t>();
  };
  if (pairs <= kPairsInNoTime) return solve();
  auto task = std::make_shared<std::packaged_task<Basis()>>(solve);
  std::future<Basis> found = task->get_future();
  std::thread([task] { (*task)(); }).detach();
  while (found.wait_for(std::chrono::milliseconds(20)) != std::future_status::ready)
    LATENTPATH_CHECK(!cancellation.cancelled(), kInterrupted, "interrupted before the transport was found");
  return found.get();
}

/// Potentials for all pairs from those of the first sample, v_j = min_i(c_ij − u_i), then u likewise from v;
/// and how far u was from feasible before that.
void make_feasible(const SampleView& first, const SampleView& second, TransportPlan& plan) {
  std::vector<double>&u = plan.first_potential, &v = plan.second_potential;
  v.assign(static_cast<size_t>(second.count()), kInfinity);
  const DistanceRows distances(second);
  std::vector<double> row(v.size());
  for (size_t i = 0; i < u.size(); ++i) {
    distances(first.points.data() + static_cast<int64_t>(i) * first.dim, row.data());
    for (size_t j = 0; j < row.size(); ++j) v[j] = std::min(v[j], row[j] - u[i]);
  }
  for (size_t i = 0; i < u.size(); ++i) {
    distances(first.points.data() + static_cast<int64_t>(i) * first.dim, row.data());
    double least = kInfinity;
    for (size_t j = 0; j < row.size(); ++j) least = std::min(least, row[j] - v[j]);
    plan.violation = std::max(plan.violation, u[i] - least);
    u[i] = least;
  }
}

/// Dual feasibility and complementary slackness, from the points themselves.
void prove(const SampleView& first, const SampleView& second, TransportPlan& plan) {
  constexpr int64_t kMostPairsOnALine = 100'000'000;  // a second; beyond, their order is the proof
  if (first.dim > 1 || first.count() <= kMostPairsOnALine / second.count())
    make_feasible(first, second, plan);
  plan.duality_gap = plan.violation;
  for (const TransportPlan::Move& move : plan.moves) {
    const double cost = squared_distance(first.points.data() + move.from * first.dim,
                                         second.points.data() + move.to * first.dim, first.dim);
    const double slack = std::abs(cost - plan.first_potential[static_cast<size_t>(move.from)] -
                                  plan.second_potential[static_cast<size_t>(move.to)]);
    plan.slackness = std::max(plan.slackness, slack);
    plan.duality_gap += move.mass * slack;
  }
}

}  // namespace

TransportPlan exact_transport(const SampleView& first, const SampleView& second,
                              const CancellationToken& cancellation) {
  detail::check_transport(first, second);
  const int64_t n = first.count(), m = second.count(), total = total_mass(first, second);
  constexpr double kMostPairs = std::numeric_limits<int>::max();
  LATENTPATH_CHECK(
      first.dim == 1 || static_cast<double>(n) * static_cast<double>(m) + 2.0 * (n + m) < kMostPairs,
      kArgument, "exact transport takes fewer than 2^31 pairs of points, not ", n, " x ", m,
      ": take smaller samples, or entropic transport");
  LATENTPATH_CHECK(!cancellation.cancelled(), kInterrupted, "interrupted before the transport was found");
  std::vector<int64_t> supply = whole_masses(first, total), demand = whole_masses(second, total);
  Basis basis;
  if (first.dim == 1)
    basis = sorted_basis(first, second, std::move(supply), std::move(demand));
  else
    basis =
        simplex_basis(std::make_shared<SimplexProblem>(first, second, std::move(supply), std::move(demand)),
                      total <= kNarrowTotal, n * m, cancellation);
  std::sort(basis.moves.begin(), basis.moves.end(), [](const WholeMove& a, const WholeMove& b) {
    return a.from != b.from ? a.from < b.from : a.to < b.to;
  });
  TransportPlan plan;
  for (const WholeMove& move : basis.moves) {
    const double mass = static_cast<double>(move.mass) / static_cast<double>(total);
    plan.moves.push_back({move.from, move.to, mass});
    plan.cost += mass * squared_distance(first.points.data() + move.from * first.dim,
                                         second.points.data() + move.to * first.dim, first.dim);
  }
  plan.first_potential = std::move(basis.first_potential);
  plan.second_potential = std::move(basis.second_potential);
  prove(first, second, plan);
  return plan;
}

TransportEffort exact_transport_effort(int64_t first_count, int64_t second_count, bool weighted) {
  const double pairs = static_cast<double>(first_count) * static_cast<double>(second_count);
  // Of every arc LEMON keeps its number and ends, its cost and state, and four flows: bounds, capacity, flow.
  const bool narrow = !weighted && std::lcm(first_count, second_count) <= kNarrowTotal;
  const double arc = 3 * sizeof(int) + sizeof(int64_t) + 1 + 4 * (narrow ? sizeof(int32_t) : sizeof(int64_t));
  return {pairs * arc, 5 * std::pow(pairs / 2.5e7, 1.2)};
}

}  // namespace latentpath
