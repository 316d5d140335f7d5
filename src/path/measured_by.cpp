#include "latentpath/path/measured_by.h"

#include "latentpath/core/error.h"

namespace latentpath {

PathProblem measured_by(PathProblem problem, MetricTensorPointer metric) {
  LATENTPATH_CHECK(problem.start.defined(), kArgument, "a path problem needs end points");
  const int64_t dim = problem.start.size(1);
  return measured_by(std::move(problem),
                     std::shared_ptr<const Embedding>(riemannian_space(std::move(metric), dim)));
}

PathProblem measured_by(PathProblem problem, std::shared_ptr<const Embedding> embedding) {
  LATENTPATH_CHECK(problem.embedding && problem.quality && problem.start.defined() && embedding, kArgument,
                   "a path problem needs an embedding, a quality and end points");
  // find_path draws via points from N(0, I) where the quality looks at decoded points: the wrapped one hides
  // that.
  if (!problem.prior && problem.quality->needs_decoded())
    problem.prior = normal_sampler(problem.start.size(1));
  problem.quality = at_decoded(problem.quality, problem.embedding);
  if (problem.feature) problem.feature = at_decoded(problem.feature, problem.embedding);
  problem.embedding = std::move(embedding);
  return problem;
}

}  // namespace latentpath
