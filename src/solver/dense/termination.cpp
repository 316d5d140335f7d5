#include "latentpath/solver/termination.h"

namespace latentpath {

std::string termination_name(Termination termination) {
  switch (termination) {
    case Termination::kRunning:
      return "running";
    case Termination::kConverged:
      return "converged";
    case Termination::kIterationLimit:
      return "iteration-limit";
    case Termination::kTimeLimit:
      return "time-limit";
    case Termination::kStalled:
      return "stalled";
    case Termination::kPruned:
      return "pruned";
    case Termination::kInterrupted:
      return "interrupted";
    case Termination::kNumericalFailure:
      return "numerical-failure";
  }
  return "unknown";
}

std::optional<Termination> termination_named(const std::string& name) {
  for (const Termination termination :
       {Termination::kRunning, Termination::kConverged, Termination::kIterationLimit, Termination::kTimeLimit,
        Termination::kStalled, Termination::kPruned, Termination::kInterrupted,
        Termination::kNumericalFailure})
    if (termination_name(termination) == name) return termination;
  return std::nullopt;
}

std::string termination_sentence(Termination termination) {
  switch (termination) {
    case Termination::kRunning:
      return "The solver has not ended.";
    case Termination::kConverged:
      return "The cost stopped changing to the tolerance asked.";
    case Termination::kIterationLimit:
      return "The number of iterations asked was made before the cost stopped changing.";
    case Termination::kTimeLimit:
      return "The time asked was used up before the cost stopped changing.";
    case Termination::kStalled:
      return "No step along the search direction lowers the cost any more.";
    case Termination::kPruned:
      return "Another start of the same problem was far ahead.";
    case Termination::kInterrupted:
      return "The run was interrupted; the path is the best one reached until then.";
    case Termination::kNumericalFailure:
      return "The cost became NaN or infinite.";
  }
  return "";
}

}  // namespace latentpath
