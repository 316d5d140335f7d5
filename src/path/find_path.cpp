#include "latentpath/path/find_path.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iomanip>
#include <set>

#include "latentpath/core/error.h"
#include "latentpath/core/random.h"
#include "latentpath/numerics/roadmap.h"
#include "latentpath/path/best_clock.h"
#include "latentpath/path/global_geodesics.h"
#include "latentpath/path/initial_path.h"
#include "latentpath/path/path_objective.h"
#include "latentpath/path/points.h"
#include "latentpath/path/route_starts.h"

namespace latentpath {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// Few midpoints are easily hidden from: levels with fewer segments look at more points than they move.
constexpr int64_t kSparseLevel = 32;

/// A rival that is cheaper by less than this says nothing: a path that has converged is then kept.
constexpr double kBetter = 1 - 1e-3;

/// 64 → 8, 32, 64; 50 → 7, 25, 50: halved, rounding up, until at most `coarsest`. The second level is left
/// out where it would look at as many points as the third, which moves twice as many.
std::vector<int64_t> level_sizes(int64_t segments, int64_t coarsest, int64_t coarse_quadrature) {
  std::vector<int64_t> levels{segments};
  while (levels.back() > coarsest) levels.push_back((levels.back() + 1) / 2);
  std::reverse(levels.begin(), levels.end());
  if (coarse_quadrature > 1 && levels.size() > 2 && levels[1] < kSparseLevel)
    levels.erase(levels.begin() + 1);
  return levels;
}

/// `times` with every interval split into `factor` (a power of 2) equal ones.
Tensor refine_times(Tensor times, int64_t factor) {
  for (; factor > 1; factor /= 2) {
    const Tensor middle = middle_times(times);
    const int64_t n = middle.size(0);
    times = at::cat({at::stack({times.narrow(0, 0, n), middle}, 1).flatten(), times.narrow(0, n, 1)});
  }
  return times;
}

/// prefix1, prefix2, …
void append_numbered(std::vector<std::string>& names, const std::string& prefix, int64_t count) {
  for (int64_t k = 1; k <= count; ++k) names.push_back(prefix + std::to_string(k));
}

/// Everything one call of find_path shares between its steps.
class PathFinder {
 public:
  PathFinder(const PathProblem& problem, const PathOptions& options, const CandidatePool* candidates,
             const ProgressObserver& progress, const CancellationToken& cancellation)
      : problem_(problem), options_(options), progress_(progress), cancellation_(cancellation) {
    validate();
    start_ = problem.start.detach().to(at::kDouble);
    end_ = problem.end.detach().to(at::kDouble);
    if (candidates != nullptr) pool_ = *candidates;
  }

  PathResult run();
  CandidatePool candidates();
  bool draws_candidates() const {
    return has_prior() && ((options_.init == "auto" && multilevel()) || options_.init == "via");
  }

 private:
  /// A set of paths on one grid: `nodes` [rows, n + 1, D], row r belonging to pair `pair[r]`.
  struct Paths {
    Tensor nodes;
    Tensor pair;
    std::vector<std::string> name;

    /// Started through other places than the straight line's.
    bool is_detour(int64_t row) const { return name[static_cast<size_t>(row)] != "linear"; }
    /// Who competes with whom: the paths of a pair, or with `keep_both` its straight starts and its detours
    /// apart. A number below heats(pairs, keep_both).
    size_t heat(int64_t row, bool keep_both) const {
      const auto which = static_cast<size_t>(pair.data_ptr<int64_t>()[row]);
      return keep_both ? 2 * which + (is_detour(row) ? 1 : 0) : which;
    }
    static size_t heats(int64_t pairs, bool keep_both) {
      return static_cast<size_t>(pairs) * (keep_both ? 2 : 1);
    }
  };

  void validate() const;
  bool can_sample() const { return has_prior() || start_.size(1) <= 3; }
  bool can_route() const {
    return can_sample() && !problem_.quality->depends_on_time() && !has_loop() && options_.segments >= 3;
  }
  Tensor route_samples() const;
  bool retimes() const { return has_best_clock(*energy_); }
  bool has_prior() const { return problem_.prior || problem_.quality->needs_decoded(); }
  LatentSampler prior() const {
    return problem_.prior ? problem_.prior : normal_sampler(problem_.start.size(1));
  }
  bool multilevel() const {
    return options_.method != "adam" && options_.method != "sgd" && options_.method != "paper2019" &&
           options_.curve != "neural";
  }
  /// The descent on all levels; a second-order method takes over at its end.
  std::string descent_method() const {
    return options_.method == "auto" || is_second_order(options_.method) ? "lbfgs" : options_.method;
  }
  bool has_loop() const { return (start_ == end_).all(1).any().item<bool>(); }
  PathEnergy make_energy(const CostPointer& cost) const {
    EnergyOptions energy;
    energy.cost = cost;
    energy.epsilon = options_.epsilon;
    energy.norm = options_.norm;
    energy.kernel = options_.kernel;
    return {problem_.embedding, problem_.quality, energy};
  }
  Tensor grid(int64_t segments) const {
    const double wanted = options_.grading >= 0                 ? options_.grading
                          : problem_.quality->depends_on_time() ? 0.8
                                                                : 0.0;
    return graded_times(segments, wanted);
  }
  void choose_cost();
  Paths first_paths(const Tensor& times);
  static Paths stack_starts(const Tensor& starts, const std::vector<std::string>& names);
  void improve_by_routes(PathResult& result);
  void improve_by_given(PathResult& result);
  Tensor given_paths(const Tensor& times) const;
  void improve_from(Paths rivals, PathResult& result);
  void solve_multilevel(PathResult& result);
  void solve_single(PathResult& result);
  Tensor stable_rates(const Tensor& times) const;
  void polish(PathResult& result, const Tensor& times);
  SolveResult descend(Paths& paths, int64_t quadrature, int64_t iterations, PathResult& result);
  void descend(PathResult& result, const Tensor& rows, int64_t quadrature, int64_t iterations);
  void end_outrun(SolverState& state, const Paths& paths, bool sparse) const;
  void verify(PathResult& result);
  SecondOrderPaths finish(const Tensor& nodes, const Tensor& times, int64_t iterations, PathResult& result);
  void finish(PathResult& result);
  Paths rows_of(const Paths& paths, const std::vector<int64_t>& rows) const;
  Paths without_outrun(const Paths& paths, const SolverState& state) const;
  Paths cheapest_of(const Paths& paths, const Tensor& cost, bool keep_both) const;
  Paths best_of(const Paths& paths, const Tensor& times, const Tensor& judged_at, PathResult& result,
                bool keep_both = false) const;
  Tensor respace(const Tensor& nodes, const Tensor& old_times, const Tensor& times, int64_t factor) const;
  Tensor retime(const Tensor& nodes, const Tensor& old_times, const Tensor& times, int64_t factor,
                Tensor* cost = nullptr) const;
  Tensor segment_cost(const Tensor& nodes, const Tensor& times) const;
  /// Hands the paths with interior nodes x [rows, (n − 1) D] to the caller's snapshot function.
  void show(const Tensor& x, const Paths& paths, const Tensor& times, const PathObjective& objective,
            const PathResult& result) const;
  void charge(const Paths& paths, const std::vector<int64_t>& decoded, PathResult& result) const;
  void charge(const Paths& paths, int64_t decoded_each, PathResult& result) const {
    charge(paths, std::vector<int64_t>(static_cast<size_t>(paths.nodes.size(0)), decoded_each), result);
  }
  void report(const std::string& stage, int64_t done, int64_t total, double value) const {
    if (progress_) progress_({stage, done, total, value});
  }
  double seconds_left() const {
    return options_.max_seconds > 0 ? std::max(1e-3, options_.max_seconds - seconds_since(begin_)) : 0;
  }

