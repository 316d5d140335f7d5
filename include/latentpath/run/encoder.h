#pragma once
// The encoder of a job: its options, how it is loaded, and what is asked of what it gives back (--cycle).
//
//   EncoderOptions encoding{.encoder = "encoder.pt"};
//   auto encoder = load_encoder(encoding, files);
//   auto cycled = asked_cycle(cycle, encoder, encode, known, models);    // metric/cycle_quality.h
//   problem.quality = product({eights, cycled(eights)});

#include <functional>
#include <memory>
#include <string>

#include "latentpath/core/option_table.h"
#include "latentpath/metric/quality.h"
#include "latentpath/models/input_adapter.h"
#include "latentpath/path/find_path.h"
#include "latentpath/run/models.h"

namespace latentpath {

struct EncoderOptions {
  std::string encoder;  ///< empty: the shipped decoder's own
  std::string encoder_method, encoder_tensor;
  std::string encoder_range, encoder_mean, encoder_std, encoder_shape;  ///< where its file does not say them

  /// A sentence for each option that is given though there is no encoder.
  std::vector<std::string> unused() const;
};
const OptionTable<EncoderOptions>& encoder_option_table();

/// The encoder that is named; a shipped decoder's own stands beside it; null where there is none.
std::shared_ptr<TorchScriptModule> load_encoder(const EncoderOptions& encoding, const ModelOptions& models);

/// What is said of the encoder's pictures.
ImageFormat encoder_format(const EncoderOptions& encoding);

/// Whether a feature is asked by the cycle, too: `cycle` on, or auto with an encoder that is named and a
/// guard.
bool wants_cycle(const std::string& cycle, const EncoderOptions& encoding, bool feature, bool guarded);

/// What is asked, by the cycle.
using Cycled = std::function<QualityPointer(const QualityPointer&)>;

/// Latents whose images encoder and decoder should give back, [500, D] at most: of the file that `prior`
/// samples:FILE names, else drawn.
Tensor known_latents(const std::string& prior, const LatentSampler& sampler, uint64_t seed,
                     at::ScalarType dtype);

/// Of a cycle that is wanted; none, where `cycle` is auto and the encoder does not take what the decoder
/// gives (`encode` is none), or no error is a number. Says in `models` that it is asked. Throws
/// Error(kArgument) for `cycle` on without an encoder, Error(kInput) with one that does not fit.
Cycled asked_cycle(const std::string& cycle, const std::shared_ptr<TorchScriptModule>& encoder,
                   const std::function<Tensor(const Tensor&)>& encode, const std::function<Tensor()>& known,
                   Models& models);

/// The row of `cycle`, the same in every job.
template <class Options>
OptionTable<Options>& add_cycle(OptionTable<Options>& table, std::string Options::*cycle) {
  return table.group("What the path should be like")
      .add("cycle", cycle)
      .help(
          "Ask what is favoured of what encoder and decoder make of the image, too, and keep to images that "
          "they give back")
      .choices({{"auto", "with a guard, where an encoder is named"}, {"on"}, {"none"}});
}

}  // namespace latentpath
