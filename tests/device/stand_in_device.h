#pragma once
// A device that is not the host, for machines that have none: LibTorch's PrivateUse1, whose numbers lie in
// the host's memory and whose operations are the CPU's, so that results are equal to the last bit.
//
// What a GPU refuses it refuses too: an operation on tensors of both devices (but for single numbers and for
// row numbers of index()). Reading its memory as if it were the host's ends the process, as there. What is
// copied to the host is counted.

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace latentpath::testing {

/// PrivateUse1:0; its operations are there from the first call on.
at::Device stand_in_device();

/// Bytes copied from the stand-in to the host since the process began.
int64_t bytes_to_host();

}  // namespace latentpath::testing
