#pragma once
// Paths that compete within their pairs, for what gives some of them up.

#include <ATen/ATen.h>

#include <vector>

#include "latentpath/path/path_set.h"
#include "latentpath/solver/solver.h"

namespace latentpath::testing {

/// Which rows have been given up.
using Ended = std::vector<bool>;

/// Pair 0 has a straight start and two via paths, pair 1 a via path alone.
inline PathSet four_paths() {
  return {at::zeros({4, 3, 2}, at::kDouble),
          at::tensor({0, 0, 0, 1}, at::kLong),
          {{StartKind::kStraight}, {StartKind::kVia, 1}, {StartKind::kVia, 2}, {StartKind::kVia, 1}}};
}

/// All of them on their way.
inline SolverState running() {
  SolverState state;
  state.active = at::arange(4, at::kLong);
  state.termination.assign(4, Termination::kRunning);
  state.reason.resize(4);
  return state;
}

inline Ended pruned_rows(const SolverState& state) {
  Ended ended;
  for (const Termination why : state.termination) ended.push_back(why == Termination::kPruned);
  return ended;
}

}  // namespace latentpath::testing
