#include "models/image_input.h"

#include <ATen/ATen.h>

#include "latentpath/core/error.h"
#include "latentpath/metric/embedding.h"
#include "latentpath/models/torchscript_module.h"

namespace latentpath {

std::string ImageInput::remedy(const char* attribute) const {
  return has_options ? join_message("`", attribute, "` says otherwise")
                     : join_message("an attribute ", attribute, " of its file says otherwise");
}

void ImageInput::read_attributes(const TorchScriptModule& module) {
  const auto numbers = [&](const char* attribute) {
    return module.numbers_attribute(attribute).value_or(std::vector<double>{});
  };
  if (!format.range) format.range = module.range_attribute("input_range");
  if (format.mean.empty()) format.mean = numbers("input_mean");
  if (format.std.empty()) format.std = numbers("input_std");
  if (format.shape.empty())
    for (const double extent : numbers("input_shape")) format.shape.push_back(static_cast<int64_t>(extent));
}

Tensor ImageInput::connect(const Embedding& decoder, const Tensor& points,
                           const std::optional<ValueRange>& output_range, const TorchScriptModule& module,
                           const std::function<void(const Tensor& images)>& accepts) {
  Tensor images = decoder(points);
  LATENTPATH_CHECK(at::isfinite(images).all().item<bool>(), kNumerical, decoder.describe(),
                   " gives NaN or infinite values");
  ImageFormat from{output_range, {}, {}, images.sizes().slice(1).vec()};
  const ValueRange seen{images.min().item<double>(), images.max().item<double>()};
  if (!from.range && (format.range || !format.mean.empty())) from.range = guess_range(seen, points.size(0));
  ImageFormat to = format;
  if (!to.range) to.range = assume_range(seen, from.range);
  if (to.shape.empty())
    find_shape(images, from, to, module, accepts);
  else
    adapter.emplace(from, to, "the decoder", taker);
  for (const std::string& step : adapter->steps()) assumptions.push_back("before " + taker + ": " + step);
  if (from.range) question_range(*from.range, seen);
  return images;
}

/// The input shapes worth trying when nobody states one: the decoder's own, then the usual sizes.
std::vector<std::vector<int64_t>> ImageInput::candidate_shapes(const std::vector<int64_t>& given,
                                                               const TorchScriptModule& module) const {
  std::vector<std::vector<int64_t>> shapes{given};
  if (given.size() != 3) return shapes;
  const auto channels = module.convolution_channels();
  std::vector<int64_t> channel_choices;
  if (channels)
    channel_choices = {*channels};
  else
    channel_choices = {given[0], given[0] == 1 ? 3 : 1};
  shapes.clear();
  for (const int64_t c : channel_choices) {
    shapes.push_back({c, given[1], given[2]});
    for (const int64_t side : {28, 32, 64, 96, 128, 224, 256}) shapes.push_back({c, side, side});
  }
  return shapes;
}

/// The range in which the decoder's values seem to lie, where it states none and the model needs one.
std::optional<ValueRange> ImageInput::guess_range(const ValueRange& seen, int64_t samples) {
  std::optional<ValueRange> range;
  if (seen.low >= -1e-3 && seen.high <= 1 + 1e-3)
    range = ValueRange{0, 1};
  else if (seen.low >= -1 - 1e-3 && seen.high <= 1 + 1e-3)
    range = ValueRange{-1, 1};
  else if (seen.low >= 0 && seen.high > 16 && seen.high <= 255)
    range = ValueRange{0, 255};
  if (range)
    assumptions.push_back(join_message("the decoder's values are taken to lie in [", range->low, ", ",
                                       range->high, "], as ", samples, " samples do (", seen.low, " to ",
                                       seen.high, "); `output_range` says otherwise"));
  else
    warnings.push_back(join_message("the decoder's values (", seen.low, " to ", seen.high,
                                    ") lie in neither [0, 1] nor [-1, 1], so they are not rescaled; state "
                                    "`output_range`"));
  return range;
}

/// The range that the model is taken to expect where it states none.
std::optional<ValueRange> ImageInput::assume_range(const ValueRange& seen,
                                                   const std::optional<ValueRange>& decoders) {
  if (decoders) {
    assumptions.push_back(taker + " does not state its input range: [0, 1] is assumed" +
                          std::string(format.mean.empty() ? "" : " before mean and std are applied") + "; " +
                          remedy("input_range"));
    return ValueRange{0, 1};
  }
  if (seen.low < -1e-3)
    warnings.push_back(join_message(
        "the decoder gives values below 0 (", seen.low, " to ", seen.high, ") and ", taker,
        " does not state what it expects; such models are often trained on [0, 1]: state `output_range` and ",
        has_options ? "`input_range`" : "an attribute input_range of its file"));
  assumptions.push_back(join_message("neither decoder nor ", taker.substr(4),
                                     " states a value range: the decoder's values (", seen.low, " to ",
                                     seen.high, ") are passed on unchanged"));
  return std::nullopt;
}

/// The first shape that the model accepts.
void ImageInput::find_shape(const Tensor& images, const ImageFormat& from, ImageFormat& to,
                            const TorchScriptModule& module,
                            const std::function<void(const Tensor& images)>& accepts) {
  std::string reason;
  bool found = false;
  for (const auto& shape : candidate_shapes(from.shape, module)) {
    to.shape = shape;
    try {
      adapter.emplace(from, to, "the decoder", taker);
      accepts((*adapter)(images));
      found = true;
      break;
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::kArgument) throw;
      if (reason.empty()) reason = error.what();
    }
  }
  LATENTPATH_CHECK(found, kInput, name, " does not accept the decoder's output of shape ",
                   shape_string(from.shape), " nor the usual image sizes (", reason, "); state its input as ",
                   has_options ? "`input_shape` CxHxW" : "an attribute input_shape of its file, [C, H, W]");
  if (to.shape != from.shape)
    assumptions.push_back(taker + " is taken to expect " + shape_string(to.shape) +
                          ", the first size it accepts; " + remedy("input_shape"));
}

/// Warnings where what is seen contradicts the stated range.
void ImageInput::question_range(const ValueRange& stated, const ValueRange& seen) {
  const double margin = 0.05 * (stated.high - stated.low);
  if (seen.low < stated.low - margin || seen.high > stated.high + margin)
    warnings.push_back(join_message("the decoder's values run from ", seen.low, " to ", seen.high,
                                    ", outside the stated range [", stated.low, ", ", stated.high, "]"));
  else if (stated.low < 0 && seen.low >= 0)
    warnings.push_back(join_message("the decoder's values are said to lie in [", stated.low, ", ",
                                    stated.high, "], but no sample is below 0 (", seen.low, " to ", seen.high,
                                    ")"));
}

}  // namespace latentpath
