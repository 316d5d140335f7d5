#pragma once
// A quality lies in [0, 1]: where it is more, its weight −log q is negative, and the longer a path stays
// there, the shorter it counts.

#include "latentpath/core/tensor.h"
#include "latentpath/metric/quality.h"

namespace latentpath {

/// Throws Error(kInput) where one of `values`, of any shape, lies outside by more than rounding
/// (kQualityRounding); the sentence names the quality and says `where`: "on a path".
void check_quality_range(const Tensor& values, const Quality& quality, const char* where);

}  // namespace latentpath
