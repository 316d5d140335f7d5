#pragma once
// What happens along the paths of a row of an evaluation, frame by frame.

#include <functional>
#include <vector>

#include "latentpath/run/evaluate_paths.h"

namespace latentpath::detail {

/// Mean and standard error over the paths at each frame; empty where no path has the curve.
struct Profile {
  std::vector<double> mean, error;
};

/// The profile of `curve` over the paths that did not fail.
Profile profile_of(const std::vector<EvaluatedPath>& paths,
                   const std::function<std::vector<double>(const EvaluatedPath&)>& curve);

// The curves that there are; empty where a path has none.
std::vector<double> squared_steps(const EvaluatedPath& path);
std::vector<double> quality_along(const EvaluatedPath& path);
std::vector<double> probability_along(const EvaluatedPath& path);

}  // namespace latentpath::detail
