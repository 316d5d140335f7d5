#pragma once
// First paths: the straight line and the great circle.

#include "latentpath/core/tensor.h"

namespace latentpath {

/// (1 − t) z0 + t z1: start, end [pairs, D], times [n + 1] → [pairs, n + 1, D], ends exact.
Tensor linear_path(const Tensor& start, const Tensor& end, const Tensor& times);

/// sin((1 − t)Ω)/sin Ω z0 + sin(tΩ)/sin Ω z1, Ω the angle between the ends (Shoemake's slerp; White,
/// arXiv 1609.04468). Where Ω is 0 or π, or an end is 0, the plane of rotation is undefined: the straight
/// line is returned.
Tensor spherical_path(const Tensor& start, const Tensor& end, const Tensor& times);

/// Polylines [rows, m, D] with the coordinates `held` (bool [D]; undefined: none) moved onto the straight
/// line between the polyline's ends, evenly in `times` [m]. Where the ends are equal they are so to the last
/// bit.
Tensor hold(const Tensor& nodes, const Tensor& held, const Tensor& times);

}  // namespace latentpath
