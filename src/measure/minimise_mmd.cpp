// Minimise: Eq. 13 lowered from every start that applies, by moving the points themselves, smooth motions of
// them, or the papers' neural curve. Whichever costs least comes first.

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include "latentpath/core/error.h"
#include "latentpath/core/random.h"
#include "latentpath/solver/methods.h"
#include "measure/measure_objectives.h"
#include "measure/measure_search.h"

namespace latentpath {
namespace {

using Clock = std::chrono::steady_clock;
double since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

/// The starts that are asked for, or all that these samples allow.
std::vector<MeasureStartRow> wanted_starts(const MeasureSearch& search) {
  const MeasureOptions& options = search.options;
  const bool can_match = search.exact_transport_fits(), can_pair = search.equal_sizes();
  LATENTPATH_CHECK(can_match || can_pair, kArgument, "samples of ", search.start.size(0), " and ",
                   search.end.size(0), " points have no common particles without an exact transport, and ",
                   search.not_exact, ": use samples of equal size, or the `kind` mixture or displacement");
  std::vector<MeasureStartRow> starts;
  for (const MeasureStartRow& row : measure_starts()) {
    const bool fits = (can_match || !row.needs_matching) && (can_pair || !row.needs_equal_sizes);
    if (options.start == "auto" && fits && !(row.needs_points && options.curve == "neural"))
      starts.push_back(row);
    if (options.start != row.name) continue;
    LATENTPATH_CHECK(can_pair || !row.needs_equal_sizes, kArgument, "the ", row.name,
                     " start joins the i-th points of both samples, which must have equal size and no "
                     "weights, not ",
                     search.start.size(0), " and ", search.end.size(0),
                     " points: use the start matched or random");
    LATENTPATH_CHECK(can_match || !row.needs_matching, kArgument, "the ", row.name,
                     " start needs an exact transport: ", search.not_exact);
    starts.push_back(row);
  }
  return starts;
}

/// The i-th points of samples of equal size.
Particles pair_in_order(const MeasureSearch& search) {
  return {search.start, search.end, weights_or_uniform({}, search.start), true};
}

MeasurePath first_path(MeasureSearch& search, MeasureStart start, int64_t steps) {
  switch (start) {
    case MeasureStart::kMatched:
      return search.quality ? displaced_particles(search) : straight_path(matched_particles(search), steps);
    case MeasureStart::kStraight:
      return straight_path(pair_in_order(search), steps);
    case MeasureStart::kSmooth:
      return displaced_particles(search);
    default:
      return jumping_path(search.equal_sizes() ? pair_in_order(search) : matched_particles(search), steps,
                          make_generator(search.options.seed + 1));
  }
}

/// Iterations where nobody says how many: of methods whose steps have a given length, and of those that stop
/// by themselves, once kPatience iterations together lower the value by no more than the tolerance's share.
constexpr int64_t kIterationsOfRates = 1000, kIterations = 400, kPatience = 5;
/// Steps that L-BFGS remembers: all particles at all times are one row, whose Hessian has many scales.
constexpr int64_t kMemory = 20;
/// Paths of fewer steps are not halved: of two steps the middle says little of where the others belong.
constexpr int64_t kFewestToHalve = 6;

const SolverMethod& solver_of(const MeasureOptions& options) {
  if (options.method != "auto") return solver_method(options.method);
  return solver_method(options.curve == "neural" ? "adam" : "lbfgs");
}

SolveResult descend(const MeasureSearch& search, Objective& objective, const Tensor& x0,
                    const std::string& stage, Clock::time_point begin) {
  const MeasureOptions& options = search.options;
  const SolverMethod& method = solver_of(options);
  StoppingOptions stopping;
  stopping.max_iterations = options.max_iterations > 0 ? options.max_iterations
                            : method.takes_rate        ? kIterationsOfRates
                                                       : kIterations;
  if (!method.takes_rate) {
    stopping.relative_decrease = options.tolerance;
    stopping.patience = kPatience;
  }
  if (options.max_seconds > 0) stopping.max_seconds = std::max(1e-3, options.max_seconds - since(begin));
  const auto solver = make_solver<Tensor>(method.name, {.lbfgs = {.memory = kMemory},
                                                        .adam = {.learning_rate = options.learning_rate},
                                                        .sgd = {.learning_rate = options.learning_rate}});
  const auto watch = [&](const SolverState& state) {
    search.tell({stage, state.iteration, stopping.max_iterations, state.value[0].item<double>()});
  };
  return solve(objective, x0, *solver, stopping, watch, search.cancellation);
}

MeasureCandidate candidate_from(const MeasureStartRow& row) {
  MeasureCandidate candidate;
  candidate.name = row.name;
  candidate.title = row.title ? row.title : "mmd, " + row.name + " start";
  return candidate;
}

void record(MeasureCandidate& candidate, const SolveResult& solved, Objective& objective) {
  const SolverState& state = solved.state;
  candidate.termination = state.termination[0];
  candidate.iterations += state.iteration;
  candidate.evaluations += state.evaluations;
  if (state.x.numel() > 0)
    candidate.gradient_residual =
        objective.gradient_residual(state.x, {state.value, state.gradient}, at::zeros({1}, at::kLong))
            .item<double>();
}

/// The matched points on smooth motions.
MeasurePath by_smooth_motions(MeasureSearch& search, const MeasureStartRow& row, MeasureCandidate& candidate,
                              Clock::time_point begin) {
  const MeasureOptions& options = search.options;
  const MeasurePath path = first_path(search, row.start, options.steps);
  const MeasureObjective nodes(*search.distances, search.quality.get(), options.epsilon, path);
  SmoothObjective objective(nodes, path,
                            std::min(options.harmonics, std::max<int64_t>(1, options.steps - 1)));
  const SolveResult solved = descend(search, objective, at::zeros({1, objective.variables()}, at::kDouble),
                                     "smooth motion of matched points", begin);
  record(candidate, solved, objective);
  return objective.at(solved.state.x[0]);
}

/// The points themselves move, coarse to fine in K.
MeasurePath by_points(MeasureSearch& search, const MeasureStartRow& row, MeasureCandidate& candidate,
                      Clock::time_point begin) {
  const MeasureOptions& options = search.options;
  std::vector<int64_t> levels{options.steps};
  while (levels.front() >= kFewestToHalve) levels.insert(levels.begin(), (levels.front() + 1) / 2);
  // Particles on their best paths are not straightened again.
  if (!row.between || (row.needs_matching && search.quality)) levels = {options.steps};
  MeasurePath path = first_path(search, row.start, levels.front());
  for (const int64_t steps : levels) {
    if (path.points.size(0) != steps + 1) path = refine(path, steps);
    MeasureObjective objective(*search.distances, search.quality.get(), options.epsilon, path);
    const Tensor x0 = path.points.narrow(0, 1, steps - 1).reshape({1, -1});
    const SolveResult solved = descend(
        search, objective, x0, join_message("from the ", row.name, " start, ", steps, " steps"), begin);
    path = objective.at(solved.state.x[0]);
    record(candidate, solved, objective);
    if (search.cancellation.cancelled() && steps != options.steps) return refine(path, options.steps);
  }
  return path;
}

/// The neural curve of paper A through the space of samples.
MeasurePath by_neural_curve(MeasureSearch& search, const MeasureStartRow& row, MeasureCandidate& candidate,
                            Clock::time_point begin) {
  const MeasureOptions& options = search.options;
  MeasurePath path = first_path(search, row.start, options.steps);
  MeasureObjective nodes(*search.distances, search.quality.get(), options.epsilon, path);
  NeuralCurveOptions neural = options.neural;
  neural.seed = options.seed;
  const auto curve = neural_curve(path.points[0].numel(), neural);
  const Tensor parameters = curve->fit(path.points.flatten(1).unsqueeze(0), uniform_times(options.steps));
  CurveObjective objective(nodes, curve, path);
  const SolveResult solved =
      descend(search, objective, parameters, "neural curve from the " + row.name + " start", begin);
  if (objective.best().defined()) path.points = objective.best();
  record(candidate, solved, objective);
  return path;
}

MeasureCandidate candidate_of(MeasureSearch& search, const MeasureStartRow& row) {
  const auto begin = Clock::now();
  MeasureCandidate candidate = candidate_from(row);
  const auto way = search.options.curve == "neural"     ? by_neural_curve
                   : row.start == MeasureStart::kSmooth ? by_smooth_motions
                                                        : by_points;
  candidate.path = way(search, row, candidate, begin);
  candidate.figures = search.figures(candidate.path);
  candidate.seconds = since(begin);
  return candidate;
}

/// No path costs less than MMD²(X, Y)/K: what has reached that leaves other starts nothing to gain. With a
/// quality there is no such bound.
bool has_reached_bound(const MeasureSearch& search, const MeasureCandidate& candidate) {
  const MeasureFigures& figures = candidate.figures;
  const double bound = std::max(0.0, search.result.lower_bound) * (1 + search.options.tolerance);
  // With random features `rounding` is their standard error, which both share.
  return !search.quality && figures.cost <= bound + (search.distances->exact() ? figures.rounding : 0.0);
}

}  // namespace

void minimise_mmd(MeasureSearch& search) {
  search.result.method = solver_of(search.options).name;
  std::vector<MeasureCandidate>& candidates = search.result.candidates;
  for (const MeasureStartRow& row : wanted_starts(search)) {
    if (!candidates.empty() && search.cancellation.cancelled()) break;
    candidates.push_back(candidate_of(search, row));
    if (!has_reached_bound(search, candidates.back())) continue;
    // There was nothing left to gain.
    if (candidates.back().termination == Termination::kStalled)
      candidates.back().termination = Termination::kConverged;
    break;
  }
  const auto key = [](const MeasureCandidate& c) {
    const double cost = c.figures.weighted_cost.value_or(c.figures.cost);
    return std::isfinite(cost) ? cost : std::numeric_limits<double>::infinity();
  };
  std::stable_sort(candidates.begin(), candidates.end(),
                   [&](const MeasureCandidate& a, const MeasureCandidate& b) { return key(a) < key(b); });
}

}  // namespace latentpath
