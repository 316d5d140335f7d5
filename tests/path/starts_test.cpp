// Starts: which first paths there are, and where they run.

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "latentpath/core/error.h"
#include "path/path_problems.h"
#include "path/stage_search.h"
#include "path/wall.h"

namespace latentpath::testing {
namespace {

using Names = std::vector<std::string>;
using Pairs = std::vector<int64_t>;

/// Two pairs in R³, coordinates that are no sums of few powers of 2; the second agrees in its last one.
PathProblem in_space() {
  PathProblem problem;
  problem.embedding = identity_embedding(3);
  problem.quality = constant_quality(0.7);
  problem.start = at::tensor({0.1, -0.7, 1.0 / 3, 1.3, 0.9, 0.2}, at::kDouble).view({2, 3});
  problem.end = at::tensor({1.1, 0.3, -0.6, 0.4, -1.7, 0.2}, at::kDouble).view({2, 3});
  return problem;
}

PathProblem with_prior(PathProblem problem) {
  problem.prior = normal_sampler(problem.start.size(1));
  return problem;
}

PathOptions few_samples() {
  PathOptions options;
  options.via_starts = 2;
  options.candidates.keep = 8;
  options.candidates.first_draw = 8;
  options.route_samples = 64;
  options.route_starts = 2;
  return options;
}

PathSet first_paths_of(const PathProblem& problem, const PathOptions& options, int64_t segments = 12) {
  StageSearch stage(problem, options);
  return first_paths(stage.search, uniform_times(segments));
}

void expect_ends_to_the_bit(const PathSet& paths, const PathProblem& problem) {
  const Tensor nodes = paths.nodes;
  EXPECT_TRUE(same_bits(nodes.select(1, 0).contiguous(), problem.start.index_select(0, paths.pair)));
  EXPECT_TRUE(
      same_bits(nodes.select(1, nodes.size(1) - 1).contiguous(), problem.end.index_select(0, paths.pair)));
}

/// Candidates of the plane under the identity, with weights as they are said to be.
CandidatePool pool_of(const std::vector<double>& coordinates, const std::vector<double>& weights) {
  CandidatePool pool;
  pool.latent = pool.images = points_of_plane(coordinates);
  pool.weight = at::tensor(weights, at::kDouble);
  pool.distance = at::cdist(pool.latent, pool.latent);
  return pool;
}

}  // namespace

TEST(Starts, AreThoseThatInitNamesAsFarAsTheyAreToBeHad) {
  const PathProblem bare = in_space(), prior = with_prior(bare);
  PathOptions options = few_samples();
  const auto names = [&](const PathProblem& problem, const char* init, int64_t segments = 12) {
    options.init = init;
    const PathSet paths = first_paths_of(problem, options, segments);
    Names of_first;
    for (int64_t row = 0; row < paths.rows(); ++row)
      if (paths.pair_of(row) == 0) of_first.push_back(paths.start[static_cast<size_t>(row)].name());
    return of_first;
  };
  EXPECT_EQ(names(bare, "auto"), (Names{"linear"}));
  EXPECT_EQ(names(prior, "auto"), (Names{"linear", "via-1", "via-2"}));
  EXPECT_EQ(names(prior, "auto", 2), (Names{"linear"}));  // too few segments for a way through points
  EXPECT_EQ(names(prior, "linear"), (Names{"linear"}));
  EXPECT_EQ(names(prior, "spherical"), (Names{"spherical"}));
  EXPECT_EQ(names(prior, "via"), (Names{"via-1", "via-2"}));
  for (const auto& [problem, segments] : {std::pair{bare, 12}, std::pair{prior, 2}}) {
    try {
      names(problem, "via", segments);
      ADD_FAILURE() << "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kArgument);
      EXPECT_STREQ(error.what(), "`init` via needs a prior to draw from and at least 3 segments");
    }
  }
}

TEST(Starts, AreNumberedPairByPairAndEndAtTheirPairsEndsToTheBit) {
  const PathProblem problem = with_prior(in_space());
  const PathSet paths = first_paths_of(problem, few_samples());
  EXPECT_EQ(names_of(paths.start), (Names{"linear", "via-1", "via-2", "linear", "via-1", "via-2"}));
  EXPECT_EQ(paths.nodes.sizes(), (Pairs{6, 13, 3}));
  expect_ends_to_the_bit(paths, problem);
  StageSearch stage(problem, few_samples());
  const PathSet routes = route_paths(stage.search, uniform_times(12));
  EXPECT_EQ(names_of(routes.start), (Names{"route-1", "route-2", "route-1", "route-2"}));
  expect_ends_to_the_bit(routes, problem);
}

TEST(Starts, TheGreatCircleTurnsEvenlyAndTheLineRunsEvenly) {
  PathProblem problem = in_plane(constant_quality(0.7), {3, 0}, {0, 3});
  PathOptions options;
  options.init = "spherical";
  const Tensor times = uniform_times(6), angle = times * std::acos(0.0);
  const Tensor circle = first_paths_of(problem, options, 6).nodes[0];
  EXPECT_LT((circle - 3 * at::stack({angle.cos(), angle.sin()}, 1)).abs().max().item<double>(), 1e-14);
  options.init = "linear";
  const Tensor line = first_paths_of(problem, options, 6).nodes[0];
  EXPECT_LT((line - 3 * at::stack({1 - times, times}, 1)).abs().max().item<double>(), 1e-14);
}

TEST(Starts, ViaPathsRunOnStraightLegsThroughTheirPoints) {
  const PathProblem problem = with_prior(in_plane(constant_quality(0.7), {0, 0}, {1, 0}));
  const CandidatePool pool = pool_of({0.5, 2}, {0.4});
  PathOptions options;
  options.init = "via";
  StageSearch stage(problem, options, {}, &pool);
  const PathSet paths = first_paths(stage.search, uniform_times(64));
  ASSERT_EQ(names_of(paths.start), (Names{"via-1"}));  // there is no other way through one point
  const Tensor x = paths.nodes[0].select(1, 0), y = paths.nodes[0].select(1, 1);
  EXPECT_LT((y - 4 * at::minimum(x, 1 - x)).abs().max().item<double>(), 1e-12);
  EXPECT_GT(y.max().item<double>(), 1.9);
}

TEST(Starts, APairOfAQualityOfItsOwnWeighsCandidatesByIt) {
  // The pool was drawn with the upper point the better one; between these ends it is the lower.
  const PathProblem problem = with_prior(
      in_plane(function_quality([](const Tensor& z) { return 0.9 - 0.8 * at::sigmoid(20 * z.select(1, 1)); }),
               {0, 0}, {1, 0}));
  const CandidatePool pool = pool_of({0.5, 1, 0.5, -1}, {0.1, 2});
  PathOptions options;
  options.init = "via";
  options.via_starts = 1;
  options.via.screened = 1;  // chosen by weights alone
  for (const bool own : {false, true}) {
    PairGroup group;
    group.own_quality = own;
    StageSearch stage(problem, options, group, &pool);
    const PathSet paths = first_paths(stage.search, uniform_times(16));
    ASSERT_EQ(paths.rows(), 1);
    const double height = paths.nodes[0][8][1].item<double>();
    EXPECT_TRUE(own ? height < -0.5 : height > 0.5) << height;
  }
}

TEST(Starts, HeldCoordinatesRunStraightOnEveryFirstPath) {
  PathProblem problem = with_prior(in_space());
  const Tensor bad = at::tensor({0.7, -0.4, 0.0}, at::kDouble);  // on the way of both pairs
  problem.quality = function_quality(
      [=](const Tensor& z) { return 0.9 - 0.85 * at::exp(-(z - bad).square().sum(1) / 0.3); });
  problem.held = at::tensor({0, 0, 1}, at::kLong).to(at::kBool);
  PathOptions options = few_samples();
  options.first_paths = random_normal({2, 7, 3}, 3);
  const Tensor times = graded_times(12, 0.5), t = times.view({1, -1, 1});
  const Tensor straight = (1 - t) * problem.start.unsqueeze(1) + t * problem.end.unsqueeze(1);
  StageSearch stage(problem, options);
  options.init = "spherical";
  StageSearch circle(problem, options);
  for (const PathSet& paths : {first_paths(stage.search, times), first_paths(circle.search, times),
                               route_paths(stage.search, times), given_paths(stage.search, times)}) {
    const Tensor off = (paths.nodes - straight.index_select(0, paths.pair)).abs();
    EXPECT_LT(off.select(2, 2).max().item<double>(), 1e-15) << paths.start.back().name();
    EXPECT_GT(off.max().item<double>(), 0.1) << paths.start.back().name();  // the others are free
    const Tensor second = paths.nodes.index_select(0, at::tensor(rows_where(paths.pair == 1), at::kLong));
    EXPECT_TRUE((second.select(2, 2) == 0.2).all().item<bool>()) << paths.start.back().name();
    expect_ends_to_the_bit(paths, problem);
  }
}

TEST(Starts, RoutesLeadRoundAWallAndAreCountedForTheirPair) {
  const PathProblem problem = in_plane(wall(), {-1, 0, -1, 3}, {1, 0, 1, 3});
  PathOptions options = few_samples();
  options.epsilon = 1e-3;
  options.route_samples = 400;
  options.routes.box_margin = 1;
  StageSearch stage(problem, options);
  const PathSet paths = route_paths(stage.search, uniform_times(64));
  ASSERT_EQ(paths.rows(), 4);
  // The first pair's cross x = 0 beyond the wall's end, the second pair's have nothing to avoid.
  const auto at_crossing = [&](int64_t row) {
    const Tensor nodes = paths.nodes[row];
    return nodes[nodes.select(1, 0).abs().argmin().item<int64_t>()][1].item<double>();
  };
  EXPECT_GT(std::abs(at_crossing(0)), 0.9);
  EXPECT_NEAR(at_crossing(2), 3, 0.3);
  // Spread over a box around each pair's ends, samples serve that pair alone.
  EXPECT_EQ(stage.counter.shared(), 0);
  EXPECT_GE(stage.counter.of_pairs()[0], options.route_samples);
  EXPECT_GE(stage.counter.of_pairs()[1], options.route_samples);
}

TEST(Starts, RoutesOverSamplesOfAPriorShareOneRoadmap) {
  int drawn = 0;
  PathProblem problem = in_plane(wall(), {-1, 0, -1, 0.2}, {1, 0, 1, -0.1});
  problem.prior = [&](int64_t count, at::Generator& generator) {
    ++drawn;
    Tensor samples = at::randn({count, 2}, generator, at::kDouble);
    samples.select(1, 1).fill_(1.6);
    return samples;
  };
  PathOptions options = few_samples();
  options.epsilon = 1e-3;
  StageSearch stage(problem, options);
  const PathSet paths = route_paths(stage.search, uniform_times(64));
  EXPECT_EQ(drawn, 1);
  EXPECT_GE(stage.counter.shared(), options.route_samples);
  // There are no other places than those above the wall.
  for (const int64_t row : {0, 2})
    EXPECT_NEAR(paths.nodes[row].select(1, 1).max().item<double>(), 1.6, 1e-12);
}

TEST(Starts, APathThroughSectionsKeepsItsTimes) {
  const PathProblem problem = in_plane(constant_quality(0.7), {9, 9, 0, 0}, {8, 8, 1, 3});
  PathOptions options = few_samples();
  // There within an eighth of the time, and still for half of it.
  options.section_paths = points_of_plane({9, 9, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 8, 8,  //
                                           0, 0, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 1, 3})
                              .view({2, 9, 2});
  StageSearch stage(problem, options, {.pairs = {1}, .cost = "chord"});
  const PathSet paths = first_paths(stage.search, graded_times(4, 0.5));
  ASSERT_EQ(paths.start.back().name(), "sections");
  const Tensor nodes = paths.nodes[paths.rows() - 1];
  EXPECT_TRUE(same_bits(nodes[0], problem.start[1]) && same_bits(nodes[4], problem.end[1]));
  EXPECT_TRUE(at::equal(nodes.narrow(0, 1, 3), at::full({3, 2}, 5, at::kDouble)));
}

TEST(Starts, AGivenPathIsItsPairsOwnRunEvenlyBetweenThePairsEnds) {
  const PathProblem problem = in_plane(constant_quality(0.7), {9, 9, 0, 0}, {8, 8, 1, 3});
  PathOptions options;
  options.first_paths = points_of_plane({9, 9, 0, 0, 8, 8, 1e-7, 0, 1, 0, 1, 3 + 1e-7}).view({2, 3, 2});
  StageSearch stage(problem, options, {.pairs = {1}, .cost = "chord"});
  const PathSet paths = given_paths(stage.search, uniform_times(4));
  EXPECT_EQ(names_of(paths.start), (Names{"given"}));
  EXPECT_EQ(paths.pair_of(0), 0);  // of the group
  // Legs of length 1 and 3; a hundredth of the length is spread evenly over the time.
  const Tensor even = points_of_plane({0, 0, 1, 0, 1, 1, 1, 2, 1, 3});
  EXPECT_LT((paths.nodes[0] - even).abs().max().item<double>(), 0.02);
  EXPECT_TRUE(same_bits(paths.nodes[0][0], problem.start[1]));
  EXPECT_TRUE(same_bits(paths.nodes[0][4], problem.end[1]));
}

}  // namespace latentpath::testing
