#pragma once
// The best clock of curves in latent space: optimal_timing.h on what the decoder and the quality say of them.
//
//   BestClocks clocks = best_clocks(energy, curves, times);
//   Tensor nodes = interpolate_polyline(curves, at::arange(m + 1), clocks.positions);

#include "latentpath/metric/path_energy.h"

namespace latentpath {

/// Whether when to be where is a question of its own: not for costs that are no energy, and not where the
/// best clock is known to be constant weighted speed.
bool has_best_clock(const PathEnergy& energy);

struct BestClocks {
  Tensor
      positions;  ///< float64 [rows, n + 1]: node i of a row stands at piece positions[row, i] of its curve
  Tensor cost;    ///< float64 [rows]: the energy with the weight integrated along the curve; 1e300 where
                  ///< images or weights are not finite
};

/// `curves` [rows, m + 1, D], polylines; `times` [n + 1]. Decodes m + 1 points a row. Needs has_best_clock().
BestClocks best_clocks(const PathEnergy& energy, const Tensor& curves, const Tensor& times);

}  // namespace latentpath
