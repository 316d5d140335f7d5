// Geodesics whose length is known exactly, and the properties that every geodesic has.

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

constexpr double kPi = std::numbers::pi;

struct Truth {
  std::string name;
  GeodesicProblem problem;
  double length;
};

/// The chart's arc between two points of a sphere.
Truth on_sphere(const std::string& name, const ChartPointer& chart, std::vector<double> a,
                std::vector<double> b, double centre_height = 0) {
  const double arc = arc_between(*chart, a.data(), b.data(), centre_height);
  return {name, {.metric = WeightedMetric(chart), .start = std::move(a), .end = std::move(b)}, arc};
}

double poincare_distance(const std::vector<double>& x, const std::vector<double>& y) {
  double xx = 0, yy = 0, xy = 0;
  for (std::size_t k = 0; k < x.size(); ++k) {
    xx += x[k] * x[k];
    yy += y[k] * y[k];
    xy += (x[k] - y[k]) * (x[k] - y[k]);
  }
  return std::acosh(1 + 2 * xy / ((1 - xx) * (1 - yy)));
}

Truth in_poincare(std::vector<double> a, std::vector<double> b) {
  const double distance = poincare_distance(a, b);
  const int dim = static_cast<int>(a.size());
  return {"Poincare ball",
          {.metric = WeightedMetric(plane_chart(dim), poincare_ball(dim)),
           .start = std::move(a),
           .end = std::move(b)},
          distance};
}

/// Arc length of u ↦ (u cos u, u sin u).
double roll_length(double u) { return 0.5 * (u * std::sqrt(1 + u * u) + std::asinh(u)); }

std::vector<Truth> smooth_truths() {
  std::vector<Truth> truths;
  truths.push_back(on_sphere("Example 2", half_sphere_chart(2), {0, 1}, {1, 0}, 1));
  truths.push_back(on_sphere("sphere", stereographic_chart(2), {0.2, 0.1}, {-0.9, 1.4}));
  truths.push_back(on_sphere("long arc", stereographic_chart(2), {0.2, 0.1}, {-1.9, 0.9}));
  truths.push_back(
      on_sphere("sphere of 3 dimensions", stereographic_chart(3), {0.2, 0.1, 0.5}, {-0.9, 0.4, -0.3}));
  truths.push_back(on_sphere("sphere of 10 dimensions", stereographic_chart(10),
                             {0.2, 0.1, 0.5, -0.1, 0, 0.3, 0.1, -0.2, 0.2, 0},
                             {-0.2, 0.4, 0, 0, 0.6, 0, -0.3, 0, 0, 0.1}));
  {
    const std::vector<double> a = {0.2, 0.1}, b = {0.9, -1.2};
    const double arc = arc_between(*stereographic_chart(2), a.data(), b.data());
    truths.push_back(
        {"stereographic quality",
         {.metric = WeightedMetric(plane_chart(2), stereographic_quality(2)), .start = a, .end = b},
         arc});
  }
  truths.push_back(in_poincare({0.5, -0.5}, {0.5, 0.5}));
  truths.push_back(in_poincare({0.1, 0.3}, {0.6, -0.2}));
  truths.push_back(in_poincare({0.1, 0.3, -0.2}, {0.5, -0.2, 0.4}));
  // The Swiss roll is flat: straight in (arc length of u, v).
  truths.push_back({"Swiss roll",
                    {.metric = WeightedMetric(swiss_roll_chart()), .start = {1.0, 0.0}, .end = {3.0, 2.0}},
                    std::hypot(roll_length(3) - roll_length(1), 2.0)});
  return truths;
}

std::vector<double> mirrored(const std::vector<double>& nodes, std::size_t dim) {
  std::vector<double> out;
  for (std::size_t i = nodes.size() / dim; i-- > 0;)
    out.insert(out.end(), nodes.begin() + static_cast<std::ptrdiff_t>(i * dim),
               nodes.begin() + static_cast<std::ptrdiff_t>((i + 1) * dim));
  return out;
}

