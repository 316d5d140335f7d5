#pragma once
// EvaluationMethod: the ways to a path that tables compare (evaluate_paths.h), by name. One row each of a
// table, evaluation_methods(): what it is, in a sentence, and what it sets.
//
//   EvaluationMethod method = evaluation_method("paper");
//   if (method.adjust) method.adjust(options);

#include <functional>
#include <string>
#include <vector>

#include "latentpath/path/path_options.h"

namespace latentpath {

struct EvaluationMethod {
  enum class Kind { kLinear, kSpherical, kSearch };
  /// What a table by it tells of −log p(x): nothing by itself; where the model has one; or it needs one.
  enum class Density { kUnasked, kTold, kNeeded };

  std::string name;
  std::string help = {};  ///< a few words
  Kind kind = Kind::kSearch;
  std::function<void(PathOptions&)> adjust = {};  ///< what a search changes in the evaluator's options
  bool geodesic = false;                          ///< a search that is asked for no quality: Q = ½
  Density density = Density::kUnasked;
};

/// The curves that are drawn, the published methods and ours.
const std::vector<EvaluationMethod>& evaluation_methods();

/// One of them, or one of solver_methods() as InterpolateJob's `method` takes it: ours by that solver. Throws
/// Error(kArgument) naming all for any other.
EvaluationMethod evaluation_method(const std::string& name);
std::vector<std::string> evaluation_method_names();

}  // namespace latentpath
