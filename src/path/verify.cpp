// Verify: figures on refined grids, and no path that costs more than a baseline there.

#include <ATen/ATen.h>

#include "latentpath/core/error.h"
#include "latentpath/path/initial_path.h"
#include "path/path_methods.h"
#include "path/search.h"

namespace latentpath {
namespace {

/// Figures belong to the path as it is stored, in the precision of the end points.
Tensor as_stored(const PathProblem& problem, const Tensor& nodes) {
  const Tensor rounded = nodes.to(problem.start.scalar_type());
  const int64_t n = rounded.size(1) - 1;
  return at::cat({problem.start.unsqueeze(1), rounded.narrow(1, 1, n - 1), problem.end.unsqueeze(1)}, 1);
}

/// Figures of curves between the ends of `pairs` [rows].
CurveFigures<Tensor> measure(const Search& search, const std::function<Tensor(const Tensor&)>& curve,
                             const Tensor& pairs, const Tensor& times) {
  const VerifyOptions& options = search.options.verify;
  return search.energy.of_rows(pairs).measure(
      curve, pairs.size(0), times, search.problem.feature, options.change,
      search.cancellation.cancelled() ? options.finest_interrupted : options.finest);
}

CurveFigures<Tensor> measure_polylines(const Search& search, const Tensor& nodes, const Tensor& pairs,
                                       const Tensor& times) {
  const Tensor stored = nodes.to(at::kDouble);
  return measure(
      search, [&](const Tensor& t) { return interpolate_polyline(stored, times, t); }, pairs, times);
}

void put(CurveFigures<Tensor>& figures, const Tensor& rows, const CurveFigures<Tensor>& some) {
  for_each_figure<Tensor>([&](auto figure) {
    if ((figures.*figure).defined()) (figures.*figure).index_copy_(0, rows, some.*figure);
  });
}

Tensor settled(const Tensor& cost) { return at::nan_to_num(cost, 1e300, 1e300); }

/// The pairs whose path costs more than a baseline, which takes its place.
std::vector<int64_t> replace_by_baselines(const Search& search, FoundPaths& found, PathResult& result) {
  const double margin = 1 - search.options.verify.margin;
  const Tensor ours = settled(result.path.cost_refined);
  const Tensor line_wins = result.linear.cost_refined < margin * ours;
  Tensor circle_wins = result.spherical.cost_refined < margin * at::minimum(ours, result.linear.cost_refined);
  if (search.problem.held.defined()) circle_wins = at::zeros_like(circle_wins);  // it moves what is held
  std::vector<int64_t> lost = rows_where(line_wins.logical_or(circle_wins));
  if (lost.empty()) return lost;
  const auto take = [&](const Tensor& where, const Tensor& nodes, StartKind kind) {
    const Tensor kept = hold(nodes, search.problem.held, found.times);
    result.nodes = at::where(where.view({-1, 1, 1}), as_stored(search.problem, kept), result.nodes);
    for (const int64_t pair : rows_where(where)) {
      found.start[static_cast<size_t>(pair)] = {kind};
      // The search may have converged, but not to this.
      Termination& why = found.termination[static_cast<size_t>(pair)];
      if (why == Termination::kConverged) why = Termination::kStalled;
      // Nor is a certificate of this path.
      if (!found.certificates.empty()) found.certificates[static_cast<size_t>(pair)] = {};
    }
  };
  take(line_wins.logical_and(circle_wins.logical_not()), linear_path(search.start, search.end, found.times),
       StartKind::kStraight);
  take(circle_wins, spherical_path(search.start, search.end, found.times), StartKind::kSpherical);
  const Tensor rows = at::tensor(lost, at::kLong);
  put(result.path, rows, measure_polylines(search, result.nodes.index_select(0, rows), rows, found.times));
  return lost;
}

/// A baseline as a polyline costs a little more than the curve it follows, so it goes on from there; a path
/// that this does not make cheaper stays as it was.
void improve_from_baselines(Search& search, FoundPaths& found, PathResult& result,
                            const std::vector<int64_t>& lost) {
  const PathOptions& options = search.options;
  const Tensor rows = at::tensor(lost, at::kLong);
  Descent how;
  how.subdivisions = options.verify.improve_subdivisions;
  how.iterations = options.max_iterations > 0 ? options.max_iterations : options.verify.improve_iterations;
  how.tolerance = options.relative_decrease();
  how.stage = stage_name(found.times, how.subdivisions);
  PathSet paths{result.nodes.index_select(0, rows), rows, {}};
  for (const int64_t pair : lost) paths.start.push_back(found.start[static_cast<size_t>(pair)]);
  const Descended solved = descend(search, paths, found.times, how);
  add_iterations(found.iterations, paths, solved.iterations);
  const Tensor nodes = as_stored(part_of(search.problem, rows, search.counter), solved.paths.nodes);
  const CurveFigures<Tensor> figures = measure_polylines(search, nodes, rows, found.times);
  const Tensor before = settled(result.path.cost_refined.index_select(0, rows));
  const Tensor after = settled(figures.cost_refined);
  const Tensor better = after < before;
  const Tensor kept = better.nonzero().squeeze(1);
  if (kept.numel() > 0) {
    const Tensor to = rows.index_select(0, kept);
    CurveFigures<Tensor> some;
    for_each_figure<Tensor>([&](auto figure) {
      if ((figures.*figure).defined()) some.*figure = (figures.*figure).index_select(0, kept);
    });
    put(result.path, to, some);
    result.nodes.index_copy_(0, to, nodes.index_select(0, kept));
  }
  for (size_t i = 0; i < lost.size(); ++i) {
    const auto row = static_cast<int64_t>(i);
    const auto pair = static_cast<size_t>(lost[i]);
    Termination why = solved.termination[i];
    // Its sum was lowered and its cost on the refined grid was not.
    if (why == Termination::kConverged &&
        !(after[row].item<double>() <= (1 + options.relative_decrease()) * before[row].item<double>()))
      why = Termination::kStalled;
    found.termination[pair] = why;
    found.subdivisions[pair] = how.subdivisions;
  }
}

}  // namespace

PathResult verify(Search& search, FoundPaths& found) {
  const auto begin = std::chrono::steady_clock::now();
  const auto since = [](std::chrono::steady_clock::time_point from) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count();
  };
  const auto scope = search.counter.count_verification();
  const auto checked = [&](int64_t curves) {
    search.report(
        {.stage = "checking on a finer grid", .done = curves, .total = 3, .activity = Activity::kCheck});
  };
  PathResult result;
  double searching = 0;  // seconds that went into better paths, not into checking
  const Tensor all = at::arange(search.size(), at::kLong);
  checked(0);
  // Baselines are curves, not polylines: they are measured where they run on every grid.
  result.linear = measure(
      search, [&](const Tensor& t) { return linear_path(search.start, search.end, t); }, all, found.times);
  checked(1);
  result.spherical = measure(
      search, [&](const Tensor& t) { return spherical_path(search.start, search.end, t); }, all, found.times);
  checked(2);
  result.nodes = as_stored(search.problem, found.nodes);
  result.path = measure_polylines(search, result.nodes, all, found.times);
  const std::vector<int64_t> lost = replace_by_baselines(search, found, result);
  if (!lost.empty() && path_method(search.options).coarse_to_fine && result.nodes.size(1) > 2) {
    const auto search_begin = std::chrono::steady_clock::now();
    improve_from_baselines(search, found, result, lost);
    searching = since(search_begin);
  }
  checked(3);
  result.times = found.times;
  result.termination = found.termination;
  result.iterations = found.iterations;
  for (const Start& start : found.start) result.start.push_back(start.name());
  result.verification_seconds = since(begin) - searching;
  return result;
}

}  // namespace latentpath
