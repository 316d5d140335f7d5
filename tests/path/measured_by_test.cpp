// Paths in metrics given directly, against closed forms.

#include "latentpath/path/measured_by.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "contract/test_models.h"
#include "latentpath/metric/adaptors.h"
#include "latentpath/metric/charts.h"
#include "latentpath/path/analytic_realisation.h"
#include "latentpath/path/certify_globally.h"

namespace latentpath::testing {
namespace {

struct Truth {
  std::string name;
  AnalyticMetricPointer analytic;
  std::function<Tensor(const Tensor&)> tensors;
  std::vector<double> start, end;
  double distance;
};

Tensor diagonal(const Tensor& first, const Tensor& second) {
  return at::diag_embed(at::stack({first, second}, 1));
}

std::vector<Truth> truths() {
  const double x = 1.5, y0 = 0.8, y1 = 0.5;  // ends of the half plane: (0, y0) and (x, y1)
  const auto half_plane = [](double dx, double a, double b) {
    return std::acosh(1 + (dx * dx + (a - b) * (a - b)) / (2 * a * b));
  };
  const double mean = 2, s0 = 0.7, s1 = 1.4;
  const double z[2] = {0.3, -0.2}, w[2] = {-0.8, 1.1};
  const double chord = 2 * std::hypot(z[0] - w[0], z[1] - w[1]) /
                       std::sqrt((1 + z[0] * z[0] + z[1] * z[1]) * (1 + w[0] * w[0] + w[1] * w[1]));
  return {
      {"Poincare half plane",
       analytic_metric(
           [](const auto* p, auto* g) {
             g[0] = g[2] = 1.0 / (p[1] * p[1]);
             g[1] = 0.0;
           },
           2, "Poincare half plane"),
       [](const Tensor& p) {
         const Tensor g = 1 / p.select(1, 1).square();
         return diagonal(g, g);
       },
       {0, y0},
       {x, y1},
       half_plane(x, y0, y1)},
      // N(μ, σ²): dμ²/σ² + 2 dσ²/σ² is twice the half plane in (μ/√2, σ).
      {"Fisher-Rao metric of Gaussians",
       analytic_metric(
           [](const auto* p, auto* g) {
             g[0] = 1.0 / (p[1] * p[1]);
             g[1] = 0.0;
             g[2] = 2.0 / (p[1] * p[1]);
           },
           2, "Fisher-Rao metric of Gaussians"),
       [](const Tensor& p) {
         const Tensor g = 1 / p.select(1, 1).square();
         return diagonal(g, 2 * g);
       },
       {-1, s0},
       {-1 + mean, s1},
       std::sqrt(2.0) * half_plane(mean / std::sqrt(2.0), s0, s1)},
      {"sphere",
       analytic_metric(
           [](const auto* p, auto* g) {
             const auto n = 2.0 / (p[0] * p[0] + p[1] * p[1] + 1.0);
             g[0] = g[2] = n * n;
             g[1] = 0.0;
           },
           2, "stereographic sphere"),
       [](const Tensor& p) {
         const Tensor g = (2 / (1 + p.square().sum(1))).square();
         return diagonal(g, g);
       },
       {z[0], z[1]},
       {w[0], w[1]},
       2 * std::asin(chord / 2)},
  };
}

PathProblem problem_of(const Truth& truth, MetricTensorPointer metric) {
  PathProblem problem;
  problem.embedding = riemannian_space(std::move(metric));
  problem.quality = constant_quality(std::exp(-1));  // weight 1
  problem.start = at::tensor(truth.start, at::kDouble).view({1, 2});
  problem.end = at::tensor(truth.end, at::kDouble).view({1, 2});
  return problem;
}

}  // namespace

TEST(MeasuredBy, FindPathReachesTheClosedForms) {
  for (const Truth& truth : truths())
    for (const bool linear : {true, false}) {  // from the straight line; by a roadmap too
      PathOptions options;
      options.epsilon = 0;
      options.segments = 64;
      options.tolerance = 1e-7;
      if (linear) options.init = "linear";
      const PathResult result =
          find_path(problem_of(truth, metric_tensor(truth.tensors, 2, truth.name)), options);
      // A polyline of 64 segments is longer than the curve by O(1/n²).
      EXPECT_NEAR(result.path.length.item<double>(), truth.distance, 1e-3 * truth.distance) << truth.name;
      EXPECT_GE(result.path.length.item<double>(), truth.distance * (1 - 1e-5)) << truth.name;
      EXPECT_GT(result.linear.length.item<double>(), 1.005 * truth.distance) << truth.name;
    }
}

TEST(MeasuredBy, FastMarchingAgrees) {
  const Truth truth = truths()[1];
  const PathProblem problem = problem_of(truth, metric_tensor(truth.tensors, 2, truth.name));
  PathOptions options;
  options.epsilon = 0;
  options.init = "linear";
  const PathResult result = find_path(problem, options);
  const GlobalCertificate certificate =
      certify_globally(problem, options, result.nodes[0], result.path.length.item<double>(),
                       {.box = {{-2, 0.2}, {2, 3}}, .tolerance = 1e-3});
  EXPECT_NEAR(certificate.reference, truth.distance, 2e-3 * truth.distance);
}

TEST(MeasuredBy, NewtonReachesTheClosedForms) {
  for (const Truth& truth : truths())
    for (const bool tensors : {false, true}) {
      const PathProblem problem = problem_of(
          truth, tensors ? metric_tensor(truth.tensors, 2, truth.name) : as_metric_tensor(truth.analytic));
      PathOptions options;
      options.epsilon = 0;
      std::string why;
      const auto dense = analytic_realisation(problem, options, &why);
      ASSERT_TRUE(dense.has_value()) << why;
      const Geodesic geodesic = find_geodesics(*dense, {.segments = 80}).geodesics[0];
      EXPECT_EQ(geodesic.termination, Termination::kConverged) << truth.name;
      EXPECT_EQ(geodesic.certificate.negative_directions, 0) << truth.name;
      EXPECT_LT(geodesic.iterations, 40) << truth.name;
      // O(1/n²) at 80 segments; after Richardson extrapolation O(1/n⁶), down to rounding.
      EXPECT_NEAR(geodesic.refined_length, truth.distance, 5e-4 * truth.distance) << truth.name;
      EXPECT_NEAR(geodesic.extrapolated_length, truth.distance, 1e-6 * truth.distance) << truth.name;
    }
}

TEST(MeasuredBy, AMetricOfTheLatentSpaceLeavesTheQualityToTheDecoder) {
  // A quality of decoded points: with the flat metric of the latent space and a decoder that is the identity
  // times 3, the path is the one that the same quality of latents gives.
  const auto decoder = function_embedding([](const Tensor& z) { return 3 * z; }, 2, "threefold");
  class Decoded final : public Quality {
   public:
    Tensor evaluate(const QualityPoints& points) const override {
      return 1 - 0.9 * at::exp(-(points.decoded / 3).square().sum(1));
    }
    bool needs_decoded() const override { return true; }
    std::string describe() const override { return "hill of decoded points"; }
  };
  PathProblem problem;
  problem.embedding = decoder;
  problem.quality = std::make_shared<Decoded>();
  problem.start = at::tensor({-1.0, 0.2}, at::kDouble).view({1, 2});
  problem.end = at::tensor({1.0, 0.1}, at::kDouble).view({1, 2});
  PathOptions options;
  options.init = "linear";
  options.cost = "chord";
  const auto flat = metric_tensor(
      [](const Tensor& z) {
        return at::eye(2, z.options().requires_grad(false)).expand({z.size(0), 2, 2});
      },
      2, "flat", 1);
  const PathResult result = find_path(measured_by(problem, flat), options);
  PathProblem same = problem;
  same.embedding = identity_embedding(2);
  same.quality = function_quality([](const Tensor& z) { return 1 - 0.9 * at::exp(-z.square().sum(1)); });
  const PathResult expected = find_path(same, options);
  EXPECT_TRUE(at::allclose(result.nodes, expected.nodes, 0, 1e-9));
  EXPECT_NEAR(result.path.length.item<double>(), expected.path.length.item<double>(), 1e-9);
  EXPECT_NEAR(result.lower_bound.item<double>(), expected.lower_bound.item<double>(), 1e-12);
}

TEST(AnalyticRealisation, APairDoesNotDependOnItsNeighbours) {
  // One pair has a straight line on which the quality is 0 (its ends lie on both sides of the disc's rim), so
  // that Newton's method has no first path there; the other is what it is alone.
  PathProblem problem;
  problem.embedding = identity_embedding(2);
  problem.quality = as_quality(analytic_weight(
      [](const auto* z) {
        // Infinite within 0.1 of the origin.
        const auto r = z[0] * z[0] + z[1] * z[1];
        if (r < 0.01) return r * 0.0 + std::numeric_limits<double>::infinity();
        return r * 0.1 + 0.5;
      },
      2, "pit"));
  problem.start = at::tensor({0.2, 0.9, -1.0, 0.0}, at::kDouble).view({2, 2});
  problem.end = at::tensor({0.9, -0.4, 1.0, 0.0}, at::kDouble).view({2, 2});
  PathOptions options;
  options.init = "linear";
  options.epsilon = 0;
  const PathResult both = find_path(problem, options);
  problem.start = problem.start.narrow(0, 0, 1);
  problem.end = problem.end.narrow(0, 0, 1);
  const PathResult alone = find_path(problem, options);
  EXPECT_EQ(alone.method, "Newton");
  EXPECT_TRUE(same_bits(both.nodes[0], alone.nodes[0]));
}

TEST(AnalyticRealisation, IsChosenByWhatTheCallerHas) {
  PathProblem problem;
  problem.embedding = as_embedding(stereographic_chart(2));
  problem.quality = constant_quality(0.5);
  problem.start = at::tensor({0.2, 0.1}, at::kDouble).view({1, 2});
  problem.end = at::tensor({-0.9, 1.4}, at::kDouble).view({1, 2});
  PathOptions options;
  options.epsilon = 0;
  const auto dense = analytic_realisation(problem, options);
  ASSERT_TRUE(dense.has_value());
  // The very chart that the caller made, not a copy through tensors.
  EXPECT_EQ(dense->metric.chart_pointer(), problem.embedding->analytic());
  EXPECT_TRUE(dense->metric.chart().concurrent());
  // find_path chooses it by itself, also for a small map of tensors; tensors search a large one.
  const PathResult exact = find_path(problem, options);
  EXPECT_EQ(exact.method, "Newton");
  EXPECT_EQ(exact.termination[0], Termination::kConverged);
  EXPECT_GT(exact.decoder_evaluations[0], 0);  // points of the chart are counted whoever evaluates them
  PathProblem tensors = problem;
  tensors.embedding = stereographic_sphere();
  const PathResult by_tensors = find_path(tensors, options);
  EXPECT_EQ(by_tensors.method, exact.method);
  EXPECT_TRUE(by_tensors.certificates[0].minimum);
  // A second-order method by name is taken as it is, at once, and goes on from first-order steps where it
  // would not pay.
  PathOptions named = options;
  named.method = "gauss-newton";
  const PathResult asked = find_path(tensors, named);
  EXPECT_EQ(asked.method, "Gauss–Newton");
  EXPECT_NEAR(asked.path.length.item<double>(), by_tensors.path.length.item<double>(), 1e-6);
  PathProblem among_many = problem;  // the same surface among 65 outputs
  among_many.embedding = function_embedding(
      [sphere = tensors.embedding](const Tensor& z) {
        return at::pad((*sphere)(z), {0, 62});
      },
      2, "among many");
  const PathResult searched = find_path(among_many, options);
  EXPECT_NE(searched.method, exact.method);
  EXPECT_NEAR(searched.path.length.item<double>(), exact.path.length.item<double>(), 1e-4);
  named.method = "newton";
  const PathResult finished = find_path(among_many, named);
  EXPECT_EQ(finished.method, searched.method + ", then Newton");
  EXPECT_TRUE(finished.certificates[0].minimum);
  EXPECT_NEAR(exact.path.length.item<double>(), by_tensors.path.length.item<double>(), 1e-4);
  EXPECT_LE(exact.path.cost_refined.item<double>(), by_tensors.path.cost_refined.item<double>() * (1 + 1e-6));

  // A time weight is the dynamic cost's: the chord cost, which is taken here, is lowered as if none were
  // given.
  PathOptions weighted = options;
  weighted.time_weight = 5;
  EXPECT_EQ(analytic_realisation(problem, weighted)->time_weight, 0);
  const PathResult chord = find_path(problem, weighted);
  EXPECT_EQ(chord.cost[0], "chord");
  EXPECT_TRUE(same_bits(chord.nodes, exact.nodes));

  std::string why;
  const auto refused = [&](const PathProblem& p, const PathOptions& o) {
    why.clear();
    return !analytic_realisation(p, o, &why).has_value() && !why.empty();
  };
  PathOptions other = options;
  other.cost = "length";
  EXPECT_TRUE(refused(problem, other));
  other = options;
  other.norm = OutputNorm::kMean;
  EXPECT_TRUE(refused(problem, other));
  other = options;
  other.curve = "neural";
  EXPECT_TRUE(refused(problem, other));
  PathProblem timed = problem;
  timed.quality = time_ramp(function_quality([](const Tensor& z) { return 1 / (1 + z.square().sum(1)); }));
  EXPECT_TRUE(refused(timed, options));  // no λ
  other = options;
  other.time_weight = 0.5;
  EXPECT_FALSE(refused(timed, other));
  PathProblem wide = problem;
  wide.embedding = function_embedding(
      [](const Tensor& z) {
        return at::tanh(z.repeat({1, 100}));
      },
      2, "wide");
  EXPECT_TRUE(refused(wide, options));
  EXPECT_NE(why.find("200 outputs"), std::string::npos) << why;
}

}  // namespace latentpath::testing
