#pragma once
// Reparametrisation: nodes moved along a path, so that none of its segments hides a leap of the image.
//
// A decoder changes its images fast in few places; a polyline that passes such a place between two nodes
// hides a leap there, and pays for it on every finer grid.
//
//   Tensor nodes = reparametrise_evenly(energy, paths.nodes, times, finer, 2, options.reparametrise);
//   Tensor cost;
//   Tensor best = reparametrise_optimally(energy, paths.nodes, times, finer, 8, &cost);

#include "latentpath/metric/path_energy.h"

namespace latentpath {

/// Grids on which a path is looked at before its nodes move: so many times finer than the nodes. Powers of 2.
struct ReparametriseOptions {
  /// For reparametrise_optimally(), from levels of fewer than LevelOptions::sparse_segments segments, and
  /// from others. About 128 to 512 subdivisions a path in all. Not ablated.
  int64_t sparse_subdivisions = 16, subdivisions = 8;
  /// For reparametrise_evenly(), likewise: it is only to spread nodes, not to evaluate a path.
  int64_t sparse_even_subdivisions = 4, even_subdivisions = 2;
  /// For reparametrise_evenly() between rounds (RoundOptions), where a leap is to be found in one look.
  int64_t round_subdivisions = 8;
  /// No stretch of time has less than this share of the mean length: nodes stay apart where images stand
  /// still.
  double least_share = 1e-2;
  /// Half of the window, in curve time, over which reparametrise_evenly() averages where the cost leaves the
  /// speed free and the quality depends on time: the path must still be where the quality asks for it. Not
  /// ablated since energies are reparametrised by reparametrise_optimally(); only `cost = "length"` under a
  /// time ramp sees it.
  double half_window = 0.08;
  int64_t window_samples = 8;  ///< intervals of the trapezium rule over that window
};

/// Nodes [rows, n + 1, D] at `times`, from nodes [rows, m + 1, D] at `old_times`, moved along the path so
/// that its images change evenly, as seen on a grid `subdivisions` times finer. Where the cost
/// fixes the speed and Q does not depend on time, that is constant weighted speed over the whole path,
/// which a minimiser of the energy has. Else it is evened out only over a window around each time: arc length
/// is replaced by its moving average.
Tensor reparametrise_evenly(const PathEnergy& energy, const Tensor& nodes, const Tensor& old_times,
                            const Tensor& times, int64_t subdivisions, const ReparametriseOptions& options);

/// The same with nodes where the best time parametrisation of the path has them (time_parametrisation.h), for
/// energies with has_optimal_times(); `cost` [rows], where given, becomes what the path then costs.
Tensor reparametrise_optimally(const PathEnergy& energy, const Tensor& nodes, const Tensor& old_times,
                               const Tensor& times, int64_t subdivisions, Tensor* cost = nullptr);

}  // namespace latentpath
