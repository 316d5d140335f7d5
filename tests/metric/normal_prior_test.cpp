#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "contract/test_models.h"
#include "latentpath/metric/quality.h"

namespace latentpath::testing {
namespace {

/// Q and dQ/dr at the point (r, 0, …, 0).
std::pair<double, double> along_an_axis(const QualityPointer& quality, int64_t dim, double r) {
  Tensor z = at::zeros({1, dim}, at::kDouble);
  z[0][0] = r;
  z.requires_grad_(true);
  const Tensor q = quality->evaluate({z, at::full({1}, 0.5, at::kDouble), {}});
  const Tensor gradient = torch::autograd::grad({q.sum()}, {z})[0];
  return {q.item<double>(), gradient[0][0].item<double>()};
}

}  // namespace

TEST(NormalPrior, TwoDimensionsAreAGaussian) {
  const auto prior = normal_prior(2);
  for (const double r : {0.0, 1e-3, 0.5, 1.0, 3.0, 6.0, 20.0}) {
    const auto [q, slope] = along_an_axis(prior, 2, r);
    // The library function is accurate to a few units in the last place times the exponent, r²/2.
    EXPECT_NEAR(q, std::exp(-r * r / 2), 1e-12 * std::exp(-r * r / 2) + 1e-300) << r;
    EXPECT_NEAR(slope, -r * std::exp(-r * r / 2), 1e-11 * r * std::exp(-r * r / 2) + 1e-300) << r;
  }
}

TEST(NormalPrior, OneDimensionIsTheErrorFunction) {
  const auto prior = normal_prior(1);
  for (const double r : {1e-3, 0.5, 1.0, 3.0, 6.0}) {
    const auto [q, slope] = along_an_axis(prior, 1, r);
    EXPECT_NEAR(q, std::erfc(r / std::sqrt(2)), 1e-11 * std::erfc(r / std::sqrt(2))) << r;
    const double density = std::sqrt(2 / M_PI) * std::exp(-r * r / 2);
    EXPECT_NEAR(slope, -density, 1e-11 * density) << r;
  }
}

TEST(NormalPrior, FourDimensions) {
  // P(χ²_4 ≥ r²) = e^{−r²/2}(1 + r²/2)
  for (const double r : {0.2, 1.0, 2.0, 5.0}) {
    const double expected = std::exp(-r * r / 2) * (1 + r * r / 2);
    EXPECT_NEAR(along_an_axis(normal_prior(4), 4, r).first, expected, 1e-12 * expected);
  }
}

TEST(NormalPrior, IsOneAtTheOriginWithGradientZeroThere) {
  for (const int64_t dim : {2, 3, 8, 100}) {
    for (const auto& prior : {normal_prior(dim), normal_prior_asymptotic(dim)}) {
      const auto [q, slope] = along_an_axis(prior, dim, 0);
      // The asymptote reaches ½ + ½ erf(√(D − ½)), 0.96 for D = 2.
      EXPECT_GT(q, 0.95) << dim;
      EXPECT_EQ(slope, 0) << dim;
    }
    EXPECT_NEAR(along_an_axis(normal_prior(dim), dim, 0).first, 1, 1e-9);
  }
}

TEST(NormalPrior, FarOutItIsZeroAndFinite) {
  for (const int64_t dim : {1, 2, 8, 100})
    for (const double r : {50.0, 1e3, 1e6})
      for (const auto& prior : {normal_prior(dim), normal_prior_asymptotic(dim)}) {
        const auto [q, slope] = along_an_axis(prior, dim, r);
        EXPECT_TRUE(q >= 0 && q < 1e-100) << dim << " " << r << " " << q;
        EXPECT_TRUE(std::isfinite(slope)) << dim << " " << r;
      }
}

TEST(NormalPrior, DecreasesWithTheNorm) {
  for (const int64_t dim : {1, 2, 8, 100}) {
    double before = 2;
    for (double r = 0.1; r < 3 * std::sqrt(static_cast<double>(dim)); r += 0.1) {
      const double q = along_an_axis(normal_prior(dim), dim, r).first;
      // Near 0 in many dimensions Q is 1 to rounding.
      EXPECT_TRUE(q < before || (q > 1 - 1e-12 && q <= before + 1e-15)) << dim << " " << r;
      before = q;
    }
  }
}

TEST(NormalPrior, AsymptoteApproachesTheExactValue) {
  // Samples have norm about √D ± 0.7; the largest difference between the two falls like 1/√D.
  double before = 1;
  for (const int64_t dim : {2, 8, 32, 128, 512}) {
    double worst = 0;
    for (double shift = -2; shift <= 2; shift += 0.25) {
      const double r = std::max(0.0, std::sqrt(static_cast<double>(dim)) + shift);
      worst = std::max(worst, std::abs(along_an_axis(normal_prior(dim), dim, r).first -
                                       along_an_axis(normal_prior_asymptotic(dim), dim, r).first));
    }
    EXPECT_LT(worst, 0.7 * before) << dim;
    before = worst;
  }
  EXPECT_LT(before, 0.01);
}

}  // namespace latentpath::testing
