#include "latentpath/report/scatter_strip.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "latentpath/core/error.h"

namespace latentpath::testing {
namespace {

/// The blue pixels of a picture, [n, 2] as row and column.
Tensor blue(const Tensor& picture) {
  const Tensor p = picture.to(at::kInt);
  return (p.select(2, 2) - p.select(2, 0) > 100).nonzero();
}

}  // namespace

TEST(ScatterStrip, PutsPointsWhereTheyAre) {
  // One point in the middle of a frame, then one at its upper right corner: y points up.
  const Tensor points = at::tensor({0.0, 0.0, 1.0, 1.0, -1.0, -1.0, 1.0, 1.0}, at::kDouble).view({2, 2, 2});
  const Tensor weights = at::tensor({0.0, 1.0, 0.5, 0.5}, at::kDouble).view({2, 2});
  const ScatterRow row{.points = points, .weights = weights};
  const Box extent =
      scatter_extent({row});  // the weightless point at 0 does not count, and lies inside anyway
  EXPECT_NEAR(extent.x, -1.08, 1e-12);
  EXPECT_NEAR(extent.width, 2.16, 1e-12);
  const Tensor picture = draw_scatter_strip({row}, {.pixel_ratio = 1}).pixels();
  const Tensor pixels = blue(picture);
  ASSERT_GT(pixels.size(0), 0);
  const int64_t left = pixels.select(1, 1).min().item<int64_t>(),
                right = pixels.select(1, 1).max().item<int64_t>();
  const int64_t middle = (left + right) / 2;
  const Tensor last_frame = pixels.index({pixels.select(1, 1) > middle - 20});
  // The last frame has both points, the first the upper right one alone: no pixel at the lower left of it.
  const int64_t top = pixels.select(1, 0).min().item<int64_t>(),
                bottom = pixels.select(1, 0).max().item<int64_t>();
  EXPECT_GT(bottom - top, 60);
  const Tensor low = pixels.index({pixels.select(1, 0) > (top + bottom) / 2});
  EXPECT_GT(low.select(1, 1).min().item<int64_t>(), left);
}

TEST(ScatterStrip, DrawsAnyDimensionAndIsReproducible) {
  for (const int64_t dim : {1, 2, 3, 10}) {
    const Tensor points = at::sin(at::arange(4 * 15 * dim, at::kDouble)).view({4, 15, dim});
    const ScatterRow row{.title = "row",
                         .subtitle = "K·cost/MMD² = 1",
                         .points = points,
                         .captions = {"t = 0", "t = ⅓", "t = ⅔", "t = 1"}};
    const Tensor picture = draw_scatter_strip({row, row}, {.title = "title", .note = "note"}).pixels();
    EXPECT_EQ(picture.scalar_type(), at::kByte);
    EXPECT_GT(blue(picture).size(0), 500) << dim;
    EXPECT_TRUE(
        at::equal(picture, draw_scatter_strip({row, row}, {.title = "title", .note = "note"}).pixels()));
  }
}

TEST(ScatterStrip, ShadesWhatIsBad) {
  const ScatterRow row{.points = at::tensor({-1.0, -1.0, 1.0, 1.0}, at::kDouble).view({1, 2, 2})};
  const Tensor shade = at::tensor({1.0, 0.0}, at::kDouble).view({1, 2});  // bad on the right
  const Tensor picture = draw_scatter_strip({row}, {.shade = shade, .pixel_ratio = 1}).pixels();
  const int64_t y = picture.size(0) / 2, right = picture.size(1) - 30, left = picture.size(1) - 90;
  EXPECT_EQ(picture[y][left][0].item<int>(), 255);
  EXPECT_EQ(picture[y][right][0].item<int>(), 160);
}

TEST(ScatterStrip, RefusesShapesThatDoNotFit) {
  EXPECT_THROW(draw_scatter_strip({}), Error);
  EXPECT_THROW(draw_scatter_strip({{.points = at::zeros({3, 2})}}), Error);
  EXPECT_THROW(draw_scatter_strip({{.points = at::zeros({2, 3, 2}), .weights = at::zeros({2, 2})}}), Error);
  EXPECT_THROW(draw_scatter_strip({{.points = at::zeros({2, 3, 2}), .captions = {"one"}}}), Error);
  EXPECT_THROW(draw_scatter_strip({{.points = at::zeros({2, 3, 2}), .weights = at::zeros({2, 3})}}), Error);
  EXPECT_THROW(draw_scatter_strip({{.points = at::zeros({2, 3, 2})}, {.points = at::zeros({2, 3, 3})}}),
               Error);
}

TEST(ScatterMoments, MovesPointsStraightOnAxesThatStay) {
  // A point that goes from the left to the right, and waits in between.
  const Tensor points = at::tensor({0.0, 0.0, 2.0, 0.0, 2.0, 0.0, 4.0, 0.0}, at::kDouble).view({4, 1, 2});
  const ScatterMoments moments({.points = points}, at::tensor({0.0, 0.25, 0.75, 1.0}, at::kDouble), 100);
  const auto where = [&](double time) {
    const Tensor pixels = blue(moments.at(time).pixels());
    EXPECT_GT(pixels.size(0), 0) << time;
    return pixels.select(1, 1).to(at::kDouble).mean().item<double>();
  };
  const double begin = where(0), middle = where(0.5), end = where(1);
  EXPECT_NEAR(where(0.25), middle, 1e-9);
  EXPECT_NEAR(where(0.75), middle, 1e-9);
  EXPECT_NEAR(middle, (begin + end) / 2, 1);
  EXPECT_NEAR(where(0.125), (begin + middle) / 2, 1);
  EXPECT_GT(end - begin, 60);
  const Tensor picture = moments.at(0.5).pixels();
  EXPECT_EQ(picture.sizes(), (std::vector<int64_t>{100, 100, 3}));
  EXPECT_TRUE(at::equal(picture, moments.at(0.5).pixels()));
  EXPECT_THROW(ScatterMoments({.points = points}, at::zeros({3}, at::kDouble), 100), Error);
}

}  // namespace latentpath::testing