double greatest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  double most = a.size() == b.size() ? 0 : 1e300;
  for (std::size_t k = 0; k < std::min(a.size(), b.size()); ++k) most = std::max(most, std::abs(a[k] - b[k]));
  return most;
}

AnalyticQualityPointer wavy() {
  return analytic_quality(
      [](const auto* z) {
        using std::sin;
        return 0.55 + 0.35 * sin(2.0 * z[0] + z[1]);
      },
      2, "wavy");
}

}  // namespace

TEST(Truth, SmoothCasesTo3e5At100SegmentsAnd1e9Extrapolated) {
  for (const Truth& truth : smooth_truths()) {
    const Geodesic geodesic = solve_one(truth.problem, with_segments(100));
    EXPECT_EQ(geodesic.termination, Termination::kConverged) << truth.name;
    EXPECT_NEAR(geodesic.length / truth.length, 1, 3e-5) << truth.name;
    EXPECT_NEAR(geodesic.refined_length / truth.length, 1, 3e-5) << truth.name;
    EXPECT_NEAR(geodesic.extrapolated_length / truth.length, 1, 1e-9) << truth.name;
    // The stated error is an upper bound of the true one.
    EXPECT_GE(geodesic.extrapolation_change + 1e-13, std::abs(geodesic.extrapolated_length - truth.length))
        << truth.name;
    // The curve is a curve, and none is shorter than the distance.
    EXPECT_GE(geodesic.refined_length, truth.length * (1 - 2e-6)) << truth.name;
    EXPECT_LE(geodesic.certificate.lower_bound, truth.length * (1 + 1e-12)) << truth.name;
    EXPECT_LT(geodesic.certificate.gradient_residual, 1e-8) << truth.name;
    EXPECT_GT(geodesic.certificate.least_curvature, 0.1) << truth.name;
    EXPECT_TRUE(geodesic.warnings.empty()) << truth.name << ": " << geodesic.warnings[0];
  }
}

TEST(Truth, ErrorsFallByFourWhenSegmentsDouble) {
  for (const Truth& truth : smooth_truths()) {
    double before = 0;
    for (const int segments : {50, 100, 200, 400}) {
      const double error = std::abs(solve_one(truth.problem, with_segments(segments)).length - truth.length);
      if (before > 0) {
        EXPECT_NEAR(before / error, 4, 0.4) << truth.name << " at " << segments;
      }
      before = error;
    }
  }
}

TEST(Truth, Example1IsTheStraightLine) {
  const Geodesic geodesic = solve_one(
      {.metric = WeightedMetric(plane_chart(2)), .start = {0, 1}, .end = {1, 0}}, with_segments(100));
  EXPECT_NEAR(geodesic.length, std::sqrt(2), 1e-14);
  EXPECT_NEAR(geodesic.refined_length, std::sqrt(2), 1e-13);
  EXPECT_NEAR(geodesic.certificate.lower_bound, std::sqrt(2), 1e-14);  // here the bound is the length
  EXPECT_TRUE(geodesic.certificate.minimum);
  for (std::size_t i = 0; i <= 100; ++i)
    EXPECT_NEAR(geodesic.nodes[2 * i] + geodesic.nodes[2 * i + 1], 1, 1e-14);
}

TEST(Truth, Example2RunsStraightInTheChart) {
  const Geodesic geodesic = solve_one(
      {.metric = WeightedMetric(half_sphere_chart(2)), .start = {0, 1}, .end = {1, 0}}, with_segments(100));
  EXPECT_NEAR(geodesic.extrapolated_length, kPi / 3, 1e-10);
  for (std::size_t i = 0; i <= 100; ++i)
    EXPECT_NEAR(geodesic.nodes[2 * i] + geodesic.nodes[2 * i + 1], 1, 1e-10);
}

