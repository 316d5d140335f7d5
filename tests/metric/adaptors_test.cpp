// Charts as embeddings and qualities on tensors, under the contracts of both; and models behind the fast
// solvers.

#include "latentpath/metric/adaptors.h"

// The tests of the contracts stand in embedding_test.cpp and quality_test.cpp; here they are run on more.
#define LATENTPATH_CONTRACT_TESTS_ELSEWHERE
#include "contract/embedding_contract.h"
#include "contract/quality_contract.h"
#include "latentpath/models/torchscript_decoder.h"
#include "latentpath/path/find_path.h"
#include "path/geodesic_test_tools.h"

namespace latentpath::testing {

INSTANTIATE_TEST_SUITE_P(
    Charts, EmbeddingContract,
    ::testing::Values(EmbeddingCase{"HalfSphere", 2, [] { return as_embedding(half_sphere_chart(2)); }},
                      EmbeddingCase{"Stereographic", 2, [] { return as_embedding(stereographic_chart(2)); }},
                      EmbeddingCase{"StereographicOfManyDimensions", 7,
                                    [] { return as_embedding(stereographic_chart(7)); }},
                      EmbeddingCase{"Ellipsoid", 2, [] { return as_embedding(ellipsoid_chart()); }},
                      EmbeddingCase{"Torus", 2, [] { return as_embedding(torus_chart()); }},
                      EmbeddingCase{"Paraboloid", 3, [] { return as_embedding(paraboloid_chart(3, 0.5)); }},
                      EmbeddingCase{"SwissRoll", 2, [] { return as_embedding(swiss_roll_chart()); }},
                      EmbeddingCase{"Helicoid", 2, [] { return as_embedding(helicoid_chart()); }}),
    embedding_case_name);

namespace {

QualityPointer ramped_hill() {
  return as_quality(analytic_quality(
      [](const auto* z, double t) {
        using std::exp;
        return 1.0 - 4 * t * (1 - t) * (1.0 - 0.9 * exp(-0.5 * (z[0] * z[0] + z[1] * z[1])));
      },
      2, "ramped hill"));
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(
    Analytic, QualityContract,
    ::testing::Values(
        QualityCase{"StereographicSphere", 2, [] { return as_quality(stereographic_quality(2)); }, {}},
        QualityCase{"ManyDimensions", 6, [] { return as_quality(stereographic_quality(6)); }, {}},
        QualityCase{"RampedHill", 2, ramped_hill, {}},
        QualityCase{"Constant", 3, [] { return as_quality(analytic_constant(0.3)); }, {}}),
    quality_case_name);

TEST(Adaptors, LevelSetsGiveTheirQuality) {
  const auto quality = as_quality(cut_out_discs({{{0, 0}, 1}}, 5));
  const Tensor z = at::tensor({0.0, 0.0, 0.5, 0.0, 2.0, 0.0}, at::kDouble).view({3, 2});
  const Tensor q = quality->evaluate({z, at::zeros({3}, at::kDouble), {}});
  EXPECT_NEAR(q[0].item<double>(), 0.5 * std::exp(-5), 1e-15);
  EXPECT_NEAR(q[1].item<double>(), 0.5 * std::exp(-2.5), 1e-15);
  EXPECT_NEAR(q[2].item<double>(), 0.5, 1e-15);
}

TEST(Adaptors, SecondDerivativesGoThroughTheGraph) {
  // ∂/∂z ⟨v, J u⟩ against central differences of it.
  const auto sphere = as_embedding(stereographic_chart(3));
  const Tensor z = random_normal({2, 3}, 1), u = random_normal({2, 3}, 2), v = random_normal({2, 4}, 3);
  const auto product = [&](const Tensor& at_z) { return (sphere->vjp(at_z, v) * u).sum().item<double>(); };
  const Tensor leaf = z.clone().requires_grad_(true);
  const Tensor pulled = torch::autograd::grad({(*sphere)(leaf)}, {leaf}, {v}, true, true)[0];
  const Tensor bent = torch::autograd::grad({pulled}, {leaf}, {u})[0];
  const double h = 1e-5;
  for (int64_t row = 0; row < 2; ++row)
    for (int64_t k = 0; k < 3; ++k) {
      Tensor step = at::zeros_like(z);
      step[row][k] = h;
      EXPECT_NEAR(bent[row][k].item<double>(), (product(z + step) - product(z - step)) / (2 * h), 1e-8);
    }
}

TEST(Adaptors, FindPathWorksOnCharts) {
  PathProblem problem;
  problem.embedding = as_embedding(half_sphere_chart(2));
  problem.quality = as_quality(analytic_constant(0.5));
  problem.start = at::tensor({0.0, 1.0}, at::kDouble).view({1, 2});
  problem.end = at::tensor({1.0, 0.0}, at::kDouble).view({1, 2});
  PathOptions options;
  options.epsilon = 0;
  const PathResult result = find_path(problem, options);
  EXPECT_NEAR(result.path.length.item<double>(), std::numbers::pi / 3 * std::numbers::ln2, 1e-5);
}

TEST(Adaptors, TensorsBehindTheFastSolvers) {
  // The same sphere as tensors: same geodesic, same second derivatives.
  const auto by_tensors = as_chart(stereographic_sphere());
  EXPECT_TRUE(by_tensors->has_curvatures());
  EXPECT_FALSE(by_tensors->concurrent());
  const auto quality = function_quality(
      [](const Tensor& z) { return 0.5 + 0.4 * at::sin(z.select(1, 0) * 2 + z.select(1, 1)); }, "wavy");
  const auto analytic = analytic_quality(
      [](const auto* z) {
        using std::sin;
        return 0.5 + 0.4 * sin(2.0 * z[0] + z[1]);
      },
      2, "wavy");
  const std::vector<double> a = {0.2, 0.1, -0.5, 0.4}, b = {-0.9, 1.4, 0.8, 0.7};
  const GeodesicResult slow = find_geodesics(
      {.metric = WeightedMetric(by_tensors, as_analytic(quality, 2), 0.1), .start = a, .end = b},
      with_segments(40));
  const GeodesicResult fast =
      find_geodesics({.metric = WeightedMetric(stereographic_chart(2), analytic, 0.1), .start = a, .end = b},
                     with_segments(40));
  EXPECT_EQ(slow.method, "newton");
  for (std::size_t pair = 0; pair < 2; ++pair) {
    const Geodesic &one = slow.geodesics[pair], &other = fast.geodesics[pair];
    EXPECT_EQ(one.termination, Termination::kConverged);
    EXPECT_EQ(one.iterations, other.iterations);
    EXPECT_NEAR(one.length, other.length, 1e-12);
    EXPECT_NEAR(one.certificate.least_curvature, other.certificate.least_curvature, 1e-9);
    for (std::size_t k = 0; k < one.nodes.size(); ++k) EXPECT_NEAR(one.nodes[k], other.nodes[k], 1e-9);
  }
}

TEST(Adaptors, NewtonOnADecoderInSinglePrecision) {
  const TemporaryFolder folder;
  DecoderOptions decoder_options;
  decoder_options.latent_dim = 3;
  const auto decoder =
      load_decoder(save_script(folder / "decoder.pt", kFlatDecoder, 3, 6, at::kFloat), decoder_options);
  const GeodesicProblem problem{.metric = WeightedMetric(as_chart(decoder), analytic_constant(0.5)),
                                .start = {0.4, -0.2, 0.9},
                                .end = {-1.0, 0.8, 0.1}};
  const Geodesic geodesic = solve_one(problem, with_segments(32));
  EXPECT_EQ(geodesic.termination, Termination::kConverged);
  EXPECT_EQ(geodesic.certificate.negative_directions, 0);
  // Single precision leaves a residual of the square root of its rounding, 1e-3.
  EXPECT_LT(geodesic.certificate.gradient_residual, 2e-3);
  PathProblem same;
  same.embedding = decoder;
  same.quality = constant_quality(0.5);
  same.start = at::tensor(problem.start, at::kDouble).view({1, 3});
  same.end = at::tensor(problem.end, at::kDouble).view({1, 3});
  PathOptions options;
  options.epsilon = 0;
  options.segments = 32;
  options.tolerance = 1e-7;
  const PathResult path = find_path(same, options);
  EXPECT_NEAR(geodesic.refined_length, path.path.length.item<double>(), 1e-3 * geodesic.refined_length);
}

TEST(Adaptors, LatentSizesMustBeKnownAndAgree) {
  EXPECT_THROW(as_chart(identity_embedding()), Error);
  EXPECT_EQ(as_chart(identity_embedding(), 3)->latent_dim(), 3);
  EXPECT_THROW(as_chart(identity_embedding(4), 3), Error);
  EXPECT_THROW(as_analytic(QualityPointer(), 2), Error);
  EXPECT_THROW(as_embedding(nullptr), Error);
}

}  // namespace latentpath::testing
