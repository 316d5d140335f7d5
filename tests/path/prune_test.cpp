#include "latentpath/path/prune.h"

#include <gtest/gtest.h>

#include <ATen/ATen.h>

#include <limits>

namespace latentpath::testing {
namespace {

/// Pair 0 has a straight start and two via paths, pair 1 a via path alone.
PathSet four_paths() {
  return {at::zeros({4, 3, 2}, at::kDouble),
          at::tensor({0, 0, 0, 1}, at::kLong),
          {{StartKind::kStraight}, {StartKind::kVia, 1}, {StartKind::kVia, 2}, {StartKind::kVia, 1}}};
}

std::vector<bool> pruned(std::vector<double> costs, int64_t iteration, bool sparse) {
  SolverState state;
  state.value = at::tensor(costs, at::kDouble);
  state.active = at::arange(4, at::kLong);
  state.termination.assign(4, Termination::kRunning);
  state.reason.resize(4);
  state.iteration = iteration;
  prune(state, four_paths(), sparse, {});
  std::vector<bool> ended;
  for (const Termination why : state.termination) ended.push_back(why == Termination::kPruned);
  return ended;
}

using Ended = std::vector<bool>;

}  // namespace

TEST(Prune, LeadsBecomeNarrower) {
  EXPECT_EQ(pruned({1, 1.5, 2.5, 9}, 0, false), (Ended{false, false, false, false}));
  EXPECT_EQ(pruned({1, 1.5, 2.5, 9}, 2, false), (Ended{false, false, true, false}));
  EXPECT_EQ(pruned({1, 1.5, 2.5, 9}, 4, false), (Ended{false, true, true, false}));
}

TEST(Prune, OnASparseGridAStraightStartEndsNoDetour) {
  EXPECT_EQ(pruned({1, 8, 9, 9}, 4, true), (Ended{false, false, false, false}));
  EXPECT_EQ(pruned({2.5, 1, 1, 9}, 4, true), (Ended{false, false, false, false}));
  EXPECT_EQ(pruned({3.5, 1, 1, 9}, 4, true), (Ended{true, false, false, false}));
}

TEST(Prune, APairAloneIsNeverPruned) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(pruned({1, 1, 1, nan}, 9, false), (Ended{false, false, false, false}));
  EXPECT_EQ(pruned({1, 1, nan, 1e9}, 9, false), (Ended{false, false, true, false}));
}

}  // namespace latentpath::testing
