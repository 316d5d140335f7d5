// Descent: which sum is lowered and for how long, which rows are given up, and what is told on the way.

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>

#include "latentpath/path/initial_path.h"
#include "path/path_problems.h"
#include "path/stage_search.h"

namespace latentpath::testing {
namespace {

using Numbers = std::vector<int64_t>;

PathProblem two_pairs(QualityPointer quality = constant_quality(0.5)) {
  return in_plane(std::move(quality), {-1, 0, -1, 5}, {1, 0, 1, 5});
}

Descent at_most(int64_t iterations) {
  Descent how;
  how.iterations = iterations;
  return how;
}

struct Arch {
  int64_t pair;
  double height;
  StartKind kind = StartKind::kVia;
};

/// A parabola over the straight line of a pair of the group in each row.
PathSet arches(const StageSearch& stage, const std::vector<Arch>& rows, const Tensor& times) {
  const Tensor lines = linear_path(stage.search.start, stage.search.end, times);
  std::vector<Tensor> nodes;
  PathSet paths;
  std::vector<int64_t> pairs;
  for (const Arch& row : rows) {
    nodes.push_back(lines[row.pair].clone());
    nodes.back().select(1, 1).add_(4 * row.height * times * (1 - times));
    pairs.push_back(row.pair);
    paths.start.push_back({row.kind});
  }
  paths.nodes = at::stack(nodes);
  paths.pair = at::tensor(pairs, at::kLong);
  return paths;
}

/// Bad for |x| < 0.05 between y = -1 and 1, which midpoints ±¼ and ±¾ do not see.
QualityPointer strip() {
  return function_quality(
      [](const Tensor& z) {
        const Tensor inside = (z.select(1, 0).abs() < 0.05).logical_and(z.select(1, 1).abs() < 1);
        return at::where(inside, at::full({}, 0.1, at::kDouble), at::full({}, 0.9, at::kDouble));
      },
      "strip");
}

}  // namespace

TEST(Descend, WhereImagesAreLinearOneIterationFindsTheLine) {
  for (const double grading : {0.0, 0.6}) {
    StageSearch stage(two_pairs(), {});
    const Tensor times = graded_times(12, grading);
    const PathSet bent = arches(stage, {{0, 0.4}, {1, -0.7}}, times);
    const Descended level = descend(stage.search, bent, times, at_most(1));
    const Tensor lines = linear_path(stage.search.start, stage.search.end, times);
    EXPECT_LT((level.paths.nodes - lines).abs().max().item<double>(), 1e-12) << grading;
    EXPECT_TRUE(same_bits(level.paths.nodes.select(1, 0), stage.problem.start));
    EXPECT_TRUE(same_bits(level.paths.nodes.select(1, 12), stage.problem.end));
    EXPECT_EQ(names_of(level.paths.start), names_of(bent.start));
    EXPECT_EQ(level.iterations, (Numbers{1, 1}));
    EXPECT_EQ(level.termination[0], Termination::kIterationLimit);
    ASSERT_EQ(stage.search.history.size(), 1u);
    const LevelRecord& record = stage.search.history[0];
    EXPECT_EQ((Numbers{record.segments, record.subdivisions, record.iterations, record.paths}),
              (Numbers{12, 1, 1, 2}));
    EXPECT_NEAR(record.mean_cost, 4 * std::pow(std::log(2), 2), 1e-12);
  }
}

TEST(Descend, TheSumIsTakenOnTheFinerGridThatIsAskedFor) {
  PathOptions options;
  options.epsilon = 0;
  const double good = std::pow(std::log(0.9), 2), bad = std::pow(std::log(0.1), 2);
  for (const int64_t subdivisions : {1, 16}) {
    StageSearch stage(two_pairs(strip()), options);
    const Tensor times = uniform_times(4);
    Descent how;
    how.subdivisions = subdivisions;
    descend(stage.search, arches(stage, {{0, 0}, {1, 0}}, times), times, how);
    // Of 64 midpoints 4 lie in the strip, on the first pair's line alone.
    const double seen = subdivisions == 1 ? 0 : 4.0 / 64 / 2;
    EXPECT_EQ(stage.search.history[0].subdivisions, subdivisions);
    EXPECT_NEAR(stage.search.history[0].mean_cost, 4 * (good + seen * (bad - good)), 1e-12);
  }
}

TEST(Descend, OnlyCompetingRowsAreGivenUp) {
  const Tensor times = uniform_times(8);
  for (const bool competing : {false, true}) {
    StageSearch stage(two_pairs(), {});
    // The second row costs over three times as much as the first; the third has no rival.
    const PathSet paths = arches(stage, {{0, 0.1}, {0, 3}, {1, 4}}, times);
    Descent how = at_most(2);
    how.competing = competing;
    const Descended level = descend(stage.search, paths, times, how);
    EXPECT_EQ(level.termination[1] == Termination::kPruned, competing);
    EXPECT_EQ(level.iterations[1] == 0, competing);
    EXPECT_EQ(same_bits(level.paths.nodes[1], paths.nodes[1]), competing);
    for (const size_t row : {0, 2}) {
      EXPECT_NE(level.termination[row], Termination::kPruned) << row;
      EXPECT_GT(level.iterations[row], 0) << row;
    }
  }
}

TEST(Descend, OnASparseGridAStraightRowEndsNoDetour) {
  const Tensor times = uniform_times(8);
  for (const bool sparse : {false, true}) {
    StageSearch stage(two_pairs(), {});
    const PathSet paths = arches(stage, {{0, 0.1, StartKind::kStraight}, {0, 3}}, times);
    Descent how = at_most(1);
    how.competing = true;
    how.sparse = sparse;
    const Descended level = descend(stage.search, paths, times, how);
    EXPECT_EQ(level.termination[1] == Termination::kPruned, !sparse);
  }
}

TEST(Descend, RowsThatWillNotCatchUpAreGivenUpOnDenseGridsAlone) {
  PathOptions options;
  options.prune = {.first_lead = 1e9, .early_lead = 1e9, .late_lead = 1e9};
  options.rounds.iterations = 1;
  options.rounds.outlook = 0;  // a row that is not ahead now will not be
  const Tensor times = uniform_times(8);
  const auto pruned = [&](bool competing, bool sparse) {
    StageSearch stage(two_pairs(), options);
    const PathSet paths = arches(stage, {{0, 0.1}, {0, 0.5}, {1, 0.4}}, times);
    Descent how = at_most(1);
    how.competing = competing;
    how.sparse = sparse;
    const Descended level = descend(stage.search, paths, times, how);
    EXPECT_NE(level.termination[2], Termination::kPruned);
    return (level.termination[0] == Termination::kPruned) + (level.termination[1] == Termination::kPruned);
  };
  EXPECT_EQ(pruned(true, false), 1);
  EXPECT_EQ(pruned(true, true), 0);
  EXPECT_EQ(pruned(false, false), 0);
}

TEST(Descend, EachRowCountsTheIterationsThatItTakesByItself) {
  const Tensor times = uniform_times(16);
  Descent how = at_most(40);
  how.tolerance = 1e-4;
  StageSearch stage(two_pairs(ridge()), {});
  const PathSet paths = arches(stage, {{1, 0.3}, {0, -0.4}}, times);
  const Descended together = descend(stage.search, paths, times, how);
  EXPECT_LT(together.iterations[0], together.iterations[1]);
  EXPECT_EQ(stage.search.history[0].iterations, together.iterations[1]);
  for (const int64_t row : {0, 1}) {
    const Descended alone = descend(stage.search, paths.select({row}), times, how);
    EXPECT_EQ(alone.iterations[0], together.iterations[static_cast<size_t>(row)]) << row;
    EXPECT_EQ(alone.termination[0], Termination::kConverged) << row;
    EXPECT_TRUE(same_bits(alone.paths.nodes[0], together.paths.nodes[row])) << row;
  }
}

TEST(Descend, PointsCountForTheirPairOfTheCallersBatch) {
  const PathProblem three = in_plane(constant_quality(0.5), {-1, 0, -1, 1, -1, 2}, {1, 0, 1, 1, 1, 2});
  StageSearch stage(three, {}, {.pairs = {2, 0}, .cost = "chord"});
  const Tensor times = uniform_times(8);
  // Nodes before and after one step, on a grid twice as fine.
  Descent how = at_most(1);
  how.subdivisions = 2;
  descend(stage.search, arches(stage, {{1, 0.3}}, times), times, how);
  EXPECT_EQ(stage.counter.of_pairs(), (Numbers{2 * 17, 0, 0}));
  EXPECT_EQ(stage.counter.shared(), 0);
}

TEST(Descend, EveryIterationIsReportedWithItsGrid) {
  std::vector<Progress> told;
  StageSearch stage(two_pairs(ridge()), {}, {}, nullptr, [&](const Progress& now) { told.push_back(now); });
  const Tensor times = uniform_times(8);
  Descent how = at_most(3);
  how.stage = "of a test";
  descend(stage.search, arches(stage, {{0, 0.1}, {1, 0.3}}, times), times, how);
  ASSERT_EQ(told.size(), 3u);
  for (size_t k = 0; k < 3; ++k) {
    EXPECT_EQ(told[k].stage, "of a test");
    EXPECT_EQ(told[k].done, static_cast<int64_t>(k + 1));
    EXPECT_EQ(told[k].total, 3);
    EXPECT_EQ(told[k].segments, 8);
    EXPECT_EQ(told[k].activity, Activity::kSearch);
    if (k > 0) {
      EXPECT_LT(told[k].value, told[k - 1].value);
    }
  }
  EXPECT_EQ(told[2].value, stage.search.history[0].mean_cost);
}

TEST(Descend, SnapshotsAreOfTheCallersPairsAndTheLastIsTheResult) {
  Tensor nodes, pairs;
  int shown = 0;
  PathOptions options;
  options.snapshot = [&](const PathSnapshot& snapshot) {
    ++shown;
    nodes = snapshot.nodes;
    pairs = snapshot.pair;
    EXPECT_EQ(snapshot.times.size(0), 9);
    EXPECT_GT(snapshot.decoder_evaluations[1], 0);
  };
  StageSearch stage(two_pairs(ridge()), options, {.pairs = {1, 0}, .cost = "chord"});
  const Tensor times = uniform_times(8);
  const Descended level =
      descend(stage.search, arches(stage, {{0, 0.2}, {1, 0.1}, {0, 0.3}}, times), times, at_most(2));
  EXPECT_EQ(shown, 2);
  EXPECT_TRUE(at::equal(pairs, at::tensor({1, 0, 1}, at::kLong)));
  EXPECT_TRUE(same_bits(nodes, level.paths.nodes));
}

TEST(Descend, ModelsAreMadeWhereIterationsSufficeForThem) {
  PathOptions options;
  options.preconditioner.fewest_segments = 8;
  options.preconditioner.first_model = 3;
  const QualityPointer gentle = function_quality(
      [](const Tensor& z) { return 0.9 - 0.2 * at::exp(-z.square().sum(1)); }, "gentle hill");
  const Tensor times = uniform_times(8);
  const auto decoded = [&](int64_t iterations) {
    StageSearch stage(two_pairs(gentle), options);
    descend(stage.search, arches(stage, {{0, 0.3}}, times), times, at_most(iterations));
    return stage.counter.of_pairs()[0];
  };
  EXPECT_EQ(decoded(3), 4 * 9);
  EXPECT_EQ(decoded(4), 5 * 9 + 9 * 3);  // every node, and beside it in both directions
}

TEST(Descend, TheMethodAskedForMovesTheNodes) {
  const Tensor times = uniform_times(8);
  const auto moved = [&](const char* method) {
    PathOptions options;
    options.method = method;
    StageSearch stage(two_pairs(ridge()), options);
    return descend(stage.search, arches(stage, {{0, 0.1}}, times), times, at_most(4)).paths.nodes;
  };
  const Tensor by_lbfgs = moved("lbfgs");
  EXPECT_TRUE(same_bits(moved("auto"), by_lbfgs));
  EXPECT_TRUE(same_bits(moved("newton"), by_lbfgs));  // which comes after it
  EXPECT_GT((moved("spectral-gradient") - by_lbfgs).abs().max().item<double>(), 1e-6);
}

TEST(Descend, ATimeThatIsOverEndsAllRowsAndSoDoesACancellation) {
  PathOptions options;
  options.max_seconds = 60;
  const Tensor times = uniform_times(64);
  StageSearch late(two_pairs(ridge()), options);
  late.search.begin -= std::chrono::hours(1);
  const Descent how = at_most(100000);
  EXPECT_EQ(descend(late.search, arches(late, {{0, 0.1}}, times), times, how).termination[0],
            Termination::kTimeLimit);
  StageSearch cancelled(two_pairs(ridge()), {});
  cancelled.cancellation.cancel();
  const PathSet paths = arches(cancelled, {{0, 0.1}, {1, 0.2}}, times);
  const Descended level = descend(cancelled.search, paths, times, how);
  EXPECT_TRUE(same_bits(level.paths.nodes, paths.nodes));
  EXPECT_EQ(level.termination[1], Termination::kInterrupted);
  EXPECT_EQ(level.iterations, (Numbers{0, 0}));
}

TEST(Descend, StagesAreNamedByTheirGrid) {
  EXPECT_EQ(stage_name(uniform_times(64), 8), "64 segments, 8 midpoints each");
  EXPECT_EQ(stage_name(graded_times(5, 0.5), 2), "5 segments, 2 midpoints each");
}

TEST(Descend, IterationsOfAPairAreThoseOfItsBusiestRow) {
  PathSet paths;
  paths.pair = at::tensor({2, 0, 2, 2}, at::kLong);
  paths.start.resize(4);
  Numbers of_pairs{10, 20, 30};
  add_iterations(of_pairs, paths, {3, 5, 7, 4});
  EXPECT_EQ(of_pairs, (Numbers{15, 20, 37}));
}

}  // namespace latentpath::testing
