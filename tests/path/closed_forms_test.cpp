// Paths whose length, cost or shape is known exactly (paper A, Examples 1 and 2; hyperbolic plane; sphere;
// the one-dimensional loop).

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "contract/test_models.h"
#include "latentpath/path/find_path.h"

namespace latentpath::testing {
namespace {

Tensor rows_of(const std::vector<double>& values, int64_t dim) {
  return at::tensor(values, at::kDouble).view({-1, dim});
}

PathOptions accurate(double epsilon) {
  PathOptions options;
  options.epsilon = epsilon;
  options.tolerance = 1e-9;
  options.max_iterations = 300;
  return options;
}

PathResult solve_for(const std::shared_ptr<Embedding>& embedding, const QualityPointer& quality,
                     const Tensor& start, const Tensor& end, const PathOptions& options) {
  PathProblem problem;
  problem.embedding = embedding;
  problem.quality = quality;
  problem.start = start;
  problem.end = end;
  return find_path(problem, options);
}

/// Greatest distance of the nodes from the straight line through the ends, in the latent space.
double bow(const PathResult& result) {
  const Tensor a = result.nodes.narrow(1, 0, 1), b = result.nodes.narrow(1, result.nodes.size(1) - 1, 1);
  const Tensor along = (b - a) / (b - a).norm(2, {2}, true);
  const Tensor from = result.nodes - a;
  return (from - (from * along).sum(2, true) * along).norm(2, {2}).max().item<double>();
}

Tensor arc(const Tensor& start, const Tensor& end) {
  const auto sphere = stereographic_sphere();
  return at::acos(((*sphere)(start) * (*sphere)(end)).sum(1));
}

/// A minimiser of E has constant weighted speed: 2E = L².
void expect_constant_speed(const PathResult& result, double tolerance) {
  EXPECT_TRUE(at::allclose(result.path.cost_refined, result.path.length.square(), tolerance, 0))
      << result.path.cost_refined << result.path.length.square();
}

}  // namespace

TEST(ClosedForm, Example1StraightLineInThePlane) {
  const auto result = solve_for(identity_embedding(2), constant_quality(0.5), rows_of({0, 1}, 2),
                                rows_of({1, 0}, 2), accurate(0));
  EXPECT_NEAR(result.path.length.item<double>(), std::sqrt(2) * std::log(2), 1e-12);
  EXPECT_NEAR(result.path.quality_of_curve.item<double>(), std::pow(2, -std::sqrt(2)), 1e-12);
  EXPECT_LT(bow(result), 1e-12);
  expect_constant_speed(result, 1e-12);
  EXPECT_EQ(result.cost[0], "chord");
  EXPECT_EQ(termination_name(result.termination[0]), "converged");
}

TEST(ClosedForm, Example2GnomonicSphere) {
  const auto result = solve_for(gnomonic_sphere(), constant_quality(0.5), rows_of({0, 1}, 2),
                                rows_of({1, 0}, 2), accurate(0));
  // Chords of 4 · 64 segments fall short by (θ/256)²/24 of the arc, 7e-7.
  EXPECT_NEAR(result.path.length.item<double>(), M_PI / 3 * std::log(2), 2e-6);
  EXPECT_LT(bow(result), 1e-4);
  expect_constant_speed(result, 1e-5);
}

TEST(ClosedForm, PoincareDisc) {
  const auto quality = function_quality(
      [](const Tensor& z) { return at::exp(-2 / (1 - z.square().sum(1)).clamp_min(1e-6)); }, "Poincare disc");
  const Tensor x = rows_of({0.1, 0.3, -0.6, 0.2, 0, 0, 0.5, -0.5}, 2),
               y = rows_of({0.6, -0.2, 0.5, 0.5, 0.7, 0, 0.5, 0.5}, 2);
  const auto result = solve_for(identity_embedding(2), quality, x, y, accurate(0));
  const Tensor exact =
      at::acosh(1 + 2 * (x - y).square().sum(1) / ((1 - x.square().sum(1)) * (1 - y.square().sum(1))));
  // A polyline of 64 segments around an arc of less than 2 rad, and the midpoint rule: below 1e-4.
  EXPECT_TRUE(at::allclose(result.path.length, exact, 2e-4, 0)) << result.path.length / exact - 1;
  expect_constant_speed(result, 1e-3);
  EXPECT_LT(result.gradient_residual.max().item<double>(), 1e-2);
  // Polylines are no shorter than the distance; a straight line that is itself the geodesic (the third pair)
  // differs by the quadrature on its own grid.
  EXPECT_GT((result.path.length / exact).min().item<double>(), 1 - 1e-4);
  EXPECT_GT((result.linear.length / result.path.length).min().item<double>(), 1 - 2e-4);
}

TEST(ClosedForm, PoincareGeodesicIsACircleAcrossTheRim) {
  const auto quality = function_quality(
      [](const Tensor& z) { return at::exp(-2 / (1 - z.square().sum(1)).clamp_min(1e-6)); }, "Poincare disc");
  const Tensor x = rows_of({0.5, -0.5}, 2), y = rows_of({0.5, 0.5}, 2);
  const auto result = solve_for(identity_embedding(2), quality, x, y, accurate(0));
  // By symmetry its centre is (c, 0) with c² = 1 + r² and (c − ½)² + ¼ = r²: c = 3/2.
  const Tensor centre = at::tensor({1.5, 0.0}, at::kDouble);
  const Tensor radius = (result.nodes[0] - centre).norm(2, {1});
  EXPECT_LT((radius - std::sqrt(1.25)).abs().max().item<double>(), 1e-3);
}

TEST(ClosedForm, StereographicSphereByQuality) {
  // With Φ = id the quality itself is the metric of the sphere.
  const auto quality =
      function_quality([](const Tensor& z) { return at::exp(-2 / (1 + z.square().sum(1))); }, "sphere");
  const Tensor x = rows_of({0.2, 0.1, -0.6, 0.8, 1.2, 0.4}, 2),
               y = rows_of({0.9, -0.4, 0.7, 0.9, -0.3, 0.9}, 2);
  const auto result = solve_for(identity_embedding(2), quality, x, y, accurate(0));
  // As for the disc.
  EXPECT_TRUE(at::allclose(result.path.length, arc(x, y), 2e-4, 0)) << result.path.length / arc(x, y) - 1;
  expect_constant_speed(result, 1e-3);
}

TEST(ClosedForm, StereographicSphereByEmbedding) {
  const Tensor x = rows_of({0.2, 0.1, -0.6, 0.8, 1.2, 0.4}, 2),
               y = rows_of({0.9, -0.4, 0.7, 0.9, -0.3, 0.9}, 2);
  const auto result = solve_for(stereographic_sphere(), constant_quality(0.5), x, y, accurate(0));
  EXPECT_TRUE(at::allclose(result.path.length, std::log(2) * arc(x, y), 2e-4, 0));
  EXPECT_TRUE(at::allclose(result.path.embedding_length, arc(x, y), 2e-4, 0));
}

TEST(ClosedForm, HalfEpsilonGivesThePlainGeodesic) {
  const auto wavy =
      function_quality([](const Tensor& z) { return 0.5 + 0.45 * at::sin(5 * z.select(1, 0)); }, "wavy");
  const Tensor x = rows_of({0.2, 0.1}, 2), y = rows_of({0.9, -0.9}, 2);
  const auto result = solve_for(stereographic_sphere(), wavy, x, y, accurate(0.5));
  EXPECT_TRUE(at::allclose(result.path.length, std::log(2) * arc(x, y), 2e-4, 0));
  const auto weighted = solve_for(stereographic_sphere(), wavy, x, y, accurate(0.1));
  EXPECT_GT((weighted.nodes - result.nodes).abs().max().item<double>(), 0.05);
}

TEST(ClosedForm, LoopInOneDimension) {
  for (const double a : {1.0, 3.0}) {
    const auto quality = function_quality(
        [a](const Tensor& z) { return at::exp(-at::exp(-a * z.select(1, 0))); }, "double exponential");
    PathOptions options = accurate(0);
    options.segments = 128;
    const auto result = solve_for(identity_embedding(1), quality, rows_of({0}, 1), rows_of({0}, 1), options);
    EXPECT_EQ(result.cost[0], "dynamic");
    EXPECT_EQ(result.time_weight[0], 1);
    const Tensor exact = (std::log(std::cosh(a / 2)) - at::log(at::cosh(a * (result.times - 0.5)))) / a;
    // Errors of order 1/128² in value and shape.
    EXPECT_NEAR(result.path.cost_refined.item<double>(), 2 / a * std::tanh(a / 2), 1e-3) << a;
    EXPECT_LT((result.nodes[0].select(1, 0) - exact).abs().max().item<double>(), 2e-3) << a;
    EXPECT_GT(exact.max().item<double>(), 0.1);
  }
}

TEST(ClosedForm, SwappingTheEndsMirrorsThePath) {
  const auto wavy = function_quality(
      [](const Tensor& z) { return 0.55 + 0.35 * at::sin(2 * z.select(1, 0) + z.select(1, 1)); }, "wavy");
  const Tensor x = rows_of({-0.6, 0.8, 0.1, -0.4}, 2), y = rows_of({0.7, 0.9, 0.8, 0.3}, 2);
  const auto there = solve_for(stereographic_sphere(), wavy, x, y, accurate(0.1));
  const auto back = solve_for(stereographic_sphere(), wavy, y, x, accurate(0.1));
  EXPECT_TRUE(at::allclose(there.path.cost_refined, back.path.cost_refined, 1e-5, 0));
  // Converged to a relative cost change of 1e-9: nodes agree to its square root, times a few.
  EXPECT_LT((there.nodes - back.nodes.flip(1)).abs().max().item<double>(), 1e-3);
}

TEST(ClosedForm, LengthErrorFallsWithOrderTwo) {
  const Tensor x = rows_of({0.2, 0.1}, 2), y = rows_of({-0.9, 1.4}, 2);
  double before = 0;
  for (const int64_t n : {16, 32, 64}) {
    PathOptions options = accurate(0);
    options.segments = n;
    options.tolerance = 1e-13;
    const auto result = solve_for(stereographic_sphere(), constant_quality(0.5), x, y, options);
    // On its own nodes, without subdivisions: chord cost against L² of the arc.
    const double exact = std::pow(std::log(2) * arc(x, y).item<double>(), 2);
    const double error = std::abs(result.path.cost.item<double>() - exact);
    if (before > 0) {
      EXPECT_NEAR(before / error, 4, 0.5) << n;
    }
    before = error;
  }
}

}  // namespace latentpath::testing
