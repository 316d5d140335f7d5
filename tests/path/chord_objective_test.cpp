// The cost's gradient and Hessian, in every form in which solvers use them.

#include "path/dense/chord_objective.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "path/geodesic_test_tools.h"

namespace latentpath::testing {
namespace {

struct Case {
  std::string name;
  WeightedMetric metric;
  double time_weight = 0;
  int subdivisions = 1;
};

AnalyticQualityPointer wavy(int dim) {
  return analytic_quality(
      [dim](const auto* z) {
        using std::sin;
        auto s = z[0] * 2.0;
        for (int i = 1; i < dim; ++i) s += z[i] * (1.0 + 0.1 * i);
        return 0.5 + 0.4 * sin(s);
      },
      dim, "wavy");
}

std::vector<Case> cases() {
  const auto ramp = analytic_quality(
      [](const auto* z, double t) {
        using std::exp;
        return 1.0 - 4 * t * (1 - t) * (1.0 - 0.9 * exp(-z[0] * z[0] - z[1] * z[1]));
      },
      2);
  return {{"sphere", WeightedMetric(stereographic_chart(2))},
          {"wavy sphere", WeightedMetric(stereographic_chart(2), wavy(2), 0.1)},
          {"wavy plane", WeightedMetric(plane_chart(2), wavy(2))},
          {"wavy space", WeightedMetric(plane_chart(3), wavy(3), 0.05), 0, 3},
          {"sphere of many dimensions", WeightedMetric(stereographic_chart(6), wavy(6), 0.1), 0, 2},
          {"dynamic", WeightedMetric(torus_chart(), wavy(2), 0.1), 1.7},
          {"time ramp", WeightedMetric(half_sphere_chart(2), ramp, 0.1), 0.6, 2},
          {"one dimension", WeightedMetric(paraboloid_chart(1), wavy(1), 0.1), 0.3}};
}

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t k = 0; k < a.size(); ++k) sum += a[k] * b[k];
  return sum;
}

}  // namespace

TEST(ChordObjective, GradientAndHessianPassTheTaylorTest) {
  for (const Case& c : cases()) {
    detail::ChordObjective objective(c.metric, c.time_weight);
    const auto dim = objective.dim();
    constexpr std::size_t kSegments = 6;
    objective.set_grid(kSegments, static_cast<std::size_t>(c.subdivisions));
    auto nodes = normal_numbers((kSegments + 1) * dim, 7);
    for (double& x : nodes) x *= 0.6;
    const auto u = normal_numbers(objective.unknowns(), 8);
    const double value = objective.expand(nodes.data());
    EXPECT_NEAR(objective.cost(nodes.data()), value, 1e-13 * value) << c.name;
    objective.expand(nodes.data());
    std::vector<double> gradient(u.size()), product(u.size()), by_blocks(u.size());
    objective.gradient(gradient.data());
    BlockTridiagonal hessian;
    objective.hessian(HessianKind::kNewton, hessian);
    hessian.multiply(u.data(), by_blocks.data());
    objective.hessian_product(u.data(), product.data());
    for (std::size_t k = 0; k < u.size(); ++k)
      EXPECT_NEAR(product[k], by_blocks[k], 1e-11 * (1 + std::abs(by_blocks[k]))) << c.name;
    const double slope = dot(gradient, u), bend = dot(by_blocks, u);
    const auto at = [&](double h) {
      auto moved = nodes;
      for (std::size_t k = 0; k < u.size(); ++k) moved[dim + k] += h * u[k];
      return objective.cost(moved.data());
    };
    EXPECT_NEAR(observed_order([&](double h) { return std::abs(at(h) - value - h * slope); }, 1e-3), 2, 0.1)
        << c.name;
    EXPECT_NEAR(observed_order(
                    [&](double h) { return std::abs(at(h) - value - h * slope - h * h * bend / 2); }, 4e-3),
                3, 0.2)
        << c.name;
    EXPECT_NEAR(observed_order([&](double h) { return std::abs(at(h) - value - 1.01 * h * slope); }, 1e-4), 1,
                0.1)
        << "a wrong gradient was not noticed: " << c.name;
  }
}

TEST(ChordObjective, GaussNewtonAndLaplacianArePositive) {
  for (const Case& c : cases()) {
    detail::ChordObjective objective(c.metric, c.time_weight);
    objective.set_grid(9, static_cast<std::size_t>(c.subdivisions));
    auto nodes = normal_numbers(10 * objective.dim(), 3);
    for (double& x : nodes) x *= 0.5;
    objective.expand(nodes.data());
    BlockTridiagonal gauss, laplacian;
    objective.hessian(HessianKind::kGaussNewton, gauss);
    objective.laplacian(laplacian);
    EXPECT_EQ(negative_eigenvalues(laplacian), 0) << c.name;
    // One midpoint a segment makes the cost a sum of squares; its Gauss–Newton matrix is
    // semidefinite.
    if (c.subdivisions == 1) {
      std::vector<double> image(objective.unknowns());
      for (std::uint64_t seed = 0; seed < 20; ++seed) {
        const auto u = normal_numbers(image.size(), seed);
        gauss.multiply(u.data(), image.data());
        EXPECT_GT(dot(u, image), -1e-9) << c.name;
      }
    }
  }
}

}  // namespace latentpath::testing
