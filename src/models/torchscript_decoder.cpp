#include "latentpath/models/torchscript_decoder.h"

#include <ATen/ATen.h>

#include <mutex>

#include "latentpath/core/error.h"
#include "latentpath/core/random.h"
#include "latentpath/metric/output_contract.h"

namespace latentpath {

struct TorchScriptDecoder::Model {
  TorchScriptModule module;
  std::optional<LatentLayout> layout;  // of several tensors, or the shape of one that is not a row
  std::optional<ValueRange> output_range;
  int64_t latent_dim = -1;
  std::string prior;
  std::string channels = "auto";
  bool channels_last = false;
  bool bytes = false;               // nobody states a range, and pictures run from 0 to 255
  std::vector<LatentLayout> tried;  // in this order, where nobody states the layout
  std::once_flag settled;

  Model(TorchScriptModule loaded) : module(std::move(loaded)) {}

  std::string name() const { return "the decoder " + module.file().string(); }

  static LatentLayout of_shape(const std::vector<int64_t>& shape) {
    return LatentLayout(std::vector<std::vector<int64_t>>(1, shape));
  }

  /// What a latent of D numbers may look like to the model, the row first.
  static std::vector<LatentLayout> usual_layouts(int64_t dim) {
    const std::vector<std::vector<int64_t>> shapes{{dim}, {dim, 1, 1}, {dim, 1}, {1, dim}, {dim, 1, 1, 1}};
    std::vector<LatentLayout> layouts;
    for (const std::vector<int64_t>& shape : shapes) layouts.push_back(of_shape(shape));
    return layouts;
  }

  size_t settle_tried() {
    try {
      return module.settle(tried);
    } catch (const ShapeError& error) {
      if (latent_dim < 0) throw;
      throw Error(error.kind(), join_message(error.what(), "; its latents are taken to be rows of ",
                                             latent_dim, " numbers: `latent_shape` says otherwise"));
    }
  }

