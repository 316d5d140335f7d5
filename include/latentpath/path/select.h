#pragma once
// Selection: which of the paths of a pair goes on, by their cost where they were not optimised.
//
//   const Tensor cost = polyline_cost(energy, paths.nodes, times, refine_times(times, 2));
//   PathSet best = paths.select(cheapest_rows(paths, cost, false));

#include "latentpath/metric/path_energy.h"
#include "latentpath/path/path_set.h"

namespace latentpath {

struct SelectOptions {
  /// Paths are compared on a grid this many times finer than the next level's nodes. A power of 2. Not
  /// ablated: 2 is the least that looks between the points that were optimised.
  int64_t level_subdivisions = 2;
  /// The same after the last level, where no other step corrects a wrong choice. Not ablated.
  int64_t last_subdivisions = 4;
  /// Another path takes the place of the one found so far only if it is cheaper by this share: less is
  /// within the solver's tolerance, and says nothing.
  double least_gain = 1e-3;
};

/// `times` with every segment cut into so many subdivisions, a power of 2.
Tensor refine_times(Tensor times, int64_t subdivisions);

/// Costs [rows] of polylines `nodes` [rows, n + 1, D] at `times`, on the grid `grid`; without gradient, in
/// batches; 1e300 where not finite.
Tensor polyline_cost(const PathEnergy& energy, const Tensor& nodes, const Tensor& times, const Tensor& grid);

/// The cheapest row of each pair by `cost` [rows]; with `kinds_apart`, its cheapest straight start and its
/// cheapest detour. Of equals the first; ordered by pair.
std::vector<int64_t> cheapest_rows(const PathSet& paths, const Tensor& cost, bool kinds_apart);

/// Rows that have a rival: another row of the same pair and, with `kinds_apart`, of the same kind.
std::vector<int64_t> contested_rows(const PathSet& paths, bool kinds_apart);

}  // namespace latentpath
