// What has no good answer gets a clear sentence, or the answer there is; never a silently wrong one.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <string>
#include <vector>

#include "latentpath/path/find_geodesics.h"
#include "path/geodesic_test_tools.h"

namespace latentpath::testing {
namespace {

constexpr double kPi = std::numbers::pi;

bool warns(const Geodesic& geodesic, const std::string& words) {
  for (const std::string& warning : geodesic.warnings)
    if (warning.find(words) != std::string::npos) return true;
  return false;
}

/// The sentence and kind of the error that the call throws.
template <class Call>
std::pair<ErrorKind, std::string> error_of(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return {error.kind(), error.what()};
  }
  return {ErrorKind::kInterrupted, "no error"};
}

}  // namespace

TEST(Degenerate, EqualEndsAreAPoint) {
  const Geodesic geodesic =
      solve_one({.metric = WeightedMetric(stereographic_chart(2)), .start = {0.3, 0.4}, .end = {0.3, 0.4}});
  EXPECT_EQ(geodesic.length, 0);
  EXPECT_EQ(geodesic.refined_length, 0);
  EXPECT_EQ(geodesic.termination, Termination::kConverged);
  EXPECT_EQ(geodesic.nodes.size(), 202u);
  EXPECT_TRUE(warns(geodesic, "equal"));
  for (std::size_t k = 0; k < geodesic.nodes.size(); k += 2) EXPECT_EQ(geodesic.nodes[k], 0.3);
}

TEST(Degenerate, AntipodesAreSaidToHaveNoUniqueGeodesic) {
  // −z/‖z‖² is the antipode of z.
  const Geodesic geodesic = solve_one({.metric = WeightedMetric(stereographic_chart(2)),
                                       .start = {0.6, 0.3},
                                       .end = {-0.6 / 0.45, -0.3 / 0.45}});
  EXPECT_TRUE(warns(geodesic, "not unique")) << geodesic.certificate.least_curvature;
  EXPECT_NEAR(geodesic.refined_length, kPi, 1e-4 * kPi);
  // A little short of antipodal there is one geodesic, and no such warning.
  const Geodesic near = solve_one({.metric = WeightedMetric(stereographic_chart(2)),
                                   .start = {0.6, 0.3},
                                   .end = {-0.6 / 0.5, -0.3 / 0.5}});
  EXPECT_FALSE(warns(near, "not unique")) << near.certificate.least_curvature;
}

TEST(Degenerate, SaddlesAreLeftOrSaidToBeSaddles) {
  // The outer equator of a torus is stationary, and the way over the top is shorter for a long enough arc.
  const GeodesicProblem problem{
      .metric = WeightedMetric(torus_chart(3, 1)), .start = {-1.2, 0}, .end = {1.2, 0}};
  const Geodesic geodesic = solve_one(problem);
  EXPECT_TRUE(geodesic.certificate.minimum);
  EXPECT_LT(geodesic.refined_length, 4 * 2.4 * 0.99);  // shorter than along the outer equator
  GeodesicOptions stay;
  stay.escape_saddles = false;
  const Geodesic saddle = solve_one(problem, stay);
  EXPECT_NEAR(saddle.refined_length, 4 * 2.4, 1e-4);
  EXPECT_FALSE(saddle.certificate.minimum);
  EXPECT_GE(saddle.certificate.negative_directions, 1);
  EXPECT_LT(saddle.certificate.least_curvature, 0);
  EXPECT_TRUE(warns(saddle, "saddle"));
}

TEST(Degenerate, AChartThatLosesRankIsNamed) {
  // Polar coordinates at their centre; the straight way through it is right all the same.
  const auto polar = chart(
      [](const auto* z, auto* x) {
        using std::cos, std::sin;
        x[0] = z[0] * cos(z[1]);
        x[1] = z[0] * sin(z[1]);
      },
      2, 2, "polar");
  const Geodesic geodesic = solve_one({.metric = WeightedMetric(polar), .start = {-1, 0.5}, .end = {1, 0.5}});
  EXPECT_NEAR(geodesic.refined_length, 2, 1e-6);
  EXPECT_TRUE(warns(geodesic, "loses rank"));
  // A chart that forgets a coordinate altogether.
  const auto flat = chart(
      [](const auto* z, auto* x) {
        x[0] = z[0];
        x[1] = 2.0 * z[0];
      },
      2, 2, "flat");
  const Geodesic forgetful = solve_one({.metric = WeightedMetric(flat), .start = {0, 0}, .end = {1, 1}});
  EXPECT_NEAR(forgetful.refined_length, std::sqrt(5), 1e-9);
  EXPECT_TRUE(warns(forgetful, "flat loses rank"));
  // More latent than image dimensions.
  const auto squeezed = chart([](const auto* z, auto* x) { x[0] = z[0] + z[1] * 0.0; }, 2, 1, "squeezed");
  EXPECT_TRUE(
      warns(solve_one({.metric = WeightedMetric(squeezed), .start = {0, 0}, .end = {1, 1}}), "loses rank"));
}

TEST(Degenerate, QualityZeroNeedsAnEpsilon) {
  const auto wall = analytic_quality(
      [](const auto* z) {
        using std::max;
        return max(z[0] * z[0] - 0.04, z[0] * 0.0) * 0.1;
      },
      2, "wall");
  const auto blocked = error_of([&] {
    solve_one({.metric = WeightedMetric(plane_chart(2), wall), .start = {-1, 0}, .end = {1, 0}});
  });
  EXPECT_EQ(blocked.first, ErrorKind::kNumerical);
  EXPECT_NE(blocked.second.find("wall"), std::string::npos) << blocked.second;
  EXPECT_NE(blocked.second.find("epsilon"), std::string::npos) << blocked.second;
  const Geodesic through =
      solve_one({.metric = WeightedMetric(plane_chart(2), wall, 0.1), .start = {-1, 0}, .end = {1, 0}});
  EXPECT_GT(through.refined_length, 2 * -std::log(0.2));
}

