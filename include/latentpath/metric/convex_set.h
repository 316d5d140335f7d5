#pragma once
// The uniform density on a convex set U as a quality (paper B, Example 1 and Observation 1).
//
// The rank of a uniform density is 1 on U and 0 elsewhere, which no descent can use: outside there is no
// gradient, and the boundary is a jump. Here
//
//   Q(z) = 1 / (1 + (d(z)/s)²),
//
// with d(z) ≥ 0 the distance to U, 0 exactly on U, and s > 0 the softness: Q = 1 on U, Q = ½ at distance s,
// and the slope falls off like d⁻³ and not exponentially. d² is continuously differentiable for a convex set,
// and so is Q. As s → 0 the papers' indicator is recovered. Inside U, Q is constant: with a linear decoder
// the best path between two points of U is the straight line.
//
//   auto quality = latentpath::uniform_box(-at::ones({8}), at::ones({8}), 0.05);

#include "latentpath/core/tensor.h"
#include "latentpath/metric/quality.h"

namespace latentpath {

/// U = {‖z − centre‖ ≤ radius}; centre [D]. Throws Error(kArgument) unless radius and softness are positive.
QualityPointer uniform_ball(const Tensor& centre, double radius, double softness);

/// U = {low ≤ z ≤ high} coordinate by coordinate; low, high [D], low < high.
QualityPointer uniform_box(const Tensor& low, const Tensor& high, double softness);

/// U = {A z ≤ b}: A [m, D] without zero rows, b [m]. d² = Σ_i max(0, (a_i·z − b_i)/‖a_i‖)²: the distance
/// where one constraint is broken, at most √m times it where several are (the distance itself would take a
/// quadratic program a point).
QualityPointer uniform_half_spaces(const Tensor& a, const Tensor& b, double softness);

}  // namespace latentpath
