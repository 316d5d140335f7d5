#include "latentpath/run/encoder.h"

#include <ATen/ATen.h>

#include <filesystem>
#include <utility>

#include "latentpath/core/error.h"
#include "latentpath/core/random.h"
#include "latentpath/io/tensor_file.h"
#include "latentpath/metric/cycle_quality.h"
#include "latentpath/run/end_points.h"
#include "latentpath/run/text_values.h"
#include "latentpath/zoo/model_store.h"

namespace latentpath {
namespace {

OptionTable<EncoderOptions> make_table() {
  using O = EncoderOptions;
  return OptionTable<O>()
      .group("Models")
      .add("encoder", &O::encoder)
      .help("Encoder, for image:FILE ends and for what it gives back")
      .unset("the shipped decoder's own")
      .names_file()
      .add("encoder-method", &O::encoder_method)
      .help("Method of the encoder's file to call, like encode")
      .unset("forward")
      .add("encoder-tensor", &O::encoder_tensor)
      .help("Which of several outputs the code is: NAME, or number from 0")
      .unset("the first")
      .add("encoder-range", &O::encoder_range)
      .help("Values the encoder expects, like -1,1")
      .unset("as its file says, or as its decoder gives")
      .add("encoder-mean", &O::encoder_mean)
      .help("Mean the encoder's pictures are normalised by, one or one a channel")
      .unset("as its file says")
      .add("encoder-std", &O::encoder_std)
      .help("Standard deviation, likewise")
      .unset("as its file says")
      .add("encoder-shape", &O::encoder_shape)
      .help("Picture shape CxHxW the encoder expects")
      .unset("as its file says, or as its decoder gives");
}

}  // namespace

const OptionTable<EncoderOptions>& encoder_option_table() {
  static const OptionTable<EncoderOptions> table = make_table();
  return table;
}

std::vector<std::string> EncoderOptions::unused() const {
  std::vector<std::string> sentences;
  for (const auto& [field, text] :
       {std::pair("encoder_method", &encoder_method), std::pair("encoder_tensor", &encoder_tensor),
        std::pair("encoder_range", &encoder_range), std::pair("encoder_mean", &encoder_mean),
        std::pair("encoder_std", &encoder_std), std::pair("encoder_shape", &encoder_shape)})
    if (!text->empty())
      sentences.push_back(join_message("`", field, "` changes nothing here: there is no encoder"));
  return sentences;
}

std::shared_ptr<TorchScriptModule> load_encoder(const EncoderOptions& encoding, const ModelOptions& models) {
  std::string encoder = encoding.encoder;
  // Beside a function in memory nothing stands.
  if (encoder.empty() && !models.decoder_function) {
    auto beside = find_model(models.decoder, models.folders);
    beside.replace_filename(beside.stem().string() + "-encoder.pt");
    if (std::filesystem::exists(beside)) encoder = beside.string();
  }
  if (encoder.empty()) return nullptr;
  return std::make_shared<TorchScriptModule>(
      find_model(encoder, models.folders), "encoder", models.dtype, models.device,
      ModelSignature{.method = encoding.encoder_method, .output = encoding.encoder_tensor});
}

ImageFormat encoder_format(const EncoderOptions& encoding) {
  ImageFormat format;
  format.range = parse_range("encoder_range", encoding.encoder_range);
  if (!encoding.encoder_mean.empty()) format.mean = parse_numbers("encoder_mean", encoding.encoder_mean);
  if (!encoding.encoder_std.empty()) format.std = parse_numbers("encoder_std", encoding.encoder_std);
  for (const double deviation : format.std)
    LATENTPATH_CHECK(deviation > 0, kArgument, "`encoder_std` must be positive, not ", deviation);
  format.shape = parse_extents("encoder_shape", encoding.encoder_shape);
  return format;
}

bool wants_cycle(const std::string& cycle, const EncoderOptions& encoding, bool feature, bool guarded) {
  return feature && (cycle == "on" || (cycle == "auto" && !encoding.encoder.empty() && guarded));
}

Tensor known_latents(const std::string& prior, const LatentSampler& sampler, uint64_t seed,
                     at::ScalarType dtype) {
  constexpr int64_t kKnown = 500;
  auto generator = make_generator(seed + 47);
  const auto file = text_after("samples:", prior);
  if (!file) return sampler(kKnown, generator).to(dtype);
  const Tensor codes = read_tensor_file(*file);
  const Tensor order = at::randperm(codes.size(0), generator, at::kLong);
  return codes.flatten(1).index_select(0, order.slice(0, 0, kKnown)).to(dtype);
}

Cycled asked_cycle(const std::string& asked, const std::shared_ptr<TorchScriptModule>& encoder,
                   const std::function<Tensor(const Tensor&)>& encode, const std::function<Tensor()>& known,
                   Models& models) {
  LATENTPATH_CHECK(asked != "on" || encoder, kArgument, "`cycle` on needs an `encoder`: name its file");
  LATENTPATH_CHECK(asked != "on" || encode, kInput,
                   "`cycle` on needs an encoder that takes what the decoder gives (values, size, channels; "
                   "`encoder_range`, `encoder_shape`) and returns a code of the decoder's latent size");
  if (!encode) return nullptr;
  const Cycle cycle{models.decoder, encode, encoder->concurrent() && models.decoder->concurrent()};
  const Tensor errors = cycle_errors(cycle, known());
  if (!at::isfinite(errors).all().item<bool>() || errors.size(0) < 20) return nullptr;
  models.assumptions.emplace_back(
      "what is asked of an image is asked of what encoder and decoder give back of it, too, and paths keep "
      "to images that come back as well as those of codes; `cycle` none asks for neither");
  return [cycle, errors](const QualityPointer& quality) { return cycle_quality(quality, cycle, errors); };
}

}  // namespace latentpath
