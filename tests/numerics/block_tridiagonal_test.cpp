#include "latentpath/numerics/block_tridiagonal.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "contract/plain_numbers.h"

namespace latentpath::testing {
namespace {

/// A = Σ over neighbours of (P x_i − Q x_{i+1})² with random P, Q, plus shift·I: positive definite for shift
/// > 0.
BlockTridiagonal random_system(std::size_t blocks, std::size_t size, double shift) {
  BlockTridiagonal a(blocks, size);
  for (std::size_t i = 0; i < blocks; ++i)
    for (std::size_t r = 0; r < size; ++r)
      for (std::size_t c = 0; c < size; ++c) a.diagonal(i)[r * size + c] = r == c ? shift : 0;
  for (std::size_t i = 0; i + 1 < blocks; ++i) {
    const auto p = normal_numbers(size * size, 2 * i + 1), q = normal_numbers(size * size, 2 * i + 2);
    for (std::size_t r = 0; r < size; ++r)
      for (std::size_t c = 0; c < size; ++c) {
        double pp = 0, qq = 0, pq = 0;
        for (std::size_t k = 0; k < size; ++k) {
          pp += p[k * size + r] * p[k * size + c];
          qq += q[k * size + r] * q[k * size + c];
          pq += p[k * size + r] * q[k * size + c];
        }
        a.diagonal(i)[r * size + c] += pp;
        a.diagonal(i + 1)[r * size + c] += qq;
        a.upper(i)[r * size + c] = -pq;
      }
  }
  return a;
}

}  // namespace

class BlockSizes : public ::testing::TestWithParam<std::size_t> {};

TEST_P(BlockSizes, SolvesWhatItMultiplies) {
  const std::size_t size = GetParam(), blocks = 7;
  const BlockTridiagonal a = random_system(blocks, size, 0.5);
  const auto x = normal_numbers(blocks * size, 9);
  std::vector<double> y(x.size());
  a.multiply(x.data(), y.data());
  BlockCholesky factor;
  ASSERT_TRUE(factor.compute(a));
  factor.solve(y.data());
  // Rounding times the condition number, some hundred.
  for (std::size_t k = 0; k < x.size(); ++k) EXPECT_NEAR(y[k], x[k], 1e-11);
  EXPECT_EQ(negative_eigenvalues(a), 0);
}

TEST_P(BlockSizes, ToldFromIndefinite) {
  const std::size_t size = GetParam(), blocks = 7;
  BlockTridiagonal a = random_system(blocks, size, 0.5);
  a.diagonal(4)[0] = -50;  // one row turned down: exactly one negative eigenvalue or more
  BlockCholesky factor;
  EXPECT_FALSE(factor.compute(a));
  EXPECT_GE(negative_eigenvalues(a), 1);
  EXPECT_LE(negative_eigenvalues(a), 2);
}

INSTANTIATE_TEST_SUITE_P(Sizes, BlockSizes, ::testing::Values(1, 2, 3, 4, 5, 11));

TEST(BlockTridiagonal, CountsTheNegativeEigenvaluesOfAShiftedLaplacian) {
  // tridiag(−1, 2, −1) ⊗ I has the eigenvalues 2 − 2 cos(kπ/(m + 1)), each D times.
  const std::size_t m = 12, size = 3;
  for (const double shift : {0.0, 0.1, 0.9, 2.1, 3.99}) {
    BlockTridiagonal a(m, size);
    for (std::size_t i = 0; i < m; ++i)
      for (std::size_t e = 0; e < size * size; ++e) {
        a.diagonal(i)[e] = e % (size + 1) == 0 ? 2 - shift : 0;
        if (i + 1 < m) a.upper(i)[e] = e % (size + 1) == 0 ? -1 : 0;
      }
    int expected = 0;
    for (std::size_t k = 1; k <= m; ++k)
      expected +=
          static_cast<int>(size) *
          (2 - 2 * std::cos(static_cast<double>(k) * std::numbers::pi / static_cast<double>(m + 1)) < shift);
    EXPECT_EQ(negative_eigenvalues(a), expected) << shift;
    BlockCholesky factor;
    EXPECT_EQ(factor.compute(a), expected == 0) << shift;
  }
}

TEST(BlockTridiagonal, AddsMultiples) {
  const BlockTridiagonal a = random_system(4, 2, 1), b = random_system(4, 2, 3);
  BlockTridiagonal sum;
  sum.set_sum(a, 2.5, b);
  const auto x = normal_numbers(8, 3);
  std::vector<double> ya(8), yb(8), ys(8);
  a.multiply(x.data(), ya.data());
  b.multiply(x.data(), yb.data());
  sum.multiply(x.data(), ys.data());
  for (std::size_t k = 0; k < 8; ++k) EXPECT_NEAR(ys[k], ya[k] + 2.5 * yb[k], 1e-13);
}

}  // namespace latentpath::testing
