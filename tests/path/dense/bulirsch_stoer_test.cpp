#include "path/dense/bulirsch_stoer.h"

#include <gtest/gtest.h>

#include <cmath>

namespace latentpath::detail {
namespace {

using Eigen::VectorXd;

/// y' = (y₁, −y₀), a rotation, defined while y₀ is below a bound.
struct Rotation {
  double bound = 2;
  int evaluations = 0;
  bool derivative(const VectorXd& y, VectorXd& slope) {
    ++evaluations;
    slope.resize(2);
    slope << y[1], -y[0];
    return y[0] < bound;
  }
  double size_of(const VectorXd& error, const VectorXd& y, const VectorXd&) const {
    return error.norm() / y.norm();
  }
};

TEST(BulirschStoer, IsExactToTheTolerance) {
  int before = 0;
  for (const double tolerance : {1e-6, 1e-9, 1e-12}) {
    Rotation rotation;
    VectorXd y(2);
    y << 0, 1;
    ASSERT_TRUE(BulirschStoer().advance(rotation, y, 10, tolerance));
    EXPECT_NEAR(y[0], std::sin(10), 100 * tolerance);
    EXPECT_NEAR(y[1], std::cos(10), 100 * tolerance);
    EXPECT_GT(rotation.evaluations, before);
    before = rotation.evaluations;
  }
  EXPECT_LT(before, 1500);
}

TEST(BulirschStoer, ComesCloseToWhereTheMotionEnds) {
  Rotation rotation{.bound = std::sin(1)};
  VectorXd y(2);
  y << 0, 1;
  EXPECT_FALSE(BulirschStoer().advance(rotation, y, 2, 1e-10));
  EXPECT_NEAR(y[0], std::sin(1), 1e-9);
  EXPECT_LT(rotation.evaluations, 20'000);
  y << 0, 1;
  EXPECT_TRUE(BulirschStoer().advance(rotation, y, 0.99, 1e-10));
}

TEST(BulirschStoer, OneMethodGoesOnInParts) {
  Rotation rotation;
  BulirschStoer method;
  VectorXd y(2);
  y << 0, 1;
  for (int part = 0; part < 7; ++part) ASSERT_TRUE(method.advance(rotation, y, 1, 1e-12));
  EXPECT_NEAR(y[0], std::sin(7), 1e-10);
}

}  // namespace
}  // namespace latentpath::detail
