// What happens to a pair does not depend on its neighbours: alone, among fifty, and next to a loop.

#include <gtest/gtest.h>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "latentpath/core/error.h"
#include "path/path_problems.h"

namespace latentpath::testing {
namespace {

struct Case {
  std::string name;
  QualityPointer quality;
  bool prior = false;
  std::string cost = "auto", init = "auto";
  int64_t segments = 32;
};

void expect_the_same(const PathResult& a, int64_t i, const PathResult& b, int64_t j,
                     const std::string& what) {
  const auto from = static_cast<size_t>(i), to = static_cast<size_t>(j);
  EXPECT_TRUE(same_bits(a.nodes[i], b.nodes[j]))
      << what << ": nodes differ by " << (a.nodes[i] - b.nodes[j]).abs().max().item<double>();
  EXPECT_EQ(a.path.cost_refined[i].item<double>(), b.path.cost_refined[j].item<double>()) << what;
  EXPECT_EQ(a.gradient_residual[i].item<double>(), b.gradient_residual[j].item<double>()) << what;
  EXPECT_EQ(a.termination[from], b.termination[to]) << what;
  EXPECT_EQ(a.iterations[from], b.iterations[to]) << what;
  EXPECT_EQ(a.decoder_evaluations[from], b.decoder_evaluations[to]) << what;
  EXPECT_EQ(a.start[from], b.start[to]) << what;
  EXPECT_EQ(a.cost[from], b.cost[to]) << what;
  EXPECT_EQ(a.time_weight[from], b.time_weight[to]) << what;
  EXPECT_EQ(a.under_resolved[from], b.under_resolved[to]) << what;
}

}  // namespace

TEST(Independence, APairIsTheSameToTheLastBitAloneAmongFiftyAndNextToALoop) {
  const std::vector<Case> cases = {
      {"plain", ridge()},
      {"prior", ridge(), true},
      {"prior, routes alone", ridge(), true, "auto", "graph"},
      {"dynamic", ridge(), true, "dynamic"},
      {"length", ridge(), false, "length", "auto", 16},
      {"class", time_ramp(std::make_shared<HillOfImages>())},
      {"class without ramp", std::make_shared<HillOfImages>(), false, "auto", "auto", 16},
  };
  for (const Case& one : cases) {
    PathProblem problem = many_pairs(std::make_shared<CountedSurface>(), one.quality, 50);
    if (one.prior) problem.prior = normal_sampler(2);
    PathOptions options;
    options.segments = one.segments;
    options.cost = one.cost;
    options.init = one.init;
    options.route_samples = 128;
    options.candidates.keep = 12;  // with few candidates, too
    const PathResult together = find_path(problem, options);
    for (const int64_t pair : {0, 7, 49}) {
      const PathProblem part = part_of(problem, pair, 1);
      const PathResult alone = find_path(part, options);
      expect_the_same(alone, 0, together, pair, join_message(one.name, ", pair ", pair, " among fifty"));
      if (one.init == "graph") continue;  // a loop has no routes
      const PathResult beside = find_path(beside_a_loop(part), options);
      expect_the_same(alone, 0, beside, 1, join_message(one.name, ", pair ", pair, " next to a loop"));
      EXPECT_EQ(beside.cost[0], one.cost == "auto" ? "dynamic" : one.cost);
    }
  }
}

// Matrix products and sums that LibTorch shares among threads may round otherwise; elementwise work may not.
TEST(Independence, APairIsTheSameToTheLastBitOnAnotherNumberOfThreads) {
  const int threads = at::get_num_threads();
  for (const char* cost : {"chord", "dynamic"}) {
    PathProblem problem = many_pairs(std::make_shared<CountedSurface>(), ridge(), 50);
    problem.prior = normal_sampler(2);
    PathOptions options;
    options.segments = 32;
    options.cost = cost;
    options.route_samples = 128;
    options.candidates.keep = 12;
    at::set_num_threads(2);
    const PathResult together = find_path(problem, options);
    at::set_num_threads(1);
    for (const int64_t pair : {25, 49}) {
      const PathResult alone = find_path(part_of(problem, pair, 1), options);
      expect_the_same(alone, 0, together, pair, join_message(cost, ", pair ", pair));
    }
  }
  at::set_num_threads(threads);
}

TEST(Independence, ALoopDoesNotChangeTheCostOfOthers) {
  const PathProblem problem = beside_a_loop(many_pairs(identity_embedding(2), ridge(), 2));
  PathOptions options;
  options.segments = 12;
  const PathResult result = find_path(problem, options);
  EXPECT_EQ(result.cost, (std::vector<std::string>{"dynamic", "chord", "chord"}));
  EXPECT_EQ(result.time_weight, (std::vector<double>{1, 0, 0}));
  EXPECT_EQ(result.cost_summary(), "chord and dynamic");
  EXPECT_EQ(result.largest_time_weight(), 1);
  EXPECT_TRUE(same_bits(result.nodes.select(1, 0), problem.start));
}

}  // namespace latentpath::testing
