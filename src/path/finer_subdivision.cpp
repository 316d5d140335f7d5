// Refinement of paths that hide from the midpoints of the last level.

#include <ATen/ATen.h>

#include <algorithm>

#include "latentpath/path/time_parametrisation.h"
#include "path/search.h"

namespace latentpath {
namespace {

/// Nodes at the best times where that costs less on `grid` than they do, `cost` [rows].
Tensor reparametrised(Search& search, const PathSet& paths, const Tensor& times, const Tensor& grid,
                      const Tensor& cost) {
  const Tensor moved = reparametrise_optimally(search.energy, paths.nodes, times, times,
                                               search.options.subdivision.reparametrise_subdivisions);
  const Tensor lower = polyline_cost(search.energy, moved, times, grid) < cost;
  return at::where(lower.view({-1, 1, 1}), moved, paths.nodes);
}

}  // namespace

void refine_on_finer_subdivision(Search& search, FoundPaths& found) {
  const PathOptions& options = search.options;
  const Tensor& times = found.times;
  const int64_t n = times.size(0) - 1;
  if (n < 2) return;
  PathSet paths{found.nodes, at::arange(search.size(), at::kLong), found.start};
  for (int64_t subdivisions = 2; subdivisions <= options.subdivision.finest; subdivisions *= 2) {
    if (search.cancellation.cancelled()) return;
    const Tensor coarse = subdivisions == 2 ? times : refine_times(times, subdivisions);
    const Tensor fine = refine_times(times, 2 * subdivisions);
    std::vector<int64_t> hidden;
    Tensor cost;
    {
      const auto scope = search.count_for(paths);
      const PathEnergy energy = search.energy.of_rows(paths.pair);
      const Tensor seen = polyline_cost(energy, paths.nodes, times, coarse);
      cost = polyline_cost(energy, paths.nodes, times, fine);
      hidden =
          rows_where((cost - seen) > options.subdivision.hidden_share * options.resolution_tolerance * cost);
    }
    if (hidden.empty()) return;
    cost = cost.index_select(0, at::tensor(hidden, at::kLong));
    paths = paths.select(hidden);  // the others have shown all they have
    if (has_optimal_times(search.energy)) {
      const auto scope = search.count_for(paths);
      paths.nodes = reparametrised(search, paths, times, fine, cost);
    }
    Descent how;
    how.subdivisions = subdivisions;
    how.iterations = options.max_iterations > 0
                         ? std::min(options.max_iterations, options.subdivision.iterations)
                         : options.subdivision.iterations;
    how.tolerance = options.relative_decrease();
    how.stage = stage_name(times, subdivisions);
    const Descended solved = descend(search, paths, times, how);
    add_iterations(found.iterations, paths, solved.iterations);
    paths = solved.paths;
    found.nodes.index_copy_(0, paths.pair, paths.nodes);
    for (int64_t row = 0; row < paths.rows(); ++row) {
      const auto pair = static_cast<size_t>(paths.pair_of(row));
      found.termination[pair] = solved.termination[static_cast<size_t>(row)];
      found.subdivisions[pair] = subdivisions;
    }
  }
}

}  // namespace latentpath
