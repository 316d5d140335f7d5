#pragma once
// Parallel transport of a vector in the metric g = n² JᵀJ: along a geodesic, or along a polyline that is
// taken as the curve it is in the chart. Free of LibTorch.
//
//   w' = −Γ(z', w),   Γ the connection of Levi-Civita: with Γ_{k,ij} = ½ (∂_i g_jk + ∂_j g_ik − ∂_k g_ij),
//   Γ_{k,ij} uⁱwʲ = n² Σ_m J_mk uᵀ∇²Φ_m w + ½ ((∇n²·u)(JᵀJw)_k + (∇n²·w)(JᵀJu)_k − ∂_k n² ⟨Ju, Jw⟩)
//
// by Bulirsch and Stoer's method. It is done twice, the second time in twice as many parts and to a tolerance
// 32 times smaller: the second is the result, and what it differs by from the first its error.
// Angles and lengths do not change on the way; by how much lengths did is the drift.
//
//   const Transport carried = transport_along_geodesic(metric, z, v, w);   // w at z to exp_z(v)
//   carried.vector();
//
// Source: M. do Carmo, Riemannian Geometry, 1992, chapter 2.

#include <span>
#include <vector>

#include "latentpath/metric/weighted_metric.h"

namespace latentpath {

struct Transport {
  std::vector<double> nodes;    ///< [count, D]: of the curve
  std::vector<double> vectors;  ///< [count, D]: w at each of them
  double error = 0;             ///< of the last vector, in the metric there, relative to the length of w
  double drift = 0;             ///< relative change of the length of w
  bool complete = true;         ///< false: the curve left the chart, or what can be computed, and ends there
  std::vector<double> vector() const { return last(vectors); }
  std::vector<double> point() const { return last(nodes); }
  std::vector<double> last(const std::vector<double>& rows) const {
    return {rows.end() - static_cast<std::ptrdiff_t>(dim), rows.end()};
  }
  std::size_t dim = 0;
};

/// w [D] at z [D] along t → exp_z(tv), to time 1, by `segments` nodes on the way. `tolerance`: of each step,
/// relative. Throws Error(kArgument) for vectors of another length and where derivatives do not suffice
/// (exponential_map()), Error(kNumerical) where the metric is not finite at z.
Transport transport_along_geodesic(const WeightedMetric& metric, std::span<const double> z,
                                   std::span<const double> v, std::span<const double> w, int segments = 1,
                                   double tolerance = 1e-11);

/// w [D] along the polyline nodes [count, D], count ≥ 2, from its first node to its last: straight segments
/// of the chart, corners and all. Closed ones give the holonomy: on a sphere a turn by the area inside.
Transport transport_along(const WeightedMetric& metric, std::span<const double> nodes,
                          std::span<const double> w, double tolerance = 1e-11);

}  // namespace latentpath
