#include "latentpath/path/initial_path.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "contract/test_models.h"
#include "latentpath/curve/curve.h"

namespace latentpath::testing {

TEST(LinearPath, IsStraightAndEvenlyPaced) {
  const Tensor start = random_normal({2, 3}, 1), end = random_normal({2, 3}, 2);
  const Tensor times = graded_times(5, 0.7);
  const Tensor path = linear_path(start, end, times);
  ASSERT_EQ(path.sizes(), (std::vector<int64_t>{2, 6, 3}));
  for (int64_t i = 0; i < 6; ++i) {
    const double t = times[i].item<double>();
    EXPECT_TRUE(at::allclose(path.select(1, i), start + t * (end - start), 0, 1e-15));
  }
}

TEST(InitialPaths, GiveThePointsAtAnyTimes) {
  // Not every list of times begins at 0 and ends at 1: midtimes do not.
  Tensor start = random_normal({2, 3}, 1), end = random_normal({2, 3}, 2);
  start = start / start.norm(2, {1}, true);
  end = end / end.norm(2, {1}, true);
  const Tensor times = middle_times(uniform_times(4)), grid = uniform_times(8);
  const Tensor line = linear_path(start, end, times), circle = spherical_path(start, end, times);
  for (int64_t i = 0; i < 4; ++i) {
    EXPECT_TRUE(at::allclose(line.select(1, i), linear_path(start, end, grid).select(1, 2 * i + 1), 0, 1e-14))
        << i;
    EXPECT_TRUE(
        at::allclose(circle.select(1, i), spherical_path(start, end, grid).select(1, 2 * i + 1), 0, 1e-14))
        << i;
  }
  const Tensor half = at::tensor({0.5}, at::kDouble);
  EXPECT_TRUE(at::allclose(linear_path(start, end, half).select(1, 0), 0.5 * (start + end), 0, 1e-14));
}

TEST(InitialPaths, EndsAreExact) {
  for (const auto dtype : {at::kFloat, at::kDouble}) {
    const Tensor start = at::tensor({0.1, 1.0 / 3, -1e-30, 16777217.0}, at::kDouble).to(dtype).unsqueeze(0);
    const Tensor end = at::tensor({-0.7, 1e-12, 123456.789, -0.0}, at::kDouble).to(dtype).unsqueeze(0);
    for (const int64_t n : {1, 2, 7}) {
      for (const Tensor& path :
           {linear_path(start, end, uniform_times(n)), spherical_path(start, end, uniform_times(n))}) {
        EXPECT_EQ(path.scalar_type(), dtype);
        EXPECT_TRUE(same_bits(path.select(1, 0), start));
        EXPECT_TRUE(same_bits(path.select(1, n), end));
      }
    }
  }
}

TEST(SphericalPath, TurnsAtConstantSpeedOnASphere) {
  Tensor start = random_normal({3, 4}, 1), end = random_normal({3, 4}, 2);
  start = 2 * start / start.norm(2, {1}, true);
  end = 2 * end / end.norm(2, {1}, true);
  const Tensor path = spherical_path(start, end, uniform_times(8));
  EXPECT_LT((path.norm(2, {2}) - 2).abs().max().item<double>(), 1e-14);
  const Tensor steps = (path.narrow(1, 1, 8) - path.narrow(1, 0, 8)).norm(2, {2});
  EXPECT_LT((steps - steps.mean(1, true)).abs().max().item<double>(), 1e-14);
  const Tensor angle = at::acos((start * end).sum(1) / 4);
  EXPECT_TRUE(at::allclose(steps.narrow(1, 0, 1).squeeze(1), 4 * at::sin(angle / 16), 0, 1e-13));
}

TEST(SphericalPath, IsTheStraightLineWhereThereIsNoPlaneOfRotation) {
  const Tensor a = random_normal({1, 3}, 1), zero = at::zeros({1, 3}, at::kDouble);
  const Tensor times = uniform_times(6);
  const std::vector<std::pair<Tensor, Tensor>> degenerate = {{a, a},    {a, 2.5 * a}, {a, -a},
                                                             {zero, a}, {a, zero},    {zero, zero}};
  for (const auto& [start, end] : degenerate) {
    const Tensor path = spherical_path(start, end, times);
    EXPECT_TRUE(at::allclose(path, linear_path(start, end, times), 0, 1e-12)) << path;
  }
}

TEST(SphericalPath, RowsOfABatchAreIndependent) {
  const Tensor start = random_normal({3, 4}, 1),
               end = at::cat({start.narrow(0, 0, 1), random_normal({2, 4}, 2)});
  const Tensor together = spherical_path(start, end, uniform_times(5));
  EXPECT_TRUE(at::isfinite(together).all().item<bool>());
  for (int64_t row = 0; row < 3; ++row)
    EXPECT_TRUE(at::allclose(
        together[row], spherical_path(start.narrow(0, row, 1), end.narrow(0, row, 1), uniform_times(5))[0], 0,
        1e-14));
}

}  // namespace latentpath::testing
