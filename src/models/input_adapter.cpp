#include "latentpath/models/input_adapter.h"

#include <ATen/ATen.h>

#include "latentpath/core/error.h"

namespace latentpath {
namespace {

std::string list_text(const std::vector<double>& numbers) {
  std::string text;
  for (const double number : numbers) text += (text.empty() ? "" : ", ") + join_message(number);
  return text;
}

}  // namespace

InputAdapter::InputAdapter(const ImageFormat& from, const ImageFormat& to, const std::string& giver,
                           const std::string& taker)
    : from_(from), to_(to) {
  LATENTPATH_ASSERT(!from.shape.empty());
  LATENTPATH_CHECK(to.mean.size() == to.std.size(), kArgument, "`input_mean` has ", to.mean.size(),
                   " numbers and `input_std` has ", to.std.size(), "; they must be as many");
  for (const double deviation : to.std)
    LATENTPATH_CHECK(deviation > 0, kArgument, "`input_std` must be positive, not ", deviation);

  if (!to.shape.empty() && to.shape != from.shape) {
    LATENTPATH_CHECK(to.shape.size() == 3 && from.shape.size() == 3, kInput, giver, " gives points of shape ",
                     shape_string(from.shape), " and ", taker, " takes ", shape_string(to.shape),
                     "; only images [C, H, W] can be converted");
    const bool channels_fit = to.shape[0] == from.shape[0] || (to.shape[0] == 3 && from.shape[0] == 1) ||
                              (to.shape[0] == 1 && from.shape[0] == 3);
    LATENTPATH_CHECK(channels_fit, kInput, giver, " gives ", from.shape[0], " channels and ", taker,
                     " takes ", to.shape[0], "; only 1 and 3 can be converted into each other");
    channels_from_ = from.shape[0];
    channels_to_ = to.shape[0];
    if (channels_from_ != channels_to_) steps_.push_back(channels_to_ == 3 ? "grey -> RGB" : "RGB -> grey");
    resize_ = to.shape[1] != from.shape[1] || to.shape[2] != from.shape[2];
    shrink_ = to.shape[1] < from.shape[1] || to.shape[2] < from.shape[2];
    if (resize_)
      steps_.push_back(
          join_message(from.shape[1], "x", from.shape[2], " -> ", to.shape[1], "x", to.shape[2]));
  }
  if (from.range && to.range && (from.range->low != to.range->low || from.range->high != to.range->high)) {
    scale_ = (to.range->high - to.range->low) / (from.range->high - from.range->low);
    offset_ = to.range->low - scale_ * from.range->low;
    steps_.push_back(join_message("values [", from.range->low, ", ", from.range->high, "] -> [",
                                  to.range->low, ", ", to.range->high, "]"));
  }
  if (!to.mean.empty()) {
    const auto channels = static_cast<size_t>(to.shape.empty() ? from.shape[0] : to.shape[0]);
    LATENTPATH_CHECK(to.mean.size() == 1 || to.mean.size() == channels, kInput, "`input_mean` has ",
                     to.mean.size(), " numbers; 1 or ", channels, " (one a channel) are needed");
    steps_.push_back(join_message("minus mean ", list_text(to.mean), ", over std ", list_text(to.std)));
  }
}

Tensor InputAdapter::operator()(const Tensor& x) const {
  Tensor y = x;
  if (channels_from_ != channels_to_) {
    if (channels_to_ == 3) {
      y = y.expand({-1, 3, -1, -1});
    } else {
      const Tensor weights =
          at::tensor({0.299, 0.587, 0.114}, at::kDouble).to(y.options().requires_grad(false));
      y = (y * weights.view({1, 3, 1, 1})).sum(1, /*keepdim=*/true);
    }
  }
  if (resize_) {
    y = shrink_ ? at::adaptive_avg_pool2d(y, {to_.shape[1], to_.shape[2]})
                : at::upsample_bilinear2d(y, {to_.shape[1], to_.shape[2]}, /*align_corners=*/false);
  }
  if (scale_ != 1 || offset_ != 0) y = y * scale_ + offset_;
  if (!to_.mean.empty()) {
    std::vector<int64_t> shape(static_cast<size_t>(y.dim()), 1);
    shape[1] = static_cast<int64_t>(to_.mean.size());
    const auto options = y.options().requires_grad(false);
    y = (y - at::tensor(to_.mean, at::kDouble).to(options).view(shape)) /
        at::tensor(to_.std, at::kDouble).to(options).view(shape);
  }
  return y;
}

}  // namespace latentpath
