#include "latentpath/path/published_methods.h"

#include <gtest/gtest.h>

#include <ATen/ATen.h>

#include <cmath>

#include "latentpath/solver/methods.h"
#include "path/path_problems.h"

namespace latentpath::testing {

TEST(PublishedMethods, StableRatesAreAShareOfTheStiffestSegment) {
  // k_i = w² s/Δ with w = log 2, s = 1, Δ = 1/8.
  const PathEnergy energy(identity_embedding(2), constant_quality(0.5), {});
  const Tensor start = at::zeros({2, 2}, at::kDouble), end = at::ones({2, 2}, at::kDouble);
  const Tensor rate = stable_rates(energy, start, end, uniform_times(8), 0.0125);
  EXPECT_NEAR(rate[1].item<double>(), 0.0125 / (std::log(2) * std::log(2) * 8), 1e-12);
}

TEST(PublishedMethods, TheBestIterateIsKeptAndNotTheLast) {
  // A rate this large makes the loss jump; the start, better than any baseline, is then the best there was.
  const PathProblem problem = many_pairs(identity_embedding(2), ridge(), 2);
  PathOptions options;
  options.segments = 8;
  const PathResult good = find_path(problem, options);
  ASSERT_TRUE((good.path.cost_refined < 0.9 * good.linear.cost_refined).all().item<bool>());
  options.init = "given";
  options.first_paths = good.nodes;
  options.method = "sgd";
  options.curve = "polyline";
  options.segments = 8;
  options.learning_rate = 50;
  options.max_iterations = 20;
  const PathResult result = find_path(problem, options);
  EXPECT_TRUE(at::allclose(result.path.cost_refined, good.path.cost_refined, 1e-2))
      << result.path.cost_refined << good.path.cost_refined << result.linear.cost_refined;
  EXPECT_EQ(result.start[0], "given");
  EXPECT_EQ(result.iterations[0], 20);
}

TEST(PublishedMethods, APairIsTheSameAloneAndInABatch) {
  const PathProblem problem = many_pairs(identity_embedding(2), ridge(), 4);
  for (const char* method : {"adam", "sgd", "paper2019"}) {
    PathOptions options;
    options.method = method;
    options.segments = 10;
    options.max_iterations = 40;
    const PathResult together = find_path(problem, options);
    for (const int64_t pair : {1, 3}) {
      const PathResult alone = find_path(part_of(problem, pair, 1), options);
      // The networks' matrix products may round differently in a batch; forty small steps do not amplify it.
      EXPECT_TRUE(at::allclose(alone.nodes[0], together.nodes[pair], 0, 1e-6)) << method << " " << pair;
    }
  }
}

TEST(PublishedMethods, EveryFirstOrderSolverMovesANeuralCurve) {
  const PathProblem problem = many_pairs(identity_embedding(2), ridge(), 2);
  for (const SolverMethod& solver : solver_methods()) {
    if (solver.needs != SolverNeeds::kGradient) continue;
    const std::string& method = solver.name;
    PathOptions options;
    options.method = method;
    options.curve = "neural";
    options.cost = "chord";
    options.segments = 16;
    options.max_iterations = 300;
    const PathResult result = find_path(problem, options);
    for (int64_t pair = 0; pair < 2; ++pair)
      EXPECT_LT(result.path.cost_refined[pair].item<double>(),
                result.linear.cost_refined[pair].item<double>())
          << method << " " << pair;
  }
}

}  // namespace latentpath::testing
