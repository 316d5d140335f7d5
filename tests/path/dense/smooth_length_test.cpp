#include "latentpath/path/smooth_length.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "latentpath/core/error.h"
#include "latentpath/metric/charts.h"
#include "latentpath/path/find_geodesics.h"

namespace latentpath::testing {
namespace {

double stereographic_distance(const double* a, const double* b) {
  const auto lift = [](const double* z, double* x) {
    const double square = z[0] * z[0] + z[1] * z[1];
    x[0] = 2 * z[0] / (1 + square);
    x[1] = 2 * z[1] / (1 + square);
    x[2] = (square - 1) / (square + 1);
  };
  double x[3], y[3], chord = 0;
  lift(a, x);
  lift(b, y);
  for (int k = 0; k < 3; ++k) chord += (x[k] - y[k]) * (x[k] - y[k]);
  return 2 * std::asin(std::min(1.0, std::sqrt(chord) / 2));
}

double poincare_distance(const double* a, const double* b) {
  const double gap = std::pow(a[0] - b[0], 2) + std::pow(a[1] - b[1], 2);
  const double room = (1 - a[0] * a[0] - a[1] * a[1]) * (1 - b[0] * b[0] - b[1] * b[1]);
  return 2 * std::asinh(std::sqrt(gap / room));
}

}  // namespace

TEST(SmoothLength, IsThatOfCurvesWhoseLengthIsKnown) {
  // A radius of the Poincaré disc, straight in the chart, up to the last bits before its rim.
  const WeightedMetric disc(plane_chart(2), poincare_ball(2));
  for (const double end : {0.3, 0.9, 1 - 1e-6, 1 - 1e-12}) {
    std::vector<double> nodes;
    for (int i = 0; i <= 50; ++i) nodes.insert(nodes.end(), {end * i / 50, 0.0});
    const SmoothLength found = smooth_length(disc, nodes);
    EXPECT_TRUE(found.settled || end > 1 - 1e-9) << end;  // there rounding of 1 - r² is seen
    // 1 − r² has the rounding of r near the rim.
    EXPECT_NEAR(found.length, std::log1p(end) - std::log1p(-end), 1e-12 + 1e-15 / (1 - end)) << end;
  }
  // Nodes on a circle: cubics through n of them miss its length by O(1/n⁴).
  const WeightedMetric plane(plane_chart(2));
  double before = 0;
  for (const int n : {20, 40, 80}) {
    std::vector<double> nodes;
    for (int i = 0; i <= n; ++i) nodes.insert(nodes.end(), {std::cos(3.0 * i / n), std::sin(3.0 * i / n)});
    const SmoothLength found = smooth_length(plane, nodes);
    EXPECT_TRUE(found.smooth);
    const double error = std::abs(found.length - 3);
    if (before > 0) {
      EXPECT_LT(error, before / 12);
    }
    before = error;
  }
  // A polyline of fewer than five nodes, and one with a corner, is taken as it is.
  EXPECT_NEAR(smooth_length(plane, std::vector<double>{0, 0, 3, 4}).length, 5, 1e-14);
  const std::vector<double> corner{0, 0, 1, 0, 2, 0, 3, 0, 3, 1, 3, 2, 3, 3};
  EXPECT_NEAR(smooth_length(plane, corner).length, 6, 1e-13);
  EXPECT_THROW(smooth_length(plane, std::vector<double>{0, 0}), Error);
}

TEST(SmoothLength, OfGeodesicsIsNeverBelowTheDistanceAndHardlyAbove) {
  std::mt19937_64 generator(1);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform;
  const WeightedMetric sphere(stereographic_chart(2)), disc(plane_chart(2), poincare_ball(2));
  for (int pair = 0; pair < 200; ++pair) {
    const bool curved = pair % 2 == 0;
    std::vector<double> ends(4);
    for (size_t k = 0; k < 4; k += 2) {
      const double angle = 2 * M_PI * uniform(generator), r = std::tanh(2 * uniform(generator));
      ends[k] = curved ? normal(generator) : r * std::cos(angle);
      ends[k + 1] = curved ? normal(generator) : r * std::sin(angle);
    }
    const double truth =
        curved ? stereographic_distance(&ends[0], &ends[2]) : poincare_distance(&ends[0], &ends[2]);
    GeodesicOptions options;
    if (!curved) options.subdivisions = 4;
    const GeodesicProblem problem{
        .metric = curved ? sphere : disc, .start = {ends[0], ends[1]}, .end = {ends[2], ends[3]}};
    const Geodesic found = find_geodesics(problem, options).geodesics[0];
    const double length = smooth_length(problem.metric, found.nodes).length;
    EXPECT_GE(length, truth * (1 - 1e-12)) << pair;
    // Of the square of what 100 segments miss the path by. A great circle that passes near the pole goes far
    // out in the chart, where they miss it by more.
    double farthest = 0;
    for (const double coordinate : found.nodes) farthest = std::max(farthest, std::abs(coordinate));
    if (farthest < 5) {
      EXPECT_LE(length, truth * (1 + 1e-6)) << pair;
    }
  }
}

}  // namespace latentpath::testing
