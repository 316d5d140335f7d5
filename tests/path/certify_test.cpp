// What certify() knows of paths beyond their cost, on paths whose figures are known.

#include "latentpath/path/certify.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "latentpath/path/initial_path.h"
#include "path/path_problems.h"
#include "path/stage_search.h"

namespace latentpath::testing {
namespace {

/// Every pair the same path, measured as costing 1 on both grids.
PathResult measured(const Tensor& nodes) {
  const int64_t pairs = nodes.size(0);
  PathResult result;
  result.nodes = nodes;
  result.path.cost = at::ones({pairs}, at::kDouble);
  result.path.cost_refined = at::ones({pairs}, at::kDouble);
  result.termination.assign(static_cast<size_t>(pairs), Termination::kConverged);
  return result;
}

/// Certified as it stands, each pair's sum having so many midpoints a segment.
PathResult certified(StageSearch& stage, const Tensor& nodes, const Tensor& times,
                     const std::vector<int64_t>& subdivisions = {}) {
  FoundPaths found = no_paths(stage.search, times);
  if (!subdivisions.empty()) found.subdivisions = subdivisions;
  PathResult result = measured(nodes);
  certify(stage.search, found, result);
  return result;
}

/// On the line from (0, 0) to (1, 0): good throughout, but for all that is below 1/5.
QualityPointer bad_beginning() {
  return function_quality(
      [](const Tensor& z) {
        return at::where(z.select(1, 0) < 0.2, at::zeros({}), at::ones({})).to(z.dtype());
      },
      "bad beginning");
}

/// The great circle of the stereographic sphere through its pole, at constant speed: r = tan(θ/2).
Tensor meridian(const Tensor& times, double first, double last) {
  const Tensor radius = (0.5 * (first + (last - first) * times)).tan();
  return at::stack({0.6 * radius, 0.8 * radius}, 1).unsqueeze(0);
}

}  // namespace

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

TEST(Certify, EndsOutputDistanceIsTheChordOfTheEndsImages) {
  // Angles 0 and θ from a pole of the sphere: their chord is 2 sin(θ/2), or √(1/3) of it as a mean of three.
  const double angle = 1.2, chord = 2 * std::sin(angle / 2);
  PathProblem problem = in_plane(constant_quality(0.3), {0, 0, 0, 0}, {std::tan(angle / 2), 0, 0, 0});
  problem.embedding = stereographic_sphere();
  const Tensor times = uniform_times(4), nodes = linear_path(problem.start, problem.end, times);
  PathOptions options;
  options.epsilon = 0.05;
  StageSearch stage(problem, options);
  const PathResult result = certified(stage, nodes, times);
  EXPECT_NEAR(result.ends_output_distance[0].item<double>(), chord, 1e-14);
  EXPECT_NEAR(result.lower_bound[0].item<double>(), -std::log(0.95) * chord, 1e-14);
  EXPECT_EQ(result.ends_output_distance[1].item<double>(), 0);  // a loop
  options.norm = OutputNorm::kMean;
  StageSearch mean(problem, options);
  EXPECT_NEAR(certified(mean, nodes, times).ends_output_distance[0].item<double>(), chord / std::sqrt(3),
              1e-14);
  options.epsilon = 0;  // the best places cost nothing: nothing is known
  StageSearch unknown(problem, options);
  const PathResult free = certified(unknown, nodes, times);
  EXPECT_TRUE(at::equal(free.lower_bound, at::zeros({2}, at::kDouble)));
  EXPECT_TRUE(at::equal(free.ends_output_distance, at::zeros({2}, at::kDouble)));
}

TEST(Certify, NoCostLiesBelowTheSquareOfTheLowerBoundAndTheBestLineReachesIt) {
  const Tensor times = uniform_times(8);
  for (const bool best : {true, false}) {
    const PathProblem problem = in_plane(
        best ? function_quality([](const Tensor& z) { return at::ones_like(z.select(1, 0)); }) : ridge(),
        {-1, 0.1}, {1.2, 0.3});
    StageSearch stage(problem, {});
    const Tensor line = linear_path(problem.start, problem.end, times);
    Tensor bent = line.clone();
    bent[0][3][1] += 0.2;
    const double bound = certified(stage, line, times).lower_bound.item<double>();
    const auto cost = [&](const Tensor& nodes) {
      return polyline_cost(stage.search.energy, nodes, times, refine_times(times, 16)).item<double>();
    };
    EXPECT_GT(bound, 0);
    EXPECT_GT(cost(bent), 1.01 * bound * bound);
    if (best)
      EXPECT_NEAR(cost(line) / (bound * bound), 1, 1e-12);
    else
      EXPECT_GT(cost(line), 1.01 * bound * bound);
  }
}

TEST(Certify, UnderResolvedIsWhatTheRefinedGridMovesByMoreThanTheTolerance) {
  const double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  struct Case {
    double coarse, refined;
    bool flagged, failed;
  };
  const std::vector<Case> cases{{2, 2.199, false, false}, {2, 2.201, true, false}, {2, 1.801, false, false},
                                {2, 1.799, true, false},  {0, 0, false, false},    {0, 1e-9, true, false},
                                {nan, 1, true, false},    {1, inf, true, true},    {1, nan, false, true}};
  const auto pairs = static_cast<int64_t>(cases.size());
  PathProblem problem = in_plane(constant_quality(0.5), {0, 0}, {1, 0});
  problem.start = problem.start.repeat({pairs, 1});
  problem.end = problem.end.repeat({pairs, 1});
  PathOptions options;
  options.resolution_tolerance = 0.1;
  StageSearch stage(problem, options);
  const Tensor times = uniform_times(2);
  PathResult result = measured(linear_path(problem.start, problem.end, times));
  for (int64_t pair = 0; pair < pairs; ++pair) {
    result.path.cost[pair] = cases[static_cast<size_t>(pair)].coarse;
    result.path.cost_refined[pair] = cases[static_cast<size_t>(pair)].refined;
  }
  certify(stage.search, no_paths(stage.search, times), result);
  ASSERT_EQ(result.under_resolved.size(), cases.size());
  for (size_t pair = 0; pair < cases.size(); ++pair) {
    EXPECT_EQ(result.under_resolved[pair], cases[pair].flagged) << pair;
    EXPECT_EQ(result.termination[pair],
              cases[pair].failed ? Termination::kNumericalFailure : Termination::kConverged)
        << pair;
  }
}

TEST(Certify, TheResidualOfOneFreeNodeIsThatOfItsParabola) {
  // Node x of 0, x, 1 under a weight w: cost 2w²(x² + (1 − x)²), gradient w²(8x − 4), Hessian 8w².
  for (const double x : {0.5, 0.75, 0.1})
    for (const double quality : {0.2, 0.9}) {
      const PathProblem problem = in_plane(constant_quality(quality), {0, 0}, {1, 0});
      StageSearch stage(problem, {});
      const Tensor nodes = points_of_plane({0, 0, x, 0, 1, 0}).unsqueeze(0);
      const double exact = std::abs(8 * x - 4) / std::sqrt(32 * (x * x + (1 - x) * (1 - x)));
      for (const int64_t subdivisions : {1, 4})
        EXPECT_NEAR(
            certified(stage, nodes, uniform_times(2), {subdivisions}).gradient_residual.item<double>(), exact,
            1e-12)
            << x << " " << quality << " " << subdivisions;
    }
}

TEST(Certify, TheResidualIsThatOfTheSumThatWasMinimisedForEachPair) {
  // Midpoints ¼ and ¾ do not see the bad beginning, ⅛ does: with a and b the weights of good and bad places,
  // the sum of two midpoints a segment is (b² + a²)x² + 2a²(1 − x)² of the node x.
  const PathProblem problem = in_plane(bad_beginning(), {0, 0, 0, 0, 0, 0}, {1, 0, 1, 0, 1, 0});
  PathOptions options;
  options.epsilon = 0.1;
  StageSearch stage(problem, options);
  const Tensor times = uniform_times(2), nodes = linear_path(problem.start, problem.end, times);
  const PathResult result = certified(stage, nodes, times, {1, 2, 1});
  const double a2 = std::pow(std::log(0.9), 2), b2 = std::pow(std::log(0.1), 2);
  EXPECT_EQ(result.gradient_residual[0].item<double>(), 0);
  EXPECT_NEAR(result.gradient_residual[1].item<double>(), (b2 - a2) / (b2 + 3 * a2), 1e-12);
  EXPECT_EQ(result.gradient_residual[2].item<double>(), 0);
}

TEST(Certify, TheResidualVanishesOnAGreatCircle) {
  PathProblem problem = in_plane(constant_quality(0.5), {0, 0}, {1, 0});
  problem.embedding = stereographic_sphere();
  for (const int64_t segments : {8, 40}) {  // the latter with a Gauss–Newton model
    const Tensor times = uniform_times(segments), circle = meridian(times, -0.7, 1.9);
    problem.start = circle.select(1, 0);
    problem.end = circle.select(1, segments);
    StageSearch stage(problem, {});
    EXPECT_LT(certified(stage, circle, times).gradient_residual.item<double>(), 1e-12) << segments;
    // At constant speed in z it is the same curve, and no minimiser of the energy.
    const Tensor line = linear_path(problem.start, problem.end, times);
    EXPECT_GT(certified(stage, line, times).gradient_residual.item<double>(), 0.1) << segments;
  }
}

TEST(Certify, PathsWithoutAFreeNodeAreStationary) {
  const PathProblem problem = in_plane(ridge(), {-1, 0}, {1, 0});
  StageSearch stage(problem, {});
  const Tensor times = uniform_times(1);
  EXPECT_EQ(certified(stage, linear_path(problem.start, problem.end, times), times)
                .gradient_residual.item<double>(),
            0);
}

TEST(Certify, CertificatesOfTheSearchAreHandedOnAndNothingIsCreditedToIt) {
  const PathProblem problem = in_plane(ridge(), {-1, 0}, {1, 0});
  StageSearch stage(problem, {});
  const Tensor times = uniform_times(4);
  FoundPaths found = no_paths(stage.search, times);
  found.certificates.resize(1);
  found.certificates[0].subdivisions = 4;
  PathResult result = measured(linear_path(problem.start, problem.end, times));
  certify(stage.search, found, result);
  ASSERT_EQ(result.certificates.size(), 1u);
  EXPECT_EQ(result.certificates[0].subdivisions, 4);
  EXPECT_EQ(stage.counter.of_pairs()[0], 0);
  EXPECT_GT(stage.counter.verification(), 0);
}

}  // namespace latentpath::testing
