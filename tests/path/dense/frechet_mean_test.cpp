#include "latentpath/path/frechet_mean.h"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>

#include "latentpath/core/error.h"
#include "latentpath/metric/charts.h"
#include "latentpath/path/matrix_manifolds.h"

namespace latentpath::testing {
namespace {

using Complex = std::complex<double>;
using Vector = std::vector<double>;

/// Points at the ends of `count` geodesics of one length around a centre, at even angles of an isothermal
/// chart.
Vector around(const ManifoldMaps& maps, const Vector& centre, int count, double radius, double turn = 0.3) {
  Vector points;
  for (int k = 0; k < count; ++k) {
    const double angle = turn + 2 * M_PI * k / count;
    Vector v{std::cos(angle), std::sin(angle)};
    const double size = std::sqrt(maps.inner(centre, v, v));
    for (double& x : v) x *= radius / size;
    const Vector end = maps.exponential(centre, v).point();
    points.insert(points.end(), end.begin(), end.end());
  }
  return points;
}

}  // namespace

// The centre of a symmetric configuration is its mean, and r² its variance.
TEST(FrechetMean, OfSymmetricPoints) {
  for (const auto& [metric, radius] : {std::pair(WeightedMetric(stereographic_chart(2)), 1.2),
                                       std::pair(WeightedMetric(plane_chart(2), poincare_ball(2)), 2.5)}) {
    const auto maps = chart_maps(metric);
    const Vector centre{0.3, -0.2};
    for (const int count : {2, 3, 5}) {
      const FrechetMean mean = frechet_mean(*maps, around(*maps, centre, count, radius));
      EXPECT_TRUE(mean.converged);
      EXPECT_TRUE(mean.unique);
      EXPECT_TRUE(mean.doubts.empty());
      EXPECT_NEAR(mean.point[0], centre[0], 1e-8);
      EXPECT_NEAR(mean.point[1], centre[1], 1e-8);
      EXPECT_NEAR(mean.variance, radius * radius, 1e-8);
      EXPECT_LE(mean.gradient_norm, 1e-9 * radius);
    }
  }
}

// Of two points it divides their geodesic by the weights.
TEST(FrechetMean, OfTwoWeightedPoints) {
  const auto maps = chart_maps(WeightedMetric(plane_chart(2), poincare_ball(2)));
  const Vector a{-0.5, 0.1}, b{0.6, 0.4};
  const Logarithm way = maps->logarithm(a, b);
  Vector third = way.velocity;
  for (double& x : third) x *= 0.25;
  const Vector truth = maps->exponential(a, third).point();
  const FrechetMean mean = frechet_mean(*maps, Vector{-0.5, 0.1, 0.6, 0.4}, Vector{3, 1});
  EXPECT_NEAR(mean.point[0], truth[0], 1e-8);
  EXPECT_NEAR(mean.point[1], truth[1], 1e-8);
  EXPECT_NEAR(mean.variance, way.length * way.length * 3 / 16, 1e-8);
}

// Over the seam of a flat torus it is the mean of the nearest copies.
TEST(FrechetMean, OverTheSeamOfATorus) {
  const auto maps = chart_maps(WeightedMetric(flat_torus_chart({1, 2})));
  const FrechetMean mean = frechet_mean(*maps, Vector{0.95, 0.1, 0.05, 1.9, 0.12, 0.3});
  EXPECT_NEAR(std::remainder(mean.point[0] - 0.04, 1.0), 0, 1e-8);
  EXPECT_NEAR(std::remainder(mean.point[1] - 0.1, 2.0), 0, 1e-8);
  EXPECT_TRUE(mean.converged);
  EXPECT_TRUE(mean.doubts.empty());
}

TEST(FrechetMean, IsSaidNotToBeUnique) {
  // Opposite points of a circle have two means, a quarter turn to either side.
  const auto circle = chart_maps(WeightedMetric(flat_torus_chart({1})));
  const FrechetMean mean = frechet_mean(*circle, Vector{0.1, 0.6});
  EXPECT_NEAR(std::abs(std::remainder(mean.point[0] - 0.1, 1.0)), 0.25, 1e-8);
  EXPECT_FALSE(mean.unique);
  ASSERT_EQ(mean.others.size(), 1u);
  EXPECT_NEAR(std::abs(std::remainder(mean.others[0][0] - mean.point[0], 1.0)), 0.5, 1e-8);
  EXPECT_EQ(mean.doubts.size(), 2u);
  // On the sphere three points of a great circle, at even angles, have a mean at either pole: (π/2)².
  const auto sphere = chart_maps(WeightedMetric(stereographic_chart(2)));
  const FrechetMean pole = frechet_mean(*sphere, around(*sphere, {0.2, 0.5}, 3, M_PI / 2));
  EXPECT_FALSE(pole.doubts.empty());
}

TEST(FrechetMean, OfPositiveDefiniteMatrices) {
  const auto maps = make_matrix_manifold("spd", {2});
  // Of commuting matrices it is the geometric mean of the eigenvalues.
  const FrechetMean diagonal = frechet_mean(*maps, Vector{1, 0, 0, 8, 4, 0, 0, 2, 2, 0, 0, 4});
  EXPECT_NEAR(diagonal.point[0], 2, 1e-8);
  EXPECT_NEAR(diagonal.point[3], 4, 1e-8);
  EXPECT_NEAR(diagonal.point[1], 0, 1e-8);
  EXPECT_TRUE(diagonal.converged);
  EXPECT_TRUE(diagonal.doubts.empty());
  // Of any it solves Σ log(M^−½ P M^−½) = 0: the mean of P and its inverse is the identity.
  const Vector p{3, 1, 1, 0.7};
  const double det = 3 * 0.7 - 1;
  const FrechetMean identity =
      frechet_mean(*maps, Vector{3, 1, 1, 0.7, 0.7 / det, -1 / det, -1 / det, 3 / det});
  EXPECT_NEAR(identity.point[0], 1, 1e-8);
  EXPECT_NEAR(identity.point[1], 0, 1e-8);
  EXPECT_NEAR(identity.point[3], 1, 1e-8);
}

// All the weight on one point leaves a variance of rounding alone, and that is a mean.
TEST(FrechetMean, OfOnePointWithAllTheWeight) {
  const auto maps = make_matrix_manifold("spd", {2});
  const FrechetMean mean = frechet_mean(*maps, Vector{1, 0, 0, 8, 4, 0, 0, 2}, Vector{1, 0});
  EXPECT_TRUE(mean.converged);
  EXPECT_LE(mean.iterations, 2);
  EXPECT_NEAR(mean.point[3], 8, 1e-12);
}

TEST(FrechetMean, OfRotationsAndSubspaces) {
  const auto turns = make_matrix_manifold("so3", {});
  Vector points;
  for (const double angle : {0.1, 0.5, 1.2})
    for (const double entry :
         {std::cos(angle), -std::sin(angle), 0.0, std::sin(angle), std::cos(angle), 0.0, 0.0, 0.0, 1.0})
      points.push_back(entry);
  const FrechetMean mean = frechet_mean(*turns, points);
  EXPECT_NEAR(std::atan2(mean.point[3], mean.point[0]), 0.6, 1e-8);
  const auto lines = make_matrix_manifold("grassmann", {2, 1});
  const FrechetMean line =
      frechet_mean(*lines, Vector{std::cos(0.2), std::sin(0.2), -std::cos(0.6), -std::sin(0.6)});
  EXPECT_NEAR(std::abs(line.point[1] / line.point[0]), std::tan(0.4), 1e-8);
  EXPECT_TRUE(line.doubts.empty());
}

TEST(FrechetMean, OfOnePointAndRefusals) {
  const auto maps = chart_maps(WeightedMetric(plane_chart(2), poincare_ball(2)));
  const FrechetMean one = frechet_mean(*maps, Vector{0.3, 0.4, 0.3, 0.4});
  EXPECT_EQ(one.point, (Vector{0.3, 0.4}));
  EXPECT_EQ(one.variance, 0);
  EXPECT_TRUE(one.converged);
  EXPECT_THROW(frechet_mean(*maps, Vector{0.3}), Error);
  EXPECT_THROW(frechet_mean(*maps, Vector{}), Error);
  EXPECT_THROW(frechet_mean(*maps, Vector{0.3, 0.4}, Vector{1, 2}), Error);
  EXPECT_THROW(frechet_mean(*maps, Vector{0.3, 0.4}, Vector{-1}), Error);
  EXPECT_THROW(frechet_mean(*maps, Vector{0.3, 0.4}, Vector{0}), Error);
}

}  // namespace latentpath::testing
