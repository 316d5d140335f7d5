#include "latentpath/metric/stochastic_log_determinant.h"

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "contract/test_models.h"
#include "latentpath/core/error.h"
#include "latentpath/metric/density_regularisation.h"
#include "latentpath/metric/derivative_check.h"

namespace latentpath::testing {
namespace {

/// A decoder of D latents, tanh, whose Jacobian's singular values differ by a factor of `spread` and more.
std::shared_ptr<Embedding> random_decoder(int64_t dim, int64_t outputs, uint64_t seed, double spread) {
  const double unit = 1 / std::sqrt(static_cast<double>(dim));
  const Tensor scale = at::logspace(0, -std::log10(spread), dim, 10, at::kDouble).view({dim, 1});
  const Tensor first = scale * random_normal({dim, outputs}, seed, unit),
               second = random_normal({outputs, outputs}, seed + 1000, 1 / std::sqrt(1.0 * outputs));
  return function_embedding(
      [=](const Tensor& z) { return at::matmul(at::tanh(at::matmul(z, first)), second); }, dim,
      "random decoder");
}

TEST(StochasticLogDeterminant, IsWithinItsStatedErrorOn100Decoders) {
  double squares = 0, worst = 0;
  int64_t beyond = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const int64_t dim = 65 + static_cast<int64_t>(seed) % 4;
    // Singular values over one to two orders of magnitude, δ far below them or among them.
    const auto map = random_decoder(dim, dim + 30, seed, seed % 2 == 0 ? 3 : 30);
    const double delta = seed % 3 == 0 ? 1e-3 : 1e-8;
    const Tensor z = random_normal({1, dim}, seed + 2000);
    StochasticLogDeterminantOptions options;
    options.seed = seed;
    const auto found = estimate_half_log_determinant(*map, z, delta, options);
    const double known = half_log_determinant(*map, z, delta).item<double>();
    const double share = (found.value.item<double>() - known) / found.standard_error.item<double>();
    squares += share * share, worst = std::max(worst, std::abs(share)), beyond += std::abs(share) > 3;
    // The error says something: less than a nat for each of ten latents.
    EXPECT_LT(found.standard_error.item<double>(), 0.1 * static_cast<double>(dim));
  }
  EXPECT_EQ(beyond, 0) << "worst " << worst;
  // Neither too small nor empty: shares of a standard error have a mean square of 1, of 16 probes (Student's
  // t, 15 degrees of freedom) 15/13, over 100 decoders ± 0.16; less where the bracket is most of it.
  EXPECT_LT(squares / 100, 1.6);
  EXPECT_GT(squares / 100, 0.5);
}

TEST(StochasticLogDeterminant, IsExactWhereTheProbesSayAll) {
  // A multiple of the identity: every probe gives log det, and Lanczos ends after one step.
  const auto triple = function_embedding([](const Tensor& z) { return 3 * z; }, 80);
  const auto found = estimate_half_log_determinant(*triple, random_normal({5, 80}, 1), 1e-9);
  EXPECT_LT((found.value - 80 * std::log(3.0)).abs().max().item<double>(), 1e-7);
  EXPECT_LT(found.standard_error.max().item<double>(), 1e-7);
  EXPECT_LT(found.lost.abs().max().item<double>(), 1e-6);
}

TEST(StochasticLogDeterminant, BracketsWhatTooFewStepsLack) {
  // With too few steps the error is the quadrature's, and is stated.
  const auto map = random_decoder(80, 110, 5, 1000);
  const Tensor z = random_normal({3, 80}, 6);
  StochasticLogDeterminantOptions options;
  options.probes = 64;
  const Tensor known = half_log_determinant(*map, z, 1e-6);
  double before = std::numeric_limits<double>::infinity();
  for (const int64_t steps : {4, 16, 80}) {
    options.steps = steps;
    const auto found = estimate_half_log_determinant(*map, z, 1e-6, options);
    EXPECT_LT(((found.value - known).abs() / found.standard_error).max().item<double>(), 3) << steps;
    EXPECT_LT(found.standard_error.mean().item<double>(), before) << steps;
    before = found.standard_error.mean().item<double>();
  }
}

TEST(StochasticLogDeterminant, HasTheGradientOfItself) {
  const auto map = random_decoder(70, 90, 7, 3);
  const Tensor z = random_normal({2, 70}, 8);
  StochasticLogDeterminantOptions options;
  options.tolerance = 0;  // the quadrature is exact, and so is its derivative
  options.probes = 4;
  const auto f = [&](const Tensor& p) {
    return estimate_half_log_determinant(*map, p, 1e-3, options).value.sum();
  };
  const auto gradient = [&](const std::function<Tensor(const Tensor&)>& of) {
    const at::AutoGradMode enabled(true);
    const Tensor leaf = z.clone().requires_grad_(true);
    return torch::autograd::grad({of(leaf)}, {leaf})[0];
  };
  const Tensor whole = gradient(f);
  EXPECT_NEAR(taylor_slope(f, z, whole, random_normal(z.sizes(), 9)), 2, 0.05);
  // Ended where the bracket no longer matters, it is the same to a part of the error of either.
  options.tolerance = StochasticLogDeterminantOptions{}.tolerance;
  EXPECT_LT((gradient(f) - whole).norm().item<double>(), 0.05 * whole.norm().item<double>());
  // Many probes come near the exact gradient: an error of a tenth of that of one probe, which is about as
  // long as the gradient for these 70 latents.
  options.probes = 100;
  const Tensor exact = gradient([&](const Tensor& p) { return half_log_determinant(*map, p, 1e-3).sum(); });
  EXPECT_LT((gradient(f) - exact).norm().item<double>(), 0.3 * exact.norm().item<double>());
}

TEST(StochasticLogDeterminant, CountsLostDirectionsAndRepeatsItself) {
  // 10 of 80 latents move nothing.
  const auto map = function_embedding(
      [](const Tensor& z) {
        return at::cat({2 * z.narrow(1, 0, 70), 0 * z.narrow(1, 70, 10)}, 1);
      },
      80);
  const Tensor z = random_normal({3, 80}, 1);
  StochasticLogDeterminantOptions options;
  options.probes = 32;
  const auto found = estimate_half_log_determinant(*map, z, 1e-6, options),
             again = estimate_half_log_determinant(*map, z, 1e-6, options);
  EXPECT_TRUE(same_bits(found.value, again.value));
  // On the axes, random signs say all.
  EXPECT_LT((found.lost - 10).abs().max().item<double>(), 1e-3);
  EXPECT_LT((found.value - (70 * std::log(2.0) + 10 * std::log(1e-3))).abs().max().item<double>(), 1e-3);
}

TEST(StochasticLogDeterminant, RefusesWhatHasNoErrorAndPassesNaNOn) {
  const auto map = identity_embedding(70);
  const Tensor z = random_normal({1, 70}, 1);
  EXPECT_THROW(estimate_half_log_determinant(*map, z, 0), Error);
  EXPECT_THROW(estimate_half_log_determinant(*map, z, 1e-6, {.probes = 1}), Error);
  EXPECT_THROW(estimate_half_log_determinant(*map, z, 1e-6, {.steps = 0}), Error);
  const auto broken = function_embedding([](const Tensor& p) { return (p - 100).sqrt(); }, 70);
  // Of two points one has no number: the other one has value and gradient.
  const at::AutoGradMode enabled(true);
  const Tensor both = at::cat({z, z.abs() + 101}).requires_grad_(true);
  const Tensor value = estimate_half_log_determinant(*broken, both, 1e-6).value;
  const Tensor gradient = torch::autograd::grad({value.sum()}, {both})[0];
  EXPECT_TRUE(value[0].isnan().item<bool>());
  EXPECT_TRUE(at::isfinite(value[1]).item<bool>());
  EXPECT_TRUE(at::isfinite(gradient[1]).all().item<bool>());
}

}  // namespace
}  // namespace latentpath::testing
