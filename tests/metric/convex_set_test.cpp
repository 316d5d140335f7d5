#include "latentpath/metric/convex_set.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "latentpath/core/error.h"

namespace latentpath::testing {
namespace {

Tensor row(std::vector<double> numbers) { return at::tensor(numbers, at::kDouble); }
QualityPointer ball() { return uniform_ball(row({0.5, -1}), 1.2, 0.3); }
QualityPointer box() { return uniform_box(row({-1, -0.5, 0}), row({1, 0.5, 2}), 0.4); }
QualityPointer wedge() {  // y ≤ x, y ≥ −x, x ≤ 2, its rows of various lengths
  return uniform_half_spaces(row({-3, 3, -1, -1, 0.5, 0}).view({3, 2}), row({0, 0, 1}), 0.5);
}

double value(const QualityPointer& quality, std::vector<double> z) {
  return quality->evaluate({row(std::move(z)).unsqueeze(0), {}, {}}).item<double>();
}
double at_distance(double d, double softness) { return 1 / (1 + d * d / (softness * softness)); }

}  // namespace

TEST(ConvexSet, IsOneInsideAndHalfAtADistanceOfTheSoftness) {
  EXPECT_EQ(value(ball(), {0.5, -1}), 1);
  EXPECT_EQ(value(ball(), {0.5, 0.19}), 1);
  EXPECT_NEAR(value(ball(), {2.0, -1}), 0.5, 1e-12);  // 1.2 + 0.3 from the centre
  EXPECT_NEAR(value(ball(), {0.5, -4}), at_distance(1.8, 0.3), 1e-12);
  EXPECT_EQ(value(box(), {1, -0.5, 2}), 1);                                 // a corner belongs to it
  EXPECT_NEAR(value(box(), {1.3, 0, -0.4}), at_distance(0.5, 0.4), 1e-12);  // 3-4-5 past an edge
  EXPECT_EQ(value(wedge(), {1, 0.5}), 1);
  EXPECT_NEAR(value(wedge(), {3, 0}), at_distance(1, 0.5), 1e-12);
  EXPECT_NEAR(value(wedge(), {1, 2}), at_distance(std::sqrt(0.5), 0.5), 1e-12);  // over y = x
}

TEST(ConvexSet, BadArgumentsAreErrors) {
  EXPECT_THROW(uniform_ball(row({0, 0}), 0, 1), Error);
  EXPECT_THROW(uniform_ball(row({0, 0}), 1, 0), Error);
  EXPECT_THROW(uniform_ball(row({0, NAN}), 1, 1), Error);
  EXPECT_THROW(uniform_box(row({0, 0}), row({1, 0}), 1), Error);
  EXPECT_THROW(uniform_box(row({0, 0}), row({1}), 1), Error);
  EXPECT_THROW(uniform_half_spaces(at::zeros({1, 2}), row({1}), 1), Error);
  EXPECT_THROW(uniform_half_spaces(at::ones({2, 2}), row({1}), 1), Error);
  EXPECT_THROW(uniform_half_spaces(at::ones({2}), row({1, 1}), 1), Error);
  EXPECT_THROW(value(box(), {1, 2}), Error);
}

}  // namespace latentpath::testing
