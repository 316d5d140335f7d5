#pragma once
// The best time parametrisation of curves in latent space: optimal_timing.h on what the decoder and the
// quality say of them.
//
//   TimeParametrisations best = optimal_times(energy, curves, times);
//   Tensor nodes = interpolate_polyline(curves, at::arange(m + 1), best.positions);

#include "latentpath/metric/path_energy.h"

namespace latentpath {

/// Whether when to be where is a question of its own: not for costs that are no energy, and not where the
/// answer is known to be constant weighted speed.
bool has_optimal_times(const PathEnergy& energy);

struct TimeParametrisations {
  Tensor positions;  ///< float64 [rows, n + 1]: at time i a row is at piece positions[row, i] of its curve
  Tensor cost;       ///< float64 [rows]: the energy with the weight integrated along the curve; 1e300 where
                     ///< images or weights are not finite
};

/// `curves` [rows, m + 1, D], polylines; `times` [n + 1]. Decodes m + 1 points a row. Needs
/// has_optimal_times().
TimeParametrisations optimal_times(const PathEnergy& energy, const Tensor& curves, const Tensor& times);

}  // namespace latentpath
