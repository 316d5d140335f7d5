// find_path() on a shipped decoder: what is promised of batches and of counts holds there, too.

#include <gtest/gtest.h>

#include <ATen/ATen.h>

#include "latentpath/models/torchscript_decoder.h"
#include "path/path_problems.h"

namespace latentpath::testing {

TEST(DecoderPaths, APairIsTheSameWithinTheSolversToleranceAmongFiftyAndNextToALoop) {
  PathProblem problem;
  problem.embedding = load_decoder(std::string(LATENTPATH_TEST_MODELS) + "/mnist-vae-8.pt");
  problem.quality = normal_prior(8);
  problem.prior = normal_sampler(8);
  problem.start = random_normal({50, 8}, 1).to(at::kFloat);
  problem.end = random_normal({50, 8}, 2).to(at::kFloat);
  PathOptions options;
  options.segments = 16;
  options.route_samples = 64;
  const PathResult together = find_path(problem, options);
  for (const int64_t pair : {3, 41}) {
    PathProblem part = part_of(problem, pair, 1);
    const PathResult alone = find_path(part, options);
    const PathResult beside = find_path(beside_a_loop(part), options);
    const double cost = alone.path.cost_refined.item<double>();
    // A decoder rounds differently in batches of another size (float32); a search ends when three iterations
    // gain less than a thousandth, so a few thousandths are what it leaves open.
    EXPECT_NEAR(together.path.cost_refined[pair].item<double>() / cost, 1, 0.01) << pair;
    EXPECT_NEAR(beside.path.cost_refined[1].item<double>() / cost, 1, 0.01) << pair;
    EXPECT_EQ(beside.cost[1], "chord");
  }
}

TEST(DecoderPaths, EveryPointIsCounted) {
  const auto decoder = load_decoder(std::string(LATENTPATH_TEST_MODELS) + "/mnist-vae-8.pt");
  PathProblem problem;
  problem.embedding = decoder;
  problem.quality = normal_prior(8);
  problem.prior = normal_sampler(8);
  problem.start = random_normal({2, 8}, 1).to(at::kFloat);
  problem.end = random_normal({2, 8}, 2).to(at::kFloat);
  PathOptions options;
  options.segments = 16;
  options.route_samples = 64;
  const int64_t before = decoder->evaluations();
  const PathResult result = find_path(problem, options);
  int64_t told = result.candidate_evaluations + result.verification_evaluations;
  for (const int64_t count : result.decoder_evaluations) told += count;
  EXPECT_EQ(told, decoder->evaluations() - before);
}

}  // namespace latentpath::testing
