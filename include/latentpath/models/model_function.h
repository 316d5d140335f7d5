#pragma once
// A model that is a function in memory, in the place of a TorchScript file: a module of a caller in another
// language, say. Whatever takes a file's model takes it too, and calls it one batch at a time, by one thread.
//
//   ModelFunction generator{.name = "Generator", .forward = [](const Tensor& z) { return at::tanh(z); },
//                           .attributes = {{"latent_dim", 8}, {"output_range", {-1, 1}}}};
//   TorchScriptModule module(generator, "decoder");
//   auto decoder = std::make_shared<TorchScriptDecoder>(std::move(module), DecoderOptions());

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "latentpath/core/tensor.h"

namespace latentpath {

struct ModelFunction {
  std::string name;  ///< what sentences call it
  /// [n, …] → [n, …], differentiable by autograd, each row for itself; it takes rows from any device and
  /// gives its own on one that it chooses. What it throws becomes Error(kInput).
  std::function<Tensor(const Tensor&)> forward;
  /// What a file would state as attributes: numbers, texts, and lists of them.
  nlohmann::json attributes = nlohmann::json::object();
  std::string dtype = "float32";  ///< of its parameters, in which it is given points; or "float64"
  bool dtype_known = false;       ///< it has parameters or buffers
  int64_t weights = 0;            ///< how many
  std::optional<int64_t> convolution_channels = {};  ///< that its first convolution takes
};

}  // namespace latentpath
