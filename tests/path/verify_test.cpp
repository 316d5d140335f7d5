#include <gtest/gtest.h>

#include <ATen/ATen.h>

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

}  // namespace latentpath::testing
