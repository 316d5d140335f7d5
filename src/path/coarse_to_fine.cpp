// Refinement from a coarse grid to the one asked for, with all starts of every pair at once.

#include <ATen/ATen.h>

#include <algorithm>

#include "latentpath/path/time_parametrisation.h"
#include "path/search.h"

namespace latentpath {
namespace {

std::vector<int64_t> levels_of(const PathOptions& options) {
  return level_sizes(options.segments, options.coarsest_segments, options.coarse_subdivisions,
                     options.levels.sparse_segments);
}

Descent level_descent(const Search& search, const PathSet& paths, const std::vector<int64_t>& levels,
                      size_t level) {
  const PathOptions& options = search.options;
  const LevelOptions& at = options.levels;
  const bool last = level + 1 == levels.size();
  const int64_t most = options.max_iterations > 0 ? options.max_iterations : at.iterations;
  const bool timed = has_optimal_times(search.energy);
  const int64_t enough = level == 0 ? (timed ? at.timed_first_iterations : at.first_iterations)
                                    : (timed ? at.timed_coarse_iterations : at.coarse_iterations);
  Descent how;
  how.sparse = levels[level] < at.sparse_segments;
  how.subdivisions = !last && how.sparse ? options.coarse_subdivisions : 1;
  how.iterations = last ? most : std::min(most, enough);
  how.tolerance =
      last ? options.relative_decrease() : std::max(options.relative_decrease(), at.coarse_tolerance);
  how.competing = paths.rows() > search.size() && !(last && how.sparse);
  how.models_by_iterations = false;
  how.stage = std::to_string(levels[level]) + " segments";
  return how;
}

std::vector<int64_t> not_pruned(const Descended& level) {
  std::vector<int64_t> rows;
  for (int64_t row = 0; row < level.paths.rows(); ++row)
    if (level.termination[static_cast<size_t>(row)] != Termination::kPruned) rows.push_back(row);
  return rows;
}

/// The paths of a level on the grid of the next: nodes moved along them, and those that go on.
PathSet next_level(Search& search, PathSet paths, const Tensor& times, const Tensor& finer) {
  const PathOptions& options = search.options;
  const ReparametriseOptions& look = options.reparametrise;
  const bool sparse = times.size(0) - 1 < options.levels.sparse_segments;
  if (has_optimal_times(search.energy)) {
    const auto scope = search.count_for(paths);
    Tensor cost;
    paths.nodes = reparametrise_optimally(search.energy, paths.nodes, times, finer,
                                          sparse ? look.sparse_subdivisions : look.subdivisions, &cost);
    return paths.select(cheapest_rows(paths, cost, sparse));
  }
  {
    const auto scope = search.count_for(paths);
    paths.nodes = reparametrise_evenly(search.energy, paths.nodes, times, finer,
                                       sparse ? look.sparse_even_subdivisions : look.even_subdivisions, look);
  }
  return paths.select(
      best_rows(search, paths, finer, refine_times(finer, options.select.level_subdivisions), sparse));
}

}  // namespace

std::vector<int64_t> level_sizes(int64_t segments, int64_t coarsest, int64_t coarse_subdivisions,
                                 int64_t sparse_segments) {
  std::vector<int64_t> levels{segments};
  while (levels.back() > coarsest) levels.push_back((levels.back() + 1) / 2);
  std::reverse(levels.begin(), levels.end());
  if (coarse_subdivisions > 1 && levels.size() > 2 && levels[1] < sparse_segments)
    levels.erase(levels.begin() + 1);
  return levels;
}

PathSet coarsest_paths(Search& search) {
  return first_paths(search, search.grid(levels_of(search.options).front()));
}

FoundPaths refine_coarse_to_fine(Search& search, PathSet paths) {
  const std::vector<int64_t> levels = levels_of(search.options);
  FoundPaths found = no_paths(search, search.grid(levels.back()));
  for (size_t level = 0; level < levels.size(); ++level) {
    const Tensor times = search.grid(levels[level]);
    const Descended solved = descend(search, paths, times, level_descent(search, paths, levels, level));
    add_iterations(found.iterations, paths, solved.iterations);
    if (level + 1 < levels.size()) {
      paths =
          next_level(search, solved.paths.select(not_pruned(solved)), times, search.grid(levels[level + 1]));
      continue;
    }
    const std::vector<int64_t> left = not_pruned(solved);
    paths = solved.paths.select(left);
    const std::vector<int64_t> rows =
        best_rows(search, paths, times, refine_times(times, search.options.select.last_subdivisions), false);
    paths = paths.select(rows);
    for (size_t pair = 0; pair < rows.size(); ++pair)
      found.termination[pair] =
          solved.termination[static_cast<size_t>(left[static_cast<size_t>(rows[pair])])];
  }
  found.nodes = paths.nodes;
  found.start = paths.start;
  return found;
}

}  // namespace latentpath
