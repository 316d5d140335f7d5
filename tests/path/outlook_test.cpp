#include "path/outlook.h"

#include <gtest/gtest.h>

#include <ATen/ATen.h>

#include <limits>

namespace latentpath::testing {
namespace {

/// Pair 0 has three paths, pair 1 one.
PathSet four_paths() {
  return {at::zeros({4, 3, 2}, at::kDouble),
          at::tensor({0, 0, 0, 1}, at::kLong),
          {{StartKind::kStraight}, {StartKind::kVia, 1}, {StartKind::kVia, 2}, {StartKind::kVia, 1}}};
}

using Ended = std::vector<bool>;

/// Which rows have ended after looks at `costs`, one every eight iterations.
Ended ended(const std::vector<std::vector<double>>& costs) {
  SolverState state;
  state.active = at::arange(4, at::kLong);
  state.termination.assign(4, Termination::kRunning);
  state.reason.resize(4);
  Outlook outlook(8, 4);
  const PathSet paths = four_paths();
  for (const std::vector<double>& each : costs) {
    state.value = at::tensor(each, at::kDouble);
    outlook.prune(state, paths);
    state.iteration += 8;
  }
  Ended result;
  for (const Termination why : state.termination) result.push_back(why == Termination::kPruned);
  return result;
}

}  // namespace

TEST(Outlook, GivesUpWhatWillNotCatchUp) {
  // Four times its decrease of 0.2 brings the second path to 0.4 below the first, the third not near it.
  EXPECT_EQ(ended({{1, 1.6, 1.6, 9}, {1, 1.4, 1.55, 9}}), (Ended{false, false, true, false}));
}

TEST(Outlook, TheFirstLookEndsNothing) {
  EXPECT_EQ(ended({{1, 5, 9, 9}}), (Ended{false, false, false, false}));
}

TEST(Outlook, OfEqualPathsOneIsLeft) {
  EXPECT_EQ(ended({{2, 2, 2, 2}, {1, 1, 1, 1}}), (Ended{false, false, false, false}));
  EXPECT_EQ(ended({{1, 1, 1, 1}, {1, 1, 1, 1}}), (Ended{false, true, true, false}));
}

TEST(Outlook, NaNIsBehindEverything) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(ended({{1, nan, 2, nan}, {1, nan, 1.5, nan}}), (Ended{false, true, false, false}));
}

}  // namespace latentpath::testing
