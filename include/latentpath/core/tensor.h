#pragma once
// The tensor type of the public interface. Public headers include this one and never <torch/torch.h>,
// which costs tens of seconds a file.

#include <ATen/core/Tensor.h>

#include <string>

namespace latentpath {

using Tensor = at::Tensor;

/// "[3, 64, 64]": a shape as it is shown to people.
std::string shape_string(at::IntArrayRef sizes);

}  // namespace latentpath
