#pragma once
// Points, tangent vectors and weights that a geodesic job names, by a file, as numbers, or in memory.
// Internal.

#include <string>

#include "latentpath/core/tensor.h"

namespace latentpath::detail {

/// [n, D] float64, finite, n ≥ `least`: `own` where it is defined, else those of the file. Throws
/// Error(kArgument) or Error(kInput), which names `field` or the file.
Tensor read_given_points(const char* field, const std::string& file, const Tensor& own, int64_t least);

/// Tangent vectors [pairs, D] at points [n, D]: one for each, or one of the two 1. Throws as above.
Tensor read_given_vectors(const char* field, const std::string& text, const Tensor& own,
                          const Tensor& points);

/// Weights [n], or none where the text is empty.
Tensor read_given_weights(const std::string& text, const Tensor& own, int64_t count);

}  // namespace latentpath::detail
