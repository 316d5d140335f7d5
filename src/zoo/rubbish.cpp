#include "rubbish.h"

#include <torch/torch.h>

namespace latentpath {
namespace {

Tensor per_image(int64_t count, double low, double high, at::Generator generator) {
  return at::rand({count, 1, 1, 1}, generator, at::kFloat) * (high - low) + low;
}

Tensor shuffled_pixels(const Tensor& digits, at::Generator generator) {
  return digits.flatten(1).index_select(1, at::randperm(784, generator, at::kLong)).view_as(digits);
}

Tensor constant_images(int64_t count, at::Generator generator) {
  const Tensor level = per_image(count, 0, 1, generator) * (per_image(count, 0, 1, generator) > 0.5);
  return (level + 0.05 * at::randn({count, 1, 28, 28}, generator, at::kFloat)).clamp(0, 1);
}

}  // namespace

Tensor uniform_noise(int64_t count, at::Generator generator) {
  return at::rand({count, 1, 28, 28}, generator, at::kFloat);
}

Tensor cloud_noise(int64_t count, at::Generator generator) {
  // From a coarse grid: blobs and strokes of about a digit's size.
  const int64_t cells = 4 + at::randint(8, {1}, generator, at::kLong).item<int64_t>();
  const Tensor coarse = at::randn({count, 1, cells, cells}, generator, at::kFloat);
  const Tensor smooth = at::upsample_bicubic2d(coarse, at::IntArrayRef{28, 28}, false);
  return (smooth * per_image(count, 0.2, 1.5, generator) + per_image(count, -0.8, 0.5, generator))
      .clamp(0, 1);
}

Tensor shuffled_squares(const Tensor& digits, at::Generator generator) {
  const int64_t count = digits.size(0);
  // [n, 4, 7, 4, 7] → [n, 16, 49]
  const Tensor squares =
      digits.reshape({count, 4, 7, 4, 7}).permute({0, 1, 3, 2, 4}).reshape({count, 16, 49});
  const Tensor order = at::rand({count, 16}, generator, at::kFloat)
                           .argsort(int64_t{1}, false)
                           .unsqueeze(2)
                           .expand({count, 16, 49});
  return squares.gather(1, order)
      .view({count, 4, 4, 7, 7})
      .permute({0, 1, 3, 2, 4})
      .reshape({count, 1, 28, 28});
}

Tensor blends(const Tensor& digits, const Tensor& others, at::Generator generator) {
  return at::lerp(digits, others, per_image(digits.size(0), 0.35, 0.65, generator));
}

Tensor rubbish(const Tensor& digits, const Tensor& labels, at::Generator generator, Tensor& targets) {
  const int64_t count = digits.size(0);
  const Tensor order = at::randperm(count, generator, at::kLong);
  const Tensor others = digits.index_select(0, order);
  const Tensor uniform = at::full({count, 10}, 0.1f);
  // Blends and overlays of two digits of one class are mostly that digit.
  const Tensor blend_targets = at::where((labels == labels.index_select(0, order)).unsqueeze(1),
                                         at::one_hot(labels, 10).to(at::kFloat), uniform);
  // Twice as many blends as each of the others: they are what lies between digits on a path.
  constexpr int64_t kKinds = 10;
  std::vector<Tensor> images, image_targets;
  for (int64_t kind = 0; kind < kKinds; ++kind) {
    const int64_t first = kind * count / kKinds;
    const int64_t size = (kind + 1) * count / kKinds - first;
    if (size == 0) continue;
    const Tensor some = digits.narrow(0, first, size);
    const Tensor other = others.narrow(0, first, size);
    Tensor image;
    switch (kind) {
      case 0:
        image = uniform_noise(size, generator) * per_image(size, 0.2, 1, generator);
        break;
      case 1:
        image = (0.5 * at::randn({size, 1, 28, 28}, generator, at::kFloat)).clamp(0, 1);
        break;
      case 2:
        image = cloud_noise(size, generator);
        break;
      case 3:
        image = shuffled_squares(some, generator);
        break;
      case 4:
        image = shuffled_pixels(some, generator);
        break;
      case 5:
        image = constant_images(size, generator);
        break;
      case 6:
        image = some * per_image(size, 0, 0.12, generator);
        break;
      case 7:
        image = at::maximum(some, other);
        break;
      default:
        image = blends(some, other, generator);
        break;
    }
    images.push_back(image);
    image_targets.push_back((kind >= 7 ? blend_targets : uniform).narrow(0, first, size));
  }
  targets = at::cat(image_targets);
  return at::cat(images);
}

}  // namespace latentpath
