#include "latentpath/metric/density_regularisation.h"

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "contract/test_models.h"
#include "latentpath/core/error.h"
#include "latentpath/metric/adaptors.h"
#include "latentpath/metric/charts.h"
#include "latentpath/metric/derivative_check.h"
#include "latentpath/metric/path_energy.h"
#include "latentpath/models/torchscript_decoder.h"

namespace latentpath::testing {
namespace {

struct Found {
  Tensor value, gradient;
};

Found found(const Embedding& map, const Tensor& z, double regularisation = 0) {
  const at::AutoGradMode enabled(true);
  const Tensor leaf = z.clone().requires_grad_(true);
  const Tensor value = half_log_determinant(map, leaf, regularisation);
  return {value.detach(), torch::autograd::grad({value.sum()}, {leaf})[0]};
}

/// Against a formula whose derivative autograd knows, to the 1e-8 that is promised: J is exact, so rounding
/// is all that is between them.
void expect_formula(const Embedding& map, const Tensor& z,
                    const std::function<Tensor(const Tensor&)>& formula) {
  const at::AutoGradMode enabled(true);
  const Tensor leaf = z.clone().requires_grad_(true);
  const Tensor known = formula(leaf), slope = torch::autograd::grad({known.sum()}, {leaf})[0];
  const Found ours = found(map, z);
  EXPECT_LT((ours.value - known.detach()).abs().max().item<double>(), 1e-8) << map.describe();
  EXPECT_LT((ours.gradient - slope).abs().max().item<double>(), 1e-8) << map.describe();
}

std::shared_ptr<Embedding> relu_network() {
  const Tensor first = random_normal({2, 12}, 5), second = random_normal({12, 4}, 6);
  return function_embedding(
      [=](const Tensor& z) {
        return at::matmul(at::relu(at::matmul(z.to(at::kDouble), first) + 0.3), second);
      },
      2, "ReLU network");
}

TEST(HalfLogDeterminant, IsThatOfSphereAndTorus) {
  const Tensor z = random_normal({200, 2}, 1);  // two chunks: 1024 points in 2 directions are one
  const auto sphere = [](const Tensor& p) { return 2 * (2 / (1 + p.square().sum(1))).log(); };
  expect_formula(*stereographic_sphere(), z, sphere);
  expect_formula(*as_embedding(stereographic_chart(2)), z, sphere);
  expect_formula(*as_embedding(torus_chart(3, 0.7)), z,
                 [](const Tensor& p) { return (0.7 * (3 + 0.7 * p.select(1, 1).cos())).log(); });
  expect_formula(*stereographic_sphere(), random_normal({1200, 2}, 2), sphere);
}

TEST(HalfLogDeterminant, IsThatOfALinearMapWhoseGradientIsZero) {
  const Tensor matrix = random_normal({5, 9}, 3), z = random_normal({7, 5}, 4);
  const auto map =
      function_embedding([matrix](const Tensor& p) { return at::matmul(p, matrix); }, 5, "matrix");
  const double known = 0.5 * at::logdet(matrix.matmul(matrix.t())).item<double>();
  const Found ours = found(*map, z);
  EXPECT_LT((ours.value - known).abs().max().item<double>(), 1e-8);
  EXPECT_EQ(ours.gradient.abs().max().item<double>(), 0);
  EXPECT_EQ(found(*identity_embedding(3), random_normal({2, 3}, 1)).value.abs().max().item<double>(), 0);
}

TEST(HalfLogDeterminant, HasTheRightGradientOnDecoders) {
  DecoderOptions in_double;
  in_double.dtype = "float64";
  const auto decoder = load_decoder(std::string(LATENTPATH_TEST_MODELS) + "/mnist-vae-8.pt", in_double);
  const auto deep = perceptron(3, 7);
  for (const Embedding* map :
       {static_cast<const Embedding*>(decoder.get()), static_cast<const Embedding*>(deep.get())}) {
    const Tensor z = random_normal({3, map->latent_dim()}, 8);
    for (const double regularisation : {0.0, 0.1}) {
      const auto f = [&](const Tensor& p) { return half_log_determinant(*map, p, regularisation).sum(); };
      const Tensor gradient = found(*map, z, regularisation).gradient;
      EXPECT_NEAR(taylor_slope(f, z, gradient, random_normal(z.sizes(), 9)), 2, 0.05) << map->describe();
    }
  }
}

TEST(HalfLogDeterminant, CountsTheDirectionsThatTheRegularisationStandsInFor) {
  // Images do not move with the second latent.
  const auto map = function_embedding(
      [](const Tensor& z) {
        return at::cat({3 * z.narrow(1, 0, 1), 0 * z}, 1);
      },
      2);
  Tensor lost;
  const Tensor z = random_normal({4, 2}, 1);
  const Tensor value = half_log_determinant(*map, z, 1e-6, &lost);
  EXPECT_LT((value - std::log(3 * 1e-3)).abs().max().item<double>(), 1e-6);  // δ/9 beside the 9
  EXPECT_LT((lost - 1).abs().max().item<double>(), 1e-6);
  // Nothing that could stand in: no number, and no exception in the middle of a search.
  EXPECT_TRUE(half_log_determinant(*map, z, 0).isnan().all().item<bool>());
}

TEST(HalfLogDeterminant, PullsBackByThePseudoInverse) {
  const Tensor jacobian = random_normal({3, 6, 2}, 1), u = random_normal({3, 2}, 2);
  const Tensor moved = at::bmm(jacobian, u.unsqueeze(2)).squeeze(2);
  EXPECT_LT((pull_back(jacobian, moved, 0) - u).abs().max().item<double>(), 1e-12);
}

TEST(DataDensity, IsTheDensityOfImages) {
  // x = e^z of a normal z is log-normal.
  const auto map = function_embedding([](const Tensor& z) { return z.exp(); }, 2, "exponential");
  const Tensor samples = random_normal({50, 2}, 1);
  const auto density = make_data_density(map, normal_density(2), samples);
  const Tensor x = samples.exp();
  const Tensor known = (std::log(2 * M_PI) + x.log().sum(1) + 0.5 * x.log().square().sum(1));
  // δ adds 1e-10 of a typical eigenvalue, and some are a thousandth of it.
  EXPECT_LT((density->negative_log(samples) - known).abs().max().item<double>(), 1e-6);
  // No direction is lost: δ stands in for none.
  Tensor lost;
  density->log_determinant(samples, nullptr, &lost);
  EXPECT_LT(lost.max().item<double>(), 0.01);
}

TEST(DataDensity, RefusesWhatHasNone) {
  const Tensor samples = random_normal({20, 3}, 1);
  const auto down = function_embedding([](const Tensor& z) { return z.narrow(1, 0, 2); }, 3, "projection");
  const auto still = function_embedding([](const Tensor& z) { return 0 * z; }, 3, "constant");
  const auto refusal = [&](const std::shared_ptr<Embedding>& map, const DensityPointer& latents,
                           ErrorKind kind = ErrorKind::kInput) -> std::string {
    try {
      make_data_density(map, latents, samples);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), kind);
      return error.what();
    }
    return "";
  };
  EXPECT_NE(refusal(down, normal_density(3)).find("makes 2 numbers of 3 latents"), std::string::npos);
  EXPECT_NE(refusal(still, normal_density(3)).find("images do not move"), std::string::npos);
  EXPECT_NE(refusal(identity_embedding(3), normal_density(2), ErrorKind::kArgument).find("2 dimensions"),
            std::string::npos);
}

