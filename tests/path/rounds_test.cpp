// Rounds: which rivals are refined, which of them take the place of what is found, and how each ends.

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "latentpath/path/initial_path.h"
#include "latentpath/path/select.h"
#include "path/path_problems.h"
#include "path/stage_search.h"

namespace latentpath::testing {
namespace {

using Names = std::vector<std::string>;

PathProblem two_pairs(QualityPointer quality = constant_quality(0.5)) {
  return in_plane(std::move(quality), {-1, 0, -1, 5}, {1, 0, 1, 5});
}

/// Straight lines of eight segments with an arch over them, which costs this share more than they do: of
/// length 2, A sin πt adds (πA)²/2 to 4 but for the grid.
Tensor arches(const StageSearch& stage, const std::vector<double>& shares) {
  const Tensor times = uniform_times(8);
  Tensor nodes = linear_path(stage.search.start, stage.search.end, times);
  const double grid = 8 * 2 * std::sin(std::acos(-1.0) / 16);  // of π
  const Tensor height = (8 * at::tensor(shares, at::kDouble)).sqrt() / grid;
  nodes.select(2, 1).add_(height.unsqueeze(1) * at::sin(times * std::acos(-1.0)));
  // sin π is not 0 to the last bit.
  nodes.select(1, 8).copy_(stage.search.end);
  return nodes;
}

FoundPaths found_of(const StageSearch& stage, const Tensor& nodes) {
  FoundPaths found = no_paths(stage.search, uniform_times(8));
  found.nodes = nodes.clone();
  found.termination.assign(found.termination.size(), Termination::kStalled);
  return found;
}

/// One rival for each pair.
PathSet rivals_of(const Tensor& nodes) { return one_path_each(nodes, {StartKind::kRoute, 1}); }

}  // namespace

TEST(Rounds, ArchesCostWhatTheyAreToCost) {
  StageSearch stage(two_pairs(), {});
  const Tensor cost =
      polyline_cost(stage.search.energy, arches(stage, {0.2, 0}), uniform_times(8), uniform_times(8));
  EXPECT_NEAR((cost[0] / cost[1]).item<double>(), 1.2, 1e-12);
  EXPECT_NEAR(cost[1].item<double>(), 4 * std::pow(std::log(2), 2), 1e-12);
}

TEST(Rounds, WhereNothingIsFoundYetTheCheapestRivalIs) {
  PathOptions options;
  options.rounds.promising = 1.05;  // else all end at the line, and the first of them is taken
  StageSearch stage(two_pairs(), options);
  FoundPaths found = no_paths(stage.search, uniform_times(8));
  const Tensor line = arches(stage, {0, 0}), arch = arches(stage, {0.1, 0.1});
  const PathSet rivals{at::cat({arch, line}), at::tensor({0, 1, 0, 1}, at::kLong),
                       numbered_starts(StartKind::kRoute, 4)};
  improve_in_rounds(stage.search, found, rivals);
  EXPECT_EQ(names_of(found.start), (Names{"route-3", "route-4"}));
  EXPECT_LT((found.nodes - line).abs().max().item<double>(), 1e-3);
  EXPECT_EQ(found.subdivisions, (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(found.termination[0], Termination::kConverged);
}

TEST(Rounds, ARivalIsLoweredToTheLineAndItsEndsStay) {
  StageSearch stage(two_pairs(), {});
  FoundPaths found = no_paths(stage.search, uniform_times(8));
  const Tensor arch = arches(stage, {0.3, 0.2});
  const PathSet rivals = rivals_of(arch);
  improve_in_rounds(stage.search, found, rivals);
  EXPECT_LT((found.nodes - arches(stage, {0, 0})).abs().max().item<double>(), 0.01);
  EXPECT_TRUE(same_bits(found.nodes.select(1, 0).contiguous(), stage.problem.start));
  EXPECT_TRUE(same_bits(found.nodes.select(1, 8).contiguous(), stage.problem.end));
  EXPECT_GT(found.iterations[0], 0);
  EXPECT_TRUE(same_bits(rivals.nodes, arch));  // the caller's are left as they were
}

TEST(Rounds, ARivalReplacesWhatIsDearerByMoreThanTheLeastGain) {
  PathOptions options;
  options.select.least_gain = 0.01;
  StageSearch stage(two_pairs(), options);
  const Tensor before = arches(stage, {0.005, 0.02});
  FoundPaths found = found_of(stage, before);
  found.iterations = {3, 3};
  improve_in_rounds(stage.search, found, rivals_of(arches(stage, {0, 0})));
  EXPECT_EQ(names_of(found.start), (Names{"linear", "route-1"}));
  EXPECT_TRUE(same_bits(found.nodes[0], before[0]));
  EXPECT_EQ(found.termination[0], Termination::kStalled);  // as it was
  EXPECT_EQ(found.subdivisions, (std::vector<int64_t>{1, 2}));
  EXPECT_LT((found.nodes[1] - arches(stage, {0, 0})[1]).abs().max().item<double>(), 1e-3);
  EXPECT_EQ(found.termination[1], Termination::kConverged);
  EXPECT_GE(found.iterations[1], 3);
}

TEST(Rounds, OnlyPromisingRivalsAreRefined) {
  PathOptions options;
  options.rounds.promising = 1.3;
  for (const double share : {0.25, 0.35}) {
    StageSearch stage(two_pairs(), options);
    FoundPaths found = found_of(stage, arches(stage, {0, 0}));
    improve_in_rounds(stage.search, found, rivals_of(arches(stage, {share, 0.4})));
    ASSERT_EQ(stage.search.history.empty(), share > 0.3) << share;
    for (const LevelRecord& round : stage.search.history) EXPECT_EQ(round.paths, 1);
    EXPECT_EQ(found.iterations[1], 0);
    EXPECT_TRUE(same_bits(found.nodes, arches(stage, {0, 0})));
  }
}

TEST(Rounds, OfRivalsThatCostTheSameTheFirstIsTaken) {
  StageSearch stage(two_pairs(), {});
  FoundPaths found = no_paths(stage.search, uniform_times(8));
  const Tensor line = arches(stage, {0, 0});
  improve_in_rounds(stage.search, found,
                    path_set(at::stack({line, line}, 1), numbered_starts(StartKind::kVia, 2)));
  EXPECT_EQ(names_of(found.start), (Names{"via-1", "via-1"}));
}

TEST(Rounds, ALimitOfIterationsIsNoConvergence) {
  PathOptions options;
  options.max_iterations = 3;
  options.tolerance = 1e-12;
  StageSearch stage(two_pairs(ridge()), options);
  FoundPaths found = no_paths(stage.search, uniform_times(8));
  improve_in_rounds(stage.search, found, rivals_of(arches(stage, {0.2, 0.2})));
  EXPECT_EQ(found.iterations[0], 3);
  EXPECT_EQ(found.termination[0], Termination::kIterationLimit);
  // Rounds of two: the second has one iteration left.
  options.rounds.iterations = 2;
  StageSearch rounds(two_pairs(ridge()), options);
  found = no_paths(rounds.search, uniform_times(8));
  improve_in_rounds(rounds.search, found, rivals_of(arches(rounds, {0.2, 0.2})));
  EXPECT_EQ(found.iterations[0], 3);
  std::vector<int64_t> iterations;
  for (const LevelRecord& round : rounds.search.history) iterations.push_back(round.iterations);
  EXPECT_EQ(iterations, (std::vector<int64_t>{2, 1}));
}

TEST(Rounds, CancelledBeforeTheFirstRivalsStayAsTheyCame) {
  StageSearch stage(two_pairs(), {});
  stage.cancellation.cancel();
  FoundPaths found = no_paths(stage.search, uniform_times(8));
  const Tensor arch = arches(stage, {0.1, 0.2});
  improve_in_rounds(stage.search, found, rivals_of(arch));
  EXPECT_TRUE(same_bits(found.nodes, arch));
  EXPECT_EQ(found.termination[0], Termination::kInterrupted);
  EXPECT_TRUE(stage.search.history.empty());
}

TEST(Rounds, ThoseAheadAndThoseBehindAreLoweredOnTheirOwnSums) {
  PathOptions options;
  options.rounds.subdivisions = 4;
  options.rounds.rival_subdivisions = 2;
  StageSearch stage(two_pairs(), options);
  // The first pair's rival is ahead of what is found, the second's is behind.
  FoundPaths found = found_of(stage, arches(stage, {0.2, 0}));
  improve_in_rounds(stage.search, found, rivals_of(arches(stage, {0.1, 0.1})));
  ASSERT_GE(stage.search.history.size(), 2u);
  std::vector<int64_t> sums;
  for (size_t k = 0; k < 2; ++k) sums.push_back(stage.search.history[k].subdivisions);
  std::sort(sums.begin(), sums.end());
  EXPECT_EQ(sums, (std::vector<int64_t>{2, 4}));
  EXPECT_EQ(names_of(found.start), (Names{"route-1", "linear"}));
  EXPECT_EQ(found.subdivisions, (std::vector<int64_t>{4, 1}));
}

}  // namespace latentpath::testing
