// Distances in closed form against the search, which knows nothing of them.

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "latentpath/metric/charts.h"
#include "latentpath/metric/topology.h"
#include "latentpath/path/global_geodesics.h"

namespace latentpath {
namespace {

struct Known {
  WeightedMetric metric;
  double low, high;  ///< of the ends' coordinates
};

WeightedMetric with_domain(const AnalyticQualityPointer& quality, int dim, Topology topology) {
  return WeightedMetric(with_topology(plane_chart(dim), std::move(topology)), quality);
}

std::vector<Known> known_metrics() {
  return {{WeightedMetric(plane_chart(3)), -3, 3},
          {WeightedMetric(half_sphere_chart()), -2, 2},
          {WeightedMetric(stereographic_chart(3)), -1, 1},
          {WeightedMetric(flat_torus_chart({2, 0, 5})), -6, 6},
          {WeightedMetric(cylinder_chart(0.7)), -8, 8},
          {WeightedMetric(sphere_in_angles_chart()), -1, 1},
          {WeightedMetric(projective_line_chart()), -4, 4},
          {WeightedMetric(projective_space_chart()), -1, 1},
          {WeightedMetric(swiss_roll_chart()), -2, 2},
          {WeightedMetric(cylinder_chart(2), analytic_constant(0.3), 0.1), -3, 3},
          {with_domain(poincare_ball(3), 3, {.radius = 1}), -0.5, 0.5},
          {WeightedMetric(plane_chart(2), half_space(2)), 0.4, 2},
          {WeightedMetric(plane_chart(2), stereographic_quality(2)), -1, 1}};
}

TEST(ClosedForm, IsWhatTheSearchFinds) {
  std::mt19937_64 random(5);
  for (const Known& known : known_metrics()) {
    const auto dim = static_cast<size_t>(known.metric.latent_dim());
    std::uniform_real_distribution<double> draw(known.low, known.high);
    for (int pair = 0; pair < 10; ++pair) {
      std::vector<double> a(dim), b(dim);
      for (size_t d = 0; d < dim; ++d) a[d] = draw(random), b[d] = draw(random);
      const auto distance = known.metric.closed_form_distance(a, b);
      ASSERT_TRUE(distance) << known.metric.describe();
      GlobalGeodesicOptions options;
      options.geodesic = {.segments = 96, .coarsest_segments = 24};
      options.samples = 0;
      const GlobalGeodesics found =
          find_global_geodesics({.metric = known.metric, .start = a, .end = b}, options);
      EXPECT_NEAR(found.pairs[0].found[0].geodesic.extrapolated_length, *distance, 3e-7 * (1 + *distance))
          << known.metric.describe();
      EXPECT_EQ(known.metric.closed_form_distance(a, a), 0.0) << known.metric.describe();
    }
  }
}

TEST(ClosedForm, NearAndFarPointsAreExact) {
  const WeightedMetric sphere(stereographic_chart());
  // Antipodes, which no rounding of an arc cosine blurs, and points a hair's breadth apart.
  EXPECT_DOUBLE_EQ(*sphere.closed_form_distance(std::vector{0.5, 0.0}, std::vector{-2.0, 0.0}), M_PI);
  EXPECT_NEAR(*sphere.closed_form_distance(std::vector{0.0, 0.0}, std::vector{1e-9, 0.0}), 2e-9, 1e-20);
  const WeightedMetric disc(plane_chart(), poincare_ball());
  EXPECT_NEAR(*disc.closed_form_distance(std::vector{-0.9999, 0.0}, std::vector{0.9999, 0.0}),
              4 * std::atanh(0.9999), 1e-10);
}

TEST(ClosedForm, TheOriginOfAProjectiveSpaceHasItsAntipodeAtInfinity) {
  const WeightedMetric space(projective_space_chart());
  const std::vector<double> far{3.0, 0.0}, origin{0.0, 0.0};
  // The image of `far` is 2 arctan(1/3) away from that of the antipode.
  EXPECT_DOUBLE_EQ(*space.closed_form_distance(far, origin), 2 * std::atan(1.0 / 3));
  EXPECT_DOUBLE_EQ(*space.closed_form_distance(origin, far), 2 * std::atan(1.0 / 3));
}

TEST(ClosedForm, OutsideOfASpaceNothingIsNear) {
  const std::vector<double> a{1.5, 0.0}, b{1.6, 0.1}, below{0.3, -1.0};
  EXPECT_EQ(WeightedMetric(plane_chart(), poincare_ball()).closed_form_distance(a, b), INFINITY);
  const std::vector low{0.0, 1e-200}, beside{1.0, 1e-200};  // 2 log(1/1e-200), and the product of both is 0
  EXPECT_DOUBLE_EQ(*WeightedMetric(plane_chart(), half_space()).closed_form_distance(low, beside),
                   2 * std::log(1e200));
  EXPECT_EQ(WeightedMetric(plane_chart(), half_space()).closed_form_distance(below, below), INFINITY);
}

TEST(ClosedForm, NoneWhereItIsNotKnown) {
  const std::vector<double> a{0.1, 0.2}, b{0.4, -0.3};
  EXPECT_FALSE(WeightedMetric(torus_chart()).closed_form_distance(a, b));
  EXPECT_FALSE(WeightedMetric(paraboloid_chart()).closed_form_distance(a, b));
  // A quality that differs from place to place, and ε, which changes a weight.
  EXPECT_FALSE(WeightedMetric(cylinder_chart(), poincare_ball()).closed_form_distance(a, b));
  EXPECT_FALSE(WeightedMetric(plane_chart(), poincare_ball(), 0.1).closed_form_distance(a, b));
}

}  // namespace
}  // namespace latentpath
