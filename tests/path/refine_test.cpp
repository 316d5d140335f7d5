#include "latentpath/path/refine.h"

#include <gtest/gtest.h>

#include <ATen/ATen.h>

#include <cmath>

#include "path/path_problems.h"
#include "path/wall.h"

namespace latentpath::testing {
namespace {

PathProblem round_the_wall() {
  PathProblem problem;
  problem.embedding = identity_embedding(2);
  problem.quality = wall();
  problem.start = at::tensor({-1.0, 0.0}, at::kDouble).unsqueeze(0);
  problem.end = at::tensor({1.0, 0.0}, at::kDouble).unsqueeze(0);
  return problem;
}

PathOptions by_routes() {
  PathOptions options;
  options.epsilon = 1e-3;
  options.init = "graph";
  return options;
}

}  // namespace

TEST(Levels, SizesHalveDownToTheCoarsest) {
  EXPECT_EQ(level_sizes(64, 8, 2), (std::vector<int64_t>{8, 32, 64}));
  EXPECT_EQ(level_sizes(50, 8, 2), (std::vector<int64_t>{7, 25, 50}));
  EXPECT_EQ(level_sizes(64, 8, 1), (std::vector<int64_t>{8, 16, 32, 64}));
  EXPECT_EQ(level_sizes(6, 8, 2), (std::vector<int64_t>{6}));
}

TEST(Rounds, ConvergedIsWhatTheyReachAndNotAFiat) {
  const PathResult result = find_path(round_the_wall(), by_routes());
  EXPECT_EQ(result.start[0].rfind("route", 0), 0u) << result.start[0];
  EXPECT_EQ(termination_name(result.termination[0]), "converged");
  EXPECT_LT(result.gradient_residual.item<double>(), 0.05);
}

TEST(Rounds, FewIterationsAreAnIterationLimit) {
  PathOptions options = by_routes();
  options.max_iterations = 3;
  options.tolerance = 1e-9;
  const PathResult result = find_path(round_the_wall(), options);
  EXPECT_EQ(termination_name(result.termination[0]), "iteration-limit");
  EXPECT_LE(result.iterations[0], 3);
}

TEST(Rounds, ToleranceAndIterationsAreHonoured) {
  PathOptions loose = by_routes(), tight = by_routes();
  loose.tolerance = 0.05;
  tight.tolerance = 1e-6;
  tight.max_iterations = 1000;
  const PathResult rough = find_path(round_the_wall(), loose), fine = find_path(round_the_wall(), tight);
  EXPECT_LT(rough.iterations[0], fine.iterations[0]);
  EXPECT_LE(fine.path.cost_refined.item<double>(), rough.path.cost_refined.item<double>() * (1 + 1e-9));
}

TEST(Rounds, AStraightLineThatIsBestHasConverged) {
  PathProblem problem = round_the_wall();
  problem.quality = constant_quality(0.5);
  PathOptions options;
  options.init = "graph";
  const PathResult result = find_path(problem, options);
  EXPECT_EQ(termination_name(result.termination[0]), "converged");
  const double exact = 4 * std::log(2) * std::log(2);
  EXPECT_NEAR(result.path.cost_refined.item<double>() / exact, 1, 1e-3);
}

TEST(Rounds, APathThatIsNotAheadIsNotRefined) {
  // The line is found first, and roadmap paths end in its valley: a small tolerance asks nothing of them.
  PathProblem problem;
  problem.embedding = function_embedding(
      [](const Tensor& z) {  // latitude and longitude
        const Tensor a = z.select(1, 0), b = z.select(1, 1);
        return at::stack({a.cos() * b.cos(), a.cos() * b.sin(), a.sin()}, 1);
      },
      2, "sphere");
  problem.quality = constant_quality(0.5);
  problem.start = at::tensor({0.1, 0.2}, at::kDouble).unsqueeze(0);
  problem.end = at::tensor({0.9, 1.7}, at::kDouble).unsqueeze(0);
  PathOptions options;
  options.segments = 100;
  options.method = "lbfgs";
  options.tolerance = 1e-9;
  options.max_iterations = 200;
  PathOptions polished = options;
  polished.rounds.least_progress = 0;  // as if each might still win
  polished.rounds.outlook = 1e9;
  const PathResult few = find_path(problem, options), many = find_path(problem, polished);
  EXPECT_EQ(few.start[0], "linear");
  EXPECT_EQ(termination_name(few.termination[0]), "converged");
  // At least a round less: nodes are reparametrised and compared on a grid eight times finer.
  EXPECT_LT(few.decoder_evaluations[0] + 2 * 801, many.decoder_evaluations[0]);
  // What is won by polishing is below what would have a path replaced.
  EXPECT_LE(few.path.cost_refined.item<double>(),
            many.path.cost_refined.item<double>() * (1 + options.select.least_gain));
}

TEST(Rounds, CancellationIsToldAsSuch) {
  const CancellationToken token;
  token.cancel();
  const PathResult result = find_path(round_the_wall(), by_routes(), {}, token);
  EXPECT_EQ(termination_name(result.termination[0]), "interrupted");
}

}  // namespace latentpath::testing
