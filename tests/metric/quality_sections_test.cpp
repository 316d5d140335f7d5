#include "latentpath/metric/quality_sections.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "latentpath/core/error.h"

namespace latentpath::testing {
namespace {

/// Coordinate k of a point, as a quality.
QualityPointer coordinate(int64_t k) {
  return function_quality([k](const Tensor& z) { return z.select(1, k); }, "coordinate");
}

std::vector<QualitySection> two() { return {{0, 0.4, coordinate(0)}, {0.6, 1, coordinate(1)}}; }

/// Q_t of the point (0.2, 0.7).
double asked(const QualityPointer& quality, double time) {
  const Tensor z = at::tensor({0.2, 0.7}, at::kDouble).view({1, 2});
  return quality->evaluate({z, at::full({1}, time, at::kDouble), {}}).item<double>();
}

}  // namespace

TEST(QualitySections, AskOfEachItsOwnAndNothingBetween) {
  const QualityPointer quality = in_sections(two(), false);
  EXPECT_TRUE(quality->depends_on_time());
  for (const double time : {0.0, 0.2, 0.4}) EXPECT_NEAR(asked(quality, time), 0.2, 1e-12) << time;
  for (const double time : {0.41, 0.5, 0.59}) EXPECT_EQ(asked(quality, time), 1) << time;
  for (const double time : {0.6, 0.8, 1.0}) EXPECT_NEAR(asked(quality, time), 0.7, 1e-12) << time;
}

TEST(QualitySections, RiseFromTheEndsOfThePathAndNotInTheMiddle) {
  const QualityPointer quality = in_sections(two(), true);
  EXPECT_EQ(asked(quality, 0), 1);
  EXPECT_EQ(asked(quality, 1), 1);
  EXPECT_NEAR(asked(quality, 0.05), 1 - 0.75 * 0.8, 1e-12);  // halfway up the first quarter of the section
  EXPECT_NEAR(asked(quality, 0.1), 0.2, 1e-12);
  EXPECT_NEAR(asked(quality, 0.4), 0.2, 1e-12);
  EXPECT_NEAR(asked(quality, 0.6), 0.7, 1e-12);
}

TEST(QualitySections, AtManyTimesAreAsOneByOne) {
  for (const QualityPointer& quality : {in_sections(two(), true), feature_of_sections(two())}) {
    const Tensor z = at::tensor({0.2, 0.7, 0.9, 0.1}, at::kDouble).view({2, 2});
    const Tensor times = at::linspace(0, 1, 21, at::kDouble);
    const Tensor together = quality->at_times({z, {}, {}}, times);
    for (int64_t i = 0; i < times.size(0); ++i)
      EXPECT_TRUE(at::equal(together.select(1, i), quality->evaluate({z, times[i].expand({2}), {}}))) << i;
  }
}

TEST(QualitySections, AsAFeatureAreThatOfTheNearest) {
  const QualityPointer feature = feature_of_sections(two());
  EXPECT_NEAR(asked(feature, 0.49), 0.2, 1e-12);
  EXPECT_NEAR(asked(feature, 0.51), 0.7, 1e-12);
  // Sections that meet: the later one begins.
  const QualityPointer meeting = in_sections({{0, 0.5, coordinate(0)}, {0.5, 1, coordinate(1)}}, false);
  EXPECT_NEAR(asked(meeting, 0.5), 0.7, 1e-12);
}

TEST(QualitySections, HaveTheGradientOfTheSection) {
  const Tensor z = at::full({3, 2}, 0.5, at::kDouble).requires_grad_(true);
  const Tensor time = at::tensor({0.2, 0.5, 0.8}, at::kDouble);
  const Tensor sum = in_sections(two(), false)->evaluate({z, time, {}}).sum();
  const Tensor truth = at::tensor({1.0, 0.0, 0.0, 0.0, 0.0, 1.0}, at::kDouble).view({3, 2});
  EXPECT_TRUE(at::equal(torch::autograd::grad({sum}, {z})[0], truth));
}

TEST(QualitySections, AreRefusedWhereTheyOverlapOrAreNone) {
  EXPECT_THROW(in_sections({}, false), Error);
  EXPECT_THROW(in_sections({{0, 0.5, coordinate(0)}, {0.4, 1, coordinate(1)}}, false), Error);
  EXPECT_THROW(in_sections({{0.5, 0.5, coordinate(0)}}, false), Error);
  EXPECT_THROW(in_sections({{-0.1, 0.5, coordinate(0)}}, false), Error);
  EXPECT_THROW(in_sections({{0.5, 1.1, coordinate(0)}}, false), Error);
  EXPECT_THROW(in_sections({{0, 1, time_ramp(coordinate(0))}}, false), Error);
}

}  // namespace latentpath::testing
