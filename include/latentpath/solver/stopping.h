#pragma once
// Stopping criteria: each looks at one problem (a row) after an iteration, and says why it ends, or nothing.
// They compose, as in Manopt.jl (src/plans/stopping_criterion.jl):
//
//   auto stop = gradient_residual_below(1e-9) | relative_decrease_below(1e-6, 3) | time_limit(10);
//   StoppingOptions stopping{.max_iterations = 200, .criterion = stop};
//
// A criterion has no state: it sees a row's own past and nothing of its neighbours.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "latentpath/solver/termination.h"

namespace latentpath {

/// What a criterion sees of one row.
struct RowProgress {
  int64_t iteration = 0;
  double seconds = 0;              ///< since solve() began
  std::span<const double> values;  ///< the cost at the start and after every iteration
  double gradient_residual = 0;    ///< scale-free; only where needs_gradient_residual()
};

/// Why a row ended: the word for programs and the sentence for people.
struct Ending {
  Termination termination = Termination::kRunning;
  std::string reason;
};

class StoppingCriterion {
 public:
  virtual ~StoppingCriterion() = default;
  virtual std::optional<Ending> check(const RowProgress& progress) const = 0;
  /// Whether RowProgress::gradient_residual must be computed.
  virtual bool needs_gradient_residual() const { return false; }
};
using StoppingCriterionPointer = std::shared_ptr<const StoppingCriterion>;

/// `count` iterations were made.
StoppingCriterionPointer iteration_limit(int64_t count);
/// More than `seconds` of wall time.
StoppingCriterionPointer time_limit(double seconds);
/// Converged: `patience` iterations together lowered the cost by at most `share` of it.
StoppingCriterionPointer relative_decrease_below(double share, int64_t patience = 3);
/// Converged: the scale-free gradient residual is at most `tolerance`.
StoppingCriterionPointer gradient_residual_below(double tolerance);
/// The first of `criteria` that ends the row; null ones are left out.
StoppingCriterionPointer any_of(std::vector<StoppingCriterionPointer> criteria);
/// Ends a row once all of `criteria` would; the word is the last one's, the reasons stand together.
StoppingCriterionPointer all_of(std::vector<StoppingCriterionPointer> criteria);

inline StoppingCriterionPointer operator|(StoppingCriterionPointer a, StoppingCriterionPointer b) {
  return any_of({std::move(a), std::move(b)});
}
inline StoppingCriterionPointer operator&(StoppingCriterionPointer a, StoppingCriterionPointer b) {
  return all_of({std::move(a), std::move(b)});
}

}  // namespace latentpath
