#pragma once
// First paths along the shortest routes of a roadmap over samples of the latent space (numerics/roadmap.h),
// for qualities that are the same at all times: the length of a route is then the sum of its edges'.
//
//   RouteStarts starts(energy, prior(512, generator));
//   Tensor paths = starts.paths(start, end, times, 2);   // [pairs, 2, n + 1, D]

#include <memory>

#include "latentpath/core/tensor.h"
#include "latentpath/metric/path_energy.h"
#include "latentpath/path/evaluation_counter.h"

namespace latentpath {

struct RouteStartOptions {
  /// Points at which an edge is decoded, its ends included: images change fast in few places. Not ablated.
  int64_t edge_points = 9;
  double least_share =
      0.02;  ///< no piece of a route is passed in less than this share of the mean piece's time
  /// Samples of the roadmap where PathOptions::route_samples is 0: each route decodes points along the edges
  /// that it tries, and in high dimensions there are many. Newton's method takes as many as few latents do.
  int64_t few_latents = 3, samples_of_few = 2048, samples = 512;
  /// Without a prior samples are spread over the box around a pair's ends, widened on each side by this share
  /// of its diagonal.
  double box_margin = 0.5;
};

class RouteStarts {
 public:
  /// samples [N, D], N ≥ 2: decoded once. Where a counter is given, edges are counted as shared work, like
  /// samples: what one pair has had evaluated serves the next. Throws Error(kArgument) where the energy's
  /// quality depends on time.
  RouteStarts(const PathEnergy& energy, const Tensor& samples, const RouteStartOptions& options = {},
              EvaluationCounter* counter = nullptr);
  /// Over the samples of `measured`, for an energy that differs from its in cost and density_weight alone:
  /// what was decoded there, and for pairs since, is not decoded again.
  RouteStarts(const PathEnergy& energy, const RouteStarts& measured);
  /// Whether the energies' qualities are the same, so that another may be made for `energy` over these
  /// samples.
  bool measures_quality_of(const PathEnergy& energy) const;
  ~RouteStarts();

  /// The `count` best routes of each pair, run at constant weighted speed ‖Φ'‖ n, at `times` [n + 1]: [pairs,
  /// count, n + 1, D], shortest first, whatever pairs came before. A pair with fewer distinct routes has its
  /// shortest one again; one without any, the straight line.
  Tensor paths(const Tensor& start, const Tensor& end, const Tensor& times, int64_t count);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace latentpath
