#pragma once
// Termination: why the iteration of one problem ended. One enumeration for every solver, path and geodesic.

#include <optional>
#include <string>

namespace latentpath {

enum class Termination {
  kRunning,
  kConverged,       ///< cost or gradient stopped changing, to the tolerance asked
  kIterationLimit,  ///< the number of iterations asked was made
  kTimeLimit,
  kStalled,          ///< no step along the search direction lowers the cost any more
  kPruned,           ///< given up by the caller (StoppingOptions::prune): another start is far ahead
  kInterrupted,      ///< cancelled by the caller
  kNumericalFailure  ///< the cost is NaN or infinite
};

/// One word ("converged", "iteration-limit", …) and one sentence.
std::string termination_name(Termination termination);
std::string termination_sentence(Termination termination);
/// Of such a word; none for another text.
std::optional<Termination> termination_named(const std::string& name);

}  // namespace latentpath
