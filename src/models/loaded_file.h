#pragma once
// A TorchScript archive in memory, on the device that is asked for, or one sentence that says why not.

#include <torch/script.h>

#include <filesystem>
#include <string>
#include <vector>

namespace latentpath {

struct LoadedFile {
  torch::jit::Module module;
  std::vector<std::string> notes;  ///< what was changed to make it run here, a sentence each
};

/// `name` is what sentences call the file. What its graphs state of another device is restated for `device`:
/// traces on a GPU name it wherever a tensor is made. Throws Error(kInput).
LoadedFile load_file(const std::filesystem::path& file, const std::string& name, at::Device device);

/// Parameters, buffers and constants of half precision become float32, in which a CPU computes. The name of
/// the type that was found, float16 or bfloat16; empty for none.
std::string widen_half_precision(torch::jit::Module& module);

}  // namespace latentpath
