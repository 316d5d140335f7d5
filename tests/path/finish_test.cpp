// Finish: what is refused before a search, and where the second-order method asked for moves what was found.

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <chrono>

#include "latentpath/core/error.h"
#include "latentpath/path/certify.h"
#include "latentpath/path/initial_path.h"
#include "latentpath/path/select.h"
#include "path/path_problems.h"
#include "path/stage_search.h"

namespace latentpath::testing {
namespace {

using Numbers = std::vector<int64_t>;

constexpr int64_t kSegments = 12;

/// Two arcs of the stereographic sphere, and their nodes [2, n + 1, 2].
Tensor arcs() {
  const Tensor times = uniform_times(kSegments);
  return at::stack({great_circle(times, -0.7, 1.9, 0.6), great_circle(times, 0.2, 1.6, -1.1)});
}

PathProblem on_sphere() {
  PathProblem problem;
  problem.embedding = stereographic_sphere();
  problem.quality = constant_quality(0.5);
  problem.start = arcs().select(1, 0);
  problem.end = arcs().select(1, kSegments);
  return problem;
}

PathOptions by(const char* method) {
  PathOptions options;
  options.method = method;
  return options;
}

/// These paths, as a search leaves them.
FoundPaths found_of(const StageSearch& stage, const Tensor& nodes) {
  FoundPaths found = no_paths(stage.search, uniform_times(nodes.size(1) - 1));
  found.nodes = nodes.clone();
  return found;
}

/// The straight lines in the chart, bent.
FoundPaths bent_lines(const StageSearch& stage, double height = 0.2, int64_t segments = kSegments) {
  const Tensor times = uniform_times(segments);
  Tensor nodes = linear_path(stage.search.start, stage.search.end, times);
  nodes.select(2, 1).add_(4 * height * times * (1 - times));
  return found_of(stage, nodes);
}

/// The sentence of a refusal; empty: nothing was refused.
std::string refusal(const PathProblem& problem, const PathOptions& options, const char* cost = "chord") {
  StageSearch stage(problem, options, {.pairs = {0, 1}, .cost = cost});
  try {
    check_second_order(stage.search);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kArgument) << error.what();
    return error.what();
  }
  return {};
}

bool says(const std::string& sentence, const std::string& part) {
  return sentence.find(part) != std::string::npos;
}

}  // namespace

TEST(Finish, MethodsWhoseNeedsAreMissingAreRefused) {
  for (const char* const method : {"newton", "gauss-newton", "newton-cg", "georce"}) {
    EXPECT_EQ(refusal(on_sphere(), by(method)), "");
    const std::string refused = refusal(on_sphere(), by(method), "length");
    EXPECT_TRUE(says(refused, std::string("method ") + method + " needs")) << refused;
  }
  // Times that are uneven are seen on the fewest segments that can have them.
  PathOptions graded = by("georce");
  graded.grading = 0.5;
  EXPECT_TRUE(says(refusal(on_sphere(), graded), "its times are not evenly spaced"));
  graded.method = "newton";
  EXPECT_EQ(refusal(on_sphere(), graded), "");
}

TEST(Finish, BentPathsBecomeGreatCircles) {
  StageSearch stage(on_sphere(), by("newton"));
  FoundPaths found = bent_lines(stage);
  found.iterations = {100, 200};
  found.subdivisions = {8, 8};
  found.start = {{StartKind::kVia, 2}, {}};
  finish(stage.search, found);
  EXPECT_LT((found.nodes - arcs()).abs().max().item<double>(), 1e-6);
  EXPECT_TRUE(same_bits(found.nodes.select(1, 0), stage.problem.start));
  EXPECT_TRUE(same_bits(found.nodes.select(1, kSegments), stage.problem.end));
  EXPECT_EQ(found.method, "L-BFGS, coarse to fine, then Newton");
  EXPECT_EQ(names_of(found.start), (std::vector<std::string>{"via-2", "linear"}));
  EXPECT_EQ(found.subdivisions, (Numbers{1, 1}));
  ASSERT_EQ(found.certificates.size(), 2u);
  for (size_t pair = 0; pair < 2; ++pair) {
    EXPECT_EQ(found.termination[pair], Termination::kConverged);
    EXPECT_TRUE(found.certificates[pair].minimum);
    EXPECT_GT(found.iterations[pair], static_cast<int64_t>(100 * (pair + 1)));
    EXPECT_LT(found.iterations[pair], static_cast<int64_t>(100 * (pair + 1) + 20));
  }
}

TEST(Finish, TheResidualFallsBelowTheToleranceAndNoFurtherThanAsked) {
  const auto residuals = [](const StageSearch& stage, const FoundPaths& found) {
    return gradient_residuals(stage.search.energy, found.nodes, found.times, 1).max().item<double>();
  };
  PathOptions options = by("gauss-newton");
  for (const std::optional<double> tolerance : {std::optional<double>(), std::optional<double>(1e-3)}) {
    options.tolerance = tolerance;
    StageSearch stage(on_sphere(), options);
    FoundPaths found = bent_lines(stage);
    EXPECT_GT(residuals(stage, found), 0.05);
    finish(stage.search, found);
    EXPECT_EQ(found.termination[0], Termination::kConverged);
    EXPECT_LT(found.certificates[0].gradient_residual, tolerance.value_or(1e-6));
    EXPECT_EQ(residuals(stage, found) > 1e-5, tolerance.has_value());
  }
}

