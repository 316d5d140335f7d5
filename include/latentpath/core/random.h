#pragma once
// Randomness is an argument: everything that draws numbers takes a generator seeded by the caller.

#include <ATen/core/Generator.h>

#include <cstdint>

namespace latentpath {

/// A CPU generator of its own, independent of LibTorch's global one.
at::Generator make_generator(uint64_t seed);

}  // namespace latentpath