  const PathProblem& problem_;
  const PathOptions& options_;
  const ProgressObserver& progress_;
  const CancellationToken& cancellation_;
  Clock::time_point begin_ = Clock::now();
  Tensor start_, end_;
  std::optional<CandidatePool> pool_;
  std::optional<PathEnergy> energy_;
  int64_t route_samples_ = 0;        ///< points decoded for the graph, shared by all pairs
  std::vector<int64_t> quadrature_;  ///< [pairs]: midpoints a segment of the sum that was minimised last
  int64_t screening_ = 0;            ///< points decoded for each pair to choose its via points
};

void PathFinder::validate() const {
  LATENTPATH_CHECK(problem_.embedding && problem_.quality, kArgument,
                   "a path problem needs an embedding and a quality");
  LATENTPATH_CHECK(problem_.start.defined() && problem_.end.defined() && problem_.start.dim() == 2 &&
                       problem_.start.sizes() == problem_.end.sizes() && problem_.start.size(0) >= 1,
                   kArgument, "start and end must both have the shape [pairs, D]; they are ",
                   problem_.start.defined() ? shape_string(problem_.start.sizes()) : "undefined", " and ",
                   problem_.end.defined() ? shape_string(problem_.end.sizes()) : "undefined");
  const int64_t dim = problem_.embedding->latent_dim();
  LATENTPATH_CHECK(dim < 0 || dim == problem_.start.size(1), kInput, problem_.embedding->describe(),
                   " has latent size ", dim, "; the end points have size ", problem_.start.size(1));
  LATENTPATH_CHECK(
      at::isfinite(problem_.start).all().item<bool>() && at::isfinite(problem_.end).all().item<bool>(),
      kNumerical, "an end point has a coordinate that is NaN or infinite");
  LATENTPATH_CHECK(options_.segments >= 1, kArgument, "--segments must be at least 1, not ",
                   options_.segments);
  LATENTPATH_CHECK(options_.epsilon >= 0 && options_.epsilon <= 0.5, kArgument,
                   "--epsilon must satisfy 0 <= epsilon <= 0.5, not ", options_.epsilon);
  LATENTPATH_CHECK(!is_second_order(options_.method) || options_.curve != "neural", kArgument, "--method ",
                   options_.method, " moves the nodes of a polyline: it cannot go with --curve neural");
  LATENTPATH_CHECK(!options_.first_paths.defined() ||
                       (options_.first_paths.dim() == 3 && options_.first_paths.size(1) >= 2 &&
                        options_.first_paths.size(0) == problem_.start.size(0) &&
                        options_.first_paths.size(2) == problem_.start.size(1)),
                   kArgument, "first_paths must have the shape [pairs, nodes, D], not ",
                   options_.first_paths.defined() ? shape_string(options_.first_paths.sizes()) : "undefined");
  const auto known = [](const char* option, const std::string& value,
                        const std::vector<std::string>& allowed) {
    if (std::find(allowed.begin(), allowed.end(), value) != allowed.end()) return;
    std::string list;
    for (const auto& name : allowed) list += (list.empty() ? "" : ", ") + name;
    throw Error(ErrorKind::kArgument, join_message(option, " '", value, "' is not one of ", list));
  };
  known("--method", options_.method, solver_method_names({"auto", "paper2019"}));
  known("--curve", options_.curve, {"auto", "polyline", "neural"});
  known("--init", options_.init, {"auto", "linear", "spherical", "via", "graph", "given"});
  LATENTPATH_CHECK(options_.init != "given" || options_.first_paths.defined(), kArgument,
                   "init given needs first_paths");
  known("--cost", options_.cost, {"auto", "chord", "dynamic", "length", "endpoint-mean"});
  const auto at_least = [](const char* option, double value, double least) {  // false for NaN
    LATENTPATH_CHECK(value >= least, kArgument, option, " must be at least ", least, ", not ", value);
  };
  at_least("--max-iterations", static_cast<double>(options_.max_iterations), 0);
  at_least("--tolerance", options_.tolerance, 0);
  at_least("--max-seconds", options_.max_seconds, 0);
  at_least("resolution_tolerance", options_.resolution_tolerance, 0);
  at_least("via_starts", static_cast<double>(options_.via_starts), 1);
  at_least("route_starts", static_cast<double>(options_.route_starts), 1);
  LATENTPATH_CHECK(options_.route_samples == 0 || options_.route_samples >= 2, kArgument,
                   "route_samples must be 0 or at least 2, not ", options_.route_samples);
  at_least("coarsest_segments", static_cast<double>(options_.coarsest_segments), 1);
  LATENTPATH_CHECK(
      options_.coarse_quadrature >= 1 && (options_.coarse_quadrature & (options_.coarse_quadrature - 1)) == 0,
      kArgument, "coarse_quadrature must be a power of 2, not ", options_.coarse_quadrature);
  LATENTPATH_CHECK(!options_.time_weight || *options_.time_weight >= 0, kArgument,
                   "--time-weight must not be negative, and is ", options_.time_weight.value_or(0));
}

CandidatePool PathFinder::candidates() {
  if (!pool_) {
    report("via points", 0, options_.candidates.keep, 0);
    auto generator = make_generator(options_.seed);
    pool_ =
        draw_candidates(make_energy(chord_cost()), prior(), options_.candidates, generator, cancellation_);
  }
  return *pool_;
}

void PathFinder::choose_cost() {
  std::string name = options_.cost;
  if (name == "auto" && options_.method == "paper2019") name = "endpoint-mean";
  if (name == "auto") name = has_loop() || problem_.quality->depends_on_time() ? "dynamic" : "chord";
  double weight = 0;
  if (name != "chord" && name != "endpoint-mean") {
    if (options_.time_weight)
      weight = *options_.time_weight;
    else if (has_prior())
      weight = default_time_weight(candidates().typical_squared_distance);
    else
      weight = 1;
  }
  energy_.emplace(make_energy(make_cost(name, weight)));
}

PathFinder::Paths PathFinder::first_paths(const Tensor& times) {
  const int64_t pairs = start_.size(0), nodes = times.size(0);
  std::vector<Tensor> kinds;  // each [pairs, k, n + 1, D]
  std::vector<std::string> names;
  const bool all = options_.init == "auto";
  const bool via = draws_candidates() && nodes > 3;
  LATENTPATH_CHECK(options_.init != "via" || via, kArgument,
                   "--init via needs a prior to draw from and at least 3 segments");
  if (all || options_.init == "linear") {
    kinds.push_back(linear_path(start_, end_, times).unsqueeze(1));
    names.emplace_back("linear");
  }
  // The great circle is rarely the best start and costs as much as any other: by itself it is a baseline, not
  // a start.
  if (options_.init == "spherical") {
    kinds.push_back(spherical_path(start_, end_, times).unsqueeze(1));
    names.emplace_back("spherical");
  }
  if (via) {
    const CandidatePool pool = candidates();
    const int64_t before = problem_.embedding->evaluations();
    kinds.push_back(via_paths(pool, *energy_, start_, end_, times, options_.via_starts));
    screening_ += (problem_.embedding->evaluations() - before + pairs - 1) / pairs;
    append_numbered(names, "via-", kinds.back().size(1));
  }
  return stack_starts(at::cat(kinds, 1), names);
}

/// starts [pairs, S, n + 1, D], named alike for every pair.
PathFinder::Paths PathFinder::stack_starts(const Tensor& starts, const std::vector<std::string>& names) {
  Paths paths;
  paths.nodes = starts.flatten(0, 1);
  paths.pair = at::arange(starts.size(0), at::kLong).repeat_interleave(starts.size(1));
  for (int64_t pair = 0; pair < starts.size(0); ++pair)
    paths.name.insert(paths.name.end(), names.begin(), names.end());
  return paths;
}

/// Points for the graph to run through: draws of the prior, or else an even spread over a box around all
/// ends.
Tensor PathFinder::route_samples() const {
  // Each route decodes points along the edges that it tries, and in high dimensions there are many.
  const int64_t count = options_.route_samples > 0 ? options_.route_samples
                        : start_.size(1) <= 3      ? 2048
                                                   : 512;
  if (has_prior()) {
    auto generator = make_generator(options_.seed + 2);
    return prior()(count, generator).to(at::kDouble);
  }
  const Tensor ends = at::cat({start_, end_}).contiguous();
  const double* values = ends.data_ptr<double>();
  const SearchBox box = surrounding_box({values, values + ends.numel()}, static_cast<int>(ends.size(1)), 0.5);
  return tensor_of_points(spread_samples(box, count));
}

void PathFinder::charge(const Paths& paths, const std::vector<int64_t>& decoded, PathResult& result) const {
  const int64_t* pair = paths.pair.data_ptr<int64_t>();
  for (size_t row = 0; row < decoded.size(); ++row)
    result.decoder_evaluations[static_cast<size_t>(pair[row])] += decoded[row];
}

void PathFinder::show(const Tensor& x, const Paths& paths, const Tensor& times,
                      const PathObjective& objective, const PathResult& result) const {
  if (!options_.snapshot) return;
  PathResult so_far;
  so_far.decoder_evaluations = result.decoder_evaluations;
  charge(paths, objective.decoded(), so_far);
  const Tensor nodes =
      at::cat({start_.index_select(0, paths.pair).unsqueeze(1), x.view({x.size(0), -1, start_.size(1)}),
               end_.index_select(0, paths.pair).unsqueeze(1)},
              1);
  options_.snapshot({nodes, paths.pair, times, so_far.decoder_evaluations});
}

/// Costs [rows] without gradients, in batches.
Tensor PathFinder::segment_cost(const Tensor& nodes, const Tensor& times) const {
  const at::NoGradGuard no_gradient;
  const int64_t n = times.size(0) - 1;
  std::vector<Tensor> costs;
  for (const Tensor& part :
       nodes.split(std::max<int64_t>(1, energy_->options().points_per_batch / (2 * n + 1)))) {
    const Tensor middles = 0.5 * (part.narrow(1, 0, n) + part.narrow(1, 1, n));
    costs.push_back(energy_->cost(CurvePoints{part, middles, times}));
  }
  return at::nan_to_num(at::cat(costs), 1e300, 1e300);
}

PathFinder::Paths PathFinder::rows_of(const Paths& paths, const std::vector<int64_t>& rows) const {
  const Tensor index = at::tensor(rows, at::kLong);
  Paths chosen{paths.nodes.index_select(0, index), paths.pair.index_select(0, index), {}};
  for (const int64_t row : rows) chosen.name.push_back(paths.name[static_cast<size_t>(row)]);
  return chosen;
}

PathFinder::Paths PathFinder::without_outrun(const Paths& paths, const SolverState& state) const {
  std::vector<int64_t> rows;
  for (int64_t row = 0; row < paths.nodes.size(0); ++row)
    if (state.termination[static_cast<size_t>(row)] != Termination::kOutrun) rows.push_back(row);
  return rows_of(paths, rows);
}

/// The cheapest path of each pair by `cost` [rows]; with `keep_both`, the cheapest straight start and the
/// cheapest via start.
PathFinder::Paths PathFinder::cheapest_of(const Paths& paths, const Tensor& cost, bool keep_both) const {
  std::vector<int64_t> best(Paths::heats(start_.size(0), keep_both), -1);
  const Tensor settled = cost.contiguous();
  const double* costs = settled.data_ptr<double>();
  for (int64_t row = 0; row < paths.nodes.size(0); ++row) {
    int64_t& leader = best[paths.heat(row, keep_both)];
    if (leader < 0 || costs[row] < costs[leader]) leader = row;
  }
  std::erase(best, -1);
  return rows_of(paths, best);
}

/// The same, judged on the grid `judged_at`. A path without rivals is not judged.
PathFinder::Paths PathFinder::best_of(const Paths& paths, const Tensor& times, const Tensor& judged_at,
                                      PathResult& result, bool keep_both) const {
  std::vector<int64_t> rivals(Paths::heats(start_.size(0), keep_both), 0), judged;
  for (int64_t row = 0; row < paths.nodes.size(0); ++row) ++rivals[paths.heat(row, keep_both)];
  for (int64_t row = 0; row < paths.nodes.size(0); ++row)
    if (rivals[paths.heat(row, keep_both)] > 1) judged.push_back(row);
  if (judged.empty()) return paths;
  const Paths some = rows_of(paths, judged);
  Tensor cost = at::zeros({paths.nodes.size(0)}, at::kDouble);
  cost.index_copy_(0, at::tensor(judged, at::kLong),
                   segment_cost(interpolate_polyline(some.nodes, times, judged_at), judged_at));
  charge(some, 2 * judged_at.size(0) - 1, result);
  return cheapest_of(paths, cost, keep_both);
}

/// Nodes on a new grid, moved along the path so that its images change at an even pace. A decoder changes its
/// images fast in few places; a polyline that passes them between two nodes hides a leap there, and pays for
/// it on every finer grid.
///
/// Where the cost fixes the speed and Q does not depend on time, the pace is constant weighted speed over the
/// whole path, which a minimiser of the energy has. Else the pace is evened out only over a window around
/// each time: the arc length is replaced by its moving average. (Where Q depends on time and the cost is an
/// energy, retime() knows better.) The pace is taken on a grid `factor` times finer than the nodes'.
Tensor PathFinder::respace(const Tensor& nodes, const Tensor& old_times, const Tensor& times,
                           int64_t factor) const {
  const at::NoGradGuard no_gradient;
  const bool whole = !problem_.quality->depends_on_time() && energy_->options().cost->fixes_speed();
  const Tensor fine = refine_times(old_times, factor);
  const int64_t n = fine.size(0) - 1, rows = nodes.size(0), dim = nodes.size(2);
  const Tensor curve = interpolate_polyline(nodes, old_times, fine);
  std::vector<Tensor> pieces;
  for (const Tensor& part :
       curve.split(std::max<int64_t>(1, energy_->options().points_per_batch / (2 * n + 1)))) {
    if (whole) {
      const Tensor middles = 0.5 * (part.narrow(1, 0, n) + part.narrow(1, 1, n));
      const SegmentTerms terms = energy_->terms({part, middles, fine});
      pieces.push_back(terms.weight * terms.squared_chord.clamp_min(0).sqrt());
    } else {
      const Tensor images =
          (*problem_.embedding)(part.reshape({-1, dim})).flatten(1).view({part.size(0), n + 1, -1});
      pieces.push_back(energy_->squared_chords(images).clamp_min(0).sqrt());
    }
  }
  Tensor length = at::nan_to_num(at::cat(pieces), 0, 0, 0);
  // No stretch of time vanishes altogether, and a path without length keeps its nodes.
  const Tensor duration = fine.narrow(0, 1, n) - fine.narrow(0, 0, n);
  const Tensor total = length.sum(1, true);
  length = length + (1e-2 * total + 1e-12) * duration;
  const Tensor arc = at::constant_pad_nd(length.cumsum(1), {1, 0});
  const Tensor share =
      (arc / arc.narrow(1, n, 1)).contiguous();  // [rows, n + 1], from 0 to 1 at the times `fine`
  Tensor wanted;                                 // the share to be reached at each of `times`
  if (whole) {
    wanted = times.unsqueeze(0).expand({rows, -1}).contiguous();
  } else {
    const double half_window = 0.08;
    const Tensor reach = at::minimum(times, 1 - times).clamp_max(half_window);
    Tensor sum;
    const int samples = 8;
    for (int k = 0; k <= samples; ++k) {
      const double offset = 2.0 * k / samples - 1;
      const Tensor query = (times + offset * reach).clamp(0, 1);
      const Tensor value = interpolate_polyline(share.unsqueeze(2), fine, query).squeeze(2);
      const double gain = (k == 0 || k == samples) ? 0.5 : 1.0;  // trapezium rule
      sum = sum.defined() ? sum + gain * value : gain * value;
    }
    wanted = (sum / samples).contiguous();
  }
  const Tensor moved = interpolate_polyline(curve, share, wanted);
  const int64_t m = times.size(0) - 1;
  return at::cat({nodes.narrow(1, 0, 1), moved.narrow(1, 1, m - 1), nodes.narrow(1, nodes.size(1) - 1, 1)},
                 1);
}

/// Nodes at `times`, moved along the path to where the best clock would have them (best_clock.h), and what it
/// would cost [rows]. The path is looked at on a grid `factor` times finer than its nodes.
Tensor PathFinder::retime(const Tensor& nodes, const Tensor& old_times, const Tensor& times, int64_t factor,
                          Tensor* cost) const {
  const at::NoGradGuard no_gradient;
  const Tensor fine = refine_times(old_times, factor);
  const int64_t pieces = fine.size(0) - 1, n = times.size(0) - 1;
  const Tensor curve = interpolate_polyline(nodes, old_times, fine).contiguous();
  const BestClocks clocks = best_clocks(*energy_, curve, times);
  if (cost != nullptr) *cost = clocks.cost;
  const Tensor moved = interpolate_polyline(curve, at::arange(pieces + 1, at::kDouble), clocks.positions);
  return at::cat({nodes.narrow(1, 0, 1), moved.narrow(1, 1, n - 1), nodes.narrow(1, nodes.size(1) - 1, 1)},
                 1);
}

/// Several starts of a pair race: who falls too far behind goes home. On a sparse grid either kind may look
/// cheap by leaping over bad places between two nodes: a straight start never ends a via path there, and is
/// ended by one only when it is far behind.
void PathFinder::end_outrun(SolverState& state, const Paths& paths, bool sparse) const {
  const double far_behind = 3;
  const double lead = state.iteration < 2 ? far_behind : state.iteration < 4 ? 1.7 : 1.2;
  const Tensor value = at::nan_to_num(state.value, 1e300, 1e300).contiguous();
  const double* cost = value.data_ptr<double>();
  const int64_t* pair_of = paths.pair.data_ptr<int64_t>();
  const auto pairs = static_cast<size_t>(start_.size(0));
  std::vector<double> best(pairs, 1e300), best_via(pairs, 1e300);
  for (int64_t row = 0; row < value.size(0); ++row) {
    const auto pair = static_cast<size_t>(pair_of[row]);
    best[pair] = std::min(best[pair], cost[row]);
    if (paths.is_detour(row)) best_via[pair] = std::min(best_via[pair], cost[row]);
  }
  const int64_t* active = state.active.data_ptr<int64_t>();
  for (int64_t i = 0; i < state.active.numel(); ++i) {
    const auto pair = static_cast<size_t>(pair_of[active[i]]);
    const bool via = paths.is_detour(active[i]);
    const double rival = sparse && via ? best_via[pair] : best[pair];
    if (cost[active[i]] > (sparse && !via ? far_behind : lead) * rival)
      state.end(active[i], Termination::kOutrun);
  }
}

void PathFinder::solve_multilevel(PathResult& result) {
  const bool routes = options_.init == "graph" || (options_.init == "auto" && can_route());
  LATENTPATH_CHECK(!routes || can_route(), kArgument,
                   "--init graph needs a prior to draw from (or at most 3 dimensions), a quality that does "
                   "not depend on time, different ends, and at least 3 segments");
  if (options_.init == "graph") {
    result.times = grid(options_.segments);
    result.nodes = linear_path(start_, end_, result.times);
    result.start.assign(result.termination.size(), "linear");
    result.termination.assign(result.termination.size(), Termination::kStalled);
    improve_by_routes(result);
    improve_by_given(result);
    return;
  }
  if (options_.init == "given") {
    result.times = grid(options_.segments);
    result.nodes = given_paths(result.times);
    result.start.assign(result.termination.size(), "given");
    result.termination.assign(result.termination.size(), Termination::kStalled);
    if (!cancellation_.cancelled())
      improve_from(stack_starts(result.nodes.clone().unsqueeze(1), {"given"}), result);
    return;
  }
  const std::vector<int64_t> levels =
      level_sizes(options_.segments, options_.coarsest_segments, options_.coarse_quadrature);
  const int64_t dim = start_.size(1), pairs = start_.size(0);
  Tensor times = grid(levels[0]);
  Paths paths = first_paths(times);
  for (auto& count : result.decoder_evaluations) count += screening_;
  const int64_t per_level = options_.max_iterations > 0 ? options_.max_iterations : 60;
  for (size_t level = 0; level < levels.size(); ++level) {
    const bool last = level + 1 == levels.size();
    const int64_t quadrature = !last && levels[level] < kSparseLevel ? options_.coarse_quadrature : 1;
    const auto curve = polyline_curve(times, dim);
    PathObjective objective(*energy_, curve, start_.index_select(0, paths.pair),
                            end_.index_select(0, paths.pair), refine_times(times, quadrature),
                            /*preconditioned=*/true, quadrature);
    StoppingOptions stopping;
    // Coarse levels only show the way: what they gain beyond a few iterations is lost when the grid is
    // refined. A new clock between the levels gains more than they do.
    const int64_t enough = retimes() ? (level == 0 ? 2 : 14) : (level == 0 ? 8 : 20);
    stopping.max_iterations = last ? per_level : std::min(per_level, enough);
    stopping.relative_decrease = last ? options_.tolerance : std::max(options_.tolerance, 1e-2);
    stopping.max_seconds = seconds_left();
    if (paths.nodes.size(0) > pairs && !last)
      stopping.prune = [&](SolverState& state) { end_outrun(state, paths, levels[level] < kSparseLevel); };
    const auto solver = make_solver<Tensor>(descent_method());
    const std::string stage = join_message(levels[level], " segments");
    const SolveResult solved = solve(
        objective, curve->fit(paths.nodes, times), *solver, stopping,
        [&](const SolverState& state) {
          report(stage, state.iteration, stopping.max_iterations, state.value.mean().item<double>());
          show(state.x, paths, times, objective, result);
        },
        cancellation_);
    result.history.push_back({levels[level], solved.state.iteration, paths.nodes.size(0),
                              solved.state.value.mean().item<double>(), solved.state.seconds});
    charge(paths, objective.decoded(), result);
    paths.nodes = at::cat(
        {start_.index_select(0, paths.pair).unsqueeze(1), solved.state.x.view({paths.nodes.size(0), -1, dim}),
         end_.index_select(0, paths.pair).unsqueeze(1)},
        1);
    for (auto& iterations : result.iterations) iterations += solved.state.iteration;
    if (last) {
      const Paths solved_paths = paths;
      paths = best_of(paths, times, refine_times(times, 4), result);  // where several are left
      for (size_t row = 0, pair = 0; row < solved_paths.name.size() && pair < paths.name.size(); ++row) {
        if (solved_paths.pair[static_cast<int64_t>(row)].item<int64_t>() != static_cast<int64_t>(pair))
          continue;
        if (solved_paths.name[row] != paths.name[pair]) continue;
        result.termination[pair++] = solved.state.termination[row];
      }
    } else {
      const Tensor finer = grid(levels[level + 1]);
      if (paths.nodes.size(0) > pairs) paths = without_outrun(paths, solved.state);
      const int64_t factor = levels[level] >= kSparseLevel ? 8 : 16;
      const bool keep_both = levels[level] < kSparseLevel;
      if (retimes()) {
        charge(paths, factor * levels[level] + 1, result);
        Tensor cost;
        paths.nodes = retime(paths.nodes, times, finer, factor, &cost);
        paths = cheapest_of(paths, cost, keep_both);
      } else {
        charge(paths, factor / 4 * levels[level] + 1, result);
        paths.nodes = respace(paths.nodes, times, finer, factor / 4);
        // Judged where they were not optimised.
        paths = best_of(paths, finer, refine_times(finer, 2), result, keep_both);
      }
      times = finer;
    }
  }
  result.nodes = paths.nodes;
  result.times = times;
  result.start = paths.name;
  polish(result, times);
  if (routes && !cancellation_.cancelled()) improve_by_routes(result);
  improve_by_given(result);
}

/// Paths that the caller has from elsewhere, at an even pace.
Tensor PathFinder::given_paths(const Tensor& times) const {
  const Tensor given = options_.first_paths.to(at::kDouble);
  const Tensor nodes = respace(given, uniform_times(given.size(1) - 1), times, 2);
  const int64_t n = times.size(0) - 1;
  return at::cat(
      {start_.to(at::kDouble).unsqueeze(1), nodes.narrow(1, 1, n - 1), end_.to(at::kDouble).unsqueeze(1)}, 1);
}

void PathFinder::improve_by_given(PathResult& result) {
  if (!options_.first_paths.defined() || cancellation_.cancelled()) return;
  improve_from(stack_starts(given_paths(result.times).unsqueeze(1), {"given"}), result);
}

/// Where the quality is the same at all times, lengths add up over the edges of a graph, and its shortest
/// routes have seen every valley.
void PathFinder::improve_by_routes(PathResult& result) {
  const int64_t pairs = start_.size(0);
  int64_t before = problem_.embedding->evaluations();
  RouteStarts starts(*energy_, route_samples());
  route_samples_ = problem_.embedding->evaluations() - before;
  before = problem_.embedding->evaluations();
  const Tensor found = starts.paths(start_, end_, result.times, options_.route_starts);
  const int64_t spent = problem_.embedding->evaluations() - before;
  for (auto& count : result.decoder_evaluations) count += (spent + pairs - 1) / pairs;
  std::vector<std::string> names;
  append_numbered(names, "route-", found.size(1));
  improve_from(stack_starts(found, names), result);
}

/// Takes a rival in place of a pair's path where it ends up cheaper. Few iterations at a time on a finer sum,
/// nodes back at an even pace after each, and the best state kept, judged on a much finer grid: a polyline
/// that waits and then leaps over a bad place in one segment has a low sum, and is caught here before it has
/// gone far.
void PathFinder::improve_from(Paths rivals, PathResult& result) {
  const Tensor& times = result.times;
  const Tensor honest = refine_times(times, 8);
  const auto judge = [&](const Paths& paths) {
    charge(paths, 2 * honest.size(0) - 1, result);
    return segment_cost(interpolate_polyline(paths.nodes, times, honest), honest);
  };
  const Paths own{result.nodes.to(at::kDouble), at::arange(start_.size(0), at::kLong), result.start};
  const Tensor to_beat = judge(own);
  Tensor cost = judge(rivals);
  // A rival has corners: once they are gone it may well be cheaper than a path that costs a little less now.
  const double promising = 1.3;
  const auto rows_where = [](const Tensor& condition) {
    const Tensor rows = condition.nonzero().squeeze(1);
    return std::vector<int64_t>(rows.data_ptr<int64_t>(), rows.data_ptr<int64_t>() + rows.numel());
  };
  std::vector<int64_t> moving = rows_where(cost < promising * to_beat.index_select(0, rivals.pair));
  Tensor best = rivals.nodes.clone();
  const int64_t rounds = 16, iterations = 8;
  const double worth_it = 0.998;
  for (int64_t round = 0; round < rounds && !moving.empty() && !cancellation_.cancelled(); ++round) {
    Paths paths = rows_of(rivals, moving);
    descend(paths, 2, iterations, result);
    paths.nodes = respace(paths.nodes, times, times, 8);
    charge(paths, 2 * honest.size(0) - 1, result);
    const Tensor now = judge(paths).contiguous();
    std::vector<int64_t> still;
    for (size_t i = 0; i < moving.size(); ++i) {
      const int64_t row = moving[i];
      const double before = cost[row].item<double>(), after = now[static_cast<int64_t>(i)].item<double>();
      result.iterations[static_cast<size_t>(rivals.pair[row].item<int64_t>())] += iterations;
      rivals.nodes[row].copy_(paths.nodes[static_cast<int64_t>(i)]);
      if (after < before) {
        best[row].copy_(rivals.nodes[row]);
        cost[row].fill_(after);
      }
      if (after < worth_it * before) still.push_back(row);
    }
    moving = still;
  }
  std::vector<double> least(static_cast<size_t>(start_.size(0)));
  for (size_t pair = 0; pair < least.size(); ++pair)
    least[pair] = to_beat[static_cast<int64_t>(pair)].item<double>();
  for (int64_t row = 0; row < best.size(0); ++row) {
    const int64_t pair = rivals.pair[row].item<int64_t>();
    const auto index = static_cast<size_t>(pair);
    const double now = cost[row].item<double>();
    if (!(now < kBetter * least[index])) continue;
    least[index] = now;
    result.nodes[pair].copy_(best[row]);
    quadrature_[index] = 2;
    result.start[index] = rivals.name[static_cast<size_t>(row)];
    result.termination[index] = cancellation_.cancelled() ? Termination::kInterrupted : Termination::kStalled;
  }
}

/// Paths whose cost on a four times finer grid is much higher have hidden from their midpoints: they go on,
/// minimising the finer quadrature itself.
void PathFinder::polish(PathResult& result, const Tensor& times) {
  const int64_t n = times.size(0) - 1;
  if (n < 2) return;
  for (const int64_t quadrature : {2, 4}) {
    if (cancellation_.cancelled()) return;
    const Tensor coarse_grid = refine_times(times, quadrature), fine = refine_times(times, 2 * quadrature);
    const Tensor seen =
        quadrature == 2 ? segment_cost(result.nodes, times)
                        : segment_cost(interpolate_polyline(result.nodes, times, coarse_grid), coarse_grid);
    const Tensor honest = segment_cost(interpolate_polyline(result.nodes, times, fine), fine);
    const Tensor rows = ((honest - seen) > 0.5 * options_.resolution_tolerance * honest).nonzero().squeeze(1);
    const int64_t seen_points = (quadrature == 2 ? n : n * quadrature), honest_points = n * quadrature * 2;
    const int64_t judged = 2 * (seen_points + honest_points) + 2;
    for (auto& count : result.decoder_evaluations) count += judged;
    if (rows.numel() == 0) return;
    if (retimes()) {
      const Tensor before = result.nodes.index_select(0, rows), after = retime(before, times, times, 8);
      const Tensor lower =
          segment_cost(interpolate_polyline(after, times, fine), fine) < honest.index_select(0, rows);
      result.nodes.index_copy_(0, rows, at::where(lower.view({-1, 1, 1}), after, before));
      for (int64_t i = 0; i < rows.size(0); ++i)
        result.decoder_evaluations[static_cast<size_t>(rows[i].item<int64_t>())] +=
            8 * n + 1 + 2 * honest_points + 1;
    }
    descend(result, rows, quadrature, 20);
  }
}

/// More iterations for `paths` on the last grid, minimising its `quadrature` times finer sum.
SolveResult PathFinder::descend(Paths& paths, int64_t quadrature, int64_t iterations, PathResult& result) {
  const Tensor& times = result.times;
  const auto curve = polyline_curve(times, start_.size(1));
  const Tensor from = start_.index_select(0, paths.pair), to = end_.index_select(0, paths.pair);
  PathObjective objective(*energy_, curve, from, to, refine_times(times, quadrature), true, quadrature);
  objective.expect_iterations(iterations);
  StoppingOptions stopping;
  stopping.max_iterations = iterations;
  stopping.relative_decrease = options_.tolerance;
  stopping.max_seconds = seconds_left();
  const auto solver = make_solver<Tensor>(descent_method());
  SolveResult solved = solve(
      objective, curve->fit(paths.nodes.to(at::kDouble), times), *solver, stopping,
      [&](const SolverState& state) {
        report(join_message(times.size(0) - 1, " segments, ", quadrature, "x quadrature"), state.iteration,
               stopping.max_iterations, state.value.mean().item<double>());
        show(state.x, paths, times, objective, result);
      },
      cancellation_);
  charge(paths, objective.decoded(), result);
  result.history.push_back({(times.size(0) - 1) * quadrature, solved.state.iteration, paths.nodes.size(0),
                            solved.state.value.mean().item<double>(), solved.state.seconds});
  paths.nodes = at::cat(
      {from.unsqueeze(1), solved.state.x.view({paths.nodes.size(0), -1, start_.size(1)}), to.unsqueeze(1)},
      1);
  return solved;
}

/// The same for the result's paths of some pairs.
void PathFinder::descend(PathResult& result, const Tensor& rows, int64_t quadrature, int64_t iterations) {
  Paths paths{result.nodes.index_select(0, rows), rows, {}};
  const SolveResult solved = descend(paths, quadrature, iterations, result);
  result.nodes.index_copy_(0, rows, paths.nodes.to(result.nodes.scalar_type()));
  for (int64_t i = 0; i < rows.size(0); ++i) {
    const auto pair = static_cast<size_t>(rows[i].item<int64_t>());
    result.iterations[pair] += solved.state.iteration;
    result.termination[pair] = solved.state.termination[static_cast<size_t>(i)];
    quadrature_[pair] = quadrature;
  }
}

/// 1/(80 max_i k_i) along each straight line: a twentieth of the largest step at which gradient descent on
/// Σ k_i ‖z_{i+1} − z_i‖² is stable, since k_i grows on the way.
Tensor PathFinder::stable_rates(const Tensor& times) const {
  const at::NoGradGuard no_gradient;
  const int64_t n = times.size(0) - 1;
  const Tensor nodes = linear_path(start_, end_, times);
  const SegmentTerms terms =
      energy_->terms({nodes, 0.5 * (nodes.narrow(1, 0, n) + nodes.narrow(1, 1, n)), times});
  const Tensor moved = (nodes.narrow(1, 1, n) - nodes.narrow(1, 0, n)).square().sum(2).clamp_min(1e-30);
  const Tensor k = terms.weight.square() * terms.squared_chord / moved / terms.duration;
  return 0.0125 / at::nan_to_num(k, 0, 0, 0).amax(1).clamp_min(1e-30);
}

/// One curve, one solver, one grid: Algorithm 1 of paper A, the gradient descent on a polyline's nodes of
/// paper B, and any other combination asked for by name.
void PathFinder::solve_single(PathResult& result) {
  const bool descent = options_.method == "paper2019";
  const bool first_order = options_.method == "adam" || options_.method == "sgd" || descent;
  const bool neural = options_.curve == "neural" || (options_.curve == "auto" && first_order && !descent);
  const int64_t dim = start_.size(1), pairs = start_.size(0);
  const Tensor times = descent ? uniform_times(options_.segments) : grid(options_.segments);
  LATENTPATH_CHECK(options_.init != "graph", kArgument,
                   "--init graph needs a polyline and a method other than ", options_.method);
  Paths paths;
  if (options_.init == "auto") {  // the papers start from the straight line
    paths.nodes = linear_path(start_, end_, times);
    paths.pair = at::arange(pairs, at::kLong);
    paths.name.assign(static_cast<size_t>(pairs), "linear");
  } else {
    paths = best_of(first_paths(times), times, refine_times(times, 2), result);
  }
  const bool straight = paths.name[0] == "linear";
  std::shared_ptr<Curve> curve;
  if (neural) {
    NeuralCurveOptions neural_options = options_.neural;
    neural_options.seed = options_.seed;
    curve = neural_curve(dim, neural_options);
  } else {
    curve = polyline_curve(times, dim);
  }
  const Tensor ends = uniform_times(1);
  // The networks work in the endpoints' own precision, as in the papers' program; polylines in float64.
  const auto dtype = neural ? problem_.start.scalar_type() : at::kDouble;
  const Tensor x0 = (neural && straight ? curve->fit(linear_path(start_, end_, ends).to(dtype), ends)
                                        : curve->fit(paths.nodes.to(dtype), times));
  std::unique_ptr<PathObjective> objective;
  if (first_order && !descent)
    objective = std::make_unique<RandomTimesObjective>(*energy_, curve, start_, end_, options_.random_points,
                                                       make_generator(options_.seed + 1));
  else
    objective = std::make_unique<PathObjective>(*energy_, curve, start_, end_, times, !neural && !descent);
  std::unique_ptr<Solver> solver;
  if (options_.method == "adam")
    solver = adam_solver({.learning_rate = options_.learning_rate.value_or(1e-3)});
  else if (descent && !options_.learning_rate)
    solver = sgd_solver({.learning_rate = 1, .factor = stable_rates(times)});
  else if (options_.method == "sgd" || descent)
    solver = sgd_solver({.learning_rate = options_.learning_rate.value_or(1e-3)});
  else
    solver = make_solver<Tensor>(descent_method());
  StoppingOptions stopping;
  stopping.max_iterations = options_.max_iterations > 0 ? options_.max_iterations : first_order ? 1000 : 300;
  stopping.relative_decrease = first_order ? 0 : options_.tolerance;
  stopping.max_seconds = seconds_left();

  // With random times the loss is noisy: iterates are judged on one fixed grid, and the best is kept.
  const int64_t judge_every = 50;
  Tensor best_x = x0.clone();
  const auto nodes_of = [&](const Tensor& x) {
    const at::NoGradGuard no_gradient;
    return curve->at(x, start_, end_, times).to(at::kDouble);
  };
  Tensor best_cost = segment_cost(nodes_of(x0), times);
  const auto judge = [&](const Tensor& x) {
    const Tensor cost = segment_cost(nodes_of(x), times);
    const Tensor better = cost < best_cost;
    best_cost = at::where(better, cost, best_cost);
    best_x = at::where(better.unsqueeze(1), x, best_x);
  };
  int64_t judged = 1;
  const SolveResult solved = solve(
      *objective, x0, *solver, stopping,
      [&](const SolverState& state) {
        report(solver->describe(), state.iteration, stopping.max_iterations,
               state.value.mean().item<double>());
        if (first_order && state.iteration % judge_every == 0) judge(state.x), ++judged;
      },
      cancellation_);
  judge(solved.state.x);
  ++judged;
  charge(paths, objective->decoded(), result);
  result.history.push_back({options_.segments, solved.state.iteration, pairs,
                            solved.state.value.mean().item<double>(), solved.state.seconds});
  result.nodes = nodes_of(best_x);
  result.times = times;
  result.start = paths.name;
  result.curve = curve->describe();
  result.method = solver->describe();
  for (size_t pair = 0; pair < static_cast<size_t>(pairs); ++pair) {
    result.termination[pair] = solved.state.termination[pair];
    result.iterations[pair] = solved.state.iteration;
    result.verification_evaluations += judged * (2 * options_.segments + 1);
  }
}

void PathFinder::verify(PathResult& result) {
  const auto begin = Clock::now();
  const int64_t before = problem_.embedding->evaluations();
  double searching = 0;  // seconds and points that went into better paths, not into checking
  int64_t searched = 0;
  const int64_t pairs = start_.size(0);
  report("checking on a finer grid", 0, 3, 0);
  // Whoever interrupts waits: the least refinement then has to do.
  const double change = 0.01;
  const int64_t finest = cancellation_.cancelled() ? 4 : 32;
  const auto measure_polyline = [&](const Tensor& nodes) {
    return energy_->measure([&](const Tensor& t) { return interpolate_polyline(nodes, result.times, t); },
                            pairs, result.times, problem_.feature, change, finest);
  };
  const auto stored = problem_.start.scalar_type();
  // Figures belong to the path as it is stored, in the precision of the end points.
  const auto as_stored = [&](const Tensor& nodes) {
    const Tensor rounded = nodes.to(stored);
    const int64_t n = rounded.size(1) - 1;
    return at::cat({problem_.start.unsqueeze(1), rounded.narrow(1, 1, n - 1), problem_.end.unsqueeze(1)}, 1);
  };
  const Tensor line = linear_path(start_, end_, result.times),
               circle = spherical_path(start_, end_, result.times);
  // Baselines are curves, not polylines: they are measured where they run at every refinement.
  result.linear = energy_->measure([&](const Tensor& t) { return linear_path(start_, end_, t); }, pairs,
                                   result.times, problem_.feature, change, finest);
  report("checking on a finer grid", 1, 3, 0);
  result.spherical = energy_->measure([&](const Tensor& t) { return spherical_path(start_, end_, t); }, pairs,
                                      result.times, problem_.feature, change, finest);
  report("checking on a finer grid", 2, 3, 0);
  result.nodes = as_stored(result.nodes);
  result.path = measure_polyline(result.nodes.to(at::kDouble));

  // A path that lost to a baseline, for whatever reason, is not returned: the baseline is, and as a polyline
  // it costs a little more than the curve it follows, so it goes on from there.
  const auto settled = [](const Tensor& cost) { return at::nan_to_num(cost, 1e300, 1e300); };
  const Tensor ours = settled(result.path.cost_refined);
  const auto replace = [&](const Tensor& worse, const Tensor& nodes, const char* name) {
    const Tensor rows = worse.nonzero().squeeze(1);
    if (rows.numel() == 0) return;
    result.nodes = at::where(worse.view({-1, 1, 1}), as_stored(nodes), result.nodes);
    for (int64_t i = 0; i < rows.size(0); ++i) {
      const auto pair = static_cast<size_t>(rows[i].item<int64_t>());
      result.start[pair] = name;
      Termination& why = result.termination[pair];
      if (why != Termination::kInterrupted && why != Termination::kTimeLimit) why = Termination::kStalled;
    }
  };
  // A last-bit difference between equal curves is no defeat.
  const double margin = 1 - 1e-9;
  const Tensor linear_better = result.linear.cost_refined < margin * ours;
  const Tensor spherical_better =
      result.spherical.cost_refined < margin * at::minimum(ours, result.linear.cost_refined);
  const Tensor lost = linear_better.logical_or(spherical_better);
  if (lost.any().item<bool>()) {
    replace(linear_better.logical_and(spherical_better.logical_not()), line, "linear");
    replace(spherical_better, circle, "spherical");
    result.path = measure_polyline(result.nodes.to(at::kDouble));
    if (multilevel() && result.nodes.size(1) > 3 && !cancellation_.cancelled()) {
      const PathResult replaced = result;
      result.nodes = replaced.nodes.clone();
      const auto search = Clock::now();
      const int64_t decoded = problem_.embedding->evaluations();
      descend(result, lost.nonzero().squeeze(1), 2, 60);
      searching = seconds_since(search);
      searched = problem_.embedding->evaluations() - decoded;
      result.nodes = as_stored(result.nodes);
      result.path = measure_polyline(result.nodes.to(at::kDouble));
      const Tensor worse =
          lost.logical_and(settled(result.path.cost_refined) >= settled(replaced.path.cost_refined));
      if (worse.any().item<bool>()) {
        result.nodes = at::where(worse.view({-1, 1, 1}), replaced.nodes, result.nodes);
        for (int64_t pair = 0; pair < pairs; ++pair)
          if (worse[pair].item<bool>())
            result.termination[static_cast<size_t>(pair)] = replaced.termination[static_cast<size_t>(pair)];
        result.path = measure_polyline(result.nodes.to(at::kDouble));
      }
    }
  }
  report("checking on a finer grid", 3, 3, 0);

  const at::NoGradGuard no_gradient;
  const Tensor gap =
      energy_->squared_distance((*problem_.embedding)(end_), (*problem_.embedding)(start_)).sqrt();
  const double least = -std::log(1 - options_.epsilon);
  result.lower_bound = least * gap.to(at::kDouble);
  if (result.nodes.size(1) > 2) {
    // How stationary the polyline is for the sum that it was optimised on.
    const auto curve = polyline_curve(result.times, start_.size(1));
    const Tensor x = curve->fit(result.nodes.to(at::kDouble), result.times);
    result.gradient_residual = at::zeros({pairs}, at::kDouble);
    for (const int64_t quadrature : std::set<int64_t>(quadrature_.begin(), quadrature_.end())) {
      PathObjective objective(*energy_, curve, start_, end_, refine_times(result.times, quadrature), true,
                              quadrature);
      objective.model_at_once();
      std::vector<int64_t> alike;
      for (int64_t pair = 0; pair < pairs; ++pair)
        if (quadrature_[static_cast<size_t>(pair)] == quadrature) alike.push_back(pair);
      const Tensor rows = at::tensor(alike, at::kLong), some = x.index_select(0, rows);
      result.gradient_residual.index_copy_(
          0, rows, objective.gradient_residual(some, objective.evaluate(some, rows), rows));
    }
  } else {
    result.gradient_residual = at::zeros({pairs}, at::kDouble);
  }
  result.verification_evaluations += problem_.embedding->evaluations() - before - searched;
  result.verification_seconds = seconds_since(begin) - searching;
  result.seconds += searching;
}

/// By the second-order method asked for, with what it decodes counted.
SecondOrderPaths PathFinder::finish(const Tensor& nodes, const Tensor& times, int64_t iterations,
                                    PathResult& result) {
  const int64_t before = problem_.embedding->evaluations(), pairs = start_.size(0);
  SecondOrderOptions second;
  second.method = options_.method;
  second.max_iterations = iterations;
  second.max_seconds = seconds_left();
  SecondOrderPaths found =
      finish_by_second_order(*energy_, start_, end_, nodes, times, second, progress_, cancellation_);
  const int64_t spent = problem_.embedding->evaluations() - before;
  for (auto& count : result.decoder_evaluations) count += (spent + pairs - 1) / pairs;
  return found;
}

void PathFinder::finish(PathResult& result) {
  const SecondOrderPaths found =
      finish(result.nodes, result.times, options_.max_iterations > 0 ? options_.max_iterations : 60, result);
  result.nodes = found.nodes;
  result.termination = found.termination;
  result.certificates = found.certificates;
  result.method = join_message(result.method, ", then ", found.method);
  for (size_t pair = 0; pair < found.iterations.size(); ++pair) {
    result.iterations[pair] += found.iterations[pair];
    quadrature_[pair] = found.certificates[pair].quadrature;
  }
}

PathResult PathFinder::run() {
  choose_cost();
  const auto pairs = static_cast<size_t>(start_.size(0));
  PathResult result;
  screening_ = 0;
  result.termination.assign(pairs, Termination::kRunning);
  result.iterations.assign(pairs, 0);
  result.decoder_evaluations.assign(pairs, 0);
  quadrature_.assign(pairs, 1);
  result.seed = options_.seed;
  result.cost = energy_->options().cost->describe();
  result.time_weight = energy_->options().cost->time_weight();
  result.method = make_solver<Tensor>(descent_method())->describe() + ", coarse to fine";
  result.curve = join_message("polyline of ", options_.segments, " segments");
  const bool second_order = is_second_order(options_.method);
  if (second_order) {  // refused before the search, where it cannot be
    const Tensor few = grid(3);
    finish(linear_path(start_, end_, few), few, 0, result);
  }
  if (multilevel())
    solve_multilevel(result);
  else
    solve_single(result);
  if (second_order && !cancellation_.cancelled()) finish(result);
  const Tensor finished = result.nodes;
  result.candidate_evaluations = (pool_ ? pool_->drawn : 0) + route_samples_;
  result.seconds = seconds_since(begin_);
  verify(result);
  // A certificate is of the path that the method ended at: one that lost to a baseline has none.
  const Tensor moved = (result.nodes.to(at::kDouble) - finished.to(at::kDouble)).abs().amax({1, 2});
  for (size_t pair = 0; pair < result.certificates.size(); ++pair)
    if (moved[static_cast<int64_t>(pair)].item<double>() > 1e-5) result.certificates[pair] = {};

  const Tensor finite = at::isfinite(result.path.cost_refined);
  const Tensor ratio = result.path.cost_refined / result.path.cost.clamp_min(1e-300);
  for (size_t pair = 0; pair < pairs; ++pair) {
    const auto index = static_cast<int64_t>(pair);
    if (!finite[index].item<bool>()) result.termination[pair] = Termination::kNumericalFailure;
    const double apart = std::abs(ratio[index].item<double>() - 1);
    result.under_resolved.push_back(result.path.cost_refined[index].item<double>() > 0 &&
                                    !(apart <= options_.resolution_tolerance));
  }
  return result;
}

}  // namespace

