#pragma once
// In how many iterations of a lock-step batch each row took part.

#include <cstdint>
#include <vector>

#include "latentpath/solver/solver.h"

namespace latentpath {

class RowIterations {
 public:
  explicit RowIterations(int64_t rows) : count_(static_cast<size_t>(rows), -1) {}
  /// Called after every iteration, and before the first.
  void look(const SolverState& state) {
    for (size_t row = 0; row < count_.size(); ++row)
      if (count_[row] < 0 && state.termination[row] != Termination::kRunning) count_[row] = state.iteration;
  }
  std::vector<int64_t> counts(const SolverState& state) {
    std::vector<int64_t> counts = count_;
    for (int64_t& count : counts)
      if (count < 0) count = state.iteration;
    return counts;
  }

 private:
  std::vector<int64_t> count_;
};

}  // namespace latentpath
