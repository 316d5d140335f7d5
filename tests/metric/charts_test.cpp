// The shipped charts and qualities: derivatives by Taylor's theorem, metrics against closed forms.

#include "latentpath/metric/charts.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <numbers>
#include <string>
#include <vector>

#include "latentpath/metric/analytic_quality.h"
#include "latentpath/metric/weighted_metric.h"
#include "path/geodesic_test_tools.h"

namespace latentpath::testing {
namespace {

std::vector<std::shared_ptr<const AnalyticMap>> all_maps() {
  std::vector<std::shared_ptr<const AnalyticMap>> maps = {half_sphere_chart(1),
                                                          half_sphere_chart(2),
                                                          half_sphere_chart(5),
                                                          stereographic_chart(1),
                                                          stereographic_chart(2),
                                                          stereographic_chart(3),
                                                          stereographic_chart(9),
                                                          ellipsoid_chart(),
                                                          ellipsoid_chart({3, 1, 2, 0.5, 1.5}),
                                                          torus_chart(3, 0.7),
                                                          paraboloid_chart(2, 0.8),
                                                          paraboloid_chart(4, 0.3),
                                                          swiss_roll_chart(),
                                                          helicoid_chart(0.4),
                                                          stereographic_quality(2)->map(),
                                                          stereographic_quality(6)->map()};
  maps.push_back(scalar_map(
      [](const auto* z, double t) {
        using std::exp;
        return exp(-t * (z[0] * z[0] + z[1])) * t;
      },
      2));
  return maps;
}

double bilinear(const std::vector<double>& block, const std::vector<double>& u) {
  double sum = 0;
  for (std::size_t i = 0; i < u.size(); ++i)
    for (std::size_t j = 0; j < u.size(); ++j) sum += block[i * u.size() + j] * u[i] * u[j];
  return sum;
}

}  // namespace

TEST(Charts, DerivativesPassTheTaylorTest) {
  for (const auto& map : all_maps()) {
    const auto dim = static_cast<std::size_t>(map->latent_dim()),
               outputs = static_cast<std::size_t>(map->output_dim());
    const auto z = normal_numbers(dim, 4), u = normal_numbers(dim, 5), r = normal_numbers(outputs, 6);
    const double t = 0.37;
    const auto expansion = map->make_expansion();
    expansion->expand(1, z.data(), &t);
    std::vector<double> pushed(outputs), block(dim * dim), product(dim), pulled(dim), x(outputs);
    expansion->push(u.data(), pushed.data());
    expansion->curvatures(r.data(), block.data());
    expansion->curvature_products(r.data(), u.data(), product.data());
    expansion->pull(r.data(), pulled.data());
    double value = 0, slope = 0, along = 0, bend = bilinear(block, u), product_bend = 0;
    for (std::size_t k = 0; k < outputs; ++k) {
      value += r[k] * expansion->values()[k];
      slope += r[k] * pushed[k];
    }
    for (std::size_t j = 0; j < dim; ++j) {
      along += pulled[j] * u[j];
      product_bend += product[j] * u[j];
      double from_jacobian = 0;
      for (std::size_t k = 0; k < outputs; ++k) from_jacobian += r[k] * expansion->jacobians()[k * dim + j];
      EXPECT_NEAR(from_jacobian, pulled[j], 1e-13) << map->describe();
    }
    EXPECT_NEAR(along, slope, 1e-12) << map->describe();
    EXPECT_NEAR(product_bend, bend, 1e-11) << map->describe();
    const auto at = [&](double h) {
      std::vector<double> moved = z;
      for (std::size_t j = 0; j < dim; ++j) moved[j] += h * u[j];
      map->values(1, moved.data(), &t, x.data());
      double sum = 0;
      for (std::size_t k = 0; k < outputs; ++k) sum += r[k] * x[k];
      return sum;
    };
    EXPECT_NEAR(at(0), value, 1e-14) << map->describe();
    const auto first = [&](double h) { return std::abs(at(h) - value - h * slope); };
    const auto second = [&](double h) { return std::abs(at(h) - value - h * slope - 0.5 * h * h * bend); };
    EXPECT_NEAR(observed_order(first, 1e-3), 2, 0.1) << map->describe() << " " << dim;
    if (map->describe() == "paraboloid")
      EXPECT_LT(second(0.1), 1e-14);  // a quadratic
    else
      EXPECT_GT(observed_order(second, 2e-2), 2.8) << map->describe() << " " << dim;
  }
}

TEST(Charts, ImagesLieOnTheirSurfaces) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto z = normal_numbers(2, seed);
    double x[3];
    stereographic_chart(2)->value(z.data(), x);
    EXPECT_NEAR(x[0] * x[0] + x[1] * x[1] + x[2] * x[2], 1, 1e-15);
    half_sphere_chart(2)->value(z.data(), x);
    EXPECT_NEAR(x[0] * x[0] + x[1] * x[1] + (x[2] - 1) * (x[2] - 1), 1, 1e-15);
    EXPECT_LT(x[2], 1);
    ellipsoid_chart({2, 3, 4})->value(z.data(), x);
    EXPECT_NEAR(x[0] * x[0] / 4 + x[1] * x[1] / 9 + x[2] * x[2] / 16, 1, 1e-14);
    torus_chart(3, 1)->value(z.data(), x);
    EXPECT_NEAR(std::pow(std::hypot(x[0], x[1]) - 3, 2) + x[2] * x[2], 1, 1e-14);
  }
}

