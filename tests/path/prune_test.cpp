#include "latentpath/path/prune.h"

#include <gtest/gtest.h>

#include <ATen/ATen.h>

#include <limits>

#include "path/competing_paths.h"

namespace latentpath::testing {
namespace {

Ended pruned(std::vector<double> costs, int64_t iteration, bool sparse) {
  SolverState state = running();
  state.value = at::tensor(costs, at::kDouble);
  state.iteration = iteration;
  prune(state, four_paths(), sparse, {});
  return pruned_rows(state);
}

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
