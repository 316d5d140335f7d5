#pragma once
// Images that are no digits: a classifier that never saw any calls them one with certainty.

#include <ATen/core/Generator.h>

#include "latentpath/core/tensor.h"

namespace latentpath {

/// Images in [0, 1], all of shape [n, 1, 28, 28].
Tensor uniform_noise(int64_t count, at::Generator generator);
/// Smoothed noise of random contrast.
Tensor cloud_noise(int64_t count, at::Generator generator);
/// The digits cut into 16 squares of 7×7 pixels, which are shuffled.
Tensor shuffled_squares(const Tensor& digits, at::Generator generator);
/// Weighted means of each digit and another one, weights 0.35 to 0.65.
Tensor blends(const Tensor& digits, const Tensor& others, at::Generator generator);

/// A mixture of the above, of overlaid, faint and shuffled digits and of empty images.
/// @param labels int64 [n]
/// @param targets receives the class probabilities [n, 10]: uniform, except where both parts have one class
Tensor rubbish(const Tensor& digits, const Tensor& labels, at::Generator generator, Tensor& targets);

}  // namespace latentpath
