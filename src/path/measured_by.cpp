#include "latentpath/path/measured_by.h"

#include "latentpath/core/error.h"

namespace latentpath {

PathProblem measured_by(PathProblem problem, MetricTensorPointer metric) {
  LATENTPATH_CHECK(problem.embedding && problem.quality && problem.start.defined(), kArgument,
                   "a path problem needs an embedding, a quality and end points");
  const int64_t dim = problem.start.size(1);
  // find_path draws via points from N(0, I) where the quality looks at decoded points: the wrapped one hides
  // that.
  if (!problem.prior && problem.quality->needs_decoded()) problem.prior = normal_sampler(dim);
  problem.quality = at_decoded(problem.quality, problem.embedding);
  if (problem.feature) problem.feature = at_decoded(problem.feature, problem.embedding);
  problem.embedding = riemannian_space(std::move(metric), dim);
  return problem;
}

}  // namespace latentpath
