#pragma once
// Certificates: what is known of how good a path is, beyond its cost. Against the global optimum:
// certify_globally.h.
//
//   Tensor bound = lower_bounds(energy, start, end);               // [pairs]: no path is shorter
//   Tensor residual = gradient_residuals(energy, nodes, times, 1);   // [rows]: 0 where stationary

#include <cstdint>

#include "latentpath/metric/path_energy.h"
#include "latentpath/path/refine.h"

namespace latentpath {

/// L ≥ −log(1 − ε) ‖Φ(z1) − Φ(z0)‖ for every path from start to end, [pairs].
Tensor lower_bounds(const PathEnergy& energy, const Tensor& start, const Tensor& end);

/// √(gᵀH₀g / 2·cost) of polylines [rows, n + 1, D] at `times`, for the sum on a grid `subdivisions` times
/// finer: scale-free, and 0 where stationary. H₀ is the inverse of PathObjective's model of the Hessian.
Tensor gradient_residuals(const PathEnergy& energy, const Tensor& nodes, const Tensor& times,
                          int64_t subdivisions, const PreconditionerOptions& preconditioner = {});

}  // namespace latentpath
