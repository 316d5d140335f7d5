// A finer subdivision: for paths that hide from the midpoints of the last level, and for no others.

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "latentpath/path/initial_path.h"
#include "latentpath/path/select.h"
#include "path/path_problems.h"
#include "path/stage_search.h"

namespace latentpath::testing {
namespace {

/// A bad place on the straight line of the first pair, between midpoints of eight segments; the other pair is
/// far from it.
PathProblem hidden_and_plain() {
  const QualityPointer spot = function_quality(
      [](const Tensor& z) {
        const Tensor x = z.select(1, 0), y = z.select(1, 1) - 0.05;
        return 0.9 - 0.85 * at::exp(-x.square() / 0.0032 - y.square() / 0.04);
      },
      "bad spot");
  return in_plane(spot, {-1, 0, -1, 5}, {1, 0, 1, 5});
}

FoundPaths straight_lines(const StageSearch& stage, int64_t segments = 8) {
  FoundPaths found = no_paths(stage.search, uniform_times(segments));
  found.nodes = linear_path(stage.search.start, stage.search.end, found.times);
  found.termination.assign(found.termination.size(), Termination::kConverged);
  return found;
}

Tensor cost_on(const StageSearch& stage, const FoundPaths& found, int64_t subdivisions) {
  return polyline_cost(stage.search.energy, found.nodes, found.times,
                       refine_times(found.times, subdivisions));
}

}  // namespace

TEST(FinerSubdivision, MovesWhatHidesAndLeavesTheOthersToTheBit) {
  StageSearch stage(hidden_and_plain(), {});
  FoundPaths found = straight_lines(stage);
  const Tensor before = found.nodes.clone(), cost = cost_on(stage, found, 8);
  ASSERT_GT(cost[0].item<double>(), 1.5 * cost_on(stage, found, 1)[0].item<double>());  // it does hide
  refine_on_finer_subdivision(stage.search, found);
  EXPECT_LT(cost_on(stage, found, 8)[0].item<double>(), 0.9 * cost[0].item<double>());
  EXPECT_GT(found.subdivisions[0], 1);
  EXPECT_GT(found.iterations[0], 0);
  EXPECT_TRUE(same_bits(found.nodes[0].slice(0, 0, {}, 8), before[0].slice(0, 0, {}, 8)));  // the ends
  EXPECT_TRUE(same_bits(found.nodes[1], before[1]));
  EXPECT_EQ(found.subdivisions[1], 1);
  EXPECT_EQ(found.iterations[1], 0);
  EXPECT_EQ(found.termination[1], Termination::kConverged);
}

TEST(FinerSubdivision, GoesAsFineAsItMayAndSaysHowItEnded) {
  PathOptions options;
  options.subdivision.finest = 2;
  options.subdivision.iterations = 3;
  options.tolerance = 1e-12;
  StageSearch stage(hidden_and_plain(), options);
  FoundPaths found = straight_lines(stage);
  refine_on_finer_subdivision(stage.search, found);
  ASSERT_EQ(stage.search.history.size(), 1u);
  EXPECT_EQ(stage.search.history[0].subdivisions, 2);
  EXPECT_EQ(stage.search.history[0].paths, 1);
  EXPECT_EQ(found.subdivisions[0], 2);
  EXPECT_EQ(found.iterations[0], 3);
  EXPECT_EQ(found.termination[0], Termination::kIterationLimit);
  options.max_iterations = 2;
  StageSearch fewer(hidden_and_plain(), options);
  found = straight_lines(fewer);
  refine_on_finer_subdivision(fewer.search, found);
  EXPECT_EQ(found.iterations[0], 2);
}

TEST(FinerSubdivision, WhatMayDifferByMoreIsNotHidden) {
  PathOptions options;
  StageSearch strict(hidden_and_plain(), options);
  const FoundPaths lines = straight_lines(strict);
  // The share of the cost on a grid four times finer that midpoints do not see.
  const double seen = cost_on(strict, lines, 1)[0].item<double>(),
               fine = cost_on(strict, lines, 4)[0].item<double>();
  const double share = (fine - seen) / fine;
  options.subdivision.hidden_share = 0.5;
  options.subdivision.finest = 2;
  for (const double times : {0.98, 1.02}) {
    options.resolution_tolerance = times * share / options.subdivision.hidden_share;
    StageSearch stage(hidden_and_plain(), options);
    FoundPaths found = straight_lines(stage);
    refine_on_finer_subdivision(stage.search, found);
    EXPECT_EQ(found.subdivisions[0], times < 1 ? 2 : 1) << times;
  }
}

TEST(FinerSubdivision, NothingIsDoneWhereThereIsNothingToMoveOrNoTime) {
  PathOptions none;
  none.subdivision.finest = 1;
  StageSearch unasked(hidden_and_plain(), none), single(hidden_and_plain(), {}), late(hidden_and_plain(), {});
  late.cancellation.cancel();
  for (StageSearch* const stage : {&unasked, &single, &late}) {
    FoundPaths found = straight_lines(*stage, stage == &single ? 1 : 8);
    const Tensor before = found.nodes.clone();
    refine_on_finer_subdivision(stage->search, found);
    EXPECT_TRUE(same_bits(found.nodes, before));
    EXPECT_EQ(found.subdivisions[0], 1);
    EXPECT_TRUE(stage->search.history.empty());
  }
}

}  // namespace latentpath::testing
