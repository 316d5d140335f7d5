#pragma once
// Taylor test: is g the gradient of f?
//
// R(h) = |f(x + h u) − f(x) − h ⟨g, u⟩| falls like h² when it is, like h when it is not. In float64.
//
//   double slope = latentpath::taylor_slope(f, x, gradient, direction);   // 2 where right, 1 where wrong

#include <functional>

#include "latentpath/core/tensor.h"

namespace latentpath {

/// The least-squares slope of log R(h) against log h over h = h0·2^{-k}, k = 0…5; f maps x's shape to a
/// scalar. Where R is at rounding level throughout (f linear along u), 2 is returned.
double taylor_slope(const std::function<Tensor(const Tensor&)>& f, const Tensor& x, const Tensor& gradient,
                    const Tensor& direction, double h0 = 1e-2);

}  // namespace latentpath
