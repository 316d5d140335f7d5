#pragma once
// Loading and calling TorchScript files with errors that people can read; shared by decoders, classifiers
// and encoders. A function in memory (model_function.h) may stand in a file's place.

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "latentpath/core/tensor.h"
#include "latentpath/core/value_range.h"
#include "latentpath/models/latent_layout.h"
#include "latentpath/models/model_function.h"
#include "latentpath/models/model_signature.h"

namespace latentpath {

class TorchScriptModule {
 public:
  /// Checks the archive (io/archive.h), loads it, puts it in eval mode, freezes the parameters. `role`
  /// ("decoder", "classifier") names it in messages. `signature` says how it is called, with a latent of
  /// `latent_parts` tensors. Throws Error(kInput), or Error(kArgument) for a signature that it does not have.
  TorchScriptModule(const std::filesystem::path& file, std::string role, const std::string& dtype,
                    const std::string& device, const ModelSignature& signature = {}, size_t latent_parts = 1);
  /// Calls a function where a file's forward would be called. Throws Error(kArgument) for one without a
  /// function or with an unknown dtype.
  TorchScriptModule(ModelFunction function, std::string role);
  /// While on, an archive is loaded by a forked child process first, so that what crashes LibTorch's
  /// unpickler (a crafted file; check_archive() finds damaged ones) is an Error(kInput) here. Off by default:
  /// a process whose other threads hold locks is not to be forked. The program turns it on, before it has
  /// threads.
  static void load_in_child_process_first(bool on);
  ~TorchScriptModule();
  TorchScriptModule(TorchScriptModule&&) noexcept;

  /// Finds out how points are handed over: tries `layouts`, each a latent of one point, and the ways of
  /// giving the signature's inputs, and keeps to the first with which the method maps batches of three and of
  /// two points to as many outputs of one shape. Its number. Throws the failure of the first where there is
  /// none; a batch size that is built into the file is named. Of a function, the first.
  size_t settle(const std::vector<LatentLayout>& layouts);
  /// Points [n, D] → [n, …], once settled. As forward().
  Tensor map_points(const Tensor& points) const;
  /// The shape of what it maps a point to, once settled; empty of a function.
  const std::vector<int64_t>& output_shape() const;
  /// What was found about the file and about how it is called, a sentence each.
  std::vector<std::string> notes() const;

  /// Calls the method on one tensor, or on a list of tensors; a failure inside becomes Error(kInput) with the
  /// model's own sentence. Inputs are converted to the model's dtype and device.
  Tensor forward(const Tensor& input) const;
  Tensor forward(const std::vector<Tensor>& inputs) const;
  /// The same of the file's method `features`; of forward where it has none.
  Tensor features(const Tensor& input) const;
  /// Whether the file has a method `sample(n: int, seed: int)`; one of other inputs is something else.
  bool can_sample() const;
  /// The file's own latents, `sample(n: int, seed: int)`: one tensor [n, …] or a list of them, on the CPU.
  /// Throws Error(kInput) where it fails or gives something else.
  std::vector<Tensor> sample(int64_t count, int64_t seed) const;
  /// The same where forward may return several tensors, as encoders do: (mu, log variance).
  std::vector<Tensor> forward_all(const Tensor& input) const;

  /// True when a latent is several tensors: List[Tensor], a tuple, or several inputs.
  bool takes_list() const;
  /// True when several threads may run it at once: on a CPU, without writing into itself or drawing random
  /// numbers.
  bool concurrent() const;
  /// The number of weights: each is used for every input, once or (in a convolution) often.
  int64_t operations_per_point() const;

  std::optional<int64_t> integer_attribute(const std::string& name) const;
  std::optional<std::string> string_attribute(const std::string& name) const;
  std::optional<std::vector<double>> numbers_attribute(const std::string& name) const;
  std::optional<std::vector<std::string>> strings_attribute(const std::string& name) const;
  std::optional<std::vector<std::vector<int64_t>>> shapes_attribute(const std::string& name) const;
  /// A pair of numbers [low, high]; Error(kInput) when the attribute exists and is not one.
  std::optional<ValueRange> range_attribute(const std::string& name) const;

  /// The input channels of the first convolution, read from its weight; empty without one.
  std::optional<int64_t> convolution_channels() const;

  std::string dtype() const;
  /// True where parameters, buffers or the caller say the dtype; else it is float32 for want of better.
  bool dtype_known() const;
  const std::string& role() const;
  const std::filesystem::path& file() const;

 private:
  struct Model;
  std::unique_ptr<Model> model_;
};

}  // namespace latentpath
