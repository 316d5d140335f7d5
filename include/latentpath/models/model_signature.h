#pragma once
// How a model in a file is to be called: which of its methods, which of the method's inputs is the latent and
// in which shape, what the other inputs are, and which of its outputs is meant.
//
//   // generate(z [n, 512], label [n], psi: float) → {"image": …, "w": …}
//   ModelSignature signature{.method = "generate", .inputs = {"label=3", "psi=0.7"}, .output = "image"};
//   auto decoder = load_decoder("generator.pt", {.latent_dim = 512, .signature = signature});
//
// An input of type Tensor is given as numbers (3; 0.5,-1; 0,0,1) or as a file (io/tensor_file.h): for every
// point the same. Whether the model takes them as [n, …], as [n, 1] or without a batch, as whole numbers or
// as real ones, is found by calling it with batches of three and of two points (TorchScriptModule::settle).

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "latentpath/core/option_table.h"

namespace latentpath {

struct ModelSignature {
  std::string method = {};        ///< empty: forward
  std::string latent_input = {};  ///< name or number; empty: the first that takes tensors and is not given
  std::vector<std::string> inputs = {};  ///< the others, NAME=VALUE
  std::string output = {};               ///< name or number of one of several, or all; empty: the only one
  std::string latent_shape = {};  ///< of one point, as 4,32,32; empty: as the file says, or as is found
  std::string channels = "auto";  ///< of pictures: first, last; auto: last where that alone is 1 or 3
};
/// Whether anything is said of how a model is called.
bool states_anything(const ModelSignature& signature);

/// The rows decoder-method, latent-input, input, output, latent-shape and channels.
const OptionTable<ModelSignature>& model_signature_option_table();

/// "4,32,32" or "4x32x32" → {4, 32, 32}; none for an empty text. Throws Error(kArgument) naming `field`.
std::vector<int64_t> parse_extents(const std::string& field, const std::string& text);

/// "label=3" → {"label", "3"}. Throws Error(kArgument) for a text without both.
std::pair<std::string, std::string> parse_input(const std::string& text);

/// What the parts of a signature are called as options, for sentences about a model of this role ("decoder",
/// "classifier", "encoder", "embedding"); empty where there is no such option.
struct SignatureFields {
  std::string method, output, inputs;
};
SignatureFields signature_fields(const std::string& role);

}  // namespace latentpath