double default_time_weight(double typical_squared_distance) { return 9 * typical_squared_distance; }

PathResult find_path(const PathProblem& problem, const PathOptions& options, const ProgressObserver& progress,
                     const CancellationToken& cancellation) {
  return PathFinder(problem, options, nullptr, progress, cancellation).run();
}

PathResult find_path(const PathProblem& problem, const PathOptions& options, const CandidatePool& candidates,
                     const ProgressObserver& progress, const CancellationToken& cancellation) {
  return PathFinder(problem, options, &candidates, progress, cancellation).run();
}

bool draws_candidates(const PathProblem& problem, const PathOptions& options) {
  return PathFinder(problem, options, nullptr, {}, {}).draws_candidates();
}

CandidatePool make_candidates(const PathProblem& problem, const PathOptions& options,
                              const CancellationToken& cancellation) {
  return PathFinder(problem, options, nullptr, {}, cancellation).candidates();
}

void PathResult::take(int64_t pair, const PathResult& other, int64_t row) {
  LATENTPATH_CHECK(nodes.sizes().slice(1) == other.nodes.sizes().slice(1), kArgument, "paths of ",
                   shape_string(other.nodes.sizes()), " cannot take the place of paths of ",
                   shape_string(nodes.sizes()));
  const auto copy = [&](Tensor& to, const Tensor& from) {
    if (to.defined()) to[pair].copy_(from[row]);
  };
  copy(nodes, other.nodes);
  for (auto figure : {&CurveFigures::cost, &CurveFigures::cost_refined, &CurveFigures::length,
                      &CurveFigures::quality_of_curve, &CurveFigures::mean_quality,
                      &CurveFigures::min_quality, &CurveFigures::min_weight, &CurveFigures::embedding_length,
                      &CurveFigures::mean_feature, &CurveFigures::refinement})
    copy(path.*figure, other.path.*figure);
  copy(gradient_residual, other.gradient_residual);
  const auto to = static_cast<size_t>(pair), from = static_cast<size_t>(row);
  termination[to] = other.termination[from];
  start[to] = other.start[from];
  under_resolved[to] = other.under_resolved[from];
}

