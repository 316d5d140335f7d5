#include "latentpath/path/certify.h"

#include <gtest/gtest.h>

#include <ATen/ATen.h>

#include <cmath>

#include "latentpath/path/initial_path.h"
#include "path/path_problems.h"

namespace latentpath::testing {

TEST(Verify, APathThatLostToABaselineGoesOnFromThere) {
  // Few iterations make a given detour no better than the great circle along a ring of high quality. As a
  // polyline that cuts inside of the ring, which is what going on from there mends.
  const QualityPointer ring = function_quality(
      [](const Tensor& z) {
        const Tensor off = z.norm(2, {1}) - 2;
        return 0.05 + 0.9 * at::exp(-off * off / 0.08);
      },
      "ring");
  PathProblem problem;
  problem.embedding = identity_embedding(2);
  problem.quality = ring;
  problem.start = at::tensor({2.0, 0.0, 0.0, 2.0}, at::kDouble).view({2, 2});
  problem.end = at::tensor({-1.9, 0.6, 1.9, -0.6}, at::kDouble).view({2, 2});
  problem.end = problem.end * 2 / problem.end.norm(2, {1}, true);
  PathOptions options;
  options.segments = 8;
  options.init = "given";
  options.max_iterations = 4;
  options.first_paths = at::stack({problem.start, problem.start + 9, problem.end + 9, problem.end}, 1);
  const PathResult result = find_path(problem, options);
  EnergyOptions measured;
  measured.epsilon = options.epsilon;
  const PathEnergy energy(problem.embedding, ring, measured);
  const Tensor circle = spherical_path(problem.start, problem.end, result.times);
  const Tensor polyline =
      energy
          .measure([&](const Tensor& t) { return interpolate_polyline(circle, result.times, t); }, 2,
                   result.times, ring)
          .cost_refined;
  EXPECT_EQ(result.start, (std::vector<std::string>{"spherical", "spherical"}));
  EXPECT_TRUE((result.path.cost_refined < 0.999 * polyline).all().item<bool>())
      << result.path.cost_refined << polyline;
  EXPECT_TRUE((result.path.cost_refined < result.linear.cost_refined).all().item<bool>());
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
