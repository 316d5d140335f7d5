#include "latentpath/metric/density_rank.h"

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "contract/test_models.h"
#include "latentpath/core/error.h"
#include "latentpath/core/random.h"

namespace latentpath::testing {
namespace {

Tensor value(const QualityPointer& quality, const Tensor& z) { return quality->evaluate({z, {}, {}}); }

/// Points of every norm from the mode to far out, along one direction.
Tensor ray(int64_t dim, double reach, int64_t count) {
  Tensor direction = random_normal({1, dim}, 3);
  direction = direction / direction.norm();
  return at::linspace(0, reach, count, at::kDouble).unsqueeze(1) * direction;
}

}  // namespace

TEST(DensityRank, AgreesWithTheExactFormFromTheModeToTheTails) {
  for (const int64_t dim : {1, 2, 8, 20, 64}) {
    const Tensor z = ray(dim, std::sqrt(static_cast<double>(dim)) + 6, 4000);
    const Tensor exact = value(normal_prior(dim), z);
    const Tensor error = (value(density_rank(normal_density(dim)), z) - exact).abs();
    // Kolmogorov: with 200 000 samples the distribution function is within 0.0037 in 99 of 100 cases; the
    // rest is for the spline.
    EXPECT_LT(error.max().item<double>(), 0.006) << dim;
    EXPECT_LT(error[0].item<double>(), 1e-9) << dim;  // the mode
  }
}

TEST(DensityRank, ThePapersEstimatorLeaksPastTheModeInFewDimensions) {
  const auto bias_at_mode = [](int64_t dim) {
    return 1 -
           value(density_rank_paper(normal_density(dim)), at::zeros({1, dim}, at::kDouble)).item<double>();
  };
  EXPECT_NEAR(bias_at_mode(2), 0.08, 0.01);
  EXPECT_LT(bias_at_mode(64), 1e-6);
  // Away from the mode it is right within smoothing and the samples' own error (5000: 0.023 in 99 of 100).
  for (const int64_t dim : {8, 20, 64}) {
    const Tensor z = ray(dim, std::sqrt(static_cast<double>(dim)) + 6, 500);
    const Tensor error = value(density_rank_paper(normal_density(dim)), z) - value(normal_prior(dim), z);
    EXPECT_LT(error.abs().max().item<double>(), 0.05) << dim;
  }
}

TEST(DensityRank, PaperFormulaByHand) {
  const auto density = semicircle(2);
  auto generator = make_generator(4);
  const Tensor l = density->log_density(density->sample(40, generator));
  const double h = std::pow(4.0 / 120.0, 0.2) * l.std().item<double>();
  const Tensor z = random_normal({150, 2}, 5, 3);  // more than a tile
  const Tensor expected =
      at::special_ndtr((density->log_density(z).unsqueeze(1) - l.unsqueeze(0)) / h).mean(1);
  const Tensor q = value(density_rank_paper(density, {40, 4}), z);
  EXPECT_TRUE(at::allclose(q, expected, 1e-12, 1e-15));
}

TEST(DensityRank, MatchesAMillionSamplesOfTheSemicircle) {
  for (const int64_t dim : {2, 8, 20}) {
    const auto density = semicircle(dim);
    auto generator = make_generator(99);
    std::vector<Tensor> parts;
    for (int i = 0; i < 50; ++i) parts.push_back(density->log_density(density->sample(20000, generator)));
    const Tensor sorted = std::get<0>(at::cat(parts).sort());
    // Prior samples, straight lines between the arms, and points far out.
    Tensor arms = at::zeros({2, dim}, at::kDouble);
    arms[0][0] = arms[1][0] = 5;
    arms[0][1] = 7;
    arms[1][1] = -7;
    const Tensor t = at::linspace(0, 1, 200, at::kDouble).unsqueeze(1);
    const Tensor z = at::cat({density->sample(4000, generator), (1 - t) * arms[0] + t * arms[1],
                              random_normal({200, dim}, 6, 5), density->means()});
    const Tensor reference = at::searchsorted(sorted, density->log_density(z)).to(at::kDouble) / 1e6;
    const Tensor q = value(density_rank(density), z);
    EXPECT_LT((q - reference).abs().max().item<double>(), 0.006) << dim;  // as above, and 0.0016 for 10⁶
    // Deep places keep their order of magnitude: 100 samples define the tail.
    const Tensor rare = (reference > 1e-4).logical_and(reference < 1e-2);
    ASSERT_GT(rare.sum().item<int64_t>(), 10);
    const Tensor ratio = (q / reference).masked_select(rare).log().abs();
    EXPECT_LT(ratio.max().item<double>(), 0.5) << dim;
  }
}

TEST(DensityRank, IsOneAtTheHighestModeAndNowhereElse) {
  const auto density = semicircle(8);
  const auto quality = density_rank(density, {50000});
  Tensor z = at::zeros({1, 8}, at::kDouble);
  for (int step = 0; step < 2000; ++step) {
    const Tensor leaf = z.clone().requires_grad_(true);
    z = z + 0.1 * torch::autograd::grad({density->log_density(leaf).sum()}, {leaf})[0];
  }
  EXPECT_NEAR(value(quality, z).item<double>(), 1, 1e-9);
  EXPECT_LT(value(quality, z + 0.2).item<double>(), 1);
}

TEST(DensityRank, TheLogarithmKeepsItsGradientWhereQUnderflows) {
  const LogDensityDistribution distribution(*normal_density(8), {50000});
  const Tensor l = at::tensor({-1e5, -1e3, -60.0, -12.0}, at::kDouble).requires_grad_(true);
  const Tensor log_q = distribution.log_value(l);
  EXPECT_TRUE((log_q.narrow(0, 1, 3) > log_q.narrow(0, 0, 3)).all().item<bool>());
  const Tensor slope = torch::autograd::grad({log_q.sum()}, {l})[0];
  EXPECT_GT(slope.min().item<double>(), 0.01);
  EXPECT_EQ(slope[0].item<double>(), slope[1].item<double>());  // an exponential tail
  EXPECT_EQ(distribution(l.detach())[0].item<double>(), 0);
}

TEST(DensityRank, IncreasesWithTheDensityWithoutAKink) {
  for (const int64_t dim : {2, 20}) {
    const LogDensityDistribution distribution(*semicircle(dim), {50000});
    const Tensor& knots = distribution.knots();
    const double top = knots[knots.size(0) - 1].item<double>(), low = knots[0].item<double>();
    const Tensor l = at::linspace(low - 0.3 * (top - low), top, 20001, at::kDouble).requires_grad_(true);
    const Tensor q = distribution(l);
    const Tensor gradient = torch::autograd::grad({q.sum()}, {l})[0];
    EXPECT_GE((q.narrow(0, 1, 20000) - q.narrow(0, 0, 20000)).min().item<double>(), 0);
    EXPECT_GE(gradient.min().item<double>(), -1e-15);  // zero to rounding at the end
    // A jump of the derivative would be a share of its largest value; here it is what 20 000 steps allow.
    // The slope on both sides of every knot: it changes by the second derivative times the step, no more.
    const double step = 1e-9;
    const auto slope = [&](const Tensor& at) {
      const Tensor leaf = at.clone().requires_grad_(true);
      return torch::autograd::grad({distribution.log_value(leaf).sum()}, {leaf})[0];
    };
    const Tensor inner = knots.narrow(0, 0, knots.size(0) - 1);
    const Tensor before = slope(inner - step), after = slope(inner + step);
    EXPECT_LT(((before - after) / after).abs().max().item<double>(), 1e-5) << dim;
  }
}

TEST(DensityRank, SecondDerivativesExistForWhoAsks) {
  for (const auto& quality :
       {density_rank(semicircle(2), {20000}), density_rank_paper(semicircle(2), {300})}) {
    const auto slope = [&](const Tensor& z) {
      const Tensor leaf = z.requires_grad() ? z : z.clone().requires_grad_(true);
      return torch::autograd::grad({value(quality, leaf).sum()}, {leaf}, {}, true, true)[0]
          .select(1, 0)
          .sum();
    };
    const Tensor z = random_normal({3, 2}, 8), leaf = z.clone().requires_grad_(true);
    const Tensor second = torch::autograd::grad({slope(leaf)}, {leaf})[0];
    const Tensor step = random_normal({3, 2}, 9, 1e-4);
    const double difference = (slope(z + step) - slope(z - step)).item<double>() / 2;
    EXPECT_NEAR((second * step).sum().item<double>() / difference, 1, 1e-3);
  }
}

TEST(DensityRank, SameSeedSameValues) {
  const Tensor z = random_normal({20, 4}, 1, 2);
  const auto first = value(density_rank(semicircle(4), {5000, 48, 3}), z);
  EXPECT_TRUE(same_bits(first, value(density_rank(semicircle(4), {5000, 48, 3}), z)));
  EXPECT_FALSE(at::equal(first, value(density_rank(semicircle(4), {5000, 48, 4}), z)));
}

TEST(DensityRank, BadArgumentsAreErrors) {
  EXPECT_THROW(density_rank(nullptr), Error);
  EXPECT_THROW(density_rank_paper(nullptr), Error);
  EXPECT_THROW(density_rank(normal_density(2), {10}), Error);
  EXPECT_THROW(density_rank(normal_density(2), {5000, 2}), Error);
  EXPECT_THROW(density_rank_paper(normal_density(2), {1}), Error);
  for (const double alpha : {0.0, -0.5, 1.5, std::nan("")})
    EXPECT_THROW(scaled(normal_prior(2), alpha), Error);
  EXPECT_THROW(scaled(nullptr, 0.5), Error);
}

TEST(DensityRank, AFlatDensityIsRefusedWithTheReason) {
  class Flat final : public Density {
   public:
    Tensor log_density(const Tensor& z) const override { return at::zeros({z.size(0)}, at::kDouble); }
    Tensor sample(int64_t count, at::Generator& generator) const override {
      return at::rand({count, 2}, generator, at::kDouble);
    }
    int64_t dim() const override { return 2; }
    std::string describe() const override { return "flat density"; }
  };
  try {
    density_rank(std::make_shared<Flat>(), {2000});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kNumerical);
    EXPECT_NE(std::string(error.what()).find("flat density has the same density"), std::string::npos);
  }
}

TEST(Scaled, IsAlphaTimesQ) {
  const Tensor z = random_normal({5, 3}, 1);
  EXPECT_TRUE(
      at::allclose(value(scaled(normal_prior(3), 0.25), z), 0.25 * value(normal_prior(3), z), 0, 1e-16));
}

}  // namespace latentpath::testing
