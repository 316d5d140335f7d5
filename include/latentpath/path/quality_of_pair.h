#pragma once
// quality_of_pair: what a problem asks of one of its pairs, where that depends on the pair's ends
// (metric/kept_features.h).
//
//   QualityPointer quality = quality_of_pair(problem, 3);

#include "latentpath/path/path_options.h"

namespace latentpath {

/// problem.quality, of pair number `pair`, from 0. Its ends are decoded where the quality needs that.
QualityPointer quality_of_pair(const PathProblem& problem, int64_t pair);

}  // namespace latentpath
