#pragma once
// How a model that looks at images is given what a decoder makes: the value range, the size and the channels
// that it expects, where neither its file nor anybody else says them, and the adapter that leads there. What
// is assumed on the way is told in sentences.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "latentpath/core/tensor.h"
#include "latentpath/core/value_range.h"
#include "latentpath/models/input_adapter.h"

namespace latentpath {

class Embedding;
class TorchScriptModule;

struct ImageInput {
  std::string taker = "the classifier";  ///< what sentences call the model
  std::string name = {};                 ///< with its file: "the classifier eights.pt"
  bool has_options = true;               ///< sentences name options, else attributes of its file
  ImageFormat format = {};               ///< what is known of what it expects
  std::vector<std::string> assumptions = {}, warnings = {};
  std::optional<InputAdapter> adapter = {};

  /// Takes what the file's attributes say, for all that `format` leaves open.
  void read_attributes(const TorchScriptModule& module);

  /// Φ(points), and the adapter that makes of it what the model expects. `output_range` is what the decoder
  /// states; `accepts` throws Error(kInput) for adapted images that the model does not take.
  Tensor connect(const Embedding& decoder, const Tensor& points,
                 const std::optional<ValueRange>& output_range, const TorchScriptModule& module,
                 const std::function<void(const Tensor& images)>& accepts);

  Tensor operator()(const Tensor& images) const { return adapter ? (*adapter)(images) : images; }

 private:
  std::string remedy(const char* attribute) const;
  std::vector<std::vector<int64_t>> candidate_shapes(const std::vector<int64_t>& given,
                                                     const TorchScriptModule& module) const;
  std::optional<ValueRange> guess_range(const ValueRange& seen, int64_t samples);
  std::optional<ValueRange> assume_range(const ValueRange& seen, const std::optional<ValueRange>& decoders);
  void find_shape(const Tensor& images, const ImageFormat& from, ImageFormat& to,
                  const TorchScriptModule& module, const std::function<void(const Tensor& images)>& accepts);
  void question_range(const ValueRange& stated, const ValueRange& seen);
};

}  // namespace latentpath
