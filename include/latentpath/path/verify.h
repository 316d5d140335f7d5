#pragma once
// Verification: figures of paths and baselines on refined grids; a path that costs more than a baseline there
// is not returned. Certification: what is known of how good a path is.

#include <cstdint>

#include "latentpath/metric/path_energy.h"

namespace latentpath {

struct VerifyOptions {
  /// Grids are halved until the cost changes by less than this share: well below resolution_tolerance.
  double change = 0.01;
  int64_t finest = 32;             ///< times finer than the nodes, at most
  int64_t finest_interrupted = 4;  ///< the same after a cancellation: whoever interrupts waits
  double margin = 1e-9;  ///< a baseline wins by more than this share: curves may be equal but for rounding
  int64_t improve_iterations = 60;  ///< for a path that goes on from a baseline, where max_iterations is 0
  int64_t improve_quadrature = 2;   ///< of the sum that is minimised there; a power of 2
};

/// L ≥ −log(1 − ε) ‖Φ(z1) − Φ(z0)‖ for every path from start to end, [pairs].
Tensor lower_bounds(const PathEnergy& energy, const Tensor& start, const Tensor& end);

/// √(gᵀH₀g / 2·cost) of polylines [rows, n + 1, D] at `times`, for the sum on a grid `quadrature` times
/// finer: scale-free, and 0 where stationary. H₀ is the inverse of PathObjective's model of the Hessian.
Tensor gradient_residuals(const PathEnergy& energy, const Tensor& nodes, const Tensor& times,
                          int64_t quadrature);

}  // namespace latentpath
