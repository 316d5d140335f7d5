#include "measure/measure_starts.h"

#include <ATen/ATen.h>

namespace latentpath {

const std::vector<MeasureStartRow>& measure_starts() {
  static const std::vector<MeasureStartRow> rows{{.start = MeasureStart::kMatched,
                                                  .name = "matched",
                                                  .help = "by optimal transport",
                                                  .needs_matching = true,
                                                  .needs_equal_sizes = false,
                                                  .needs_points = false,
                                                  .between = true},
                                                 {.start = MeasureStart::kStraight,
                                                  .name = "straight",
                                                  .help = "from the i-th point to the i-th point",
                                                  .needs_matching = false,
                                                  .needs_equal_sizes = true,
                                                  .needs_points = false,
                                                  .between = true},
                                                 {.start = MeasureStart::kSmooth,
                                                  .name = "smooth",
                                                  .help = "motions of matched points that stay smooth",
                                                  .needs_matching = true,
                                                  .needs_equal_sizes = false,
                                                  .needs_points = true,
                                                  .between = true,
                                                  .title = "mmd, best smooth motion"},
                                                 {.start = MeasureStart::kRandom,
                                                  .name = "random",
                                                  .help = "points jump",
                                                  .needs_matching = false,
                                                  .needs_equal_sizes = false,
                                                  .needs_points = false,
                                                  .between = false}};
  return rows;
}

MeasurePath straight_path(const Particles& particles, int64_t steps) {
  const Tensor t = uniform_times(steps).view({-1, 1, 1});
  MeasurePath path;
  path.points = (1 - t) * particles.from + t * particles.to;
  path.points[0].copy_(particles.from);  // to the last bit
  path.points[steps].copy_(particles.to);
  path.weights = particles.weights.expand({steps + 1, -1}).contiguous();
  path.uniform = particles.uniform;
  return path;
}

MeasurePath jumping_path(const Particles& particles, int64_t steps, at::Generator generator) {
  const int64_t count = particles.weights.size(0);
  const Tensor order = at::randperm(count, generator, at::kLong);
  const Tensor reached =
      particles.weights.index_select(0, order).cumsum(0) - 0.5 * particles.weights.index_select(0, order);
  Tensor when = at::empty({count}, at::kDouble);
  when.index_copy_(0, order, reached);
  MeasurePath path = straight_path(particles, steps);
  for (int64_t j = 1; j < steps; ++j) {
    const Tensor jumped = (when < static_cast<double>(j) / static_cast<double>(steps)).unsqueeze(1);
    path.points[j].copy_(at::where(jumped, particles.to, particles.from));
  }
  return path;
}

MeasurePath refine(const MeasurePath& path, int64_t steps) {
  MeasurePath finer = path;
  const Tensor flat = path.points.flatten(1).unsqueeze(0);
  finer.points = interpolate_polyline(flat, uniform_times(path.points.size(0) - 1), uniform_times(steps))[0]
                     .view({steps + 1, path.points.size(1), path.points.size(2)})
                     .contiguous();
  finer.points[0].copy_(path.points[0]);
  finer.points[steps].copy_(path.points[path.points.size(0) - 1]);
  finer.weights = path.weights[0].expand({steps + 1, -1}).contiguous();
  return finer;
}

}  // namespace latentpath
