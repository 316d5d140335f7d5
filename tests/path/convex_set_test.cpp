// Paper B, Observation 1: the uniform density on a convex set, a linear decoder: the straight line.

#include "latentpath/metric/convex_set.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "contract/test_models.h"
#include "latentpath/path/find_path.h"

namespace latentpath::testing {
namespace {

std::shared_ptr<Embedding> linear_decoder(int64_t dim) {
  const Tensor matrix = random_normal({dim, 12}, 31);
  return function_embedding([matrix](const Tensor& z) { return z.to(at::kDouble).matmul(matrix); }, dim,
                            "linear decoder");
}

}  // namespace

TEST(ConvexSet, BestPathsOfALinearDecoderAreStraight) {
  const Tensor ones = at::ones({3}, at::kDouble);
  const Tensor normals = random_normal({7, 3}, 32);
  const std::vector<QualityPointer> sets{uniform_ball(0.2 * ones, 2, 0.1),
                                         uniform_box(-ones, 1.5 * ones, 0.1),
                                         uniform_half_spaces(normals, normals.norm(2, {1}), 0.1)};
  for (const auto& set : sets) {
    PathProblem problem;
    problem.embedding = linear_decoder(3);
    problem.quality = set;
    problem.start = at::tensor({-0.5, 0.4, -0.2}, at::kDouble).unsqueeze(0);
    problem.end = at::tensor({0.4, -0.5, 0.5}, at::kDouble).unsqueeze(0);
    ASSERT_EQ(set->evaluate({at::cat({problem.start, problem.end}), {}, {}}).min().item<double>(), 1);
    PathOptions options;
    options.segments = 16;
    options.tolerance = 1e-10;
    const PathResult result = find_path(problem, options);
    const Tensor line = problem.start.unsqueeze(1) +
                        result.times.view({1, -1, 1}) * (problem.end - problem.start).unsqueeze(1);
    EXPECT_LT((result.nodes - line).abs().max().item<double>(), 1e-6) << set->describe();
    EXPECT_NEAR(result.path.length[0].item<double>() / result.linear.length[0].item<double>(), 1, 1e-9);
  }
}

TEST(ConvexSet, APathThatStartsOutsideIsBroughtBack) {
  // A first path that bulges out of a ball, under a metric that would keep it there were Q flat.
  PathProblem problem;
  problem.embedding = linear_decoder(2);
  problem.quality = uniform_ball(at::zeros({2}, at::kDouble), 1, 0.2);
  problem.start = at::tensor({-0.9, 0.3}, at::kDouble).unsqueeze(0);
  problem.end = at::tensor({0.9, 0.3}, at::kDouble).unsqueeze(0);
  PathOptions options;
  options.segments = 32;
  options.init = "spherical";
  const PathResult result = find_path(problem, options);
  EXPECT_GT(result.path.min_quality[0].item<double>(), 0.999);
  EXPECT_NEAR(result.path.length[0].item<double>() / result.linear.length[0].item<double>(), 1, 1e-3);
}

}  // namespace latentpath::testing
