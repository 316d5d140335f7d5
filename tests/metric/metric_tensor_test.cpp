// Metrics given directly: what they measure, their derivatives, and what is refused at the door.

#include "latentpath/metric/metric_tensor.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

// The tests of the contracts stand in embedding_test.cpp and quality_test.cpp; here they are run on more.
#define LATENTPATH_CONTRACT_TESTS_ELSEWHERE
#include "contract/embedding_contract.h"
#include "latentpath/metric/adaptors.h"
#include "latentpath/metric/charts.h"
#include "latentpath/metric/path_energy.h"
#include "latentpath/metric/weighted_metric.h"

namespace latentpath::testing {
namespace {

using ::testing::HasSubstr;

Tensor half_plane_matrix(const Tensor& z) {
  return at::eye(2, z.options().requires_grad(false)) / z.select(1, 1).square().view({-1, 1, 1});
}

/// A full matrix that varies: I + v vᵀ, v = (sin z0, cos z1).
Tensor bent_matrix(const Tensor& z) {
  const Tensor v = at::stack({at::sin(z.select(1, 0)), at::cos(z.select(1, 1))}, 1);
  return at::eye(2, z.options().requires_grad(false)) + v.unsqueeze(2) * v.unsqueeze(1);
}

AnalyticMetricPointer bent_metric() {
  return analytic_metric(
      [](const auto* z, auto* g) {
        using std::sin, std::cos;
        const auto a = sin(z[0]), b = cos(z[1]);
        g[0] = a * a + 1.0;
        g[1] = a * b;
        g[2] = b * b + 1.0;
      },
      2, "bent", 1);
}

EnergyOptions with_epsilon(double epsilon) {
  EnergyOptions options;
  options.epsilon = epsilon;
  return options;
}

CurvePoints polyline(const Tensor& nodes) {
  const int64_t n = nodes.size(1) - 1;
  return {nodes, 0.5 * (nodes.narrow(1, 0, n) + nodes.narrow(1, 1, n)), uniform_times(n)};
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(Metrics, EmbeddingContract,
                         ::testing::Values(EmbeddingCase{"RiemannianSpace", 2,
                                                         [] {
                                                           return riemannian_space(metric_tensor(
                                                               half_plane_matrix, 2, "half plane"));
                                                         }}),
                         embedding_case_name);

TEST(MetricTensor, ChordsAreMeasuredAtMidpoints) {
  const PathEnergy energy(riemannian_space(metric_tensor(bent_matrix, 2, "bent")),
                          constant_quality(std::exp(-1)), with_epsilon(0));
  const Tensor nodes = random_normal({1, 3, 2}, 4);
  double sum = 0;
  for (int64_t i = 0; i < 2; ++i) {
    const Tensor d = nodes[0][i + 1] - nodes[0][i], m = 0.5 * (nodes[0][i + 1] + nodes[0][i]);
    sum += 2 * at::matmul(d, at::matmul(bent_matrix(m.unsqueeze(0))[0], d)).item<double>();  // 1/Δ = 2
  }
  EXPECT_NEAR(energy.cost(polyline(nodes)).item<double>(), sum, 1e-14 * sum);
}

TEST(MetricTensor, AConformalMetricIsAQuality) {
  // G = n² I with Q = 1/e, whose weight is 1, against the identity with Q = exp(−n).
  const auto weight = [](const Tensor& z) { return 2 / (1 + z.square().sum(1)); };
  const PathEnergy by_metric(
      riemannian_space(metric_tensor(
          [=](const Tensor& z) {
            return weight(z).square().view({-1, 1, 1}) * at::eye(3, z.options().requires_grad(false));
          },
          3)),
      constant_quality(std::exp(-1)), with_epsilon(0));
  const PathEnergy by_quality(identity_embedding(3),
                              function_quality([=](const Tensor& z) { return at::exp(-weight(z)); }),
                              with_epsilon(0));
  const CurvePoints points = polyline(random_normal({2, 9, 3}, 7));
  EXPECT_TRUE(at::allclose(by_metric.cost(points), by_quality.cost(points), 1e-12, 0));
  const auto curve = [&](const Tensor& times) {
    return interpolate_polyline(points.nodes, points.times, times);
  };
  const CurveFigures<Tensor> a = by_metric.measure(curve, 2, points.times, nullptr);
  const CurveFigures<Tensor> b = by_quality.measure(curve, 2, points.times, nullptr);
  EXPECT_TRUE(at::allclose(a.length, b.length, 1e-12, 0));
  EXPECT_TRUE(at::allclose(a.cost_refined, b.cost_refined, 1e-12, 0));
}

TEST(MetricTensor, BothRealisationsAgreeWithTheirDerivatives) {
  const auto tensors = metric_tensor(bent_matrix, 2, "bent", 1);
  const auto analytic = bent_metric(), wrapped = as_analytic(tensors);
  EXPECT_EQ(wrapped->least_eigenvalue(), 1);
  const std::vector<double> z = {0.3, -0.7, 1.1, 0.4}, r = {0.5, -1.2, 0.8, 1.5, 0.1, -0.3};
  const auto a = analytic->packed().make_expansion(), b = wrapped->packed().make_expansion();
  a->expand(2, z.data(), nullptr);
  b->expand(2, z.data(), nullptr);
  std::vector<double> first(8), second(8);
  a->curvatures(r.data(), first.data());
  b->curvatures(r.data(), second.data());
  for (size_t k = 0; k < 6; ++k) EXPECT_NEAR(a->values()[k], b->values()[k], 1e-14);
  for (size_t k = 0; k < 12; ++k) EXPECT_NEAR(a->jacobians()[k], b->jacobians()[k], 1e-13);
  for (size_t k = 0; k < 8; ++k) EXPECT_NEAR(first[k], second[k], 1e-12);
  // And back: the tensors of the analytic metric, which remember it.
  const auto back = as_metric_tensor(analytic);
  const Tensor points = random_normal({5, 2}, 1);
  EXPECT_TRUE(at::allclose((*back)(points), bent_matrix(points), 1e-13, 1e-14));
  EXPECT_EQ(as_analytic(back), analytic);
}

TEST(MetricTensor, TheEnergyHasATaylorExpansion) {
  // Slope 2 of the remainder of the gradient, through G.
  const PathEnergy energy(riemannian_space(as_metric_tensor(bent_metric())), constant_quality(0.5),
                          with_epsilon(0));
  const Tensor nodes = random_normal({1, 6, 2}, 2), direction = random_normal({1, 6, 2}, 3);
  const Tensor leaf = nodes.clone().requires_grad_(true);
  const Tensor cost = energy.cost(polyline(leaf)).sum();
  const double slope = (torch::autograd::grad({cost}, {leaf})[0] * direction).sum().item<double>();
  const auto remainder = [&](double h) {
    return std::abs((energy.cost(polyline(nodes + h * direction)).sum() - cost).item<double>() - h * slope);
  };
  EXPECT_NEAR(std::log2(remainder(1e-3) / remainder(5e-4)), 2, 0.05);
}

TEST(MetricTensor, ThePulledBackMetricIsJTGJ) {
  // The half plane measured through z → (z0, exp z1): G = diag(exp(−2 z1), 1).
  const auto half_plane = analytic_metric(
      [](const auto* x, auto* g) {
        g[0] = g[2] = 1.0 / (x[1] * x[1]);
        g[1] = 0.0;
      },
      2, "half plane");
  const auto map = chart(
      [](const auto* z, auto* x) {
        using std::exp;
        x[0] = z[0];
        x[1] = exp(z[1]);
      },
      2, 2, "logarithmic height");
  const WeightedMetric metric(map, analytic_constant(std::exp(-1)), 0, half_plane);
  const double z[2] = {0.4, 0.3};
  double g[4];
  metric.metrics(1, z, g);
  EXPECT_NEAR(g[0], std::exp(-0.6), 1e-14);
  EXPECT_NEAR(g[1], 0, 1e-14);
  EXPECT_NEAR(g[3], 1, 1e-14);
}

TEST(MetricTensor, LowerBoundsNeedTheLeastEigenvalue) {
  const Tensor start = at::zeros({1, 2}, at::kDouble), end = at::ones({1, 2}, at::kDouble);
  const auto bound = [&](double least) {
    return PathEnergy(riemannian_space(metric_tensor(bent_matrix, 2, "bent", least)), constant_quality(0.5),
                      with_epsilon(0.1))
        .lower_bound(start, end)
        .item<double>();
  };
  EXPECT_EQ(bound(0), 0);
  EXPECT_NEAR(bound(0.25), -std::log(0.9) * 0.5 * std::sqrt(2.0), 1e-14);
}

TEST(MetricTensor, RefusesWhatIsNoMetric) {
  const Tensor points = at::tensor({0.0, 1.0, 0.5, 2.0, 1.0, -1.0}, at::kDouble).view({3, 2});
  const auto sentence = [&](const std::function<Tensor(const Tensor&)>& function,
                            double least = 0) -> std::string {
    try {
      check_metric_tensor(*metric_tensor(function, 2, "the metric m.pt", least), points);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInput);
      return error.what();
    }
    return {};
  };
  EXPECT_EQ(sentence(bent_matrix), "");
  EXPECT_EQ(sentence(bent_matrix, 1), "");
  EXPECT_THAT(sentence([](const Tensor& z) { return z; }),
              HasSubstr("must map points [3, 2] to matrices [3, 2, 2]"));
  EXPECT_THAT(sentence([](const Tensor& z) {
                return bent_matrix(z) / (z.select(1, 0) - 0.5).view({-1, 1, 1});
              }),
              HasSubstr("NaN or infinite at z = (0.5, 2)"));
  EXPECT_THAT(sentence([](const Tensor& z) {
                return bent_matrix(z) + at::tensor({0.0, 1.0, 0.0, 0.0}, at::kDouble).view({1, 2, 2});
              }),
              HasSubstr("is not symmetric at z = (0, 1)"));
  EXPECT_THAT(sentence([](const Tensor& z) {
                return z.select(1, 1).view({-1, 1, 1}) * at::eye(2, at::kDouble);
              }),
              HasSubstr("is not positive definite at z = (1, -1): its least eigenvalue there is -1"));
  EXPECT_THAT(sentence([](const Tensor& z) { return bent_matrix(z) * z.square().sum(); }),
              HasSubstr("depends on the other points of its batch"));
  EXPECT_THAT(sentence(bent_matrix, 1.5), HasSubstr("is said to have no eigenvalue below 1.5"));
  EXPECT_THROW((*metric_tensor(bent_matrix, 2))(at::zeros({1, 3}, at::kDouble)), Error);
  EXPECT_THROW(metric_tensor(bent_matrix, 2, "m", -1), Error);
  EXPECT_THROW(riemannian_space(metric_tensor(bent_matrix, 2), 3), Error);
  EnergyOptions mean;
  mean.norm = OutputNorm::kMean;
  EXPECT_THROW(PathEnergy(riemannian_space(metric_tensor(bent_matrix, 2)), constant_quality(0.5), mean),
               Error);
  EXPECT_THROW(WeightedMetric(plane_chart(3), {}, 0, bent_metric()), Error);
}

}  // namespace latentpath::testing