TEST(Truth, LeastCurvatureOfASphere) {
  // On an arc θ the smallest eigenvalue of the second variation against B is 1 − (θ/π)², up to O(1/n²).
  for (const double theta : {0.5, 1.5, 2.5, 3.0}) {
    const double half = std::tan(theta / 4);
    const Geodesic geodesic =
        solve_one({.metric = WeightedMetric(stereographic_chart(2)), .start = {-half, 0}, .end = {half, 0}},
                  with_segments(100));
    // Inverse iteration comes from above, the faster the smaller the eigenvalue, which is where it matters.
    const double exact = 1 - theta * theta / (kPi * kPi);
    EXPECT_GT(geodesic.certificate.least_curvature, exact - 1e-3) << theta;
    EXPECT_LT(geodesic.certificate.least_curvature, exact + (theta < 2 ? 0.03 : 2e-3)) << theta;
    EXPECT_EQ(geodesic.certificate.negative_directions, 0);
  }
}

TEST(Truth, LoopInOneDimension) {
  // Dynamic cost, Q = exp(−e^{−az}), z0 = z1 = 0: γ = (1/a) ln[cosh(a/2)/cosh(a(t − ½))], cost (2/a)
  // tanh(a/2).
  for (const double a : {1.0, 3.0}) {
    GeodesicProblem problem{.metric = WeightedMetric(plane_chart(1), analytic_weight(
                                                                         [a](const auto* z) {
                                                                           using std::exp;
                                                                           return exp(-a * z[0]);
                                                                         },
                                                                         1)),
                            .start = {0},
                            .end = {0},
                            .time_weight = 1};
    double before = 0;
    for (const int segments : {64, 128, 256}) {
      const Geodesic geodesic = solve_one(problem, with_segments(segments));
      EXPECT_EQ(geodesic.termination, Termination::kConverged);
      double off = 0;
      for (int i = 0; i <= segments; ++i) {
        const double t = static_cast<double>(i) / segments;
        const double exact = std::log(std::cosh(a / 2) / std::cosh(a * (t - 0.5))) / a;
        off = std::max(off, std::abs(geodesic.nodes[static_cast<std::size_t>(i)] - exact));
      }
      EXPECT_LT(off, 5.0 / segments / segments) << a;
      const double error = std::abs(geodesic.cost - 2 / a * std::tanh(a / 2));
      EXPECT_LT(error, 2.0 / segments / segments) << a;
      if (before > 0) {
        EXPECT_NEAR(before / error, 4, 0.4) << a << " " << segments;
      }
      before = error;
    }
  }
}

TEST(Truth, UniformDensityOnAConvexSetGivesTheStraightLine) {
  // Paper B, Observation 1: Φ linear, density constant on a disc of radius 2 and falling off outside.
  const auto linear = chart(
      [](const auto* z, auto* x) {
        x[0] = 2.0 * z[0] + z[1];
        x[1] = z[0] - z[1];
        x[2] = 0.5 * z[1];
      },
      2, 3, "linear");
  const auto disc = analytic_quality(
      [](const auto* z) {
        using std::exp, std::max, std::sqrt;
        const auto outside = max(sqrt(z[0] * z[0] + z[1] * z[1]) - 2.0, z[0] * 0.0);
        return 0.8 * exp(-outside * outside);
      },
      2, "uniform disc");
  const Geodesic geodesic =
      solve_one({.metric = WeightedMetric(linear, disc, 0.1), .start = {-1.2, 0.7}, .end = {1.5, -0.4}},
                with_segments(60));
  const double dx = 2 * 2.7 - 1.1, dy = 2.7 + 1.1, dz = -0.55;
  EXPECT_NEAR(geodesic.refined_length, -std::log(0.1 + 0.8 * 0.8) * std::hypot(dx, dy, dz), 1e-10);
  for (std::size_t i = 0; i <= 60; ++i)
    EXPECT_NEAR(geodesic.nodes[2 * i + 1], 0.7 - 1.1 / 2.7 * (geodesic.nodes[2 * i] + 1.2), 1e-9);
}

