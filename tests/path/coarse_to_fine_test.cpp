// Coarse to fine: its levels, who goes on from one to the next, and what is left at the end.

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "latentpath/path/initial_path.h"
#include "latentpath/path/select.h"
#include "path/path_problems.h"
#include "path/stage_search.h"

namespace latentpath::testing {
namespace {

using Names = std::vector<std::string>;

/// A hill of bad places around the origin; the second pair is far from it.
PathProblem beside_a_hill() {
  const QualityPointer hill = function_quality(
      [](const Tensor& z) { return 0.9 - 0.6 * at::exp(-z.square().sum(1) / 0.1); }, "hill of bad places");
  return in_plane(hill, {-1, 0, -1, 6}, {1, 0, 1, 6});
}

PathOptions three_levels() {
  PathOptions options;
  options.segments = 16;
  options.coarsest_segments = 4;
  options.coarse_subdivisions = 1;
  return options;
}

/// For each pair the straight line and an arch of height 1 over it, of four segments.
PathSet lines_and_arches(const PathProblem& problem) {
  const Tensor line = linear_path(problem.start, problem.end, uniform_times(4));
  const Tensor arch = line + points_of_plane({0, 0, 0, 0.7, 0, 1, 0, 0.7, 0, 0});
  return path_set(at::stack({line, arch}, 1), {{StartKind::kStraight}, {StartKind::kVia, 1}});
}

std::vector<int64_t> segments_of(const std::vector<LevelRecord>& history) {
  std::vector<int64_t> segments;
  for (const LevelRecord& level : history) segments.push_back(level.segments);
  return segments;
}

}  // namespace

TEST(CoarseToFine, BeginsOnTheCoarsestLevel) {
  PathOptions options;
  for (const auto& [segments, coarsest] : {std::pair{64, 8}, std::pair{50, 7}, std::pair{5, 5}}) {
    options.segments = segments;
    StageSearch stage(beside_a_hill(), options);
    EXPECT_EQ(coarsest_paths(stage.search).nodes.size(1), coarsest + 1);
  }
}

TEST(CoarseToFine, ABentPathOfAFlatPlaneBecomesTheLine) {
  const PathProblem problem = in_plane(constant_quality(0.5), {0.1, -0.7}, {1.3, 0.9});
  StageSearch stage(problem, three_levels());
  Tensor bent = linear_path(problem.start, problem.end, uniform_times(4));
  bent[0][1][1] += 0.4;
  bent[0][3][0] -= 0.3;
  const FoundPaths found = refine_coarse_to_fine(stage.search, one_path_each(bent, {StartKind::kGiven}));
  EXPECT_EQ(segments_of(stage.search.history), (std::vector<int64_t>{4, 8, 16}));
  EXPECT_TRUE(at::equal(found.times, uniform_times(16)));
  // Three iterations that lower the cost by a thousandth end it, and the cost is quadratic in the distance.
  EXPECT_LT((found.nodes - linear_path(problem.start, problem.end, found.times)).abs().max().item<double>(),
            0.02);
  EXPECT_TRUE(same_bits(found.nodes.select(1, 0).contiguous(), problem.start));
  EXPECT_TRUE(same_bits(found.nodes.select(1, 16).contiguous(), problem.end));
  EXPECT_EQ(names_of(found.start), (Names{"given"}));
  EXPECT_EQ(found.termination[0], Termination::kConverged);
  EXPECT_GT(found.iterations[0], 0);
  EXPECT_EQ(found.subdivisions[0], 1);
}

TEST(CoarseToFine, EachPairKeepsItsCheapestStart) {
  const PathProblem problem = beside_a_hill();
  StageSearch stage(problem, three_levels());
  const FoundPaths found = refine_coarse_to_fine(stage.search, lines_and_arches(problem));
  EXPECT_EQ(names_of(found.start), (Names{"via-1", "linear"}));
  EXPECT_GT(found.nodes[0][8][1].item<double>(), 0.3);
  EXPECT_LT((found.nodes[1].select(1, 1) - 6).abs().max().item<double>(), 0.02);
  const Tensor fine = refine_times(found.times, 16);
  EXPECT_LT(polyline_cost(stage.search.energy, found.nodes, found.times, fine)[0].item<double>(),
            0.8 * polyline_cost(stage.search.energy, linear_path(problem.start, problem.end, found.times),
                                found.times, fine)[0]
                      .item<double>());
  // On sparse grids a straight start and a detour go on side by side.
  EXPECT_EQ(stage.search.history.back().paths, 4);
  PathOptions dense = three_levels();
  dense.levels.sparse_segments = 4;
  StageSearch other(problem, dense);
  EXPECT_EQ(names_of(refine_coarse_to_fine(other.search, lines_and_arches(problem)).start),
            (Names{"via-1", "linear"}));
  EXPECT_EQ(other.search.history.front().paths, 4);
  EXPECT_EQ(other.search.history.back().paths, 2);
}

TEST(CoarseToFine, OnlySparseLevelsBeforeTheLastLookAtMorePointsThanTheyMove) {
  using Levels = std::vector<std::pair<int64_t, int64_t>>;  // segments, subdivisions
  PathOptions options = three_levels();
  options.coarse_subdivisions = 2;
  const auto levels = [&](int64_t sparse_segments) {
    options.levels.sparse_segments = sparse_segments;
    StageSearch stage(beside_a_hill(), options);
    refine_coarse_to_fine(stage.search, coarsest_paths(stage.search));
    Levels all;
    for (const LevelRecord& level : stage.search.history)
      all.emplace_back(level.segments, level.subdivisions);
    return all;
  };
  EXPECT_EQ(levels(8), (Levels{{4, 2}, {8, 1}, {16, 1}}));
  EXPECT_EQ(levels(32), (Levels{{4, 2}, {16, 1}}));
}

TEST(CoarseToFine, ALimitOfIterationsHoldsForEveryLevelAndIsTold) {
  PathOptions options = three_levels();
  options.tolerance = 1e-12;
  options.levels.coarse_tolerance = 1e-12;
  options.max_iterations = 2;
  const PathProblem problem = beside_a_hill();
  StageSearch stage(problem, options);
  const FoundPaths found =
      refine_coarse_to_fine(stage.search, lines_and_arches(problem).select({1, 3}));  // an arch of each pair
  for (const LevelRecord& level : stage.search.history) EXPECT_EQ(level.iterations, 2) << level.segments;
  EXPECT_EQ(found.iterations[0], 6);
  EXPECT_EQ(found.termination[0], Termination::kIterationLimit);
  // Without a limit coarse levels have one of their own.
  options.max_iterations = 0;
  options.levels.first_iterations = 1;
  options.levels.coarse_iterations = 3;
  options.levels.iterations = 5;
  StageSearch other(problem, options);
  refine_coarse_to_fine(other.search, lines_and_arches(problem).select({1, 3}));
  std::vector<int64_t> iterations;
  for (const LevelRecord& level : other.search.history) iterations.push_back(level.iterations);
  EXPECT_EQ(iterations, (std::vector<int64_t>{1, 3, 5}));
}

TEST(CoarseToFine, APairEndedAsTheStartThatWonIt) {
  PathOptions options = three_levels();
  options.tolerance = 1e-9;
  options.max_iterations = 5;
  StageSearch stage(beside_a_hill(), options);
  FoundPaths found = refine_coarse_to_fine(stage.search, lines_and_arches(stage.problem));
  EXPECT_EQ(names_of(found.start), (Names{"via-1", "linear"}));
  EXPECT_EQ(found.termination[0], Termination::kIterationLimit);
  EXPECT_EQ(found.termination[1], Termination::kConverged);  // it was the best before
  // On one dense level the first pair's line and the second pair's arch are given up.
  options.segments = 4;
  options.levels.sparse_segments = 2;
  options.prune = {.first_lead = 1.05, .early_lead = 1.05, .late_lead = 1.05};
  StageSearch pruned(beside_a_hill(), options);
  found = refine_coarse_to_fine(pruned.search, lines_and_arches(pruned.problem));
  EXPECT_EQ(names_of(found.start), (Names{"via-1", "linear"}));
  EXPECT_EQ(found.termination[0], Termination::kIterationLimit);
  EXPECT_EQ(found.termination[1], Termination::kConverged);
}

TEST(CoarseToFine, APairThatIsCancelledHasAPathOfAllSegments) {
  const PathProblem problem = beside_a_hill();
  StageSearch stage(problem, three_levels());
  stage.cancellation.cancel();
  const FoundPaths found = refine_coarse_to_fine(stage.search, lines_and_arches(problem));
  EXPECT_EQ(found.nodes.sizes(), (std::vector<int64_t>{2, 17, 2}));
  EXPECT_EQ(found.termination[0], Termination::kInterrupted);
  EXPECT_EQ(found.iterations[0], 0);
}

}  // namespace latentpath::testing
