#pragma once
// What a decoder makes, as the rows of strips and the frames of films show it.

#include <optional>

#include "latentpath/core/tensor.h"
#include "latentpath/core/value_range.h"
#include "latentpath/report/strip.h"

namespace latentpath::detail {

/// Whether what a decoder makes, [n, …], are images: [n, H, W], or [n, C, H, W] with C = 1 or 3.
bool are_images(const Tensor& decoded);
/// Such images as [n, C, H, W].
Tensor as_images(const Tensor& decoded);
/// Images in [0, 1]: by the decoder's range, else by the extremes of `all`.
Tensor in_unit_range(const Tensor& images, const std::optional<ValueRange>& range, const Tensor& all);
/// Values under the frames of a row, [frames], with their bars.
void add_captions(StripRow& row, const Tensor& values);

}  // namespace latentpath::detail
