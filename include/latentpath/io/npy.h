#pragma once
// NumPy's array files (.npy, format versions 1 to 3): float32, float64, int64, int32, uint8 and bool, any
// shape; read in either byte order, and float16, int16 and int8 as the next wider of these.
//
//   Tensor ends = read_npy("ends.npy");     // for example [pairs, 2, latent]
//   write_npy("path.npy", result.nodes);    // [pairs, nodes, latent]

#include <filesystem>
#include <string>
#include <string_view>

#include "latentpath/core/tensor.h"

namespace latentpath {

/// The array in C order, whatever order the file has, with the file's dtype (float16 as float32, int16
/// and int8 as int32), on the CPU.
/// Throws Error kInput with one sentence (the file, what is wrong, what was expected) for anything else than
/// a whole array of a dtype listed above; memory is taken only after the file proved to hold the data.
Tensor read_npy(const std::filesystem::path& path);
/// The same of a file's bytes, which sentences call `file`.
Tensor parse_npy(std::string_view bytes, const std::string& file);

/// Writes the tensor in C order; equal tensors give equal bytes. Gradients and devices are left behind.
/// Throws Error kArgument when the dtype is none of the above or the file cannot be written.
void write_npy(const std::filesystem::path& path, const Tensor& tensor);

}  // namespace latentpath
