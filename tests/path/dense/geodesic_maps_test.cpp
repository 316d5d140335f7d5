#include "latentpath/path/geodesic_maps.h"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <random>

#include "latentpath/core/error.h"
#include "latentpath/metric/charts.h"

namespace latentpath::testing {
namespace {

using Complex = std::complex<double>;

/// exp of the Poincaré disc of curvature −1, metric 4|dz|²/(1 − |z|²)², n = 2/(1 − |z|²): from 0 along u it
/// is tanh(|u|) u/|u|, and a Möbius transformation takes 0 to z.
Complex disc_exponential(Complex z, Complex v) {
  const double room = 1 - std::norm(z);
  const Complex w = std::tanh(std::abs(v) / room) * v / std::abs(v);
  return (w + z) / (1.0 + std::conj(z) * w);
}

double disc_distance(Complex a, Complex b) {
  return 2 * std::atanh(std::abs((a - b) / (1.0 - std::conj(a) * b)));
}

/// exp of the unit sphere under stereographic projection from the north pole.
std::vector<double> sphere_exponential(const std::vector<double>& z, const std::vector<double>& v) {
  const auto chart = stereographic_chart(2);
  double x[3], jacobian[6], u[3], size = 0, y[3];
  chart->jacobian(z.data(), x, jacobian);
  for (int k = 0; k < 3; ++k) {
    u[k] = jacobian[2 * k] * v[0] + jacobian[2 * k + 1] * v[1];
    size += u[k] * u[k];
  }
  size = std::sqrt(size);
  for (int k = 0; k < 3; ++k) y[k] = std::cos(size) * x[k] + std::sin(size) * u[k] / size;
  return {y[0] / (1 - y[2]), y[1] / (1 - y[2])};
}

}  // namespace

TEST(GeodesicMaps, OfTheHyperbolicPlane) {
  const WeightedMetric disc(plane_chart(2), poincare_ball(2));
  std::mt19937_64 generator(2);
  std::uniform_real_distribution<double> uniform(-1, 1);
  for (int trial = 0; trial < 40; ++trial) {
    const Complex z(0.6 * uniform(generator), 0.6 * uniform(generator));
    const Complex v(0.8 * uniform(generator), 0.8 * uniform(generator));
    const Exponential moved =
        exponential_map(disc, std::vector{z.real(), z.imag()}, std::vector{v.real(), v.imag()}, 7);
    const Complex truth = disc_exponential(z, v), end(moved.point()[0], moved.point()[1]);
    EXPECT_TRUE(moved.complete);
    EXPECT_EQ(moved.nodes.size(), 16u);
    EXPECT_LT(disc_distance(end, truth), 1e-8);
    EXPECT_LT(moved.drift, 1e-9);
    EXPECT_NEAR(moved.length, 2 * std::abs(v) / (1 - std::norm(z)), 1e-12 * moved.length);
    const Logarithm back = logarithm_map(disc, std::vector{z.real(), z.imag()}, moved.point());
    EXPECT_TRUE(back.converged);
    EXPECT_NEAR(back.velocity[0], v.real(), 1e-8);
    EXPECT_NEAR(back.velocity[1], v.imag(), 1e-8);
    EXPECT_NEAR(back.length, disc_distance(z, end), 1e-8);
  }
}

TEST(GeodesicMaps, OfTheSphere) {
  const WeightedMetric sphere(stereographic_chart(2));
  std::mt19937_64 generator(3);
  std::normal_distribution<double> normal;
  for (int trial = 0; trial < 40; ++trial) {
    const std::vector<double> z{0.6 * normal(generator), 0.6 * normal(generator)};
    std::vector<double> v{normal(generator), normal(generator)};
    // As long as 2.5 at the most: within the injectivity radius, and short of the pole that the chart leaves
    // out.
    const double speed = 2 / (1 + z[0] * z[0] + z[1] * z[1]) * std::hypot(v[0], v[1]);
    for (double& x : v) x *= std::min(1.0, 2.5 / speed);
    const std::vector<double> truth = sphere_exponential(z, v);
    if (std::hypot(truth[0], truth[1]) > 20) continue;
    const Exponential moved = exponential_map(sphere, z, v);
    const double room = 1 + truth[0] * truth[0] + truth[1] * truth[1];
    EXPECT_LT(2 * std::hypot(moved.point()[0] - truth[0], moved.point()[1] - truth[1]) / room, 1e-8);
    const Logarithm back = logarithm_map(sphere, z, moved.point(), exponential_map(sphere, z, v, 50).nodes);
    EXPECT_TRUE(back.converged);
    EXPECT_NEAR(back.velocity[0], v[0], 1e-8 * (1 + std::abs(v[0])));
    EXPECT_NEAR(back.velocity[1], v[1], 1e-8 * (1 + std::abs(v[1])));
  }
}

TEST(GeodesicMaps, StandStillAndRefuse) {
  const WeightedMetric sphere(stereographic_chart(2));
  const std::vector<double> z{0.1, 0.2}, none{0, 0}, three{1, 2, 3};
  const Exponential still = exponential_map(sphere, z, none, 3);
  EXPECT_EQ(still.point(), z);
  EXPECT_EQ(still.length, 0);
  EXPECT_TRUE(logarithm_map(sphere, z, z).converged);
  EXPECT_THROW(exponential_map(sphere, z, three), Error);
  EXPECT_THROW(exponential_map(sphere, z, none, 0), Error);
  EXPECT_THROW(exponential_map(WeightedMetric(plane_chart(3), cube_surface(3, 50)), three, three), Error);
  // Out of the disc there is no metric: what was reached is said not to be complete. Here speed is 1e3 at the
  // rim.
  const WeightedMetric disc(plane_chart(2), poincare_ball(2));
  EXPECT_LT(std::hypot(exponential_map(disc, z, std::vector{300.0, 0.0}).point()[0], 0), 1 + 1e-9);
}

}  // namespace latentpath::testing
