#include "latentpath/path/quality_of_pair.h"

#include <ATen/ATen.h>

#include "latentpath/core/error.h"
#include "latentpath/metric/kept_features.h"

namespace latentpath {

QualityPointer quality_of_pair(const PathProblem& problem, int64_t pair) {
  LATENTPATH_CHECK(problem.embedding && problem.quality && problem.start.defined() && problem.end.defined() &&
                       pair >= 0 && pair < problem.start.size(0),
                   kArgument, "a path problem needs an embedding, a quality and end points, and has no pair ",
                   pair);
  const Tensor ends = at::stack({problem.start[pair], problem.end[pair]}).detach();
  return between_ends(problem.quality, ends, *problem.embedding);
}

}  // namespace latentpath
