#include "measure/neighbour_distances.h"

#include <ATen/ATen.h>

namespace latentpath {

SampleView sample_of(const Tensor& points, const Tensor& weights) {
  SampleView sample{{points.data_ptr<double>(), static_cast<size_t>(points.numel())}, points.size(-1)};
  if (weights.defined()) sample.weights = {weights.data_ptr<double>(), static_cast<size_t>(weights.numel())};
  return sample;
}

std::vector<SquaredMmd> NeighbourDistances::steps(const MeasurePath& path, bool gradients) const {
  std::vector<SampleView> chain;
  std::vector<Tensor> kept;  // what the views look at
  for (int64_t j = 0; j < path.points.size(0); ++j) {
    kept.push_back(path.points[j]);
    if (path.uniform) {
      chain.push_back(sample_of(kept.back(), {}));
    } else {
      kept.push_back(path.weights[j]);
      chain.push_back(sample_of(kept[kept.size() - 2], kept.back()));
    }
  }
  if (exact_) return neighbour_mmds(kernel_, chain, {.gradients = gradients});
  std::vector<SquaredMmd> result;
  for (size_t j = 0; j + 1 < chain.size(); ++j) {
    RandomFeatureMmd estimate = random_feature_mmd(
        kernel_, chain[j], chain[j + 1], {.features = features_, .seed = seed_, .gradients = gradients});
    result.push_back({estimate.value, estimate.standard_error, 0, std::move(estimate.first_gradient),
                      std::move(estimate.second_gradient)});
  }
  return result;
}

}  // namespace latentpath