TEST(Degenerate, QualityOneIsSaidToCountNothing) {
  const auto perfect = analytic_quality(
      [](const auto* z) {
        using std::min;
        return min(0.5 + z[0] * z[0], z[0] * 0.0 + 1.0);
      },
      2, "perfect");
  const Geodesic geodesic =
      solve_one({.metric = WeightedMetric(plane_chart(2), perfect), .start = {-2, 0}, .end = {0, 0}});
  EXPECT_TRUE(warns(geodesic, "reaches 1"));
  EXPECT_TRUE(std::isfinite(geodesic.refined_length));
}

TEST(Degenerate, NotANumberIsNamedWithItsPlace) {
  const auto broken = chart(
      [](const auto* z, auto* x) {
        using std::sqrt;
        x[0] = sqrt(z[0]);
        x[1] = z[1];
      },
      2, 2, "broken");
  const auto error = error_of([&] {
    solve_one({.metric = WeightedMetric(broken), .start = {-1, 0}, .end = {1, 0}});
  });
  EXPECT_EQ(error.first, ErrorKind::kNumerical);
  EXPECT_NE(error.second.find("broken"), std::string::npos) << error.second;
  EXPECT_NE(error.second.find("(-1, 0)"), std::string::npos) << error.second;
  const auto outside = analytic_quality([](const auto* z) { return z[0]; }, 2, "ramp");
  const auto range = error_of([&] {
    solve_one({.metric = WeightedMetric(plane_chart(2), outside), .start = {0.5, 0}, .end = {2, 0}});
  });
  EXPECT_EQ(range.first, ErrorKind::kNumerical);
  EXPECT_NE(range.second.find("between 0 and 1"), std::string::npos) << range.second;
}

TEST(Degenerate, NotANumberOnTheWayIsAvoided) {
  // Outside the unit ball there is nothing: steps that leave it are refused, and the path stays inside.
  const auto ball = analytic_quality(
      [](const auto* z) {
        using std::exp, std::log;
        return exp(log(1.0 - z[0] * z[0] - z[1] * z[1]) * 0.2 - 0.5);
      },
      2, "open ball");
  const Geodesic geodesic = solve_one(
      {.metric = WeightedMetric(plane_chart(2), ball), .start = {-0.99, 0.05}, .end = {0.05, 0.99}});
  EXPECT_TRUE(geodesic.certificate.minimum);
  for (std::size_t i = 0; i < geodesic.nodes.size(); i += 2)
    EXPECT_LT(std::hypot(geodesic.nodes[i], geodesic.nodes[i + 1]), 1);
}

TEST(Degenerate, ArgumentsAreChecked) {
  const WeightedMetric metric(plane_chart(2));
  const auto refuses = [&](const GeodesicProblem& problem, const GeodesicOptions& options,
                           const std::string& words) {
    const auto error = error_of([&] { find_geodesics(problem, options); });
    EXPECT_EQ(error.first, ErrorKind::kArgument) << words;
    EXPECT_NE(error.second.find(words), std::string::npos) << error.second;
  };
  const GeodesicProblem good{.metric = metric, .start = {0, 0}, .end = {1, 0}};
  GeodesicProblem bad = good;
  bad.start = {0, 0, 0};
  refuses(bad, {}, "3 numbers");
  bad = good;
  bad.end = {1, 0, 1, 0};
  refuses(bad, {}, "must agree");
  bad = good;
  bad.end = {1, std::numeric_limits<double>::quiet_NaN()};
  refuses(bad, {}, "not finite");
  bad = good;
  bad.initial = {0, 0, 1};
  refuses(bad, {}, "initial");
  bad = good;
  bad.time_weight = -1;
  refuses(bad, {}, "time weight");
  refuses(good, with_segments(1), "segments");
  GeodesicOptions options;
  options.method = "magic";
  refuses(good, options, "magic");
  options = {};
  options.tolerance = 0;
  refuses(good, options, "tolerance");
}

TEST(Degenerate, CancellationReturnsThePathReached) {
  const CancellationToken token;
  token.cancel();
  const Geodesic geodesic =
      find_geodesics(
          {.metric = WeightedMetric(stereographic_chart(2)), .start = {0.2, 0.1}, .end = {-0.9, 1.4}},
          with_segments(100), token)
          .geodesics[0];
  EXPECT_EQ(geodesic.termination, Termination::kInterrupted);
  EXPECT_EQ(geodesic.nodes.size(), 202u);
  EXPECT_TRUE(std::isfinite(geodesic.refined_length));
}

TEST(Degenerate, TheIterationLimitIsNotConvergence) {
  GeodesicOptions options = with_segments(100);
  options.max_iterations = 1;
  options.coarsest_segments = 100;
  const Geodesic geodesic = solve_one(
      {.metric = WeightedMetric(stereographic_chart(2)), .start = {0.2, 0.1}, .end = {-1.9, 0.9}}, options);
  EXPECT_EQ(geodesic.termination, Termination::kIterationLimit);
  EXPECT_TRUE(warns(geodesic, "not converged"));
  EXPECT_FALSE(geodesic.certificate.minimum);
}

}  // namespace latentpath::testing