TEST(Property, EndsAreExactToTheLastBit) {
  const std::vector<double> a = {0.1 + 0.2, 1.0 / 3, 2.0 / 7, 0.3}, b = {-1.0 / 7, 0.7, 0.9, 1e-17};
  for (const std::string method : {"newton", "newton-cg", "gauss-newton", "georce"}) {
    GeodesicOptions options = with_segments(33);
    options.method = method;
    options.tolerance = 1e-6;
    const GeodesicResult result = find_geodesics(
        {.metric = WeightedMetric(stereographic_chart(2), wavy(), 0.1), .start = a, .end = b}, options);
    for (std::size_t pair = 0; pair < 2; ++pair)
      for (std::size_t j = 0; j < 2; ++j) {
        EXPECT_EQ(result.geodesics[pair].nodes[j], a[2 * pair + j]) << method;
        EXPECT_EQ(result.geodesics[pair].nodes[2 * 33 + j], b[2 * pair + j]) << method;
      }
  }
}

TEST(Property, SwappingTheEndsMirrorsThePath) {
  const GeodesicProblem there{
      .metric = WeightedMetric(stereographic_chart(2), wavy(), 0.1), .start = {-0.6, 0.8}, .end = {0.7, 0.9}};
  GeodesicProblem back = there;
  std::swap(back.start, back.end);
  const Geodesic one = solve_one(there), other = solve_one(back);
  EXPECT_NEAR(one.length, other.length, 1e-12);
  // The residual is at most 1e-9, and the nodes as exact as that times the path's size.
  EXPECT_LT(greatest_difference(one.nodes, mirrored(other.nodes, 2)), 1e-7);
}

TEST(Property, LengthDoesNotDependOnTheParametrisation) {
  // The same surface in other coordinates: z ↦ (z0 + z1², z1) is a diffeomorphism of the plane.
  const auto bent = chart(
      [](const auto* z, auto* x) {
        const auto s = 1.0 + (z[0] + z[1] * z[1]) * (z[0] + z[1] * z[1]) + z[1] * z[1];
        x[0] = 2.0 * (z[0] + z[1] * z[1]) / s;
        x[1] = 2.0 * z[1] / s;
        x[2] = 1.0 - 2.0 / s;
      },
      2, 3, "bent sphere");
  const std::vector<double> a = {0.2, 0.1}, b = {-0.9, 1.4};
  const Geodesic straight =
      solve_one({.metric = WeightedMetric(stereographic_chart(2)), .start = a, .end = b}, with_segments(200));
  const Geodesic curved = solve_one({.metric = WeightedMetric(bent),
                                     .start = {a[0] - a[1] * a[1], a[1]},
                                     .end = {b[0] - b[1] * b[1], b[1]}},
                                    with_segments(200));
  EXPECT_NEAR(straight.extrapolated_length / curved.extrapolated_length, 1, 1e-9);
  EXPECT_GT(std::abs(straight.nodes[200] - curved.nodes[200]), 0.1);  // coordinates do differ
}

TEST(Property, HalfEpsilonGivesThePlainGeodesic) {
  const std::vector<double> a = {0.2, 0.1}, b = {0.9, -0.9};
  const Geodesic plain = solve_one({.metric = WeightedMetric(stereographic_chart(2)), .start = a, .end = b});
  // ε = ½ makes every quality a half, whose weight is ln 2.
  const Geodesic half =
      solve_one({.metric = WeightedMetric(stereographic_chart(2), wavy(), 0.5), .start = a, .end = b});
  const Geodesic weighted =
      solve_one({.metric = WeightedMetric(stereographic_chart(2), wavy(), 0.1), .start = a, .end = b});
  EXPECT_NEAR(std::numbers::ln2 * plain.length, half.length, 1e-12);
  EXPECT_LT(greatest_difference(plain.nodes, half.nodes), 1e-8);
  EXPECT_GT(greatest_difference(plain.nodes, weighted.nodes), 0.02);
}

TEST(Property, SpeedIsConstant) {
  // A minimiser of the energy has constant weighted speed: 2E = L².
  const Geodesic geodesic = solve_one(
      {.metric = WeightedMetric(torus_chart(), wavy(), 0.1), .start = {-1.0, 0.4}, .end = {1.2, 1.0}},
      with_segments(200));
  EXPECT_TRUE(geodesic.certificate.minimum);
  EXPECT_NEAR(geodesic.cost / (geodesic.length * geodesic.length), 1, 1e-5);
}

