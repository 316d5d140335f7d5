#pragma once
// A decoder handed over as a TorchScript file.
//
// forward(Tensor[n, D]) → Tensor[n, …], or forward(List[Tensor]) for a structured latent, whose layout is
// read from the attribute `latent_shapes` or given. Latents of another shape, [n, 4, 32, 32], are rows [n, D]
// to whoever calls, D = 4 · 32 · 32; the shape is the attribute `latent_shape`, the signature's, or found by
// trying. Another method, further inputs and one of several outputs are said by a ModelSignature. The module
// is put in eval mode, its parameters are frozen.
//
//   auto decoder = latentpath::load_decoder("generator.pt");
//   Tensor images = (*decoder)(z);   // z [n, D] → [n, 1, 28, 28]

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "latentpath/core/value_range.h"
#include "latentpath/metric/embedding.h"
#include "latentpath/models/latent_layout.h"
#include "latentpath/models/torchscript_module.h"

namespace latentpath {

struct DecoderOptions {
  std::optional<int64_t> latent_dim;       ///< D, where the file does not say it
  std::optional<LatentLayout> layout;      ///< for a decoder that takes List[Tensor]
  std::optional<ValueRange> output_range;  ///< where the file does not say it
  std::string dtype;                       ///< "", "float32" or "float64"; "" keeps the file's
  std::string device = "cpu";              ///< "cpu", "cuda", "cuda:1"
  ModelSignature signature = {};           ///< how it is called
};

class TorchScriptDecoder : public Embedding {
 public:
  /// Throws Error(kInput) when the file is missing, is not TorchScript, or has no forward method.
  TorchScriptDecoder(const std::filesystem::path& file, const DecoderOptions& options);
  /// A module loaded before, or a function in a module's place; dtype and device are the module's.
  TorchScriptDecoder(TorchScriptModule module, const DecoderOptions& options);
  ~TorchScriptDecoder() override;

  int64_t latent_dim() const override;
  std::string describe() const override;
  bool concurrent() const override;
  int64_t operations_per_point() const override;
  /// The dtype of the model's parameters: "float32" or "float64".
  std::string dtype() const;
  /// True where parameters, buffers or the caller say it; else it is float32 for want of better.
  bool dtype_known() const;
  /// The values the file or the caller says its outputs lie in; empty when nobody says it.
  std::optional<ValueRange> output_range() const;
  /// "normal" where the file says so, else empty.
  std::string prior() const;
  /// Whether the file has a method `sample(n: int, seed: int)`: latents that it was trained on, or that its
  /// mapping network makes.
  bool draws_samples() const;
  /// `count` of them, [count, D] float64; the same seed gives the same ones. Throws Error(kInput) or
  /// Error(kNumerical) for what are none.
  Tensor own_samples(int64_t count, uint64_t seed) const;
  /// Fixes D where neither file nor options did (from the endpoints).
  void set_latent_dim(int64_t latent_dim);
  /// Fixes D and the latent's shape as the first of `shapes` with which the model runs, where neither file
  /// nor options say them: {512} is [n, 512], {18, 512} is [n, 18, 512]. Where D is known, shapes of other
  /// sizes are left out. Throws Error(kInput) where none fits.
  void set_latent_shape(const std::vector<std::vector<int64_t>>& shapes);
  /// The shape of one latent as the model takes it, {D} for a row; once a point was decoded.
  std::vector<int64_t> latent_shape() const;
  /// The shapes of its tensors, one or several; likewise.
  std::vector<std::vector<int64_t>> latent_shapes() const;
  /// What was assumed about how it is called and what it gives, a sentence each; once it was checked.
  std::vector<std::string> assumptions() const;

  /// Decodes a few points of N(0, I) and checks format and values: the shape [n, …] for any n, real numbers
  /// of a floating type, finite, in the stated range. What depends on the problem, probe_problem() looks at.
  /// Throws Error(kInput) or Error(kNumerical); returns warnings.
  std::vector<std::string> check(uint64_t seed) const;

 protected:
  Tensor map(const Tensor& z) const override;

 private:
  struct Model;
  std::unique_ptr<Model> model_;
};

std::shared_ptr<TorchScriptDecoder> load_decoder(const std::filesystem::path& file,
                                                 const DecoderOptions& options = {});

}  // namespace latentpath
