#include "latentpath/path/tridiagonal.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "contract/test_models.h"

namespace latentpath::testing {

TEST(Tridiagonal, MatchesTheDenseSolution) {
  for (const int64_t size : {1, 2, 7, 64}) {
    const Tensor stiffness = random_normal({3, size + 1}, 5).exp();  // spread over two decades
    const Tensor diagonal = stiffness.narrow(1, 0, size) + stiffness.narrow(1, 1, size);
    const Tensor off = -stiffness.narrow(1, 1, size - 1);
    const Tensor right = random_normal({3, size, 4}, 6);
    const Tensor before = right.clone();
    Tensor dense = at::diag_embed(diagonal);
    if (size > 1) dense = dense + at::diag_embed(off, 1) + at::diag_embed(off, -1);
    const Tensor expected = at::linalg_solve(dense, right);
    const Tensor x = solve_tridiagonal(diagonal, off, right);
    // Condition number of a stiffness matrix: about size² times the spread, 64² · 100; times 1e-16.
    EXPECT_LT((x - expected).abs().max().item<double>(), 1e-9 * expected.abs().max().item<double>());
    EXPECT_LT((at::matmul(dense, x) - right).abs().max().item<double>(), 1e-10);
    EXPECT_TRUE(at::equal(right, before)) << "the right-hand side is the caller's";
  }
}

TEST(Tridiagonal, ProblemsOfABatchAreIndependent) {
  const Tensor diagonal = random_normal({4, 9}, 1).abs() + 2.5, off = random_normal({4, 8}, 2).clamp(-1, 1);
  const Tensor right = random_normal({4, 9, 2}, 3);
  const Tensor together = solve_tridiagonal(diagonal, off, right);
  for (int64_t b = 0; b < 4; ++b)
    EXPECT_TRUE(
        at::equal(together.narrow(0, b, 1),
                  solve_tridiagonal(diagonal.narrow(0, b, 1), off.narrow(0, b, 1), right.narrow(0, b, 1))));
}

TEST(Tridiagonal, AcceptsStridedInput) {
  const Tensor diagonal = (random_normal({9, 2}, 1).abs() + 2.5).t(), off = at::ones({8, 2}, at::kDouble).t();
  const Tensor right = random_normal({3, 9, 2}, 3).permute({2, 1, 0});
  EXPECT_TRUE(at::equal(solve_tridiagonal(diagonal, off, right),
                        solve_tridiagonal(diagonal.contiguous(), off.contiguous(), right.contiguous())));
}

}  // namespace latentpath::testing