TEST(Methods, AgreeOnOneGeodesic) {
  const GeodesicProblem problem{.metric = WeightedMetric(stereographic_chart(4)),
                                .start = {0.3, 0.1, -0.4, 0.2},
                                .end = {-0.5, 0.6, 0.3, 0.1}};
  const double exact = arc_between(*stereographic_chart(4), problem.start.data(), problem.end.data());
  for (const std::string method : {"newton", "gauss-newton", "newton-cg", "georce"}) {
    GeodesicOptions options = with_segments(100);
    options.method = method;
    if (method == "georce") options.tolerance = 1e-7;
    const GeodesicResult result = find_geodesics(problem, options);
    EXPECT_EQ(result.method, method);
    EXPECT_TRUE(result.method_reason.empty());
    const Geodesic& geodesic = result.geodesics[0];
    EXPECT_EQ(geodesic.termination, Termination::kConverged) << method;
    // GEORCE weighs segments at their left ends; its curve is good, its own length less so.
    EXPECT_NEAR(geodesic.refined_length / exact, 1, 3e-5) << method;
    EXPECT_NEAR(geodesic.length / exact, 1, method == "georce" ? 1e-2 : 3e-5) << method;
    if (method == "newton-cg") {
      EXPECT_EQ(geodesic.certificate.negative_directions, -1);
      EXPECT_GT(geodesic.certificate.least_curvature, 0.3);
    }
  }
}

TEST(Methods, AnisotropicChartsOfManyDimensions) {
  // A long ellipsoid: the preconditioner has to know the metric.
  std::vector<double> axes(21, 1.0);
  for (std::size_t k = 0; k < axes.size(); ++k) axes[k] = 1 + 0.4 * static_cast<double>(k);
  auto a = normal_numbers(20, 1), b = normal_numbers(20, 2);
  for (double& x : a) x *= 0.2;
  for (double& x : b) x *= 0.2;
  const GeodesicProblem problem{.metric = WeightedMetric(ellipsoid_chart(axes)), .start = a, .end = b};
  GeodesicOptions options = with_segments(40);
  options.method = "newton";
  const Geodesic dense = solve_one(problem, options);
  options.method = "newton-cg";
  const Geodesic free = solve_one(problem, options);
  EXPECT_EQ(free.termination, Termination::kConverged);
  EXPECT_NEAR(dense.length, free.length, 1e-9 * dense.length);
  EXPECT_LT(greatest_difference(dense.nodes, free.nodes), 1e-6);
}

TEST(Methods, GeorceIsExploitableAtItsLeftEnds) {
  // The weakness that midpoints do not have: with few segments across a steep metric GEORCE reports far too
  // little.
  const std::vector<double> a = {0.0, 0.0}, b = {0.99, 0.0};
  GeodesicProblem problem{.metric = WeightedMetric(plane_chart(2), poincare_ball(2)), .start = a, .end = b};
  GeodesicOptions options = with_segments(20);
  options.tolerance = 1e-5;
  options.method = "georce";
  const Geodesic theirs = solve_one(problem, options);
  options.method = "newton";
  const Geodesic ours = solve_one(problem, options);
  const double exact = poincare_distance(a, b);
  EXPECT_LT(theirs.length, 0.92 * exact);
  EXPECT_LT(std::abs(ours.length - exact), 0.5 * std::abs(theirs.length - exact));
}

TEST(Methods, AutoSaysWhatItChose) {
  const auto method = [](int dim) {
    GeodesicProblem problem{.metric = WeightedMetric(stereographic_chart(dim)),
                            .start = std::vector<double>(static_cast<std::size_t>(dim), 0.1),
                            .end = std::vector<double>(static_cast<std::size_t>(dim), -0.2)};
    const GeodesicResult result = find_geodesics(problem, with_segments(20));
    EXPECT_NE(result.method_reason.find(std::to_string(dim)), std::string::npos) << result.method_reason;
    return result.method;
  };
  EXPECT_EQ(method(2), "newton");
  EXPECT_EQ(method(40), "newton-cg");
}

