#pragma once
// Points of the plane near a circle: the data of Fig. 2 of Kim & Zhang, a manifold with a hole.
//
//   x = r (cos φ, sin φ),   φ uniform,   r ~ N(1, 0.06²)
//
//   Tensor points = circle_points(true);   // float [10000, 2]

#include "latentpath/core/tensor.h"

namespace latentpath {

/// The standard deviation of the radius, which is 1 on average.
inline constexpr double kCircleDeviation = 0.06;

/// 10 000 points, or 1000 of the test part; the same ones every time.
Tensor circle_points(bool training);

}  // namespace latentpath
