#include "latentpath/metric/derivative_check.h"

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

namespace latentpath {
namespace {

Tensor f(const Tensor& x) { return (x.sin() * x.exp()).sum() + x.prod(); }

Tensor gradient_of_f(const Tensor& x) {
  const Tensor leaf = x.clone().requires_grad_(true);
  return torch::autograd::grad({f(leaf)}, {leaf})[0];
}

const Tensor kPoint = at::tensor({0.3, -0.7, 1.1}, at::kDouble);
const Tensor kDirection = at::tensor({0.6, 0.5, -0.8}, at::kDouble);

}  // namespace

TEST(TaylorSlope, IsTwoForARightGradient) {
  // The third-order term bends the line by |f'''| h / 3|f''|, a few parts in a thousand at h = 1e-2.
  EXPECT_NEAR(taylor_slope(f, kPoint, gradient_of_f(kPoint), kDirection), 2, 0.02);
}

TEST(TaylorSlope, CatchesAWrongGradient) {
  const Tensor right = gradient_of_f(kPoint);
  // Remainder = |error| h + O(h²): slope 1 up to the second-order share.
  EXPECT_NEAR(taylor_slope(f, kPoint, right * 1.1, kDirection), 1, 0.1);
  EXPECT_NEAR(taylor_slope(f, kPoint, -right, kDirection), 1, 0.1);
  Tensor one_entry = right.clone();
  one_entry[2] += 0.05;
  EXPECT_LT(taylor_slope(f, kPoint, one_entry, kDirection), 1.5);
  EXPECT_LT(taylor_slope(f, kPoint, at::zeros_like(right), kDirection), 1.5);
}

TEST(TaylorSlope, LinearFunctions) {
  const auto linear = [](const Tensor& x) { return (3 * x).sum(); };
  EXPECT_EQ(taylor_slope(linear, kPoint, at::full({3}, 3.0, at::kDouble), kDirection), 2);
  // A wrong gradient of a linear function leaves |error| h exactly.
  EXPECT_NEAR(taylor_slope(linear, kPoint, at::full({3}, 2.9, at::kDouble), kDirection), 1, 1e-6);
}

TEST(TaylorSlope, NaNIsNeverARightGradient) {
  const auto broken = [](const Tensor& x) { return (x - 10).log().sum(); };
  const double slope = taylor_slope(broken, kPoint, at::ones({3}, at::kDouble), kDirection);
  EXPECT_FALSE(slope > 1.9) << "a function that is NaN passed the derivative check with slope " << slope;
}

}  // namespace latentpath