TEST(Resolution, NoPathHidesBetweenThePointsOfItsGrid) {
  // A coarse grid sees a wavy weight at few points, and a roll's sheets through chords that leave the
  // surface: a minimiser of that would jump. What is returned is as long on a fine grid as on its own.
  const auto deep = analytic_quality(
      [](const auto* z) {
        using std::sin;
        return 0.5 + 0.45 * sin(2.0 * z[0] + 1.3 * z[1]);
      },
      2, "deep waves");
  struct Case {
    WeightedMetric metric;
    double scale;
  };
  const std::vector<Case> cases = {{WeightedMetric(torus_chart(), deep, 0.05), 1.5},
                                   {WeightedMetric(helicoid_chart(0.5), deep, 0.05), 2},
                                   {WeightedMetric(swiss_roll_chart()), 4}};
  for (const Case& c : cases) {
    GeodesicProblem problem{.metric = c.metric, .start = normal_numbers(60, 1), .end = normal_numbers(60, 2)};
    for (double& x : problem.start) x *= c.scale;
    for (double& x : problem.end) x *= c.scale;
    for (const Geodesic& geodesic : find_geodesics(problem).geodesics) {
      EXPECT_EQ(geodesic.termination, Termination::kConverged) << c.metric.describe();
      EXPECT_NEAR(geodesic.length / geodesic.refined_length, 1, 0.02) << c.metric.describe();
    }
    // One midpoint a segment and no check is what the test is about.
    if (c.metric.chart().describe() != "torus") continue;
    GeodesicOptions trusting;
    trusting.subdivisions = 1;
    double worst = 0;
    int warned = 0;
    for (const Geodesic& geodesic : find_geodesics(problem, trusting).geodesics) {
      worst = std::max(worst, geodesic.refined_length / geodesic.length);
      for (const std::string& warning : geodesic.warnings) warned += warning.find("under-resolved") == 0;
    }
    EXPECT_GT(worst, 1.5);
    EXPECT_GE(warned, 1);
  }
}

TEST(Batch, PairsDoNotSeeEachOther) {
  constexpr std::size_t kPairs = 40;
  auto a = normal_numbers(2 * kPairs, 1), b = normal_numbers(2 * kPairs, 2);
  const GeodesicProblem problem{.metric = WeightedMetric(stereographic_chart(2)), .start = a, .end = b};
  const GeodesicResult together = find_geodesics(problem, with_segments(40));
  ASSERT_EQ(together.geodesics.size(), kPairs);
  for (std::size_t pair = 0; pair < kPairs; ++pair) {
    GeodesicProblem one = problem;
    one.start = {a[2 * pair], a[2 * pair + 1]};
    one.end = {b[2 * pair], b[2 * pair + 1]};
    EXPECT_EQ(solve_one(one, with_segments(40)).nodes, together.geodesics[pair].nodes);
  }
}

TEST(Batch, RandomPairsOfTheSphere) {
  // All over the sphere, however long the arc and however far out in the chart: to the truth, ends exact.
  constexpr std::size_t kPairs = 400;
  auto a = normal_numbers(2 * kPairs, 11), b = normal_numbers(2 * kPairs, 12);
  const auto sphere = stereographic_chart(2);
  const GeodesicResult result =
      find_geodesics({.metric = WeightedMetric(sphere), .start = a, .end = b}, with_segments(100));
  for (std::size_t pair = 0; pair < kPairs; ++pair) {
    const Geodesic& geodesic = result.geodesics[pair];
    const double exact = arc_between(*sphere, &a[2 * pair], &b[2 * pair]);
    // The chords of an arc θ fall short by (θ/n)²/24 of it, 4e-5 at θ = π.
    EXPECT_NEAR(geodesic.length / exact, 1, 4.2e-5) << pair;
    EXPECT_NEAR(geodesic.extrapolated_length / exact, 1, 1e-8) << pair;
    EXPECT_EQ(geodesic.nodes[0], a[2 * pair]);
    EXPECT_EQ(geodesic.nodes[201], b[2 * pair + 1]);
  }
}

}  // namespace latentpath::testing
