#include "decoded_images.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "latentpath/core/figure_text.h"

namespace latentpath::detail {

bool are_images(const Tensor& decoded) {
  if (decoded.dim() == 3) return decoded.size(1) >= 4 && decoded.size(2) >= 4;
  return decoded.dim() == 4 && (decoded.size(1) == 1 || decoded.size(1) == 3);
}

Tensor as_images(const Tensor& decoded) {
  return (decoded.dim() == 3 ? decoded.unsqueeze(1) : decoded).to(at::kCPU);
}

Tensor in_unit_range(const Tensor& images, const std::optional<ValueRange>& range, const Tensor& all) {
  const double low = range ? range->low : all.min().item<double>();
  const double high = range ? range->high : all.max().item<double>();
  return ((images - low) / std::max(high - low, 1e-12)).clamp(0, 1);
}

void add_captions(StripRow& row, const Tensor& values) {
  for (int64_t frame = 0; frame < values.size(0); ++frame) {
    const double value = values[frame].item<double>();
    row.captions.push_back(share_text(value));
    row.caption_values.push_back(value);
  }
}

}  // namespace latentpath::detail
