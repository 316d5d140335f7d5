#include "latentpath/metric/density.h"
#include "latentpath/metric/density_rank.h"

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <numbers>

#include "contract/test_models.h"
#include "latentpath/core/error.h"
#include "latentpath/metric/derivative_check.h"

namespace latentpath::testing {
namespace {

/// A mixture with nothing special about it.
std::shared_ptr<const GaussianMixture> lopsided(int64_t dim, int64_t components, uint64_t seed) {
  const Tensor root = random_normal({components, dim, dim}, seed, 0.6);
  const Tensor covariances = root.matmul(root.transpose(1, 2)) + 0.3 * at::eye(dim, at::kDouble);
  const Tensor weights = random_normal({components}, seed + 1).abs() + 0.2;
  return std::make_shared<GaussianMixture>(weights, random_normal({components, dim}, seed + 2, 2),
                                           covariances);
}

double log_density(const Density& density, std::vector<double> z) {
  return density.log_density(at::tensor(z, at::kDouble).unsqueeze(0)).item<double>();
}

}  // namespace

TEST(Density, MixtureAgreesWithItsFormula) {
  const auto mixture = lopsided(3, 4, 5);
  EXPECT_NEAR(mixture->weights().sum().item<double>(), 1, 1e-15);
  const Tensor z = random_normal({20, 3}, 9, 3);
  Tensor f = at::zeros({20}, at::kDouble);
  for (int64_t j = 0; j < 4; ++j) {
    const Tensor& covariance = mixture->covariances()[j];
    const Tensor away = z - mixture->means()[j];
    const Tensor square = (away.matmul(at::linalg_inv(covariance)) * away).sum(1);
    f = f + mixture->weights()[j] * at::exp(-0.5 * square) /
                at::sqrt(std::pow(2 * M_PI, 3) * at::linalg_det(covariance));
  }
  EXPECT_TRUE(at::allclose(mixture->log_density(z), f.log(), 0, 1e-11));  // by inverse and determinant
}

TEST(Density, NormalIsTheMixtureOfOne) {
  const GaussianMixture one(at::ones({1}, at::kDouble), at::zeros({1, 5}, at::kDouble),
                            at::eye(5, at::kDouble).unsqueeze(0));
  const auto normal = normal_density(5);
  const Tensor z = random_normal({10, 5}, 3, 4);
  EXPECT_TRUE(at::allclose(one.log_density(z), normal->log_density(z), 0, 1e-12));
  EXPECT_NEAR(one.log_maximum().value(), normal->log_maximum().value(), 1e-14);
  EXPECT_NEAR(normal->log_maximum().value(), -2.5 * std::log(2 * M_PI), 1e-14);
  // What `seed:N` has always drawn.
  auto a = make_generator(7), b = make_generator(7);
  EXPECT_TRUE(same_bits(normal->sample(3, a), at::randn({3, 5}, b, at::kDouble)));
}

TEST(Density, SemicircleIsThePapers) {
  const auto density = semicircle(8);
  EXPECT_EQ(density->dim(), 8);
  // By hand: det [[5, 2], [2, 2]] = 6, det [[1, 0], [0, 3]] = 3, and 0.5 six times. At the origin, seen from
  // (2, ±6): (2, 6) [[5, 2], [2, 2]]⁻¹ (2, 6)ᵀ = (2·4 − 2·2·12 + 5·36)/6 = 140/6.
  const double outside = 6 * std::log(0.5);
  const double middle = std::exp(-0.5 * (8 * std::log(2 * M_PI) + std::log(3.0) + outside));
  const double arm = std::exp(-0.5 * (8 * std::log(2 * M_PI) + std::log(6.0) + outside + 140.0 / 6));
  EXPECT_NEAR(log_density(*density, {0, 0, 0, 0, 0, 0, 0, 0}), std::log((middle + 2 * arm) / 3), 1e-13);
  // Mirror images, and a unit along any of the other coordinates costs 1.
  EXPECT_NEAR(log_density(*density, {4, 7, 0, 1, 0, 0, 0, 0}),
              log_density(*density, {4, -7, 0, 0, 0, 0, -1, 0}), 1e-13);
  EXPECT_NEAR(
      log_density(*density, {4, 7, 0, 0, 0, 0, 0, 0}) - log_density(*density, {4, 7, 0, 0, 0, 0, 0, 1}), 1,
      1e-13);
  EXPECT_EQ(semicircle(2)->dim(), 2);
  EXPECT_EQ(semicircle(20)->covariances()[1][19][19].item<double>(), 0.5);
}

TEST(Density, SamplesFollowTheDensity) {
  const auto mixture = lopsided(3, 3, 21);
  auto generator = make_generator(1);
  const int64_t n = 40000;
  const Tensor z = mixture->sample(n, generator);
  ASSERT_EQ(z.sizes(), (std::vector<int64_t>{n, 3}));
  ASSERT_EQ(z.scalar_type(), at::kDouble);
  // Mean and second moments of a mixture; the standard errors come from the sample itself, and 5 of them are
  // exceeded once in a million.
  const Tensor& w = mixture->weights();
  const Tensor mean = (w.unsqueeze(1) * mixture->means()).sum(0);
  const Tensor second = (w.view({3, 1, 1}) * (mixture->covariances() +
                                              mixture->means().unsqueeze(2) * mixture->means().unsqueeze(1)))
                            .sum(0);
  const auto within = [&](const Tensor& draws, const Tensor& expected) {
    const Tensor error = draws.std(0) / std::sqrt(static_cast<double>(n));
    EXPECT_LT(((draws.mean(0) - expected) / error).abs().max().item<double>(), 5);
  };
  within(z, mean);
  within((z.unsqueeze(2) * z.unsqueeze(1)).flatten(1), second.flatten());
  // E 1/f(z) over a box that holds nearly everything is the box's volume: log f and samples belong together.
  const Tensor inside = ((z - mean).abs() < 2).all(1);
  const Tensor ratio = at::where(inside, at::exp(-mixture->log_density(z)), at::zeros({1}, at::kDouble));
  within(ratio, at::full({}, 64.0, at::kDouble));
}

TEST(Density, SamplesDependOnTheGeneratorAlone) {
  const auto density = semicircle(4);
  auto a = make_generator(3), b = make_generator(3), c = make_generator(4);
  const Tensor first = density->sample(50, a);
  EXPECT_TRUE(same_bits(first, density->sample(50, b)));
  EXPECT_FALSE(at::equal(first, density->sample(50, c)));
  EXPECT_FALSE(at::equal(first, density->sample(50, a)));
}

TEST(Density, GradientsPassTheTaylorTestAndStayFiniteFarOut) {
  for (const DensityPointer& density :
       std::vector<DensityPointer>{normal_density(4), lopsided(4, 5, 2), semicircle(4)}) {
    const auto f = [&](const Tensor& z) { return density->log_density(z).sum(); };
    for (const double scale : {0.0, 1.0, 4.0}) {
      const Tensor leaf = random_normal({6, 4}, 11, scale).requires_grad_(true);
      const Tensor gradient = torch::autograd::grad({f(leaf)}, {leaf})[0];
      EXPECT_NEAR(taylor_slope(f, leaf.detach(), gradient, random_normal({6, 4}, 12), 1e-3), 2, 0.1)
          << density->describe();
    }
    const Tensor far = random_normal({6, 4}, 11, 1e4).requires_grad_(true);
    const Tensor value = f(far);
    EXPECT_TRUE(std::isfinite(value.item<double>()));
    EXPECT_TRUE(at::isfinite(torch::autograd::grad({value}, {far})[0]).all().item<bool>());
  }
}

TEST(Density, TheMaximumIsAttainedAndNeverExceeded) {
  for (const uint64_t seed : {1, 2, 3, 4}) {
    const auto mixture = lopsided(2, 5, 10 * seed);
    auto generator = make_generator(seed);
    const double highest = mixture->log_maximum().value();
    // Draws, and draws that have climbed: none is higher.
    Tensor z = mixture->sample(200, generator);
    for (int step = 0; step < 400; ++step) {
      const Tensor leaf = z.clone().requires_grad_(true);
      z = z + 0.05 * torch::autograd::grad({mixture->log_density(leaf).sum()}, {leaf})[0];
    }
    const double climbed = mixture->log_density(z).max().item<double>();
    EXPECT_LE(climbed, highest + 1e-12);
    EXPECT_NEAR(climbed, highest, 1e-3);  // plain ascent comes that close in 400 steps
  }
}

TEST(UniformDensity, IsEvenInsideAndFallsOffOutside) {
  const auto density = uniform_density(3, -1, 3);  // softness 0.2
  auto generator = make_generator(5);
  const Tensor inside = density->sample(4000, generator);
  EXPECT_GE(inside.min().item<double>(), -1);
  EXPECT_LE(inside.max().item<double>(), 3);
  EXPECT_NEAR(inside.mean().item<double>(), 1, 0.05);
  const double level = -3 * std::log(4.0);
  EXPECT_DOUBLE_EQ(density->log_maximum().value(), level);
  EXPECT_LT((density->log_density(inside) - level).abs().max().item<double>(), 1e-14);
  const Tensor beyond = at::tensor({1.0, 3.2, 0.0}, at::kDouble).view({1, 3});  // by one softness
  EXPECT_NEAR(density->log_density(beyond).item<double>(), level - std::numbers::ln2, 1e-12);
  const auto rank = density_rank(density);
  EXPECT_EQ(rank->evaluate({inside, {}, {}}).min().item<double>(), 1);
  EXPECT_NEAR(rank->evaluate({beyond, {}, {}}).item<double>(), 0.5, 1e-12);

  const auto f = [&](const Tensor& z) { return density->log_density(z).sum(); };
  for (const double scale : {10.0, 1e4}) {
    const Tensor leaf = random_normal({6, 3}, 11, scale).requires_grad_(true);
    const Tensor gradient = torch::autograd::grad({f(leaf)}, {leaf})[0];
    EXPECT_TRUE(at::isfinite(gradient).all().item<bool>());
    EXPECT_NEAR(taylor_slope(f, leaf.detach(), gradient, random_normal({6, 3}, 12), 1e-3), 2, 0.1);
  }
  EXPECT_EQ(density->describe(), "uniform density on [-1, 3]^D, D = 3");
  EXPECT_EQ(density_by_name("uniform", 6)->describe(), uniform_density(6)->describe());
  EXPECT_THROW(uniform_density(0), Error);
  EXPECT_THROW(uniform_density(2, 1, 1), Error);
  EXPECT_THROW(density->log_density(at::zeros({1, 2}, at::kDouble)), Error);
}

TEST(Density, IsFoundByName) {
  EXPECT_EQ(density_by_name("normal", 6)->describe(), normal_density(6)->describe());
  EXPECT_EQ(density_by_name("semicircle", 6)->describe(), semicircle(6)->describe());
  EXPECT_EQ(density_by_name("circle", 6), nullptr);
}

TEST(Density, SinglePrecisionPointsAreTaken) {
  const auto density = semicircle(8);
  const Tensor z = random_normal({5, 8}, 3);
  const Tensor value = density->log_density(z.to(at::kFloat));
  EXPECT_EQ(value.scalar_type(), at::kDouble);
  EXPECT_LT((value - density->log_density(z)).abs().max().item<double>(), 1e-5);  // rounding of z alone
}

TEST(Density, BadArgumentsAreErrorsThatNameTheComponent) {
  const Tensor w = at::ones({2}, at::kDouble), mu = at::zeros({2, 3}, at::kDouble),
               eye = at::eye(3, at::kDouble).repeat({2, 1, 1});
  const auto message = [](const Tensor& weights, const Tensor& means, const Tensor& covariances) {
    try {
      GaussianMixture mixture(weights, means, covariances);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kArgument);
      return std::string(error.what());
    }
    ADD_FAILURE() << "accepted";
    return std::string();
  };
  EXPECT_NE(message(at::ones({3}, at::kDouble), mu, eye).find("[2], not [3]"), std::string::npos);
  EXPECT_NE(message(w, mu.view({6}), eye).find("[k, D], not [6]"), std::string::npos);
  EXPECT_NE(message(w, mu, eye.narrow(0, 0, 1)).find("[2, 3, 3], not [1, 3, 3]"), std::string::npos);
  EXPECT_NE(message(at::tensor({1.0, -1.0}), mu, eye).find("positive"), std::string::npos);
  EXPECT_NE(message(w, mu + std::nan(""), eye).find("finite"), std::string::npos);
  Tensor skew = eye.clone();
  skew[1][0][1] = 0.5;
  EXPECT_NE(message(w, mu, skew).find("component 1 is not a symmetric"), std::string::npos);
  Tensor indefinite = eye.clone();
  indefinite[1][2][2] = -1;
  EXPECT_NE(message(w, mu, indefinite).find("component 1 is not positive definite"), std::string::npos);
  EXPECT_THROW(semicircle(1), Error);
  EXPECT_THROW(normal_density(0), Error);
  EXPECT_THROW(semicircle(4)->log_density(mu), Error);
}

}  // namespace latentpath::testing