TEST(Finish, IterationsAreThoseAskedForElseThoseOfItsSettings) {
  PathOptions options = by("gauss-newton");
  options.tolerance = 1e-15;
  options.finish.iterations = 3;
  for (const int64_t asked : {0, 2}) {
    options.max_iterations = asked;
    StageSearch stage(on_sphere(), options);
    FoundPaths found = bent_lines(stage);
    finish(stage.search, found);
    EXPECT_EQ(found.iterations, asked > 0 ? (Numbers{2, 2}) : (Numbers{3, 3}));
    EXPECT_EQ(found.termination[0], Termination::kIterationLimit);
    EXPECT_FALSE(found.certificates[0].minimum);
  }
}

TEST(Finish, APathThatWouldHideFromItsMidpointsIsMovedOnAFinerSum) {
  // A bad place on the first pair's line, between midpoints of eight segments; the other is far from it.
  const PathProblem problem =
      in_plane(function_quality(
                   [](const Tensor& z) {
                     const Tensor x = z.select(1, 0), y = z.select(1, 1) - 0.05;
                     return 0.9 - 0.85 * at::exp(-x.square() / 0.0032 - y.square() / 0.04);
                   },
                   "bad spot"),
               {-1, 0, -1, 5}, {1, 0, 1, 5});
  PathOptions options = by("newton");
  const auto finished = [&](double& gain) {
    StageSearch stage(problem, options);
    FoundPaths found = bent_lines(stage, 0.5, 8);
    const auto cost = [&] {
      return polyline_cost(stage.search.energy, found.nodes, found.times, refine_times(found.times, 8))[0]
          .item<double>();
    };
    const double before = cost();
    finish(stage.search, found);
    gain = before - cost();
    EXPECT_EQ(found.subdivisions[1], 1);
    EXPECT_EQ(found.termination[1], Termination::kConverged);
    EXPECT_LT((found.nodes[1].select(1, 1) - 5).abs().max().item<double>(), 1e-6);
    return found;
  };
  double gain = 0;
  EXPECT_GT(finished(gain).subdivisions[0], 1);
  EXPECT_GT(gain, 0.01);
  // Without a finer sum it stays, since the line costs more; on a grid that does not see that it does not.
  options.finish.finest = 1;
  const FoundPaths stays = finished(gain);
  EXPECT_EQ(gain, 0);
  EXPECT_EQ(stays.termination[0], Termination::kStalled);
  EXPECT_EQ(stays.subdivisions[0], 1);
  options.finish.compare_subdivisions = 1;
  EXPECT_EQ(finished(gain).termination[0], Termination::kConverged);
  EXPECT_LT(gain, -0.01);
}

TEST(Finish, ASingleSegmentIsLeftAsItIs) {
  StageSearch stage(on_sphere(), by("newton"));
  FoundPaths found = bent_lines(stage, 0, 1);
  const FoundPaths before = found;
  finish(stage.search, found);
  EXPECT_TRUE(same_bits(found.nodes, before.nodes));
  EXPECT_EQ(found.method, before.method);
  EXPECT_EQ(found.termination, before.termination);
  EXPECT_TRUE(found.certificates.empty());
}

TEST(Finish, PointsCountForTheirPairOfTheCallersBatchAndStepsAreReported) {
  PathProblem three = on_sphere();
  three.start = three.start.index_select(0, at::tensor({0, 0, 1}, at::kLong));
  three.end = three.end.index_select(0, at::tensor({0, 0, 1}, at::kLong));
  std::vector<Progress> told;
  StageSearch stage(three, by("newton-cg"), {.pairs = {2, 0}, .cost = "chord"}, nullptr,
                    [&](const Progress& now) { told.push_back(now); });
  FoundPaths found = bent_lines(stage);
  finish(stage.search, found);
  EXPECT_GT(stage.counter.of_pairs()[0], 0);
  EXPECT_EQ(stage.counter.of_pairs()[1], 0);
  EXPECT_GT(stage.counter.of_pairs()[2], 0);
  EXPECT_EQ(stage.counter.shared(), 0);
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told[0].stage, "Newton–CG");
  EXPECT_EQ(told[0].done, 1);
  EXPECT_EQ(told[0].total, stage.options.finish.iterations);
}

TEST(Finish, ATimeThatIsOverAndACancellationEndIt) {
  PathOptions options = by("gauss-newton");
  options.tolerance = 1e-15;
  options.finish.iterations = 100000;
  options.max_seconds = 60;
  StageSearch late(on_sphere(), options);
  late.search.begin -= std::chrono::hours(1);
  FoundPaths found = bent_lines(late);
  finish(late.search, found);
  EXPECT_EQ(found.termination[0], Termination::kTimeLimit);
  StageSearch cancelled(on_sphere(), by("newton"));
  cancelled.cancellation.cancel();
  found = bent_lines(cancelled);
  const Tensor before = found.nodes.clone();
  finish(cancelled.search, found);
  EXPECT_EQ(found.termination[0], Termination::kInterrupted);
  EXPECT_TRUE(same_bits(found.nodes, before));
}

}  // namespace latentpath::testing
