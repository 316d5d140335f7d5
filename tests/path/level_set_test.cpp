// Stiff level sets (paper A, Examples 3 and 4): continuation in K, with nothing to tune.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "latentpath/path/find_geodesics.h"
#include "path/geodesic_test_tools.h"

namespace latentpath::testing {
namespace {

constexpr double kLn2 = std::numbers::ln2, kPi = std::numbers::pi;

/// The shortest way around the unit disc, in the plane: straight, or two tangents and an arc.
double around_unit_disc(const double* a, const double* b) {
  const double ra = std::hypot(a[0], a[1]), rb = std::hypot(b[0], b[1]);
  const double angle = std::abs(std::remainder(std::atan2(a[1], a[0]) - std::atan2(b[1], b[0]), 2 * kPi));
  const double arc = angle - std::acos(1 / ra) - std::acos(1 / rb);
  if (arc <= 0) return std::hypot(a[0] - b[0], a[1] - b[1]);
  return std::sqrt(ra * ra - 1) + std::sqrt(rb * rb - 1) + arc;
}

/// Example 4's exact length (method: a ray in a stratified medium obeys n cos α = const; see below).
double cube_corner_length(double stiffness) {
  return 2 * kLn2 - kLn2 * kLn2 * (std::asinh(1) + std::sqrt(2) - 2) / stiffness;
}

/// The curve that the formula belongs to: along the top, down a catenary of relative size `scale` (1: the ray
/// itself) to the diagonal, and the mirror image.
std::vector<double> cube_corner_curve(double stiffness, double scale) {
  const double unit = kLn2 / stiffness, reach = std::asinh(1), depth = unit * (std::sqrt(2) - 1) * scale;
  std::vector<double> half;  // x, z
  const double begin = 1 - depth - unit * reach;
  constexpr int kPoints = 4000;
  half.insert(half.end(), {0, 1});
  for (int k = 0; k <= kPoints; ++k) {
    const double s = reach * k / kPoints;
    half.insert(half.end(), {begin + unit * s, 1 - scale * unit * (std::cosh(s) - 1)});
  }
  std::vector<double> nodes;
  for (std::size_t k = 0; k < half.size(); k += 2) nodes.insert(nodes.end(), {half[k], 0, half[k + 1]});
  for (std::size_t k = half.size() - 2; k > 0; k -= 2)
    nodes.insert(nodes.end(), {half[k - 1], 0, half[k - 2]});
  return nodes;
}

GeodesicProblem example_3(double stiffness = 5) {
  return {.metric = WeightedMetric(plane_chart(2), cut_out_discs({{{0, 0}, 1}}, stiffness)),
          .start = {-1.3, 0},
          .end = {1.3, 0}};
}

GeodesicProblem example_4(double stiffness = 50) {
  return {.metric = WeightedMetric(plane_chart(3), cube_surface(3, stiffness)),
          .start = {0, 0, 1},
          .end = {1, 0, 0}};
}

}  // namespace

TEST(LevelSet, Example3) {
  const double exact = kLn2 * (2 * std::sqrt(0.69) + kPi - 2 * std::acos(1 / 1.3));
  EXPECT_NEAR(exact, 2.368205001, 1e-9);
  const Geodesic geodesic = solve_one(example_3(), with_segments(200));
  EXPECT_EQ(geodesic.termination, Termination::kConverged);
  EXPECT_NEAR(geodesic.refined_length / exact, 1, 1e-3);
  EXPECT_NEAR(geodesic.length / exact, 1, 1e-3);
  // The straight line through the middle is a saddle, by symmetry; it is not what is returned.
  EXPECT_TRUE(geodesic.certificate.minimum);
  EXPECT_GT(std::abs(geodesic.nodes[2 * 100 + 1]), 0.99);
  EXPECT_LE(geodesic.certificate.lower_bound, exact);
  EXPECT_NEAR(geodesic.certificate.lower_bound, kLn2 * 2.6, 1e-12);
}

TEST(LevelSet, Example4sPrintedTruthIsConfirmedByQuadrature) {
  // On a face n = log 2 + K·depth, a stratified medium: n cos α = log 2 on a ray that leaves the surface
  // along it, which integrates to depth = (log 2/K)(cosh s − 1), s = K x/log 2, and the ray meets the
  // diagonal at 45°: cosh s = √2. The quadrature knows nothing of this: it sums the weight of the cube's own
  // distance along the curve.
  const WeightedMetric metric = example_4().metric;
  const double quadrature = metric.length(cube_corner_curve(50, 1), 1e-12, 64).length;
  EXPECT_NEAR(quadrature, cube_corner_length(50), 1e-8);
  EXPECT_NEAR(cube_corner_length(50), 1.383454046, 1e-9);
  // And the curve is the best of its kind.
  for (const double scale : {0.0, 0.5, 0.9, 1.1, 1.5})
    EXPECT_GT(metric.length(cube_corner_curve(50, scale), 1e-10, 64).length, quadrature) << scale;
}

TEST(LevelSet, Example4) {
  const Geodesic geodesic = solve_one(example_4(), with_segments(200));
  EXPECT_EQ(geodesic.termination, Termination::kConverged);
  EXPECT_NEAR(geodesic.refined_length / cube_corner_length(50), 1, 1e-3);
  EXPECT_NEAR(geodesic.length / cube_corner_length(50), 1, 1e-3);
  EXPECT_TRUE(geodesic.certificate.minimum);
  // The corner is cut by the catenary's depth, (log 2/K)(√2 − 1) on each side, within a segment or so.
  double deepest = 1;
  for (std::size_t i = 0; i <= 200; ++i)
    deepest = std::min(deepest, std::max(geodesic.nodes[3 * i], geodesic.nodes[3 * i + 2]));
  EXPECT_NEAR(1 - deepest, kLn2 / 50 * (std::sqrt(2) - 1), 4e-3);
}

TEST(LevelSet, AnyStiffnessWithoutTuning) {
  const double around = kLn2 * (2 * std::sqrt(0.69) + kPi - 2 * std::acos(1 / 1.3));
  for (const double stiffness : {2.0, 20.0, 200.0, 2000.0}) {
    const Geodesic disc = solve_one(example_3(stiffness), with_segments(200));
    EXPECT_NEAR(disc.refined_length / around, 1, 1e-3) << stiffness;
    EXPECT_TRUE(disc.certificate.minimum) << stiffness;
  }
  for (const double stiffness : {10.0, 200.0}) {
    const Geodesic cube = solve_one(example_4(stiffness), with_segments(200));
    EXPECT_NEAR(cube.refined_length / cube_corner_length(stiffness), 1, 2e-3) << stiffness;
  }
}

TEST(LevelSet, RandomEndsAroundADisc) {
  const auto numbers = normal_numbers(4 * 60, 21);
  int around = 0;
  for (std::size_t pair = 0; pair < 60; ++pair) {
    double ends[4];
    for (std::size_t e = 0; e < 4; ++e) ends[e] = 1.5 * numbers[4 * pair + e];
    if (std::hypot(ends[0], ends[1]) < 1.05 || std::hypot(ends[2], ends[3]) < 1.05) continue;
    const double exact = kLn2 * around_unit_disc(ends, ends + 2);
    const Geodesic geodesic =
        solve_one({.metric = WeightedMetric(plane_chart(2), cut_out_discs({{{0, 0}, 1}}, 30)),
                   .start = {ends[0], ends[1]},
                   .end = {ends[2], ends[3]}},
                  with_segments(200));
    EXPECT_NEAR(geodesic.refined_length / exact, 1, 1e-3)
        << "from (" << ends[0] << ", " << ends[1] << ") to (" << ends[2] << ", " << ends[3] << ")";
    around += exact > kLn2 * std::hypot(ends[0] - ends[2], ends[1] - ends[3]) * 1.001;
  }
  EXPECT_GE(around, 5);
}

TEST(LevelSet, SeveralDiscs) {
  // Between two discs there is a gap that the straight line misses by a little.
  const Geodesic geodesic =
      solve_one({.metric = WeightedMetric(plane_chart(2), cut_out_discs({{{0, 1.1}, 1}, {{0, -1.3}, 1}}, 40)),
                 .start = {-2, 0.4},
                 .end = {2, 0.4}},
                with_segments(200));
  EXPECT_TRUE(geodesic.certificate.minimum);
  // Two tangents to the upper disc and an arc on it.
  const double a[] = {-2, 0.4 - 1.1}, b[] = {2, 0.4 - 1.1};
  EXPECT_NEAR(geodesic.refined_length / (kLn2 * around_unit_disc(a, b)), 1, 1e-3);
}

TEST(LevelSet, StagesShowTheContinuation) {
  GeodesicOptions options = with_segments(100);
  options.keep_stages = true;
  const Geodesic geodesic = solve_one(example_3(), options);
  ASSERT_GE(geodesic.stages.size(), 4u);
  EXPECT_EQ(geodesic.stages.front().name, "straight line");
  EXPECT_NE(geodesic.stages[1].name.find("K = "), std::string::npos);
  EXPECT_EQ(geodesic.stages.back().nodes.size(), 202u);
}

}  // namespace latentpath::testing
