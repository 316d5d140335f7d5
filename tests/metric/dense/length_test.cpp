// Lengths of polylines as the curves they are, against closed forms.

#include <gtest/gtest.h>

#include <cmath>

#include "latentpath/metric/charts.h"
#include "latentpath/metric/weighted_metric.h"

namespace latentpath {
namespace {

TEST(Length, OfAHelixOnACylinder) {
  // Straight in the chart; chords of it are shorter on every grid, and what they extrapolate to is not.
  const std::vector<double> nodes{0, 0, 1, 0.5, 3, 1.5};
  const auto figures = WeightedMetric(cylinder_chart(2)).length(nodes, 1e-8);
  EXPECT_NEAR(figures.length, std::hypot(6, 1.5), 1e-9);
  EXPECT_LE(figures.subdivisions, 128);  // not extrapolated, thousands
  const auto weighted = WeightedMetric(cylinder_chart(2), analytic_constant(0.2)).length(nodes, 1e-8);
  EXPECT_NEAR(weighted.length, -std::log(0.2) * figures.length, 1e-12);
  EXPECT_DOUBLE_EQ(weighted.embedding_length, figures.embedding_length);
  EXPECT_DOUBLE_EQ(figures.embedding_length, figures.length);
}

TEST(Length, AcrossKinks) {
  // Along y = h through the disc of radius 1, whose depth is 1 − √(x² + h²): ln 2 and K times the depth.
  const double h = 0.3, half = std::sqrt(1 - h * h), stiffness = 7;
  const double depth = 2 * half - (half + h * h * std::asinh(half / h));
  const WeightedMetric metric(plane_chart(), cut_out_discs({{{0, 0}, 1}}, stiffness));
  EXPECT_NEAR(metric.length(std::vector{-2.1, h, 0.4, h, 1.7, h}).length,
              std::log(2.0) * 3.8 + stiffness * depth, 1e-5);
}

TEST(Length, TowardsARim) {
  const double r = 0.999999;
  EXPECT_NEAR(WeightedMetric(plane_chart(), poincare_ball()).length(std::vector{0.0, 0.0, r, 0.0}).length,
              2 * std::atanh(r), 2e-5);
}

TEST(Length, NoFinerThanAsked) {
  const auto figures = WeightedMetric(cylinder_chart()).length(std::vector{0.0, 0.0, 3.0, 0.0}, 1e-12, 4);
  EXPECT_EQ(figures.subdivisions, 4);
}

}  // namespace
}  // namespace latentpath
