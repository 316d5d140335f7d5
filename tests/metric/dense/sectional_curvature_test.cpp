#include "latentpath/metric/sectional_curvature.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "latentpath/core/error.h"
#include "latentpath/metric/charts.h"

namespace latentpath::testing {
namespace {

using Vector = std::vector<double>;

}  // namespace

// Truths to 1e-8: spheres 1/R², hyperbolic spaces −1, the torus cos φ/(r (R + r cos φ)), the helicoid −p²/(p²
// + u²)².
TEST(SectionalCurvature, OfSurfacesWithKnownOnes) {
  std::mt19937_64 generator(1);
  std::uniform_real_distribution<double> uniform(-1, 1);
  const double sphere_radius = 2.5;
  const WeightedMetric round(ellipsoid_chart({sphere_radius, sphere_radius, sphere_radius}));
  const WeightedMetric torus(torus_chart(2, 0.7)), helicoid(helicoid_chart(1.5)), roll(swiss_roll_chart());
  const WeightedMetric disc(plane_chart(2), poincare_ball(2)), half(plane_chart(2), half_space(2));
  const WeightedMetric stereographic(plane_chart(2), stereographic_quality(2));
  for (int trial = 0; trial < 20; ++trial) {
    const Vector z{0.6 * uniform(generator), 0.6 * uniform(generator)}, up{uniform(generator), 1.1 + z[1]};
    const Vector u{uniform(generator), uniform(generator)}, v{uniform(generator) + 2, uniform(generator)};
    const auto of = [&](const WeightedMetric& metric, const Vector& at) {
      const double k = sectional_curvature(metric, at, u, v);
      // A surface has one plane, whichever vectors span it.
      EXPECT_NEAR(k, curvature_at(metric, at).scalar / 2, 1e-9);
      return k;
    };
    EXPECT_NEAR(of(round, z), 1 / (sphere_radius * sphere_radius), 1e-8);
    EXPECT_NEAR(of(disc, z), -1, 1e-8);
    EXPECT_NEAR(of(half, up), -1, 1e-8);
    EXPECT_NEAR(of(stereographic, z), 1, 1e-8);
    const double angle = 3 * z[1];
    EXPECT_NEAR(of(torus, {z[0], angle}), std::cos(angle) / (0.7 * (2 + 0.7 * std::cos(angle))), 1e-8);
    EXPECT_NEAR(of(helicoid, z), -std::pow(1.5 / (1.5 * 1.5 + z[0] * z[0]), 2), 1e-8);
    EXPECT_NEAR(of(roll, {2 + z[0], z[1]}), 0, 1e-8);
  }
}

// Of a paraboloid at its bottom every plane has (2a)²; of spheres and balls of more dimensions all planes are
// alike.
TEST(SectionalCurvature, OfMoreDimensions) {
  const Vector z{0.2, -0.1, 0.4, 0.1}, origin(3, 0.0);
  for (const auto& [metric, truth] : {std::pair(WeightedMetric(stereographic_chart(4)), 1.0),
                                      std::pair(WeightedMetric(plane_chart(4), poincare_ball(4)), -1.0)}) {
    const Curvature curvature = curvature_at(metric, z);
    for (size_t i = 0; i < 4; ++i)
      for (size_t j = 0; j < 4; ++j) EXPECT_NEAR(curvature.sectional[4 * i + j], i == j ? 0 : truth, 1e-8);
    EXPECT_NEAR(curvature.scalar, 12 * truth, 1e-7);
  }
  EXPECT_NEAR(curvature_at(WeightedMetric(paraboloid_chart(3, 0.8)), origin).scalar, 6 * 1.6 * 1.6, 1e-8);
  // A constant quality scales lengths: by n, and curvatures by 1/n².
  const WeightedMetric scaled(stereographic_chart(2), analytic_constant(std::exp(-3.0)));
  EXPECT_NEAR(curvature_at(scaled, Vector{0.3, 0.4}).scalar, 2.0 / 9, 1e-8);
}

TEST(SectionalCurvature, RefusesWhatIsNone) {
  const WeightedMetric sphere(stereographic_chart(2)), angles(sphere_in_angles_chart());
  const Vector z{0.1, 0.2}, u{1, 0}, three{1, 0, 0};
  EXPECT_THROW(sectional_curvature(sphere, z, u, u), Error);
  EXPECT_THROW(sectional_curvature(sphere, z, u, three), Error);
  EXPECT_THROW(curvature_at(sphere, three), Error);
  EXPECT_THROW(curvature_at(angles, Vector{M_PI / 2, 0.3}), Error);  // the pole
  EXPECT_THROW(curvature_at(WeightedMetric(plane_chart(3), cube_surface(3, 50)), three), Error);
}

}  // namespace latentpath::testing