  /// Finds out how the model is called, before its first point.
  void settle() {
    if (layout)
      module.settle({*layout});
    else
      layout = tried[settle_tried()];
    const std::vector<int64_t>& shape = module.output_shape();
    const auto channel = [](int64_t extent) { return extent == 1 || extent == 3; };
    channels_last = shape.size() == 3 && (channels == "last" || (channels == "auto" && channel(shape[2]) &&
                                                                 !channel(shape[0]) && shape[0] > 1));
  }
};

TorchScriptDecoder::TorchScriptDecoder(const std::filesystem::path& path, const DecoderOptions& options)
    : TorchScriptDecoder(TorchScriptModule(path, "decoder", options.dtype, options.device, options.signature,
                                           options.layout ? options.layout->shapes().size() : 1),
                         options) {}

TorchScriptDecoder::TorchScriptDecoder(TorchScriptModule loaded, const DecoderOptions& options)
    : model_(std::make_unique<Model>(std::move(loaded))) {
  const TorchScriptModule& module = model_->module;
  const std::filesystem::path& file = module.file();
  std::vector<int64_t> shape = parse_extents("latent_shape", options.signature.latent_shape);
  if (module.takes_list()) {
    const auto shapes = module.shapes_attribute("latent_shapes");
    LATENTPATH_CHECK(shape.empty(), kArgument, "`latent_shape` is of one tensor, but the decoder ",
                     file.string(), " takes several: give their shapes with `latent_shapes`, like 2x3,4");
    if (options.layout)
      model_->layout = options.layout;
    else if (shapes)
      model_->layout = LatentLayout(*shapes);
    LATENTPATH_CHECK(
        model_->layout.has_value(), kInput, "the decoder ", file.string(),
        " takes a list of tensors and does not say their shapes; give them with `latent_shapes`, like 2x3,4");
  } else {
    LATENTPATH_CHECK(!options.layout || options.layout->shapes().size() == 1, kArgument,
                     "`latent_shapes` names several tensors, but the decoder ", file.string(),
                     " takes one tensor, not a list");
    if (shape.empty() && options.layout) shape = options.layout->shapes()[0];
    if (shape.empty())
      for (const double extent : module.numbers_attribute("latent_shape").value_or(std::vector<double>{}))
        shape.push_back(static_cast<int64_t>(extent));
    if (!shape.empty()) model_->layout = Model::of_shape(shape);
  }
  if (model_->layout) model_->latent_dim = model_->layout->size();
  const auto stated = module.integer_attribute("latent_dim");
  for (const auto& dim : {stated, options.latent_dim}) {
    if (!dim) continue;
    LATENTPATH_CHECK(*dim >= 1, kArgument, "the latent size must be at least 1, not ", *dim);
    LATENTPATH_CHECK(model_->latent_dim < 0 || model_->latent_dim == *dim, kArgument, "the decoder ",
                     file.string(), " has latent size ", model_->latent_dim, ", which contradicts ", *dim);
    model_->latent_dim = *dim;
  }
  if (model_->latent_dim > 0) model_->tried = Model::usual_layouts(model_->latent_dim);
  model_->output_range = options.output_range ? options.output_range : module.range_attribute("output_range");
  model_->prior = module.string_attribute("prior").value_or("");
  model_->channels = options.signature.channels;
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
bool TorchScriptDecoder::draws_samples() const { return model_->module.can_sample(); }

Tensor TorchScriptDecoder::own_samples(int64_t count, uint64_t seed) const {
  // Its `seed` is a number that every generator takes.
  const std::vector<Tensor> parts = model_->module.sample(count, static_cast<int64_t>(seed & 0x7fffffff));
  std::vector<Tensor> rows;
  int64_t width = 0;
  for (const Tensor& part : parts) {
    LATENTPATH_CHECK(part.dim() >= 1 && part.size(0) == count && part.numel() > 0, kInput, model_->name(),
                     ": sample(", count, ", seed) must return ", count, " latents, [", count,
                     ", …], not the shape ", shape_string(part.sizes()));
    rows.push_back(part.reshape({count, -1}));
    width += rows.back().size(1);
  }
  LATENTPATH_CHECK(model_->latent_dim < 0 || width == model_->latent_dim, kInput, model_->name(),
                   ": sample(n, seed) gives latents of ", width, " numbers; its latent size is ",
                   model_->latent_dim);
  Tensor all = at::cat(rows, 1);
  LATENTPATH_CHECK(at::isfinite(all).all().item<bool>(), kNumerical, model_->name(),
                   ": sample(n, seed) gives latents that are NaN or infinite");
  return all;
}

void TorchScriptDecoder::set_latent_dim(int64_t latent_dim) {
  LATENTPATH_ASSERT(model_->latent_dim < 0 || model_->latent_dim == latent_dim);
  model_->latent_dim = latent_dim;
  model_->tried = Model::usual_layouts(latent_dim);
}

void TorchScriptDecoder::set_latent_shape(const std::vector<std::vector<int64_t>>& shapes) {
  if (model_->layout) return;
  std::vector<LatentLayout> layouts = model_->tried;
  for (const std::vector<int64_t>& shape : shapes) {
    const LatentLayout layout = Model::of_shape(shape);
    if (model_->latent_dim > 0 && layout.size() != model_->latent_dim) continue;
    layouts.push_back(layout);
  }
  if (model_->latent_dim < 0)
    for (const std::vector<int64_t>& shape : shapes)
      if (shape.size() == 1)
        for (const LatentLayout& layout : Model::usual_layouts(shape[0])) layouts.push_back(layout);
  LATENTPATH_ASSERT(!layouts.empty());
  model_->tried = std::move(layouts);
  std::call_once(model_->settled, [this] { model_->settle(); });
  model_->latent_dim = model_->layout->size();
}

std::vector<int64_t> TorchScriptDecoder::latent_shape() const {
  if (!model_->layout || model_->layout->shapes().size() != 1) return {model_->latent_dim};
  return model_->layout->shapes()[0];
}

std::vector<std::vector<int64_t>> TorchScriptDecoder::latent_shapes() const {
  if (!model_->layout) return {{model_->latent_dim}};
  return model_->layout->shapes();
}

std::vector<std::string> TorchScriptDecoder::assumptions() const {
  std::vector<std::string> sentences = model_->module.notes();
  if (const auto shape = latent_shape(); shape.size() > 1) {
    std::string extents = "[n";
    for (const int64_t extent : shape) extents += join_message(", ", extent);
    sentences.push_back(
        join_message("the decoder takes its latents as ", extents, "], ", latent_dim(), " numbers a point"));
  }
  if (model_->channels_last)
    sentences.push_back(join_message("the decoder's pictures are read as [H, W, C], of ",
                                     shape_string(model_->module.output_shape()),
                                     "; `channels` first says otherwise"));
  if (model_->bytes)
    sentences.push_back(
        "the decoder's values are taken to lie in [0, 255], as pictures of bytes do; `output_range` says "
        "otherwise");
  return sentences;
}

Tensor TorchScriptDecoder::map(const Tensor& z) const {
  std::call_once(model_->settled, [&] {
    if (model_->tried.empty()) model_->tried = Model::usual_layouts(z.size(1));
    model_->settle();
  });
  Tensor image = model_->module.map_points(z);
  check_output(image, z.size(0), model_->name());
  if (model_->channels_last) image = image.permute({0, 3, 1, 2});
  // Images keep the model's precision: they are many times larger than latents, and sums over them lose
  // little. Those of half precision would lose all.
  const bool half = image.scalar_type() == at::kHalf || image.scalar_type() == at::kBFloat16;
  return half ? image.to(at::kFloat) : image;
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
  std::vector<std::string> warnings;
  if (model_->output_range) {
    const double low = first.min().item<double>(), high = first.max().item<double>();
    const ValueRange range = *model_->output_range;
    const double margin = 0.05 * (range.high - range.low);
    if (low < range.low - margin || high > range.high + margin)
      warnings.push_back(join_message(name, " is said to give values in [", range.low, ", ", range.high,
                                      "] but gives [", low, ", ", high, "]"));
  }
  // Pictures of bytes, before they are rounded.
  const bool picture = first.dim() == 4 && (first.size(1) == 1 || first.size(1) == 3);
  if (!model_->output_range && picture && first.min().item<double>() >= 0) {
    const double high = first.max().item<double>();
    model_->bytes = high > 16 && high <= 255;
    if (model_->bytes) model_->output_range = ValueRange{0, 255};
  }
  return warnings;
}

std::shared_ptr<TorchScriptDecoder> load_decoder(const std::filesystem::path& file,
                                                 const DecoderOptions& options) {
  return std::make_shared<TorchScriptDecoder>(file, options);
}

}  // namespace latentpath
