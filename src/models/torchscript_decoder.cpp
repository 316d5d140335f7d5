#include "latentpath/models/torchscript_decoder.h"

#include <ATen/ATen.h>

#include "latentpath/core/error.h"
#include "latentpath/core/random.h"
#include "latentpath/models/torchscript_module.h"

namespace latentpath {

struct TorchScriptDecoder::Model {
  TorchScriptModule module;
  std::optional<LatentLayout> layout;
  std::optional<ValueRange> output_range;
  int64_t latent_dim = -1;
  std::string prior;
};

TorchScriptDecoder::TorchScriptDecoder(const std::filesystem::path& file, const DecoderOptions& options)
    : model_(
          std::make_unique<Model>(Model{{file, "decoder", options.dtype, options.device}, {}, {}, -1, {}})) {
  const TorchScriptModule& module = model_->module;
  if (module.takes_list()) {
    const auto shapes = module.shapes_attribute("latent_shapes");
    if (options.layout)
      model_->layout = options.layout;
    else if (shapes)
      model_->layout = LatentLayout(*shapes);
    LATENTPATH_CHECK(
        model_->layout.has_value(), kInput, "the decoder ", file.string(),
        " takes a list of tensors and does not say their shapes; give them with `latent_shapes`, like 2x3,4");
    model_->latent_dim = model_->layout->size();
  } else {
    LATENTPATH_CHECK(!options.layout, kArgument, "`latent_shapes` is given, but the decoder ", file.string(),
                     " takes one tensor, not a list");
  }
  const auto stated = module.integer_attribute("latent_dim");
  for (const auto& dim : {stated, options.latent_dim}) {
    if (!dim) continue;
    LATENTPATH_CHECK(*dim >= 1, kArgument, "the latent size must be at least 1, not ", *dim);
    LATENTPATH_CHECK(model_->latent_dim < 0 || model_->latent_dim == *dim, kArgument, "the decoder ",
                     file.string(), " has latent size ", model_->latent_dim, ", which contradicts ", *dim);
    model_->latent_dim = *dim;
  }
  model_->output_range = options.output_range ? options.output_range : module.range_attribute("output_range");
  model_->prior = module.string_attribute("prior").value_or("");
}

TorchScriptDecoder::~TorchScriptDecoder() = default;

int64_t TorchScriptDecoder::latent_dim() const { return model_->latent_dim; }
std::string TorchScriptDecoder::describe() const {
  return "the decoder " + model_->module.file().filename().string();
}
bool TorchScriptDecoder::concurrent() const { return model_->module.concurrent(); }
int64_t TorchScriptDecoder::operations_per_point() const { return model_->module.operations_per_point(); }
std::string TorchScriptDecoder::dtype() const { return model_->module.dtype(); }
std::optional<ValueRange> TorchScriptDecoder::output_range() const { return model_->output_range; }
std::string TorchScriptDecoder::prior() const { return model_->prior; }
void TorchScriptDecoder::set_latent_dim(int64_t latent_dim) {
  LATENTPATH_ASSERT(model_->latent_dim < 0 || model_->latent_dim == latent_dim);
  model_->latent_dim = latent_dim;
}

Tensor TorchScriptDecoder::map(const Tensor& z) const {
  const Tensor image =
      model_->layout ? model_->module.forward(model_->layout->split(z)) : model_->module.forward(z);
  LATENTPATH_CHECK(image.dim() >= 2 && image.size(0) == z.size(0), kInput, "the decoder ",
                   model_->module.file().string(), " must map [", z.size(0), ", ", z.size(1), "] to [",
                   z.size(0), ", …], not to ", shape_string(image.sizes()));
  // Images keep the model's precision: they are many times larger than latents, and sums over them lose
  // little.
  return image.to(z.device());
}

std::vector<std::string> TorchScriptDecoder::check(uint64_t seed) const {
  LATENTPATH_ASSERT(latent_dim() > 0);
  const at::NoGradGuard no_gradient;
  const std::string name = join_message("the decoder ", model_->module.file().string());
  auto generator = make_generator(seed);
  const Tensor z = at::randn({4, latent_dim()}, generator, at::kFloat);
  const Tensor first = (*this)(z);
  LATENTPATH_CHECK(at::isfinite(first).all().item<bool>(), kNumerical, name,
                   " gives NaN or infinite values for points of a standard normal latent");
  const Tensor again = (*this)(z);
  const Tensor alone = (*this)(z.narrow(0, 0, 1));
  // Rounding differs with the batch size; a decoder that mixes rows or draws noise differs by far more.
  const double scale = std::max(1e-6, first.abs().max().item<double>());
  std::vector<std::string> warnings;
  if ((first - again).abs().max().item<double>() > 1e-4 * scale)
    warnings.push_back(
        name + " draws random numbers: the same point gives two different outputs, so figures carry noise");
  else if ((first.narrow(0, 0, 1) - alone).abs().max().item<double>() > 1e-3 * scale)
    warnings.push_back(name +
                       " lets points of one batch influence each other (batch statistics?), so its outputs "
                       "depend on how they are batched");
  if (model_->output_range) {
    const double low = first.min().item<double>(), high = first.max().item<double>();
    const ValueRange range = *model_->output_range;
    const double margin = 0.05 * (range.high - range.low);
    if (low < range.low - margin || high > range.high + margin)
      warnings.push_back(join_message(name, " is said to give values in [", range.low, ", ", range.high,
                                      "] but gives [", low, ", ", high, "]"));
  }
  return warnings;
}

std::shared_ptr<TorchScriptDecoder> load_decoder(const std::filesystem::path& file,
                                                 const DecoderOptions& options) {
  return std::make_shared<TorchScriptDecoder>(file, options);
}

}  // namespace latentpath
