#pragma once
// First paths along the shortest routes of a graph over samples of the latent space (init/graph.h), for
// qualities that are the same at all times: the length of a route is then the sum of its edges'.
//
//   RouteStarts starts(energy, prior(512, generator));
//   Tensor paths = starts.paths(start, end, times, 2);   // [pairs, 2, n + 1, D]

#include <memory>

#include "latentpath/core/tensor.h"
#include "latentpath/metric/path_energy.h"

namespace latentpath {

class RouteStarts {
 public:
  /// samples [N, D], N ≥ 2: decoded once. Throws Error(kArgument) where the energy's quality depends on time.
  RouteStarts(const PathEnergy& energy, const Tensor& samples);
  ~RouteStarts();

  /// The `count` best routes of each pair, run at constant weighted speed ‖Φ'‖ n, at `times` [n + 1]: [pairs,
  /// count, n + 1, D], shortest first. A pair with fewer distinct routes has its shortest one again; one
  /// without any, the straight line.
  Tensor paths(const Tensor& start, const Tensor& end, const Tensor& times, int64_t count);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace latentpath
