#pragma once
// Sectional curvature of the metric g = n² JᵀJ at a point, in 2-D Gauss's, exactly, from second derivatives
// alone. Free of LibTorch.
//
// Of h = JᵀJ by Gauss's equation, with II(u, v) the part of Σ_ij ∂_i∂_jΦ uⁱvʲ that is normal to the surface:
//
//   K_h(u, v) = (⟨II(u,u), II(v,v)⟩ − ‖II(u,v)‖²) / (|u|²|v|² − ⟨u,v⟩²)
//
// and of g = e^{2f} h, f = log n, for u, v that are orthonormal in h:
//
//   K = e^{−2f} (K_h − ∇²f(u,u) − ∇²f(v,v) + (u·∇f)² + (v·∇f)² − ‖∇f‖²)
//
//   double k = sectional_curvature(WeightedMetric(torus_chart(2, 1)), z, u, v);
//
// Source: M. do Carmo, Riemannian Geometry, 1992, chapter 6; A. Besse, Einstein Manifolds, 1987,
// theorem 1.159.

#include <span>
#include <vector>

#include "latentpath/metric/weighted_metric.h"

namespace latentpath {

/// Of the plane that u and v [D] span at z [D]; 1/length². Throws Error(kArgument) for vectors that span none
/// and for metrics that derivatives are not known of (a metric given directly, a level set),
/// Error(kNumerical) where the metric is singular or not finite.
double sectional_curvature(const WeightedMetric& metric, std::span<const double> z, std::span<const double> u,
                           std::span<const double> v);

struct Curvature {
  /// [D, D], symmetric, 0 on the diagonal: of the planes of an orthonormal frame e_1, …, e_D that Gram and
  /// Schmidt make of the coordinate directions in turn.
  std::vector<double> sectional;
  double scalar = 0;  ///< Σ_{i ≠ j} of these, whatever the frame; twice Gauss's curvature in 2-D
};

/// At z [D], D ≥ 2. Throws as above.
Curvature curvature_at(const WeightedMetric& metric, std::span<const double> z);

}  // namespace latentpath
