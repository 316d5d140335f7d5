#include "latentpath/path/parallel_transport.h"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <random>

#include "latentpath/core/error.h"
#include "latentpath/metric/charts.h"
#include "latentpath/path/geodesic_maps.h"

namespace latentpath::testing {
namespace {

using Complex = std::complex<double>;
using Vector = std::vector<double>;

/// d Φ of the stereographic sphere: w at z as a vector of R³.
Vector pushed(const ChartPointer& chart, const Vector& z, const Vector& w) {
  double x[3], jacobian[6];
  chart->jacobian(z.data(), x, jacobian);
  Vector y(3);
  for (size_t k = 0; k < 3; ++k) y[k] = jacobian[2 * k] * w[0] + jacobian[2 * k + 1] * w[1];
  return y;
}

double dot(const Vector& a, const Vector& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

}  // namespace

// Along a great circle from x with the velocity u the part of w along u turns with it, and the rest stays.
TEST(ParallelTransport, AlongGreatCircles) {
  const auto chart = stereographic_chart(2);
  const WeightedMetric sphere(chart);
  std::mt19937_64 generator(4);
  std::normal_distribution<double> normal;
  for (int trial = 0; trial < 20; ++trial) {
    const Vector z{0.5 * normal(generator), 0.5 * normal(generator)};
    const Vector v{0.4 * normal(generator), 0.4 * normal(generator)}, w{normal(generator), normal(generator)};
    const Transport carried = transport_along_geodesic(sphere, z, v, w, 3);
    const Vector x = [&] {
      Vector image(3);
      chart->value(z.data(), image.data());
      return image;
    }();
    const Vector u = pushed(chart, z, v), before = pushed(chart, z, w);
    const double angle = std::sqrt(dot(u, u));
    const double part = dot(before, u) / angle;
    const Vector after = pushed(chart, carried.point(), carried.vector());
    for (size_t k = 0; k < 3; ++k) {
      const double along = u[k] / angle, turned = std::cos(angle) * along - std::sin(angle) * x[k];
      EXPECT_NEAR(after[k], before[k] + part * (turned - along), 1e-8 * std::sqrt(dot(before, before)));
    }
    EXPECT_TRUE(carried.complete);
    EXPECT_EQ(carried.vectors.size(), 8u);
    EXPECT_LT(carried.error, 1e-8);
    EXPECT_LT(carried.drift, 1e-9);
    EXPECT_EQ(carried.nodes.size(), carried.vectors.size());
  }
}

// In the Poincaré disc geodesics through 0 are diameters, and along them parallel fields are w (1 − |z|²)/(1
// − |z0|²): Möbius transformations take them everywhere.
TEST(ParallelTransport, InTheHyperbolicPlane) {
  const WeightedMetric disc(plane_chart(2), poincare_ball(2));
  std::mt19937_64 generator(5);
  std::uniform_real_distribution<double> uniform(-1, 1);
  for (int trial = 0; trial < 20; ++trial) {
    const Complex z(0.6 * uniform(generator), 0.6 * uniform(generator));
    const Complex v(0.7 * uniform(generator), 0.7 * uniform(generator)),
        w(uniform(generator), uniform(generator));
    const Transport carried = transport_along_geodesic(
        disc, Vector{z.real(), z.imag()}, Vector{v.real(), v.imag()}, Vector{w.real(), w.imag()});
    // m(ζ) = (ζ + z)/(1 + z̄ζ) takes 0 to z, m'(ζ) = (1 − |z|²)/(1 + z̄ζ)².
    const double room = 1 - std::norm(z);
    const Complex end = std::tanh(std::abs(v) / room) * v / std::abs(v);
    const Complex factor = 1.0 + std::conj(z) * end;
    const Complex truth = w / room * (1 - std::norm(end)) * room / (factor * factor);
    const Complex found(carried.vector()[0], carried.vector()[1]);
    EXPECT_LT(std::abs(found - truth), 1e-8 * std::abs(truth));
    EXPECT_LT(carried.error, 1e-8);
  }
}

// Holonomy: round the triangle of three great circles with three right angles, an eighth of the sphere, a
// vector turns by a quarter; round a circle of latitude in the flat plane's chart by the area of the cap.
TEST(ParallelTransport, RoundAClosedPolylineTurnsByTheArea) {
  const WeightedMetric sphere(stereographic_chart(2));
  constexpr int kSegments = 400;
  const double r = 0.7, area = 2 * M_PI * 2 * r * r / (1 + r * r);
  Vector nodes;
  for (int k = 0; k <= kSegments; ++k) {
    const double angle = 2 * M_PI * k / kSegments;
    nodes.push_back(r * std::cos(angle));
    nodes.push_back(r * std::sin(angle));
  }
  nodes[nodes.size() - 2] = nodes[0], nodes[nodes.size() - 1] = nodes[1];
  const Transport carried = transport_along(sphere, nodes, Vector{1.0, 0.0});
  const double turn = std::atan2(carried.vector()[1], carried.vector()[0]);
  // The polyline lies inside of the circle: by (π/n)² of its area, in the first order.
  EXPECT_NEAR(std::remainder(turn - area, 2 * M_PI), 0, 2e-4);
  EXPECT_LT(carried.error, 1e-9);
  EXPECT_NEAR(std::hypot(carried.vector()[0], carried.vector()[1]), 1, 1e-9);
}

TEST(ParallelTransport, ThereAndBackIsNothing) {
  const WeightedMetric torus(torus_chart(2, 1));
  const Vector there{0, 0, 1, 2, 2.5, -0.5}, back{2.5, -0.5, 1, 2, 0, 0}, w{0.3, -0.8};
  const Transport out = transport_along(torus, there, w);
  const Transport home = transport_along(torus, back, out.vector());
  EXPECT_NEAR(home.vector()[0], w[0], 1e-9);
  EXPECT_NEAR(home.vector()[1], w[1], 1e-9);
  // A geodesic carries its own velocity.
  const Vector z{0.3, 0.4}, v{1, 1.5};
  const Transport own = transport_along_geodesic(torus, z, v, v);
  const Exponential moved = exponential_map(torus, z, v);
  EXPECT_NEAR(own.vector()[0], moved.velocity[0], 1e-9);
  EXPECT_NEAR(own.vector()[1], moved.velocity[1], 1e-9);
}

TEST(ParallelTransport, RefusesWhatIsNone) {
  const WeightedMetric sphere(stereographic_chart(2));
  const Vector z{0, 0}, v{1, 0}, three{1, 2, 3}, cube{0, 0, 1};
  EXPECT_THROW(transport_along_geodesic(sphere, z, v, three), Error);
  EXPECT_THROW(transport_along_geodesic(sphere, z, v, v, 0), Error);
  EXPECT_THROW(transport_along(sphere, z, v), Error);
  EXPECT_THROW(
      transport_along_geodesic(WeightedMetric(plane_chart(3), cube_surface(3, 50)), cube, cube, cube), Error);
  const Transport still = transport_along_geodesic(sphere, z, z, v, 2);
  EXPECT_EQ(still.vector(), v);
  EXPECT_EQ(still.error, 0);
}

}  // namespace latentpath::testing
