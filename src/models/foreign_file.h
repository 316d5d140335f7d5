#pragma once
// What people also call a model's file: weights, pickles, ONNX, safetensors, pointers, web pages.

#include <filesystem>
#include <string>

namespace latentpath {

/// "holds weights and not the computation: …", with the remedy, for a file that is known not to be a
/// TorchScript archive by its first bytes or its members; empty for one that may be.
std::string foreign_file(const std::filesystem::path& file);

}  // namespace latentpath
