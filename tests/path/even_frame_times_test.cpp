#include "latentpath/path/even_frame_times.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "latentpath/curve/curve.h"
#include "latentpath/path/initial_path.h"

namespace latentpath {
namespace {

Tensor line(double to, int64_t segments) {
  const Tensor end = at::tensor({to}, at::kDouble).view({1, 1});
  return linear_path(at::zeros_like(end), end, uniform_times(segments))[0];
}

}  // namespace

TEST(EvenFrameTimes, ShareTheLengthOut) {
  // Φ(z) = z²: the length up to t is 4t².
  const auto squares = function_embedding([](const Tensor& z) { return z * z; }, 1, "squares");
  const Tensor times = even_frame_times(*squares, line(2, 64), uniform_times(64), 5);
  ASSERT_EQ(times.sizes(), (std::vector<int64_t>{5}));
  for (int64_t k = 0; k < 5; ++k)
    EXPECT_NEAR(times[k].item<double>(), std::sqrt(0.25 * static_cast<double>(k)), 1e-4);
  EXPECT_EQ(times[0].item<double>(), 0);
  EXPECT_EQ(times[4].item<double>(), 1);
}

TEST(EvenFrameTimes, AreUniformWhereNothingMoves) {
  const auto still = function_embedding([](const Tensor& z) { return 0 * z; }, 1, "still");
  EXPECT_TRUE(at::equal(even_frame_times(*still, line(2, 8), uniform_times(8), 5), uniform_times(4)));
  const auto identity = identity_embedding(1);
  EXPECT_TRUE(at::equal(even_frame_times(*identity, line(2, 8), uniform_times(8), 2), uniform_times(1)));
}

}  // namespace latentpath