TEST(DataDensity, OfManyLatentsIsAnEstimateWithItsError) {
  // x = z B, B of 70 rows: −log p(x) is known.
  const Tensor matrix = random_normal({70, 90}, 3), samples = random_normal({8, 70}, 4);
  const auto map =
      function_embedding([matrix](const Tensor& z) { return at::matmul(z, matrix); }, 70, "matrix");
  const auto density = make_data_density(map, normal_density(70), samples, 5);
  ASSERT_TRUE(density->estimated());
  const Tensor known = 0.5 * at::logdet(matrix.matmul(matrix.t())) - normal_density(70)->log_density(samples);
  Tensor error;
  const Tensor found = density->negative_log(samples, &error);
  EXPECT_LT(((found - known).abs() / error).max().item<double>(), 3);
  EXPECT_LT(error.max().item<double>(), 5);
  const auto potential = density_potential(density, samples);
  ASSERT_EQ(potential->notes().size(), 1U);
  EXPECT_NE(potential->notes()[0].find("70 latents is estimated from 16 random directions: standard error"),
            std::string::npos);
  const auto curve = [&](const Tensor& t) {
    return t.view({1, -1, 1}) * samples.narrow(0, 0, 1).unsqueeze(1);
  };
  const DensityAlong along = density_along(*density, curve, 5);
  EXPECT_NEAR(along.error[0].item<double>(), error[0].item<double>(), 1e-9);  // a linear map's is the same
  // Up to 64 there is none.
  const auto exact = make_data_density(identity_embedding(64), normal_density(64), random_normal({4, 64}, 1));
  EXPECT_FALSE(exact->estimated());
  exact->negative_log(random_normal({2, 64}, 2), &error);
  EXPECT_EQ(error.abs().max().item<double>(), 0);
}

