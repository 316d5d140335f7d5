#include "frames.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <cmath>

#include "latentpath/core/error.h"

namespace latentpath::detail {
namespace {

constexpr double kSmallestSide = 64;  // of a frame, in units
constexpr double kLargestSide = 200;

}  // namespace

Tensor frames_to_bytes(const Tensor& images, const std::string& name) {
  LATENTPATH_CHECK(images.defined() && images.dim() == 4 && (images.size(1) == 1 || images.size(1) == 3) &&
                       images.numel() > 0,
                   kArgument, name, ": images have shape ",
                   images.defined() ? shape_string(images.sizes()) : std::string("[]"),
                   "; expected [n, C, h, w] with C = 1 or 3");
  LATENTPATH_CHECK(images.is_floating_point(), kArgument, name, ": images must be floating point in [0, 1]");
  const Tensor bytes = at::nan_to_num(images.detach().to(at::kCPU, at::kFloat), 0.0, 1.0, 0.0)
                           .clamp(0, 1)
                           .mul(255)
                           .round()
                           .to(at::kByte)
                           .permute({0, 2, 3, 1});
  return bytes.expand({bytes.size(0), bytes.size(1), bytes.size(2), 3}).contiguous();
}

Box frame_size(int64_t h, int64_t w, int scale, double pixel_ratio) {
  const auto longer = static_cast<double>(std::max(h, w)), shorter = static_cast<double>(std::min(h, w));
  double factor = scale;
  if (scale <= 0) {
    // Whole factors keep pixels square. A wide frame need not be 64 units high: its longer side decides then.
    factor = std::max(1.0, std::ceil(kSmallestSide * pixel_ratio / shorter));
    const double most = kLargestSide * pixel_ratio / longer;
    if (factor > most) factor = most >= 1 ? std::floor(most) : most;
  }
  const auto units = [&](int64_t pixels) {
    return std::max(1.0, std::round(factor * static_cast<double>(pixels))) / pixel_ratio;
  };
  return {0, 0, units(w), units(h)};
}

}  // namespace latentpath::detail
