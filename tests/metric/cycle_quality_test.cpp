#include "latentpath/metric/cycle_quality.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "latentpath/core/error.h"
#include "latentpath/core/random.h"
#include "latentpath/metric/derivative_check.h"

namespace latentpath::testing {
namespace {

/// What the plane's identity decodes comes back on the first axis: the second coordinate is the error.
Cycle to_the_axis() {
  return {identity_embedding(2),
          [](const Tensor& x) {
            return at::cat({x.narrow(1, 0, 1), 0 * x.narrow(1, 1, 1)}, 1);
          },
          true};
}

Tensor points(std::vector<double> values) { return at::tensor(values, at::kDouble).view({-1, 2}); }

Tensor asked(const QualityPointer& quality, const Tensor& z) {
  return quality->evaluate({z, at::full({z.size(0)}, 0.5, at::kDouble), z});
}

/// 1 − (1 − r)^k with r = P(N(0, 1) ≥ x).
double guard(double x, double k) { return 1 - std::pow(1 - 0.5 * std::erfc(x / M_SQRT2), k); }

/// Errors whose logarithms have the mean 0 and the deviation 0.2.
Tensor log_normal_errors() {
  auto generator = make_generator(3);
  const Tensor x = at::randn({4000}, generator, at::kDouble);
  return at::exp(0.2 * (x - x.mean()) / x.std());
}

}  // namespace

TEST(CycleQuality, ErrorsAreThoseOfOneMoreCycle) {
  EXPECT_TRUE(at::allclose(cycle_errors(to_the_axis(), points({5, 3, -1, -0.5})),
                           at::tensor({3.0, 0.5}, at::kDouble)));
}

TEST(CycleQuality, APlaceMayBeAsBadlyGivenBackAsTheWorstOfTwentyCodes) {
  const QualityPointer quality = cycle_quality(nullptr, to_the_axis(), log_normal_errors());
  EXPECT_TRUE(quality->needs_decoded());
  EXPECT_TRUE(quality->concurrent());
  // At the median error, and one to three deviations beyond.
  const Tensor q = asked(quality, points({0, 1, 7, std::exp(0.2), 0, -std::exp(0.4), 0, std::exp(0.6)}));
  const double expected[] = {guard(0, 20), guard(1, 20), guard(2, 20), guard(3, 20)};
  for (int64_t i = 0; i < 4; ++i) EXPECT_NEAR(q[i].item<double>(), expected[i], 1e-9) << i;
  EXPECT_NEAR(expected[2], 0.369, 1e-3);
  // What comes back exactly is no stranger, and far out there is still a slope.
  EXPECT_NEAR(asked(quality, points({1, 0})).item<double>(), 1, 1e-12);
  const Tensor far = asked(quality, points({0, 50, 0, 60}));
  EXPECT_GT(far[0].item<double>(), far[1].item<double>());
  EXPECT_GT(far[1].item<double>(), 0);
}

TEST(CycleQuality, AsksOfWhatComesBack) {
  // A feature of height: what comes back has none.
  const QualityPointer height =
      function_quality([](const Tensor& z) { return at::sigmoid(10 * (z.select(1, 1) - 1)); }, "height");
  const QualityPointer quality = cycle_quality(height, to_the_axis(), log_normal_errors());
  EXPECT_NEAR(asked(height, points({0, 1})).item<double>(), 0.5, 1e-12);
  const double back = 1 / (1 + std::exp(10.0));  // after the second cycle as after the first
  EXPECT_NEAR(asked(quality, points({0, 1})).item<double>(), guard(0, 20) * back * back, 1e-15);
  const QualityPointer once = cycle_quality(height, to_the_axis(), log_normal_errors(), {.cycles = 1});
  EXPECT_NEAR(asked(once, points({0, 1})).item<double>(), guard(0, 20) * back, 1e-12);
  EXPECT_NE(quality->describe().find("height"), std::string::npos);
}

TEST(CycleQuality, ErrorsThatAreRoundingSayNothing) {
  // Most codes come back exactly, one in ten does not: those are what an error is compared with.
  Tensor errors = at::full({400}, 1e-14, at::kDouble);
  errors.narrow(0, 0, 40).fill_(1.0);
  const QualityPointer quality = cycle_quality(nullptr, to_the_axis(), errors);
  EXPECT_GT(asked(quality, points({0, 0.05})).item<double>(), 0.9);
  EXPECT_GT(asked(quality, points({0, 1})).item<double>(), asked(quality, points({0, 30})).item<double>());
}

TEST(CycleQuality, IsDifferentiable) {
  const QualityPointer quality = cycle_quality(nullptr, to_the_axis(), log_normal_errors());
  for (const double at : {0.9, 1.1, 1.6, 4.0}) {
    const Tensor z = points({0.3, at}).requires_grad_();
    quality->evaluate({z, {}, z}).sum().backward();
    const auto f = [&](const Tensor& x) { return asked(quality, x).sum(); };
    EXPECT_NEAR(taylor_slope(f, z.detach(), z.grad(), points({1, 0.7})), 2, 0.1) << at;
  }
}

TEST(CycleQuality, RefusesWhatIsNoCycle) {
  EXPECT_THROW(cycle_quality(nullptr, {identity_embedding(2), nullptr}, log_normal_errors()), Error);
  EXPECT_THROW(cycle_quality(nullptr, to_the_axis(), at::ones({3}, at::kDouble)), Error);
  EXPECT_THROW(cycle_quality(nullptr, to_the_axis(), at::full({30}, NAN, at::kDouble)), Error);
  EXPECT_THROW(cycle_quality(nullptr, to_the_axis(), log_normal_errors(), {.samples = 0}), Error);
  EXPECT_THROW(cycle_quality(nullptr, to_the_axis(), log_normal_errors(), {.cycles = 0}), Error);
}

}  // namespace latentpath::testing
