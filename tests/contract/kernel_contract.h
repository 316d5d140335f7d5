#pragma once
// What every Kernel promises: symmetric, positive, and a squared distance that is the definition's without
// its cancellation.

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <memory>
#include <ostream>
#include <string>

#include "contract/test_models.h"
#include "latentpath/kernel/kernel.h"
#include "latentpath/metric/derivative_check.h"

namespace latentpath::testing {

struct KernelCase {
  std::string name;
  std::shared_ptr<Kernel> kernel;
};
inline void PrintTo(const KernelCase& value, std::ostream* out) { *out << value.name; }

class KernelContract : public ::testing::TestWithParam<KernelCase> {
 protected:
  const Kernel& kernel() const { return *GetParam().kernel; }
  const Tensor x_ = random_normal({20, 3}, 1), y_ = random_normal({20, 3}, 2);
};

TEST_P(KernelContract, IsSymmetric) {
  EXPECT_TRUE(at::equal(kernel()(x_, y_), kernel()(y_, x_)));
  EXPECT_TRUE(at::equal(kernel().squared_distance(x_, y_), kernel().squared_distance(y_, x_)));
}

TEST_P(KernelContract, IsPositive) {
  // Every Gram matrix has non-negative eigenvalues, down to rounding.
  const Tensor left = x_.repeat_interleave(20, 0), right = x_.repeat({20, 1});
  const Tensor gram = kernel()(left, right).reshape({20, 20});
  EXPECT_GT(at::linalg_eigvalsh(gram).min().item<double>(), -1e-12 * gram.abs().max().item<double>());
  EXPECT_GE(kernel().squared_distance(x_, y_).min().item<double>(), 0);
}

TEST_P(KernelContract, DistanceIsTheDefinition) {
  const Tensor expected = kernel()(x_, x_) - 2 * kernel()(x_, y_) + kernel()(y_, y_);
  EXPECT_GT(expected.min().item<double>(), 1e-3);
  // Sums of numbers of order 10.
  EXPECT_LT((kernel().squared_distance(x_, y_) - expected).abs().max().item<double>(), 1e-13);
}

TEST_P(KernelContract, EqualPointsHaveDistanceZero) {
  const Tensor distance = kernel().squared_distance(x_, x_.clone());
  EXPECT_EQ(distance.abs().max().item<double>(), 0);
}

TEST_P(KernelContract, TinyDistancesKeepTheirDigits) {
  // d²(x, x + h u) = h² d²/dh²: halving h quarters it, to the relative accuracy of x + h u itself
  // (rounding 1e-16 against h = 1e-7: 1e-9 relative, doubled by the square).
  const double h = 1e-7;
  const Tensor zero = at::zeros_like(x_), step = random_normal({20, 3}, 9);
  const Tensor near = kernel().squared_distance(zero, h * step);
  const Tensor nearer = kernel().squared_distance(zero, 0.5 * h * step);
  EXPECT_GT(near.min().item<double>(), 0);
  EXPECT_LT((near / nearer - 4).abs().max().item<double>(), 1e-8);
}

TEST_P(KernelContract, DistanceIsDifferentiable) {
  const auto f = [&](const Tensor& x) { return kernel().squared_distance(x, y_).sum(); };
  const Tensor leaf = x_.clone().requires_grad_(true);
  const Tensor gradient = torch::autograd::grad({f(leaf)}, {leaf})[0];
  EXPECT_NEAR(taylor_slope(f, x_, gradient, random_normal({20, 3}, 4)), 2, 0.05);
}

inline std::string kernel_case_name(const ::testing::TestParamInfo<KernelCase>& info) {
  return info.param.name;
}

}  // namespace latentpath::testing
