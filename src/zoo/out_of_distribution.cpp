#include "zoo/out_of_distribution.h"

#include <ATen/ATen.h>

namespace latentpath {
namespace {

Tensor per_image(int64_t count, double low, double high, at::Generator generator) {
  return at::rand({count, 1, 1, 1}, generator, at::kFloat) * (high - low) + low;
}

/// The same pixels elsewhere, with the colours that they have.
Tensor shuffled_pixels(const Tensor& images, at::Generator generator) {
  const int64_t pixels = images.size(2) * images.size(3);
  return images.flatten(2).index_select(2, at::randperm(pixels, generator, at::kLong)).view_as(images);
}

std::vector<int64_t> batch_shape(int64_t count, const DataSetFacts& facts) {
  return {count, facts.channels, facts.side, facts.side};
}

Tensor constant_images(int64_t count, const DataSetFacts& facts, at::Generator generator) {
  const Tensor level = per_image(count, 0, 1, generator) * (per_image(count, 0, 1, generator) > 0.5);
  return (level + 0.05 * at::randn(batch_shape(count, facts), generator, at::kFloat)).clamp(0, 1);
}

/// All contrast and noise, as generators draw far outside their prior.
Tensor exaggerated(const Tensor& images, at::Generator generator) {
  const int64_t count = images.size(0);
  const Tensor noise = at::randn(images.sizes(), generator, at::kFloat) * per_image(count, 0.2, 1, generator);
  return ((images - 0.5) * per_image(count, 1.5, 6, generator) + noise + per_image(count, 0, 0.7, generator))
      .clamp(0, 1);
}

}  // namespace

Tensor certain_targets(const Tensor& labels, const DataSetFacts& facts) {
  return (facts.exclusive ? at::one_hot(labels, facts.classes()) : labels).to(at::kFloat);
}

double unsure_target(const DataSetFacts& facts) {
  return facts.exclusive ? 1.0 / static_cast<double>(facts.classes()) : 0.5;
}

Tensor uniform_noise(int64_t count, const DataSetFacts& facts, at::Generator generator) {
  return at::rand(batch_shape(count, facts), generator, at::kFloat);
}

Tensor cloud_noise(int64_t count, const DataSetFacts& facts, at::Generator generator) {
  // From a coarse grid: blobs and strokes of about a digit's size.
  const int64_t cells = 4 + at::randint(8, {1}, generator, at::kLong).item<int64_t>();
  const Tensor coarse = at::randn({count, facts.channels, cells, cells}, generator, at::kFloat);
  const Tensor smooth = at::upsample_bicubic2d(coarse, at::IntArrayRef{facts.side, facts.side}, false);
  return (smooth * per_image(count, 0.2, 1.5, generator) + per_image(count, -0.8, 0.5, generator))
      .clamp(0, 1);
}

Tensor shuffled_squares(const Tensor& images, at::Generator generator) {
  const int64_t count = images.size(0), channels = images.size(1), side = images.size(2) / 4;
  // [n, c, 4, side, 4, side] → [n, 16, c·side·side]
  const Tensor squares = images.reshape({count, channels, 4, side, 4, side})
                             .permute({0, 2, 4, 1, 3, 5})
                             .reshape({count, 16, channels * side * side});
  const Tensor order = at::rand({count, 16}, generator, at::kFloat)
                           .argsort(int64_t{1}, false)
                           .unsqueeze(2)
                           .expand(squares.sizes());
  return squares.gather(1, order)
      .view({count, 4, 4, channels, side, side})
      .permute({0, 3, 1, 4, 2, 5})
      .reshape(images.sizes());
}

Tensor blends(const Tensor& images, const Tensor& others, at::Generator generator) {
  return at::lerp(images, others, per_image(images.size(0), 0.35, 0.65, generator));
}

Tensor out_of_distribution_images(const Tensor& images, const Tensor& certain, const DataSetFacts& facts,
                                  at::Generator generator, Tensor& targets) {
  const int64_t count = images.size(0);
  const Tensor order = at::randperm(count, generator, at::kLong);
  const Tensor others = images.index_select(0, order);
  const Tensor unsure = at::full_like(certain, unsure_target(facts));
  // Blends and overlays of two images of one class are mostly of that class.
  const Tensor other_certain = certain.index_select(0, order);
  Tensor agree = certain == other_certain;
  if (facts.exclusive) agree = agree.all(1, true);
  const Tensor blend_targets = at::where(agree, certain, unsure);
  // Twice as many blends as each of the others: they are what lies between images on a path.
  constexpr int64_t kKinds = 10;
  std::vector<Tensor> parts, part_targets;
  for (int64_t kind = 0; kind < kKinds; ++kind) {
    const int64_t first = kind * count / kKinds;
    const int64_t size = (kind + 1) * count / kKinds - first;
    if (size == 0) continue;
    const Tensor some = images.narrow(0, first, size);
    const Tensor other = others.narrow(0, first, size);
    Tensor image;
    switch (kind) {
      case 0:
        image = uniform_noise(size, facts, generator) * per_image(size, 0.2, 1, generator);
        break;
      case 1:
        image = (0.5 * at::randn(batch_shape(size, facts), generator, at::kFloat)).clamp(0, 1);
        break;
      case 2:
        image = cloud_noise(size, facts, generator);
        break;
      case 3:
        image = shuffled_squares(some, generator);
        break;
      case 4:
        image = shuffled_pixels(some, generator);
        break;
      case 5:
        image = constant_images(size, facts, generator);
        break;
      case 6:
        image =
            facts.channels == 1 ? some * per_image(size, 0, 0.12, generator) : exaggerated(some, generator);
        break;
      case 7:
        image = at::maximum(some, other);
        break;
      default:
        image = blends(some, other, generator);
        break;
    }
    parts.push_back(image);
    part_targets.push_back((kind >= 7 ? blend_targets : unsure).narrow(0, first, size));
  }
  targets = at::cat(part_targets);
  return at::cat(parts);
}

}  // namespace latentpath
