#pragma once
// Refinement: how the cost of paths is lowered. Three ways, each a stage of find_path():
//
//   coarse to fine     levels of 8, 32, 64, … segments by preconditioned L-BFGS, with pruning,
//                      reparametrisation and selection between them
//   finer subdivision  for a path that hides from the midpoints of the last level
//   rounds             for first paths that are fine from the start (routes, given paths)
//
//   PathOptions options;
//   options.levels.coarse_tolerance = 1e-3;
//   options.rounds.promising = 2;

#include <cstdint>
#include <vector>

namespace latentpath {

/// Coarse to fine. Coarse levels only show the way: what they gain beyond a few iterations is lost when the
/// grid is refined. Ablations: experiments/figures.md, "Settings of the stages".
struct LevelOptions {
  int64_t iterations = 60;  ///< of the last level at most, where PathOptions::max_iterations is 0
  int64_t first_iterations = 8, coarse_iterations = 20;  ///< of the first level, and of others but the last
  /// The same where the time parametrisation is optimised between levels, which gains more than they do.
  /// Ablated: 8 for 2, 7 or 28 for 14 end 0.4 % lower after 6 to 11 % more decoded points.
  int64_t timed_first_iterations = 2, timed_coarse_iterations = 14;
  /// Of levels but the last: 3 iterations that gain less than this share end one.
  double coarse_tolerance = 1e-2;
  /// Levels of fewer segments look at PathOptions::coarse_subdivisions times as many points as they move,
  /// since few midpoints are easily hidden from; straight starts and detours go on from them side by side.
  int64_t sparse_segments = 32;
};

/// A Gauss–Newton model in place of the weighted Laplacian, for a path that is not done after a few
/// evaluations (PathObjective::precondition()). It decodes D + 1 points a node, which a path that ends soon
/// does without. Not ablated.
struct PreconditionerOptions {
  int64_t largest_latent = 16;  ///< D at most: beyond, its points cost more than the iterations that it saves
  int64_t fewest_segments = 32;  ///< of a path at least: coarse levels end before it pays
  int64_t first_model = 8;       ///< evaluations of a path before its first one
  int64_t model_lasts = 20;      ///< evaluations from one to the next
};

/// A path that costs much more on a grid 2q times finer has hidden from its midpoints: it goes on, minimising
/// the q times finer sum itself, q = 2 and then 4.
struct SubdivisionOptions {
  double hidden_share = 0.5;  ///< of PathOptions::resolution_tolerance: a larger gap asks for a finer sum
  int64_t iterations = 20;    ///< for each q
  int64_t finest = 4;         ///< q at most
  int64_t reparametrise_subdivisions =
      8;  ///< of the grid on which the path is reparametrised before; a power of 2
};

/// Few iterations at a time, nodes back at constant weighted speed after each, and the best state kept by its
/// cost on a refined grid: a polyline that waits and then leaps over a bad place in one segment has a low
/// sum, and is caught before it has gone far (experiments/figures.md, "Rounds"). The single settings are not
/// ablated.
struct RoundOptions {
  int64_t iterations = 8;    ///< of a round; within a level, as often is asked whether a start will catch up
  int64_t rounds = 16;       ///< at most, where PathOptions::max_iterations is 0
  int64_t subdivisions = 2;  ///< midpoints a segment of the sum that is minimised; a power of 2
  /// Likewise while a path is not ahead of the path found so far: most never are, and what they end at shows
  /// on a coarser sum.
  int64_t rival_subdivisions = 1;
  int64_t compare_subdivisions = 8;  ///< of the grid on which paths are compared; a power of 2
  /// A first path has corners: once they are gone it may be cheaper than a path that costs a little less now.
  /// It is refined unless it costs more than so many times the path found so far.
  double promising = 1.3;
  /// A path has converged when a round lowers its cost on the refined grid by less than this many tolerances.
  /// PathOptions::tolerance is for 3 iterations, a round is of 8.
  double tolerances = 2;
  /// A first path that is not ahead of the path found so far is given up after a round that lowers its cost
  /// by less than this share, however small a tolerance is asked: it runs into the same valley, or into a
  /// worse one.
  double least_progress = 2e-3;
  /// Nor after a round whose decrease, so many times again, would not bring it ahead: decreases of rounds
  /// fall off geometrically, and 4 more of the last one are what a factor of 0.8 leaves. Likewise a start
  /// within a level, against the best of its pair.
  double outlook = 4;
};

/// 64 → 8, 32, 64; 50 → 7, 25, 50: halved, rounding up, until at most `coarsest`. The second level is left
/// out where it would look at as many points as the third, which moves twice as many.
std::vector<int64_t> level_sizes(int64_t segments, int64_t coarsest, int64_t coarse_subdivisions,
                                 int64_t sparse_segments = 32);

}  // namespace latentpath
