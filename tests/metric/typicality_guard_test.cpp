#include "latentpath/metric/typicality_guard.h"

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "contract/test_models.h"
#include "latentpath/core/error.h"
#include "latentpath/metric/derivative_check.h"
#include "latentpath/metric/norm_rank.h"

namespace latentpath::testing {
namespace {

Tensor at_norm(int64_t dim, double norm) {
  Tensor z = at::zeros({1, dim}, at::kDouble);
  z[0][0] = norm;
  return z;
}

double guard_at(const QualityPointer& guard, const Tensor& z) {
  return guard->evaluate({z, at::full({z.size(0)}, 0.5, at::kDouble), {}}).item<double>();
}

/// d Q / d norm.
double slope_at(const QualityPointer& guard, int64_t dim, double norm) {
  const Tensor z = at_norm(dim, norm).requires_grad_(true);
  const Tensor value = guard->evaluate({z, at::full({1}, 0.5, at::kDouble), {}}).sum();
  return torch::autograd::grad({value}, {z})[0][0][0].item<double>();
}

}  // namespace

TEST(NormRank, IsTheRankOfTheDensityInOneAndTwoDimensions) {
  for (const double norm : {0.0, 1e-6, 0.1, 1.0, 3.0, 8.0}) {
    EXPECT_NEAR(norm_rank(1, norm).log_rank, std::log(std::erfc(norm / std::sqrt(2))), 1e-12) << norm;
    EXPECT_NEAR(norm_rank(2, norm).log_rank, -0.5 * norm * norm, 1e-12) << norm;
    EXPECT_NEAR(norm_rank(2, norm).slope, -norm, 1e-12) << norm;
  }
}

// A rank is uniform over samples: what lies below rank x is a share x of them. 20 000 samples tell a
// distribution function to 1.63/√20000 = 0.0115 in 99 of 100 cases (Kolmogorov).
TEST(NormRank, IsUniformOverSamples) {
  for (const int64_t dim : {1, 2, 3, 4, 8, 16, 64, 512, 3072}) {
    const auto rank = normal_typicality(dim);
    auto generator = make_generator(static_cast<uint64_t>(dim));
    std::vector<Tensor> parts;
    for (int part = 0; part < 20; ++part)
      parts.push_back(rank->rank(at::randn({1000, dim}, generator, at::kDouble)));
    const Tensor sorted = std::get<0>(at::cat(parts).sort());
    const Tensor uniform = (at::arange(20'000, at::kDouble) + 0.5) / 20'000;
    EXPECT_LT((sorted - uniform).abs().max().item<double>(), 0.0115) << dim;
  }
}

// P(h(‖X‖) ≤ h(ρ)) counted: of the definition, with the same error.
TEST(NormRank, IsTheShareOfSamplesOfNoHigherScore) {
  for (const int64_t dim : {3, 5, 8, 30, 200}) {
    const double m = static_cast<double>(dim - 1);
    const auto score = [m](const Tensor& square) { return 0.5 * (m * (1 + square).log() - square); };
    auto generator = make_generator(7);
    const Tensor samples = at::randn({50'000, dim}, generator, at::kDouble).square().sum(1);
    for (const double share : {0.0, 0.3, 0.8, 1.0, 1.2, 1.5}) {
      const double norm = share * std::sqrt(static_cast<double>(dim));
      const Tensor own = score(at::full({1}, norm * norm, at::kDouble));
      const double counted = (score(samples) <= own).to(at::kDouble).mean().item<double>();
      EXPECT_NEAR(std::exp(norm_rank(dim, norm).log_rank), counted, 0.0075) << dim << " at " << norm;
    }
  }
}

TEST(NormRank, IsTwoSidedInHighDimension) {
  // The middle of a straight line between two samples of 3072 latents is no likelier than a norm of 72: both
  // are beyond what any number of samples reaches.
  const double middle = norm_rank(3072, std::sqrt(3072.0 / 2)).log_rank, far = norm_rank(3072, 72).log_rank;
  EXPECT_LT(middle, -200);
  EXPECT_LT(far, -200);
  EXPECT_NEAR(middle / far, 1, 0.2);
  EXPECT_GT(norm_rank(3072, std::sqrt(3072.0)).log_rank, std::log(0.9));
  // Where samples lie all around it, the origin is no strange place; and there is no jump between dimensions.
  EXPECT_EQ(norm_rank(2, 0).log_rank, 0);
  EXPECT_GT(norm_rank(3, 0).log_rank, std::log(0.4));
  for (int64_t dim = 3; dim < 60; ++dim)
    EXPECT_LT(norm_rank(dim, 0).log_rank, norm_rank(dim - 1, 0).log_rank) << dim;
}

TEST(NormRank, SlopesAreThoseOfTheRank) {
  for (const int64_t dim : {1, 2, 3, 8, 64, 3072})
    for (const double share : {0.05, 0.5, 0.9, 1.1, 2.0, 10.0}) {
      const double norm = share * std::max(1.0, least_strange_norm(dim)), h = 1e-4 * (1 + norm);
      const double difference =
          (norm_rank(dim, norm + h).log_rank - norm_rank(dim, norm - h).log_rank) / (2 * h);
      // Second-order differences: h² times the third derivative, which grows as D/ρ³ towards the origin.
      const double error = h * h * (1 + 2 * static_cast<double>(dim) / (norm * norm * norm)) + 1e-7;
      EXPECT_NEAR(norm_rank(dim, norm).slope, difference, error) << dim << " at " << norm;
    }
}

TEST(NormRank, RefusesWhatHasNoRank) {
  EXPECT_THROW(norm_rank(0, 1), Error);
  EXPECT_THROW(norm_rank(2, -1), Error);
  EXPECT_THROW(norm_rank(2, NAN), Error);
}

TEST(NormalTypicality, InterpolatesTheExactRank) {
  for (const int64_t dim : {1, 2, 3, 8, 64, 3072}) {
    const auto rank = normal_typicality(dim);
    for (const double share : {0.0, 0.013, 0.37, 0.711, 0.999, 1.0, 1.003, 1.41, 1.9}) {
      const double norm = share * std::max(1.0, least_strange_norm(dim));
      const double exact = norm_rank(dim, norm).log_rank;
      // Cubics on steps of 0.025, with exact slopes: h⁴/384 times the fourth derivative, 6 D/ρ⁴ near the
      // origin; in three dimensions the second derivative has a singularity, which costs h^{3/2}. Beyond the
      // table the slope is right to a correction that falls like 1/ρ.
      EXPECT_NEAR(
          rank->log_rank(at_norm(dim, norm)).item<double>(), exact,
          (norm > least_strange_norm(dim) + 14 ? 1e-3 : 1e-7) * (1 + std::abs(exact)) + (dim == 3 ? 2e-4 : 0))
          << dim << " at " << norm;
    }
  }
}

TEST(NormalTypicality, GoesOnBeyondItsTable) {
  // It falls as the logarithm of the norm's density there, but for a correction of the slope of order 1/ρ.
  for (const int64_t dim : {2, 8}) {
    const auto rank = normal_typicality(dim);
    for (const double norm : {20.0, 25.0, 40.0}) {
      const double exact = norm_rank(dim, norm).log_rank;
      EXPECT_NEAR(rank->log_rank(at_norm(dim, norm)).item<double>() / exact, 1, 0.01)
          << dim << " at " << norm;
    }
  }
}

TEST(TypicalityGuard, IsTheChanceThatASampleIsAsStrange) {
  const auto guard = typicality_guard(normal_typicality(2));
  for (const auto& [rank, expected] :
       {std::pair{0.05, 0.9941}, std::pair{0.01, 0.6340}, std::pair{1e-3, 0.0952}, std::pair{1e-4, 0.00995}})
    EXPECT_NEAR(guard_at(guard, at_norm(2, std::sqrt(-2 * std::log(rank)))), expected, 1e-4) << rank;
  // Counted: of 100 samples one at least lies in a place as unlikely.
  const double norm = 2.9;
  const int64_t groups = 4000;
  const Tensor strange = random_normal({groups, 100, 2}, 3).square().sum(2) >= norm * norm;
  const double counted = strange.any(1).to(at::kDouble).mean().item<double>();
  EXPECT_NEAR(guard_at(guard, at_norm(2, norm)), counted, 3.5 * std::sqrt(0.25 / groups));
}

TEST(TypicalityGuard, AsksNothingOfOrdinaryPlaces) {
  for (const int64_t dim : {1, 2, 8, 64, 512}) {
    const auto guard = typicality_guard(normal_typicality(dim));
    const Tensor q = guard->evaluate({random_normal({2000, dim}, 5), at::zeros({2000}, at::kDouble), {}});
    // The mean of 1 − (1 − r)^k over a uniform r is 1 − 1/(k + 1).
    EXPECT_GT(q.mean().item<double>(), 0.985) << dim;
  }
}

TEST(TypicalityGuard, PullsBackFromAnywhere) {
  for (const int64_t dim : {1, 2, 8, 512, 3072}) {
    const auto guard = typicality_guard(normal_typicality(dim));
    for (const double norm : {0.2 * std::sqrt(static_cast<double>(dim)), 25.0, 200.0}) {
      const double value = guard_at(guard, at_norm(dim, norm)), slope = slope_at(guard, dim, norm);
      EXPECT_GT(value, 0) << dim << " at " << norm;
      const bool far_out = norm > 1.5 * std::sqrt(static_cast<double>(dim)) + 3;
      const bool far_in = dim >= 512 && norm < 0.7 * std::sqrt(static_cast<double>(dim));
      // Relative to the value: where the rank is 1e-100 or cannot be told from 0, too.
      EXPECT_TRUE(!far_out || slope / value < -1e-3) << dim << " at " << norm;
      EXPECT_TRUE(!far_in || slope / value > 1e-3) << dim << " at " << norm;
    }
  }
}

TEST(TypicalityGuard, HasTheDerivativeOfItself) {
  for (const int64_t dim : {1, 2, 3, 8, 64}) {
    const auto guard = typicality_guard(normal_typicality(dim));
    const auto f = [&](const Tensor& z) {
      return guard->evaluate({z, at::zeros({z.size(0)}, at::kDouble), {}}).sum();
    };
    // Scaled to norms at which the guard is neither 1 nor 0, and far out.
    for (const double norm :
         {std::sqrt(static_cast<double>(dim)) + 2.2, std::sqrt(static_cast<double>(dim)) + 9}) {
      Tensor z = random_normal({6, dim}, 11);
      z = z / z.norm(2, {1}, true) * norm;
      const Tensor leaf = z.clone().requires_grad_(true);
      const Tensor gradient = torch::autograd::grad({f(leaf)}, {leaf})[0];
      EXPECT_NEAR(taylor_slope(f, z, gradient, random_normal({6, dim}, 12), 1e-3), 2, 0.1)
          << dim << " " << norm;
    }
  }
}

TEST(TypicalityGuard, IsContinuousWhereItBeginsToFallSlowly) {
  const auto guard = typicality_guard(normal_typicality(2));
  const double norm = std::sqrt(-2 * std::log(1e-4)), h = 1e-7;  // k r = 0.01
  const double below = guard_at(guard, at_norm(2, norm - h)), above = guard_at(guard, at_norm(2, norm + h));
  EXPECT_NEAR(below, above, 1e-8);
  EXPECT_NEAR(slope_at(guard, 2, norm - h), slope_at(guard, 2, norm + h), 1e-6);
}

TEST(TypicalityGuard, TakesAnyDensitysOwnRank) {
  const auto density = semicircle(8);
  const auto distribution = std::make_shared<const LogDensityDistribution>(*density);
  const auto guard = typicality_guard(density_typicality(density, distribution));
  const Tensor z = 2 * random_normal({200, 8}, 4);
  const Tensor rank = density_rank(density, distribution)->evaluate({z, {}, {}});
  const Tensor expected = 1 - (1 - rank).pow(100);
  const Tensor given = guard->evaluate({z, {}, {}});
  const Tensor plain = rank > 1e-4;
  EXPECT_TRUE(at::allclose(given.masked_select(plain), expected.masked_select(plain), 1e-9, 1e-12));
  EXPECT_GT(given.min().item<double>(), 0);
}

TEST(TypicalityGuard, KeepsWithinAUniformPriorsBox) {
  const auto guard = typicality_guard(density_typicality(uniform_density(3)));  // softness 0.1
  EXPECT_EQ(guard_at(guard, at_norm(3, 0.99)), 1);
  EXPECT_NEAR(guard_at(guard, at_norm(3, 1.1)), 0.634, 1e-3);  // rank 0.01 at one softness
  EXPECT_LT(guard_at(guard, at_norm(3, 1.3)), 0.01);
  EXPECT_LT(slope_at(guard, 3, 1.3), 0);
}

TEST(TypicalityGuard, RefusesWhatCannotBe) {
  EXPECT_THROW(typicality_guard(nullptr), Error);
  EXPECT_THROW(typicality_guard(normal_typicality(2), {.samples = 0.5}), Error);
  EXPECT_THROW(normal_typicality(0), Error);
  EXPECT_THROW(density_typicality(nullptr), Error);
  EXPECT_THROW(normal_typicality(3)->log_rank(at::zeros({2, 4})), Error);
}

}  // namespace latentpath::testing
