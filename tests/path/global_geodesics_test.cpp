// Globally shortest geodesics: planar problems against fast marching, and surfaces with several geodesics.

#include "latentpath/path/global_geodesics.h"

#include <gtest/gtest.h>

#include <cmath>

#include "../../benchmarks/planar_problems.h"
#include "latentpath/core/error.h"

namespace latentpath {

// A small version of benchmarks/global_planar.cpp, with coarser references: what they know is their estimate.
TEST(GlobalGeodesics, PlanarProblemsAgainstFastMarching) {
  GlobalGeodesicOptions global;
  constexpr double half = planar::kHalfSide + 1;  // no shortest path leaves this box
  global.box = {{-half, -half}, {half, half}};
  GlobalGeodesicOptions best_alone = global;
  best_alone.every_geodesic = false;
  EikonalDistanceOptions marching;
  marching.box = global.box;
  marching.coarsest = 101;
  marching.tolerance = 2e-3;
  marching.most_nodes = 150'000;
  int straight_optimal = 0;
  constexpr int problems = 16;
  for (uint64_t i = 0; i < problems; ++i) {
    const planar::Problem problem = planar::make_problem(i);
    const auto found = find_global_geodesics(problem.geodesic, global).pairs[0].found;
    const Eigen::Map<const Eigen::VectorXd> start(problem.geodesic.start.data(), 2),
        end(problem.geodesic.end.data(), 2);
    const EikonalDistance reference =
        eikonal_distance(metric_field(problem.geodesic.metric), start, end, marching);
    const double ours = found[0].geodesic.refined_length;
    EXPECT_LE(std::abs(ours - reference.distance), 1e-3 * ours + reference.error_estimate)
        << i << " " << problem.kind;
    EXPECT_LT(reference.error_estimate, 0.03 * ours) << i << " " << problem.kind;
    const double straight = find_geodesics(problem.geodesic, global.geodesic).geodesics[0].refined_length;
    // Whoever wants the best alone gets the same one.
    if (i < 6) {
      const double alone =
          find_global_geodesics(problem.geodesic, best_alone).pairs[0].found[0].geodesic.refined_length;
      EXPECT_NEAR(alone, ours, 1e-4 * ours) << i << " " << problem.kind;
    }
    straight_optimal += straight <= ours * 1.001;
  }
  // Otherwise the routes were for nothing, and this test shows nothing.
  EXPECT_LT(straight_optimal, problems);
}

TEST(GlobalGeodesics, BothWaysAroundAHill) {
  // A steep hill between the ends, off the middle: two geodesics pass it, and the shorter one is returned.
  const auto hill = analytic_weight(
      [](const auto* z) {
        using std::exp;
        const auto y = z[1] + 0.1;
        return 1.0 + 8.0 * exp(-(z[0] * z[0] + y * y) / 0.18);
      },
      2, "hill");
  const GeodesicProblem problem{
      .metric = WeightedMetric(plane_chart(2), hill), .start = {-1, 0}, .end = {1, 0}};
  const GlobalGeodesics result = find_global_geodesics(problem);
  const auto& found = result.pairs[0].found;
  ASSERT_GE(found.size(), 2U);
  const auto height = [](const Geodesic& g) { return g.nodes[2 * (g.nodes.size() / 4) + 1]; };
  EXPECT_GT(height(found[0].geodesic), 0);
  EXPECT_LT(height(found[1].geodesic), 0);
  EXPECT_LT(found[0].geodesic.refined_length, found[1].geodesic.refined_length);
  EXPECT_TRUE(found[0].geodesic.certificate.minimum);
  EXPECT_GT(result.graph_edges, 0);
  EXPECT_LE(result.evaluated_edges, result.graph_edges + 1000);
}

TEST(GlobalGeodesics, MetricFieldOfAChart) {
  const WeightedMetric metric(half_sphere_chart(2));
  Eigen::MatrixXd points(2, 1);
  points << 0.4, -0.7;
  const Eigen::MatrixXd g = metric_field(metric)(points);
  ASSERT_EQ(g.rows(), 3);
  const double r = 1 + points.squaredNorm();
  EXPECT_NEAR(g(0, 0), (r - 0.16) / (r * r), 1e-12);
  EXPECT_NEAR(g(1, 0), 0.28 / (r * r), 1e-12);
  EXPECT_NEAR(g(2, 0), (r - 0.49) / (r * r), 1e-12);
  // The plane's metric is a multiple of the identity, and one row says so.
  EXPECT_EQ(metric_field(WeightedMetric(plane_chart(2)))(points).rows(), 1);
}

TEST(GlobalGeodesics, WhatAChartIsDoesNotFollowFromItsName) {
  // A plane stretched threefold along its first coordinate, under two names.
  const auto stretched = [](const auto* z, auto* x) {
    x[0] = 3.0 * z[0];
    x[1] = z[1];
  };
  Eigen::VectorXd start(2), end(2);
  start << 0, 0;
  end << 1, 0;
  for (const char* name : {"stretched plane", "plane, stretched"}) {
    const WeightedMetric metric(chart(stretched, 2, 2, name));
    EXPECT_FALSE(metric.chart().is_identity());
    // 3, along a straight line: fast marching is exact for a constant metric, to rounding.
    EXPECT_NEAR(eikonal_distance(metric_field(metric), start, end, {}).distance, 3, 1e-6) << name;
  }
  EXPECT_TRUE(plane_chart(2)->is_identity());
}

TEST(GlobalGeodesics, EqualEndsAndBadInput) {
  const GeodesicProblem same{
      .metric = WeightedMetric(plane_chart(2)), .start = {0.5, 0.5}, .end = {0.5, 0.5}};
  EXPECT_EQ(find_global_geodesics(same).pairs[0].found[0].geodesic.refined_length, 0);
  const GeodesicProblem odd{
      .metric = WeightedMetric(plane_chart(2)), .start = {0.5, 0.5, 1}, .end = {0.5, 0.5, 1}};
  EXPECT_THROW(find_global_geodesics(odd), Error);
}

}  // namespace latentpath
