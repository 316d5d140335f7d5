#include "latentpath/metric/sample_density.h"

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "contract/test_models.h"
#include "latentpath/core/error.h"
#include "latentpath/core/random.h"
#include "latentpath/metric/derivative_check.h"

namespace latentpath::testing {
namespace {

Tensor draws(const Density& density, int64_t count, uint64_t seed) {
  auto generator = make_generator(seed);
  return density.sample(count, generator);
}

double candidate(const SampleDensity& fitted, const std::string& name) {
  for (const auto& tried : fitted.candidates)
    if (tried.name.find(name) != std::string::npos) return tried.log_likelihood;
  ADD_FAILURE() << name << " was not tried";
  return NAN;
}

/// A ring of radius 3 with noise 0.1: no mixture of few Gaussians.
Tensor ring(int64_t count, uint64_t seed) {
  auto generator = make_generator(seed);
  const Tensor angle = 2 * M_PI * at::rand({count}, generator, at::kDouble);
  return 3 * at::stack({angle.cos(), angle.sin()}, 1) + 0.1 * at::randn({count, 2}, generator, at::kDouble);
}

}  // namespace

TEST(SampleDensity, ANormalSampleIsOneGaussian) {
  const SampleDensity fitted = fit_density(draws(*normal_density(6), 2000, 1));
  EXPECT_EQ(fitted.chosen, "one Gaussian");
  EXPECT_FALSE(fitted.is_kernel_estimate);
  EXPECT_EQ(fitted.samples, 2000);
  EXPECT_NE(fitted.sentence().find("one Gaussian"), std::string::npos);
  // Entropy of N(0, I_6) in nats; the held-out mean of 400 samples has a standard error of √(3/400) = 0.09.
  EXPECT_NEAR(candidate(fitted, "one Gaussian"), -3 * (1 + std::log(2 * M_PI)), 0.35);
}

TEST(SampleDensity, TheSemicircleIsFoundAgain) {
  for (const int64_t dim : {2, 8}) {
    const auto truth = semicircle(dim);
    const SampleDensity fitted = fit_density(draws(*truth, 6000, 2));
    EXPECT_FALSE(fitted.is_kernel_estimate) << fitted.sentence();
    EXPECT_GT(candidate(fitted, "mixture of 4"), candidate(fitted, "one Gaussian") + 0.3);
    // What is used of it: ranks at new samples, and on the straight line between the arms' ends.
    const Tensor t = at::linspace(0, 1, 100, at::kDouble).unsqueeze(1);
    Tensor ends = at::zeros({2, dim}, at::kDouble);
    ends[0][0] = ends[1][0] = 5;
    ends[0][1] = 7;
    ends[1][1] = -7;
    const Tensor z = at::cat({draws(*truth, 2000, 3), (1 - t) * ends[0] + t * ends[1]});
    const auto rank = [&](const DensityPointer& density) {
      return density_rank(density, {50000})->evaluate({z, {}, {}});
    };
    const Tensor error = (rank(fitted.density) - rank(truth)).abs();
    EXPECT_LT(error.mean().item<double>(), 0.03) << dim;  // 6000 samples; one Gaussian gives 0.2
    EXPECT_LT(error.narrow(0, 2000, 100).max().item<double>(), 0.1) << dim;
  }
}

TEST(SampleDensity, AKernelEstimateWinsWhereFewGaussiansDoNotFit) {
  SampleDensityOptions options;
  options.most_components = 2;
  const SampleDensity fitted = fit_density(ring(3000, 4), options);
  EXPECT_TRUE(fitted.is_kernel_estimate) << fitted.sentence();
  EXPECT_LT(fitted.rank_options().samples, RankOptions().samples);
  const Tensor z = at::tensor({3.0, 0.0, 0.0, -3.0, 0.0, 0.0}, at::kDouble).view({3, 2});
  const Tensor log_f = fitted.density->log_density(z);
  // On the ring f = 1/(2π·3·√(2π)·0.1); a kernel estimate of 3000 points is within some ten per cent of it.
  const double truth = -std::log(6 * M_PI * std::sqrt(2 * M_PI) * 0.1);
  EXPECT_NEAR(log_f[0].item<double>(), truth, 0.4);
  EXPECT_NEAR(log_f[1].item<double>(), truth, 0.4);
  EXPECT_LT(log_f[2].item<double>(), truth - 8);  // the hole
}

TEST(SampleDensity, TheSimplestThatIsAsGoodIsChosen) {
  const SampleDensity fitted = fit_density(ring(3000, 4));
  double best = -INFINITY;
  for (const auto& tried : fitted.candidates) best = std::max(best, tried.log_likelihood);
  EXPECT_GT(candidate(fitted, fitted.chosen), best - 0.1);
  EXPECT_GT(best, candidate(fitted, "one Gaussian") + 1);
}

TEST(SampleDensity, UnitsDoNotMatter) {
  const Tensor x = draws(*semicircle(3), 1500, 5);
  const Tensor scale = at::tensor({1e-4, 1.0, 1e5}, at::kDouble),
               shift = at::tensor({5.0, 0.0, -1e6}, at::kDouble);
  const SampleDensity plain = fit_density(x), scaled_fit = fit_density(x * scale + shift);
  EXPECT_EQ(plain.chosen, scaled_fit.chosen);
  const Tensor log_volume = scale.log().sum();
  // Rounding: the shift costs the third coordinate some digits.
  EXPECT_NEAR(scaled_fit.candidates[0].log_likelihood + log_volume.item<double>(),
              plain.candidates[0].log_likelihood, 1e-4);
}

TEST(SampleDensity, CoordinatesThatNeverChangeAreBorne) {
  Tensor x = draws(*normal_density(4), 800, 6);
  x.select(1, 2).fill_(1.5);
  const SampleDensity fitted = fit_density(x);
  EXPECT_TRUE(at::isfinite(fitted.density->log_density(x)).all().item<bool>());
}

TEST(SampleDensity, CodesOfManyLatentsAreFittedInProportion) {
  // As an autoencoder of 48 latents gives them: several clusters, each in a subspace of its own.
  auto generator = make_generator(9);
  std::vector<Tensor> clusters;
  for (int j = 0; j < 4; ++j) {
    const Tensor spread = at::randn({12, 48}, generator, at::kDouble);
    clusters.push_back(3 * at::randn({1, 48}, generator, at::kDouble) +
                       at::randn({1000, 12}, generator, at::kDouble).matmul(spread) +
                       0.3 * at::randn({1000, 48}, generator, at::kDouble));
  }
  std::vector<std::string> stages;
  const SampleDensity fitted =
      fit_density(at::cat(clusters), {}, [&](const Progress& p) { stages.push_back(p.stage); });
  EXPECT_GT(candidate(fitted, "mixture of 4"), candidate(fitted, "one Gaussian") + 10) << fitted.sentence();
  ASSERT_GE(stages.size(), 4);
  EXPECT_NE(stages[1].find("mixture of 2"), std::string::npos);
  // 200 000 draws of its rank would take as long as the fit many times over.
  EXPECT_EQ(fitted.operations, 48 * 48 * (fitted.chosen == "mixture of 4 Gaussians" ? 4 : 8));
  EXPECT_GE(fitted.rank_options().samples, 10'000);
  EXPECT_LE(static_cast<double>(fitted.rank_options().samples * fitted.operations), 5e9);
}

TEST(SampleDensity, SameSeedSameFit) {
  const Tensor x = draws(*semicircle(4), 1200, 7), z = random_normal({10, 4}, 8);
  const auto a = fit_density(x, {.seed = 3}), b = fit_density(x, {.seed = 3});
  EXPECT_EQ(a.sentence(), b.sentence());
  EXPECT_TRUE(same_bits(a.density->log_density(z), b.density->log_density(z)));
}

TEST(SampleDensity, KernelEstimateIsItsFormula) {
  const Tensor points = random_normal({300, 3}, 1, 2), root = random_normal({3, 3}, 2);
  const Tensor covariance = root.matmul(root.t()) + at::eye(3, at::kDouble);
  const double h = 0.4;
  const auto density = kernel_density(points, at::linalg_cholesky(covariance), h);
  const Tensor z = random_normal({200, 3}, 3, 2);  // more than a tile
  const Tensor away = z.unsqueeze(1) - points.unsqueeze(0);
  const Tensor square = (away.matmul(at::linalg_inv(h * h * covariance)) * away).sum(2);
  const double constant = 0.5 * std::log(at::linalg_det(2 * M_PI * h * h * covariance).item<double>());
  const Tensor expected = at::exp(-0.5 * square - constant).mean(1).log();
  EXPECT_TRUE(at::allclose(density->log_density(z), expected, 0, 1e-10));

  const auto f = [&](const Tensor& at) { return density->log_density(at).sum(); };
  const Tensor leaf = z.clone().requires_grad_(true);
  const Tensor gradient = torch::autograd::grad({f(leaf)}, {leaf})[0];
  EXPECT_NEAR(taylor_slope(f, z, gradient, random_normal({200, 3}, 4), 1e-2), 2, 0.1);
  // Its draws are the points, moved by h times the covariance's root.
  const Tensor x = draws(*density, 20000, 5), mean = points.mean(0);
  const Tensor spread = (points - mean).t().matmul(points - mean) / 300 + h * h * covariance;
  const Tensor seen = (x - x.mean(0)).t().matmul(x - x.mean(0)) / 20000;
  EXPECT_LT(((seen - spread).abs() / spread.diagonal().max()).max().item<double>(), 0.05);  // 5 √(2/20000)
}

TEST(SampleDensity, BadArgumentsAreErrors) {
  const Tensor x = random_normal({100, 3}, 1);
  EXPECT_THROW(fit_density(x.view({-1})), Error);
  EXPECT_THROW(fit_density(x.to(at::kLong)), Error);
  EXPECT_THROW(fit_density(x.narrow(0, 0, 15)), Error);
  EXPECT_THROW(fit_density(x / 0.0), Error);
  EXPECT_THROW(fit_density(at::ones({100, 3}, at::kDouble)), Error);
  EXPECT_THROW(fit_density(x, {.held_out = 1}), Error);
  EXPECT_THROW(kernel_density(x, at::eye(2, at::kDouble), 1), Error);
  EXPECT_THROW(kernel_density(x, at::eye(3, at::kDouble), 0), Error);
}

}  // namespace latentpath::testing
