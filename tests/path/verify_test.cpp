#include "latentpath/path/certify.h"

#include <gtest/gtest.h>

#include <ATen/ATen.h>

#include <cmath>

#include "path/path_problems.h"

namespace latentpath::testing {

TEST(Verify, APathThatLostToABaselineGoesOnFromThere) {
  // No iteration makes a given detour better than the straight line, which is best of all here.
  PathProblem problem = many_pairs(identity_embedding(2), constant_quality(0.5), 3);
  PathOptions options;
  options.segments = 8;
  options.init = "given";
  options.max_iterations = 1;
  options.tolerance = 1e-12;
  options.first_paths = at::stack({problem.start, problem.start + 5, problem.end - 5, problem.end}, 1);
  const PathResult result = find_path(problem, options);
  EXPECT_TRUE((result.path.cost_refined <= result.linear.cost_refined * (1 + 1e-9)).all().item<bool>());
}

TEST(Verify, APublishedMethodsLossIsNoConvergence) {
  // A step of 10 throws Adam's curve far off: the straight line is returned, and the limit told as it was.
  PathProblem problem = many_pairs(identity_embedding(2), constant_quality(0.5), 2);
  PathOptions options;
  options.segments = 8;
  options.method = "adam";
  options.curve = "polyline";
  options.init = "spherical";
  options.learning_rate = 10;
  options.max_iterations = 2;
  const PathResult result = find_path(problem, options);
  for (size_t pair = 0; pair < 2; ++pair) {
    EXPECT_EQ(result.start[pair], "linear");
    EXPECT_EQ(termination_name(result.termination[pair]), "iteration-limit");
  }
}

TEST(Certify, TheLowerBoundIsTheGapTimesTheLeastWeight) {
  EnergyOptions options;
  options.epsilon = 0.1;
  const PathEnergy energy(identity_embedding(2), constant_quality(0.5), options);
  const Tensor start = at::zeros({1, 2}, at::kDouble), end = at::tensor({3.0, 4.0}, at::kDouble).view({1, 2});
  EXPECT_NEAR(lower_bounds(energy, start, end).item<double>(), -std::log(0.9) * 5, 1e-12);
}

TEST(Certify, TheResidualVanishesWhereStationary) {
  const PathEnergy energy(identity_embedding(2), constant_quality(0.5), {});
  const Tensor times = uniform_times(8);
  const Tensor line = at::stack({times, 2 * times}, 1).unsqueeze(0);
  EXPECT_LT(gradient_residuals(energy, line, times, 1).item<double>(), 1e-7);
  Tensor bent = line.clone();
  bent[0][4][1] += 0.3;
  EXPECT_GT(gradient_residuals(energy, bent, times, 1).item<double>(), 0.05);
  EXPECT_EQ(gradient_residuals(energy, line.slice(1, 0, {}, 8), uniform_times(1), 1).item<double>(), 0);
}

}  // namespace latentpath::testing
