#pragma once
// Images outside the distribution of a data set, for classifiers to learn to be unsure of: one that never saw
// any gives them a class with certainty (outlier exposure: Hendrycks, Mazeika, Dietterich 2019, arXiv
// 1812.04606).

#include <ATen/core/Generator.h>

#include "latentpath/core/tensor.h"
#include "latentpath/zoo/data_set.h"

namespace latentpath {

/// What a classifier is to say of labelled images, float [n, classes]: 1 for the class or for each attribute.
Tensor certain_targets(const Tensor& labels, const DataSetFacts& facts);
/// Where nothing can be said: one over the number of exclusive classes, one half for an attribute.
double unsure_target(const DataSetFacts& facts);

/// Images in [0, 1], of the shape [n, channels, side, side].
Tensor uniform_noise(int64_t count, const DataSetFacts& facts, at::Generator generator);
/// Smoothed noise of random contrast.
Tensor cloud_noise(int64_t count, const DataSetFacts& facts, at::Generator generator);
/// The images cut into 16 squares, which are shuffled.
Tensor shuffled_squares(const Tensor& images, at::Generator generator);
/// Weighted means of each image and another one, weights 0.35 to 0.65.
Tensor blends(const Tensor& images, const Tensor& others, at::Generator generator);

/// A mixture of the above, of overlaid, faint (coloured: exaggerated) and shuffled images and of empty ones.
/// @param certain  certain_targets() of the images
/// @param targets  receives [n, classes]: unsure, except where both parts of a blend agree
Tensor out_of_distribution_images(const Tensor& images, const Tensor& certain, const DataSetFacts& facts,
                                  at::Generator generator, Tensor& targets);

}  // namespace latentpath
