#include <gtest/gtest.h>

#include "contract/refusal.h"
#include "latentpath/metric/charts.h"
#include "latentpath/path/find_geodesics.h"
#include "latentpath/path/global_geodesics.h"

namespace latentpath::testing {
namespace {

GeodesicProblem on_a_parabola(AnalyticQualityPointer quality) {
  return {.metric = WeightedMetric(plane_chart(2), std::move(quality)),
          .start = {-0.5, 0.25},
          .end = {0.5, 0.25}};
}

AnalyticQualityPointer parabola() {
  return analytic_level_set(
      [](const auto* z) {
        using std::abs;
        return abs(z[1] - z[0] * z[0]);
      },
      50, 2);
}

}  // namespace

TEST(GeodesicSettings, BlocksSayWhichMethodAutoTakes) {
  const GeodesicProblem problem{
      .metric = WeightedMetric(stereographic_chart(2)), .start = {0.2, 0.1}, .end = {-0.9, 1.4}};
  GeodesicOptions options{.segments = 20};
  EXPECT_EQ(find_geodesics(problem, options).method, "newton");
  options.blocks.metric = 1;
  const GeodesicResult found = find_geodesics(problem, options);
  EXPECT_EQ(found.method, "newton-cg");
  // What a method needs decides how its result is certified: by products no inertia is counted.
  EXPECT_FALSE(found.geodesics[0].certificate.inertia_counted());
}

TEST(GeodesicSettings, AreRefusedByName) {
  GeodesicOptions options;
  options.levels.hidden = 0;
  EXPECT_EQ(refusal([&] { find_geodesics(on_a_parabola(parabola()), options); }),
            "`levels.hidden` must be positive, not 0");
  GlobalGeodesicOptions global;
  global.rivals.most_detour = 0.5;
  EXPECT_EQ(refusal([&] { find_global_geodesics(on_a_parabola(parabola()), global); }),
            "`most_detour` must be at least 1, not 0.5");
}

TEST(GeodesicSettings, LevelsWithoutASearchForHiddenPlacesStayAsGiven) {
  GeodesicOptions options{.segments = 40};
  options.continuation.subdivisions = 1;
  options.levels.hidden = options.levels.last_hidden = 1e9;
  EXPECT_EQ(find_geodesics(on_a_parabola(parabola()), options).geodesics[0].subdivisions, 1);
  EXPECT_GE(find_geodesics(on_a_parabola(parabola()), {.segments = 40}).geodesics[0].subdivisions, 4);
}

// Kinks were once smoothed for a thread and a scope: whatever was evaluated inside of a search was blurred
// too.
TEST(GeodesicSettings, WhatIsEvaluatedInsideASearchKeepsItsOwnKinks) {
  const auto other = scalar_map(
      [](const auto* z) {
        using std::abs;
        return abs(z[0]);
      },
      1);
  bool sharp = true;
  const auto quality = analytic_level_set(
      [&](const auto* z) {
        const double at = 1e-3;
        double x = 0, slope = 0;
        other->jacobian(&at, &x, &slope);
        sharp = sharp && x == at && slope == 1;
        using std::abs;
        return abs(z[1] - z[0] * z[0]);
      },
      50, 2);
  const GeodesicResult found = find_geodesics(on_a_parabola(quality), {.segments = 20, .threads = 1});
  EXPECT_TRUE(sharp);
  EXPECT_EQ(found.geodesics[0].nodes,
            find_geodesics(on_a_parabola(parabola()), {.segments = 20, .threads = 1}).geodesics[0].nodes);
}

}  // namespace latentpath::testing
