// Descent: a preconditioned method (L-BFGS, unless asked otherwise) on the nodes of a set of polylines, in
// lock-step.

#include <ATen/ATen.h>

#include <algorithm>
#include <map>

#include "latentpath/core/error.h"
#include "latentpath/path/path_objective.h"
#include "latentpath/path/prune.h"
#include "path/outlook.h"
#include "path/path_methods.h"
#include "path/row_iterations.h"
#include "path/search.h"

namespace latentpath {
namespace {

/// Hands the paths with interior nodes x [rows, (n − 1) D] to the caller's snapshot function.
void show(Search& search, const Tensor& nodes, const PathSet& paths, const Tensor& times) {
  if (!search.options.snapshot) return;
  search.options.snapshot(
      {nodes, search.pairs.index_select(0, paths.pair), times, search.counter.of_pairs()});
}

}  // namespace

Descended descend(Search& search, const PathSet& paths, const Tensor& times, const Descent& how) {
  const auto curve = polyline_curve(times, search.dim());
  const Tensor from = search.start.index_select(0, paths.pair), to = search.end.index_select(0, paths.pair);
  const PathEnergy energy = search.energy.of_rows(paths.pair);
  PathObjective objective(energy, curve, from, to, refine_times(times, how.subdivisions),
                          /*preconditioned=*/true, how.subdivisions, search.options.preconditioner);
  objective.count(search.counter, search.pairs.index_select(0, paths.pair));
  if (how.models_by_iterations) objective.expect_iterations(how.iterations);
  const auto with_ends = [&](const Tensor& x) {
    return at::cat({from.unsqueeze(1), x.view({x.size(0), -1, search.dim()}), to.unsqueeze(1)}, 1);
  };
  RowIterations iterations(paths.rows());
  Outlook outlook(search.options.rounds.iterations, search.options.rounds.outlook);
  StoppingOptions stopping;
  stopping.max_iterations = how.iterations;
  stopping.relative_decrease = how.tolerance;
  stopping.max_seconds = search.seconds_left();
  stopping.prune = [&](SolverState& state) {
    if (how.competing) prune(state, paths, how.sparse, search.options.prune);
    if (how.competing && !how.sparse) outlook.prune(state, paths);
    iterations.look(state);
  };
  const auto solver = make_solver<Tensor>(path_method(search.options).solver);
  const SolveResult solved = solve(
      objective, curve->fit(paths.nodes.to(at::kDouble), times), *solver, stopping,
      [&](const SolverState& state) {
        iterations.look(state);
        search.report({.stage = how.stage,
                       .done = state.iteration,
                       .total = how.iterations,
                       .value = state.value.mean().item<double>(),
                       .segments = times.size(0) - 1});
        if (search.options.snapshot) show(search, with_ends(state.x), paths, times);
      },
      search.cancellation);
  search.history.push_back({times.size(0) - 1, how.subdivisions, solved.state.iteration, paths.rows(),
                            solved.state.value.mean().item<double>(), solved.state.seconds});
  return {{with_ends(solved.state.x), paths.pair, paths.start},
          solved.state.termination,
          iterations.counts(solved.state)};
}

std::string stage_name(const Tensor& times, int64_t subdivisions) {
  return join_message(times.size(0) - 1, " segments, ", subdivisions,
                      subdivisions == 1 ? " midpoint each" : " midpoints each");
}

void add_iterations(std::vector<int64_t>& of_pairs, const PathSet& paths,
                    const std::vector<int64_t>& of_rows) {
  std::map<int64_t, int64_t> most;
  for (int64_t row = 0; row < paths.rows(); ++row) {
    int64_t& count = most[paths.pair_of(row)];
    count = std::max(count, of_rows[static_cast<size_t>(row)]);
  }
  for (const auto& [pair, count] : most) of_pairs[static_cast<size_t>(pair)] += count;
}

}  // namespace latentpath