std::string PathResult::brief_report() const {
  std::ostringstream text;
  text << std::setprecision(4);
  const int64_t pairs = nodes.size(0);
  const auto median = [](const Tensor& values) { return values.median().item<double>(); };
  int64_t decoded = candidate_evaluations;
  for (const int64_t count : decoder_evaluations) decoded += count;
  text << pairs << (pairs == 1 ? " path" : " paths") << ", " << nodes.size(1) - 1 << " segments, " << cost
       << " cost, " << method << "\n";
  const char* label = pairs == 1 ? "" : "median ";
  text << label << "cost (refined grid): " << median(path.cost_refined) << " (straight line "
       << median(linear.cost_refined) << ", spherical " << median(spherical.cost_refined) << ")\n";
  text << label << "length: " << median(path.length) << " (straight line " << median(linear.length)
       << ", spherical " << median(spherical.length) << "; no path is shorter than " << median(lower_bound)
       << ")\n";
  if (path.mean_feature.defined())
    text << label << "mean class probability: " << median(path.mean_feature) << " (straight line "
         << median(linear.mean_feature) << ", spherical " << median(spherical.mean_feature) << ")\n";
  std::vector<std::pair<std::string, int64_t>> endings, starts;
  const auto tally = [](auto& list, const std::string& name) {
    for (auto& entry : list)
      if (entry.first == name) {
        ++entry.second;
        return;
      }
    list.emplace_back(name, 1);
  };
  for (const Termination why : termination) tally(endings, termination_name(why));
  for (const auto& name : start) tally(starts, name);
  const auto write = [&](const char* title, const auto& list) {
    text << title;
    for (size_t i = 0; i < list.size(); ++i) {
      text << (i ? ", " : " ") << list[i].first;
      if (pairs > 1) text << " " << list[i].second;
    }
    text << "\n";
  };
  write("ended:", endings);
  write("best start:", starts);
  const auto unresolved = std::count(under_resolved.begin(), under_resolved.end(), true);
  if (unresolved > 0)
    text << "under-resolved: " << unresolved << " of " << pairs
         << " (cost on the nodes and on the refined grid differ by over 5 %; more --segments help)\n";
  text << "spent: " << decoded << " decoder evaluations in " << seconds << " s, and "
       << verification_evaluations << " in " << verification_seconds << " s to check on refined grids\n";
  return text.str();
}

}  // namespace latentpath
