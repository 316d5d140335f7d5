#pragma once
// What every map Φ owes: n points in, n real outputs of a floating type out.
//
//   check_output((*decoder)(z), z.size(0), "the decoder vae.pt");

#include <string>

#include "latentpath/core/tensor.h"

namespace latentpath {

/// Throws Error(kInput) where `output` is not [points, …] or not of a real floating type: whole numbers,
/// truth values and classes have no derivative, and distances of complex numbers are not distances of images.
/// The sentence says what to return in their place.
void check_output(const Tensor& output, int64_t points, const std::string& name);

}  // namespace latentpath
