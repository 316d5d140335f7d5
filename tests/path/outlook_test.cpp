#include "path/outlook.h"

#include <gtest/gtest.h>

#include <ATen/ATen.h>

#include <limits>

#include "path/competing_paths.h"

namespace latentpath::testing {
namespace {

/// Which rows have ended after looks at `costs`, one every eight iterations.
Ended ended(const std::vector<std::vector<double>>& costs) {
  SolverState state = running();
  Outlook outlook(8, 4);
  const PathSet paths = four_paths();
  for (const std::vector<double>& each : costs) {
    state.value = at::tensor(each, at::kDouble);
    outlook.prune(state, paths);
    state.iteration += 8;
  }
  return pruned_rows(state);
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
