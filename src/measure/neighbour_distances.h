#pragma once
// MMD² between neighbours of a path of samples, by all pairs of points or by random features. Internal.

#include <vector>

#include "latentpath/kernel/mmd.h"
#include "latentpath/measure/measure_result.h"

namespace latentpath {

/// points [n, d], weights [n] or undefined: contiguous float64, seen and not owned.
SampleView sample_of(const Tensor& points, const Tensor& weights);

/// MMD² between neighbours, by all pairs or by random features.
class NeighbourDistances {
 public:
  NeighbourDistances(RadialKernel kernel, bool exact, int64_t features, uint64_t seed)
      : kernel_(std::move(kernel)), exact_(exact), features_(features), seed_(seed) {}

  const RadialKernel& kernel() const { return kernel_; }
  bool exact() const { return exact_; }

  /// path.points [K + 1, N, d] contiguous. `rounding` of the result is the standard error of random features.
  std::vector<SquaredMmd> steps(const MeasurePath& path, bool gradients) const;

 private:
  RadialKernel kernel_;
  bool exact_;
  int64_t features_;
  uint64_t seed_;
};

}  // namespace latentpath