TEST(DensityPotential, IsVAboveAReferenceThatNoSampleReaches) {
  const Tensor samples = random_normal({300, 2}, 1);
  const auto density = make_data_density(stereographic_sphere(), normal_density(2), samples);
  const auto potential = density_potential(density, samples);
  const Tensor v = density->negative_log(samples), u = potential->evaluate(samples);
  EXPECT_LE(potential->reference(), v.min().item<double>());
  // softplus: 5e-5 s at ten s above the reference, and no sample is nearer
  EXPECT_LT((u - (v - potential->reference())).abs().max().item<double>(), 5e-5 * potential->softness());
  EXPECT_GT(u.min().item<double>(), 0);
  EXPECT_TRUE(potential->notes().empty());
}

TEST(DensityPotential, SaysWhereALogDeterminantHasNoGradient) {
  const Tensor samples = random_normal({100, 2}, 1);
  const auto kinked =
      density_potential(make_data_density(relu_network(), normal_density(2), samples), samples);
  ASSERT_EQ(kinked->notes().size(), 1U);
  EXPECT_NE(kinked->notes()[0].find("linear between its kinks"), std::string::npos);
  // The same determinant everywhere is no such thing.
  const auto plane =
      density_potential(make_data_density(identity_embedding(2), normal_density(2), samples), samples);
  EXPECT_TRUE(plane->notes().empty());
}

TEST(PathEnergy, AddsTheDensityToItsCost) {
  const Tensor samples = random_normal({100, 2}, 1);
  const auto potential =
      density_potential(make_data_density(stereographic_sphere(), normal_density(2), samples), samples);
  EnergyOptions options;
  const PathEnergy plain(stereographic_sphere(), constant_quality(0.5), options);
  options.potential = potential;
  options.density_weight = 0.3;
  const PathEnergy energy(stereographic_sphere(), constant_quality(0.5), options);
  const Tensor times = uniform_times(12), start = random_normal({2, 1, 2}, 3),
               end = random_normal({2, 1, 2}, 4);
  const auto curve = [&](const Tensor& t) { return start + t.view({1, -1, 1}) * (end - start); };
  const CurvePoints points{curve(times), curve(middle_times(times)), times};
  const double scale = 2 * std::log(2.0) * std::log(2.0);
  const Tensor u = potential->evaluate(points.middles.flatten(0, 1)).view({2, 12}).mean(1);
  EXPECT_TRUE(at::allclose(energy.cost(points), plain.cost(points) + scale * 0.3 * u, 1e-12));
  // Each path with a weight of its own.
  options.density_weights = at::tensor({0.3, 2.0}, at::kDouble);
  const PathEnergy each(stereographic_sphere(), constant_quality(0.5), options);
  EXPECT_TRUE(
      at::allclose(each.cost(points), plain.cost(points) + scale * options.density_weights * u, 1e-12));
  const Tensor last = at::tensor({1}, at::kLong);
  const CurvePoints second{points.nodes.narrow(0, 1, 1), points.middles.narrow(0, 1, 1), times};
  EXPECT_TRUE(at::allclose(each.of_rows(last).cost(second), each.cost(points).narrow(0, 1, 1), 1e-12));
  const CurveFigures<Tensor> of_both = each.measure(curve, 2, times, nullptr, 1e-4);
  const auto last_curve = [&](const Tensor& t) { return curve(t).narrow(0, 1, 1); };
  const CurveFigures<Tensor> of_last = each.of_rows(last).measure(last_curve, 1, times, nullptr, 1e-4);
  EXPECT_TRUE(at::allclose(of_both.cost_refined.narrow(0, 1, 1), of_last.cost_refined, 1e-12));
  const auto f = [&](const Tensor& middles) {
    return energy.cost(CurvePoints{points.nodes, middles.view({2, 12, 2}), times}).sum();
  };
  const at::AutoGradMode enabled(true);
  const Tensor leaf = points.middles.flatten().clone().requires_grad_(true);
  const Tensor gradient = torch::autograd::grad({f(leaf)}, {leaf})[0];
  EXPECT_NEAR(taylor_slope(f, leaf.detach(), gradient, random_normal({48}, 5)), 2, 0.05);
  // The refined figures hold it too: on the finest grid the sums agree to the second order.
  const CurveFigures<Tensor> figures = energy.measure(curve, 2, times, nullptr, 1e-4),
                             bare = plain.measure(curve, 2, times, nullptr, 1e-4);
  const DensityAlong along = density_along(potential->density(), curve, 1025);
  const Tensor expected = scale * 0.3 * (along.mean - potential->reference());
  EXPECT_TRUE(at::allclose(figures.cost_refined - bare.cost_refined, expected, 1e-3));
}

}  // namespace
}  // namespace latentpath::testing
