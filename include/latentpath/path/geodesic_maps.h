#pragma once
// Exponential map and logarithm of the metric g = n² JᵀJ: the geodesic that leaves a point with a velocity,
// and the velocity whose geodesic leads from one point to another. Free of LibTorch.
//
// Geodesics as motions without forces: with the momentum p = g(z) u,
//
//   z' = u = g⁻¹ p,    p' = ½ ∂_z(uᵀ g(z) u) = ½ ‖Ju‖² ∇n² + n² Σ_k (Ju)_k ∇²Φ_k u
//
// by Bulirsch and Stoer's method with steps of its own; the speed √(uᵀgu), which does not change along a
// geodesic, tells the error. The logarithm is Newton's method on exp_a(v) = b ("shooting") from the
// velocity of a path that find_geodesics() has found, so that it is that path's.
//
//   const Exponential moved = exponential_map(metric, a, v);      // moved.point(): exp_a(v)
//   const Logarithm back = logarithm_map(metric, a, moved.point());   // back.velocity is v, back.length ‖v‖

#include <cstdint>
#include <span>
#include <vector>

#include "latentpath/metric/weighted_metric.h"

namespace latentpath {

struct Exponential {
  std::vector<double> nodes;     ///< [segments + 1, D] at even times: of constant speed
  std::vector<double> velocity;  ///< [D] at the last node
  double length = 0;             ///< √(vᵀ g v)
  double drift = 0;              ///< relative change of the speed on the way: an estimate of the error
  bool complete = true;          ///< false: it left the chart, or what can be computed, and ends there
  std::vector<double> point() const {
    return {nodes.end() - static_cast<std::ptrdiff_t>(velocity.size()), nodes.end()};
  }
};

/// exp_z(v), z and v [D], by `segments` nodes on the way. `tolerance`: of each step, relative to the size of
/// z and p. Throws Error(kArgument) where derivatives do not suffice: a chart without second derivatives, a
/// metric given directly, or a level set.
Exponential exponential_map(const WeightedMetric& metric, std::span<const double> z,
                            std::span<const double> v, int segments = 1, double tolerance = 1e-12);

struct Logarithm {
  std::vector<double> velocity;  ///< v [D]; exp_a(v) = b
  double length = 0;       ///< √(vᵀ g v): of the geodesic, and the distance where that is the shortest
  double miss = 0;         ///< ‖exp_a(v) − b‖ in the metric at b, relative to the length
  bool converged = false;  ///< the miss is no more than 1e-10
  int iterations = 0;
  /// The least singular value of d exp_a at v: 1 in a flat space, sin(θ)/θ on an arc θ of the unit sphere, 0
  /// where the ends are conjugate, so that many geodesics of one length join them, as antipodes do.
  double least_stretch = 1;
  bool unique = true;  ///< false: another geodesic as short is known
  /// Ends that are conjugate but for what differences can tell.
  bool conjugate() const { return least_stretch < 1e-5; }
};

/// log_a(b) along the path `nodes` [count, D] from a to b; without one, along that of find_geodesics() from
/// the straight line.
Logarithm logarithm_map(const WeightedMetric& metric, std::span<const double> a, std::span<const double> b,
                        std::span<const double> nodes = {});
/// The same from a first velocity [D] that is about right.
Logarithm logarithm_from_velocity(const WeightedMetric& metric, std::span<const double> a,
                                  std::span<const double> b, std::span<const double> velocity);

}  // namespace latentpath
