#include "latentpath/metric/point_memory.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <limits>

#include "latentpath/core/error.h"
#include "latentpath/core/memory.h"
#include "metric/evaluate_points.h"

namespace latentpath {
namespace {

constexpr int64_t kOutputsHeld = 8;

struct PointMemory {
  int64_t graph = 0;  ///< bytes that a point holds at most while it is mapped and differentiated
  int64_t image = 0;  ///< bytes of its output
  at::Device device = at::kCPU;
};

/// Of two points as evaluate_points() takes them: the first a node, the second a midpoint where there is a
/// quality.
PointMemory measure(const Embedding& map, const Quality* quality, const Tensor& points) {
  const at::AutoGradMode enabled(true);
  const AllocationMeter meter;
  const Tensor leaf = points.detach().requires_grad_(true);
  Tensor images;
  std::vector<Tensor> sums;
  if (quality == nullptr) {
    images = map(leaf);
    sums = {images.sum()};
  } else {
    const Tensor time = at::full({1}, 0.5, points.options());
    const PointValues values =
        evaluate_points(map, *quality, leaf.narrow(0, 0, 1), leaf.narrow(0, 1, 1), time);
    images = values.images;
    sums = {images.sum(), values.quality.sum()};
  }
  std::erase_if(sums, [](const Tensor& sum) { return !sum.requires_grad(); });
  if (!sums.empty()) torch::autograd::grad(sums, {leaf}, {}, false, false, /*allow_unused=*/true);
  const int64_t image = images[0].numel() * static_cast<int64_t>(images.element_size());
  return {std::max(meter.peak() / 2, image), image, images.device()};
}

}  // namespace

BatchLimits find_batch_limits(const Embedding& map, const Quality* quality, const Tensor& points,
                              double gigabytes) {
  LATENTPATH_CHECK(points.dim() == 2 && points.size(0) == 2, kArgument,
                   "find_batch_limits takes two points [2, D], not ", shape_string(points.sizes()));
  measure(map, quality, points);
  const PointMemory memory = measure(map, quality, points);
  const int64_t available = available_memory(memory.device);
  if (memory.graph == 0 || (gigabytes == 0 && available == std::numeric_limits<int64_t>::max())) return {};
  const double half = gigabytes > 0 ? gigabytes * 1e9 / 2 : static_cast<double>(available) / 4;
  const auto fit = [&](int64_t each) {
    return static_cast<int64_t>(std::min(half / static_cast<double>(each), 1e15));
  };
  const BatchLimits limits{fit(memory.graph), fit(kOutputsHeld * std::max<int64_t>(1, memory.image)),
                           2e-9 * half};
  // Threads and shares take points by twos: a node and a midpoint.
  LATENTPATH_CHECK(
      limits.points >= 2 && limits.images >= 2, kInput, map.describe(), " holds ",
      static_cast<double>(memory.graph) * 1e-9, " GB while one point is differentiated, and ",
      limits.gigabytes,
      " GB are to be used, half of them for that: two points must fit; give more `memory` (a half of what is "
      "available, where it is not given) or take a smaller model");
  return limits;
}

}  // namespace latentpath
