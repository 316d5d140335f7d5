#pragma once
// Rows of a lock-step batch that will not catch up with a rival.

#include <cstdint>
#include <vector>

#include "latentpath/path/path_set.h"
#include "latentpath/solver/solver.h"

namespace latentpath {

/// Ends rows that will not catch up, on a grid that is not sparse: every `iterations` those whose decrease
/// since the last look, `outlook` times again, would not bring them below what the cheapest of their pair
/// costs now.
class Outlook {
 public:
  Outlook(int64_t iterations, double outlook) : iterations_(iterations), outlook_(outlook) {}
  void prune(SolverState& state, const PathSet& paths);

 private:
  int64_t iterations_;
  double outlook_;
  std::vector<double> before_;  ///< [rows], at the last look
};

}  // namespace latentpath