TEST(Charts, MetricsAreTheKnownOnes) {
  const auto z = normal_numbers(2, 3);
  double g[4];
  const double s = z[0] * z[0] + z[1] * z[1];
  // Stereographic projection is conformal.
  WeightedMetric(stereographic_chart(2)).metrics(1, z.data(), g);
  const double conformal = 4 / ((1 + s) * (1 + s));
  EXPECT_NEAR(g[0], conformal, 1e-15);
  EXPECT_NEAR(g[3], conformal, 1e-15);
  EXPECT_NEAR(g[1], 0, 1e-15);
  // The helicoid: du² + (u² + p²) dv².
  WeightedMetric(helicoid_chart(0.4)).metrics(1, z.data(), g);
  EXPECT_NEAR(g[0], 1, 1e-14);
  EXPECT_NEAR(g[3], z[0] * z[0] + 0.16, 1e-14);
  EXPECT_NEAR(g[1], 0, 1e-14);
  // The sphere as a quality: the same.
  WeightedMetric(plane_chart(2), stereographic_quality(2)).metrics(1, z.data(), g);
  EXPECT_NEAR(g[0], 4 / ((1 + s) * (1 + s)), 1e-14);
}

TEST(Charts, ByName) {
  for (const ChartName& name : chart_names()) EXPECT_EQ(make_chart(name.name)->describe(), name.name);
  EXPECT_EQ(make_chart("sphere", {}, 7)->output_dim(), 8);
  EXPECT_EQ(make_chart("ellipsoid", {1, 2, 3, 4})->latent_dim(), 3);
  EXPECT_THROW(make_chart("klein-bottle"), Error);
  EXPECT_THROW(make_chart("torus", {1}), Error);
  EXPECT_THROW(make_chart("torus", {1, 2}), Error);
  EXPECT_THROW(make_chart("torus", {}, 3), Error);
  EXPECT_THROW(make_chart("sphere", {1}), Error);
  EXPECT_THROW(make_chart("sphere", {}, -1), Error);
  EXPECT_THROW(ellipsoid_chart({1, -1, 1}), Error);
  EXPECT_THROW(plane_chart(0), Error);
}

TEST(AnalyticQuality, LevelSetsVanishOnTheirSets) {
  const auto disc = cut_out_discs({{{0, 0}, 1}, {{5, 0}, 2}}, 3);
  const double outside[] = {1.2, 0.3}, centre[] = {0, 0}, inside[] = {4, 0};
  EXPECT_EQ((*disc)(outside), 0.5);
  EXPECT_NEAR((*disc)(centre), 0.5 * std::exp(-3), 1e-15);
  EXPECT_NEAR((*disc)(inside), 0.5 * std::exp(-3), 1e-15);
  const auto cube = cube_surface(3, 10);
  const double face[] = {0.3, -1, 0.8}, middle[] = {0, 0, 0};
  EXPECT_EQ((*cube)(face), 0.5);
  EXPECT_NEAR((*cube)(middle), 0.5 * std::exp(-10), 1e-15);
  EXPECT_EQ(cube->least_weight(0), std::numbers::ln2);
  EXPECT_THROW(cube_surface(3, 0), Error);
  EXPECT_THROW(cut_out_discs({}, 1), Error);
  EXPECT_THROW(cut_out_discs({{{0, 0}, 1}, {{0}, 1}}, 1), Error);
  EXPECT_THROW(cut_out_discs({{{0, 0}, 0}}, 1), Error);
}

TEST(AnalyticQuality, EpsilonRegularises) {
  const auto quality = analytic_quality([](const auto* z) { return z[0]; }, 1);
  const WeightedMetric metric(plane_chart(1), quality, 0.1);
  for (const double q : {0.0, 0.3, 1.0}) EXPECT_NEAR(metric.weight(&q), -std::log(0.1 + 0.8 * q), 1e-15);
  const auto weight = analytic_weight([](const auto* z) { return z[0]; }, 1);
  for (const double f : {0.0, 0.3, 40.0})
    EXPECT_NEAR(WeightedMetric(plane_chart(1), weight, 0.1).weight(&f), -std::log(0.1 + 0.8 * std::exp(-f)),
                1e-14);
  EXPECT_NEAR(metric.least_weight(), -std::log(0.9), 1e-15);
  EXPECT_THROW(WeightedMetric(plane_chart(1), quality, 0.6), Error);
  EXPECT_THROW(WeightedMetric(plane_chart(2), quality), Error);
}

TEST(WeightedMetric, LengthIsThatOfTheCurve) {
  // A quarter of the unit circle in the plane, weight ‖z‖ + 1 = 2.
  const auto weight = analytic_weight(
      [](const auto* z) {
        using std::sqrt;
        return sqrt(z[0] * z[0] + z[1] * z[1]) + 1.0;
      },
      2);
  const WeightedMetric metric(plane_chart(2), weight);
  std::vector<double> nodes;
  for (int i = 0; i <= 400; ++i) {
    const double angle = i * std::numbers::pi / 800;
    nodes.push_back(std::cos(angle));
    nodes.push_back(std::sin(angle));
  }
  const CurveFigures<double> figures = metric.length(nodes);
  EXPECT_NEAR(figures.length, std::numbers::pi, 5e-6);  // (θ/n)²/24 and the sagitta's share, each some 1e-6
  EXPECT_NEAR(figures.embedding_length, std::numbers::pi / 2, 2e-6);
  EXPECT_GE(figures.subdivisions, 4);
  // A straight segment through the stereographic sphere is an arc of a great circle.
  const double a[] = {-0.5, 0}, b[] = {0.8, 0};
  EXPECT_NEAR(WeightedMetric(stereographic_chart(2)).segment_length(a, b, 1000),
              arc_between(*stereographic_chart(2), a, b), 1e-6);
}

}  // namespace latentpath::testing
