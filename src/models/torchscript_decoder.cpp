#include "latentpath/models/torchscript_decoder.h"

#include <ATen/ATen.h>

#include "latentpath/core/error.h"
#include "latentpath/core/random.h"
#include "latentpath/metric/output_contract.h"

namespace latentpath {

struct TorchScriptDecoder::Model {
  TorchScriptModule module;
  std::optional<LatentLayout> layout;
  std::optional<ValueRange> output_range;
  int64_t latent_dim = -1;
  std::string prior;
};

TorchScriptDecoder::TorchScriptDecoder(const std::filesystem::path& path, const DecoderOptions& options)
    : TorchScriptDecoder(TorchScriptModule(path, "decoder", options.dtype, options.device), options) {}

TorchScriptDecoder::TorchScriptDecoder(TorchScriptModule loaded, const DecoderOptions& options)
    : model_(std::make_unique<Model>(Model{std::move(loaded), {}, {}, -1, {}})) {
  const TorchScriptModule& module = model_->module;
  const std::filesystem::path& file = module.file();
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
bool TorchScriptDecoder::dtype_known() const { return model_->module.dtype_known(); }
std::optional<ValueRange> TorchScriptDecoder::output_range() const { return model_->output_range; }
std::string TorchScriptDecoder::prior() const { return model_->prior; }
void TorchScriptDecoder::set_latent_dim(int64_t latent_dim) {
  LATENTPATH_ASSERT(model_->latent_dim < 0 || model_->latent_dim == latent_dim);
  model_->latent_dim = latent_dim;
}

Tensor TorchScriptDecoder::map(const Tensor& z) const {
  const Tensor image =
      model_->layout ? model_->module.forward(model_->layout->split(z)) : model_->module.forward(z);
  check_output(image, z.size(0), join_message("the decoder ", model_->module.file().string()));
  // Images keep the model's precision: they are many times larger than latents, and sums over them lose
  // little. Those of half precision would lose all.
  const bool half = image.scalar_type() == at::kHalf || image.scalar_type() == at::kBFloat16;
  return image.to(z.device(), half ? at::kFloat : image.scalar_type());
}

namespace {

/// Decodes one and two points, where four fail: a graph traced with such a batch may have its size built in.
void explain_failure(const TorchScriptDecoder& decoder, const Tensor& z, const std::string& name) {
  for (const int64_t count : {1, 2}) {
    try {
      decoder(z.narrow(0, 0, count));
    } catch (const Error&) {
      continue;
    }
    throw Error(
        ErrorKind::kInput,
        join_message(name, " takes batches of ", count,
                     " only: that size is built into the file; export it with torch.jit.script, or trace "
                     "it with another batch and without int(z.shape[0])"));
  }
}

}  // namespace

std::vector<std::string> TorchScriptDecoder::check(uint64_t seed) const {
  LATENTPATH_ASSERT(latent_dim() > 0);
  const at::NoGradGuard no_gradient;
  const std::string name = join_message("the decoder ", model_->module.file().string());
  auto generator = make_generator(seed);
  const Tensor z = at::randn({4, latent_dim()}, generator, at::kFloat);
  Tensor first;
  try {
    first = (*this)(z);
  } catch (const Error&) {
    explain_failure(*this, z, name);
    throw;
  }
  LATENTPATH_CHECK(at::isfinite(first).all().item<bool>(), kNumerical, name,
                   " gives NaN or infinite values for points of a standard normal latent");
  std::vector<std::string> warnings;
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
