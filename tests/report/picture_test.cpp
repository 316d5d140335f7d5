#include "latentpath/report/picture.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include <cmath>

#include "latentpath/core/error.h"
#include "latentpath/report/grid.h"
#include "latentpath/report/latent_plane.h"
#include "latentpath/report/strip.h"

namespace latentpath {
namespace {

// The darkness of the four outermost pixels on each side: text or lines that reach them are clipped.
bool border_is_white(const Tensor& picture) {
  const int64_t h = picture.size(0), w = picture.size(1), margin = 4;
  return picture.narrow(0, 0, margin).eq(255).all().item<bool>() &&
         picture.narrow(0, h - margin, margin).eq(255).all().item<bool>() &&
         picture.narrow(1, 0, margin).eq(255).all().item<bool>() &&
         picture.narrow(1, w - margin, margin).eq(255).all().item<bool>();
}

Colour pixel(const Tensor& picture, int64_t y, int64_t x) {
  const Tensor p = picture[y][x];
  return {p[0].item<uint8_t>(), p[1].item<uint8_t>(), p[2].item<uint8_t>()};
}

TEST(Canvas, ShapesCoverTheAreaTheyShould) {
  Canvas canvas(40, 30, 2);
  canvas.fill_disc({20, 15}, 8, kBlack);
  const Tensor picture = canvas.pixels();
  EXPECT_EQ(picture.sizes(), (std::vector<int64_t>{60, 80, 3}));
  const double darkness = (255 - picture.select(2, 0).to(torch::kDouble)).sum().item<double>() / 255;
  // A polygon of 64 corners lacks 0.16 % of the disc; the rest is the fill rule's half sample at the rim.
  EXPECT_NEAR(darkness, M_PI * 16 * 16, 0.02 * M_PI * 16 * 16);
  EXPECT_EQ(pixel(picture, 30, 40), kBlack);
  EXPECT_EQ(pixel(picture, 5, 5), kWhite);

  Canvas lines(40, 30, 1);
  lines.draw_line({{5, 15}, {35, 15}}, {.colour = kBlue, .width = 4});
  EXPECT_EQ(pixel(lines.pixels(), 14, 20), kBlue);
  EXPECT_EQ(pixel(lines.pixels(), 11, 20), kWhite);
  Canvas clipped(40, 30, 1);
  clipped.draw_line({{-1e7, 15}, {1e7, 15}}, {.colour = kBlue, .width = 4}, Box{10, 10, 10, 10});
  EXPECT_EQ(pixel(clipped.pixels(), 14, 15), kBlue);
  EXPECT_EQ(pixel(clipped.pixels(), 14, 5), kWhite);
  EXPECT_EQ(pixel(clipped.pixels(), 14, 25), kWhite);
}

TEST(Canvas, WhatLiesOutsideOrIsNotFiniteIsIgnored) {
  Canvas canvas(20, 20, 1);
  canvas.draw_text({-500, -500}, "outside");
  canvas.fill_disc({1000, 1000}, 5, kBlack);
  canvas.draw_line({{NAN, 1}, {2, INFINITY}}, {});
  canvas.draw_line({}, {});
  canvas.draw_text({5, 5}, "");
  EXPECT_TRUE(canvas.pixels().eq(255).all().item<bool>());
  EXPECT_THROW(Canvas(0, 10), Error);
  EXPECT_THROW(Canvas(1e6, 1e6), Error);
}

TEST(Canvas, ImagesKeepTheirPixelsWhenEnlargedByAWholeFactor) {
  const Tensor image = torch::arange(0, 2 * 3 * 3).view({2, 3, 3}).to(torch::kByte);
  Canvas canvas(9, 6, 1);
  canvas.draw_image({0, 0, 9, 6}, image);
  EXPECT_TRUE(torch::equal(canvas.pixels(), image.repeat_interleave(3, 0).repeat_interleave(3, 1)));
  canvas.draw_image({-5, -5, 30, 30}, image);  // partly outside
}

TEST(Text, IsMeasuredWrappedAndShortened) {
  const TextStyle style{.size = 12};
  EXPECT_GT(text_width("mm", style), text_width("ii", style));
  EXPECT_DOUBLE_EQ(text_width("", style), 0);
  for (const double width : {30.0, 60.0, 100.0, 400.0}) {
    for (const auto& line :
         wrap_text("a path through good places only, äöü ε → ∞, unbreakablelongword", style, width))
      EXPECT_LE(text_width(line, style), width);
    EXPECT_LE(text_width(shorten_text("a path through good places", style, width), style), width);
  }
  EXPECT_THAT(wrap_text("one two", style, 400), ::testing::ElementsAre("one two"));
  EXPECT_THAT(wrap_text("one\ntwo", style, 400), ::testing::ElementsAre("one", "two"));
  EXPECT_TRUE(wrap_text("", style, 100).empty());
  const auto cut = wrap_text("one two three four five six seven", style, 50, 2);
  ASSERT_EQ(cut.size(), 2u);
  EXPECT_THAT(cut[1], ::testing::EndsWith("…"));
  EXPECT_EQ(shorten_text("ε → ∞", style, 400), "ε → ∞");
}

TEST(Text, MalformedAndUnknownCharactersAreDrawnAsReplacement) {
  Canvas canvas(60, 30, 1);
  canvas.draw_text({5, 20}, "\xff\xc3 漢");
  EXPECT_FALSE(canvas.pixels().eq(255).all().item<bool>());
}

TEST(Colours, ScalesAreClampedAndMarkNaN) {
  EXPECT_EQ(bar_colour(-1), kVermillion);
  EXPECT_EQ(bar_colour(2), kBlue);
  EXPECT_EQ(bar_colour(NAN), kLightGrey);
  EXPECT_EQ(heat_colour(NAN), kLightGrey);
  EXPECT_EQ(heat_colour(-3), heat_colour(0));
  EXPECT_EQ(heat_colour(0.5, 1), kWhite);
}

StripRow make_row(int64_t frames, int64_t channels, int64_t h, int64_t w) {
  StripRow row{.title = "LatentPath",
               .subtitle = "cost 3.9, mean P(8) 0.79",
               .images = torch::linspace(0, 1, frames * channels * h * w).view({frames, channels, h, w}),
               .captions = {},
               .caption_values = {}};
  for (int64_t i = 0; i < frames; ++i) {
    row.captions.push_back("0." + std::to_string(i));
    row.caption_values.push_back(static_cast<double>(i) / static_cast<double>(frames));
  }
  return row;
}

TEST(Strip, NothingReachesTheEdgeWhateverTheContent) {
  const std::string long_text(
      "a very long text that goes on and on, with Donaudampfschifffahrtsgesellschaftskapitänsmütze in the "
      "middle of it");
  for (const int64_t frames : {1, 2, 12, 50}) {
    for (const auto& [channels, h, w] :
         {std::array<int64_t, 3>{1, 28, 28}, {3, 64, 40}, {3, 20, 90}, {1, 300, 300}}) {
      StripRow row = make_row(frames, channels, h, w), wordy = row;
      wordy.title = wordy.subtitle = wordy.captions[0] = long_text;
      const Tensor picture =
          draw_strip({row, wordy}, {.title = long_text, .note = long_text, .bar_label = long_text});
      EXPECT_EQ(picture.scalar_type(), torch::kByte);
      EXPECT_TRUE(border_is_white(picture)) << frames << " frames of " << h << " × " << w;
      EXPECT_LE(picture.size(1), 3000);  // max_width · pixel_ratio
    }
  }
}

TEST(Strip, ShowsTheFramesThemselves) {
  StripRow row{.title = "",
               .subtitle = "",
               .images = torch::zeros({2, 3, 64, 64}),
               .captions = {},
               .caption_values = {}};
  row.images[1][0].fill_(2);  // clamped
  const Tensor picture =
      draw_strip({row}, {.start_label = "", .end_label = "", .scale = 1, .pixel_ratio = 1});
  EXPECT_EQ(pixel(picture, 40, 40), kBlack);
  EXPECT_EQ(pixel(picture, 40, 40 + 68), (Colour{255, 0, 0}));
  EXPECT_TRUE(torch::equal(
      picture, draw_strip({row}, {.start_label = "", .end_label = "", .scale = 1, .pixel_ratio = 1})));
}

TEST(Strip, RefusesWhatDoesNotFit) {
  EXPECT_THROW(draw_strip({}), Error);
  StripRow row = make_row(3, 1, 8, 8);
  row.captions.pop_back();
  EXPECT_THROW(draw_strip({row}), Error);
  row = make_row(3, 1, 8, 8);
  row.caption_values.pop_back();
  EXPECT_THROW(draw_strip({row}), Error);
  EXPECT_THROW(draw_strip({make_row(3, 2, 8, 8)}), Error);
  row = make_row(3, 1, 8, 8);
  row.images = Tensor();
  EXPECT_THROW(draw_strip({row}), Error);
  row.images = torch::zeros({3, 1, 8, 8}, torch::kByte);
  EXPECT_THROW(draw_strip({row}), Error);
}

TEST(Grid, HasTheRowsItNeeds) {
  const Tensor images = torch::rand({7, 1, 32, 32});
  const Tensor picture = draw_grid(images, 3, {.title = "", .captions = {}, .scale = 2, .pixel_ratio = 1});
  EXPECT_EQ(picture.sizes(), (std::vector<int64_t>{36 + 3 * 64 + 2 * 4, 36 + 3 * 64 + 2 * 4, 3}));
  EXPECT_TRUE(border_is_white(draw_grid(images, 10, {.title = std::string(300, 'w')})));
  EXPECT_THROW(draw_grid(images, 0), Error);
  EXPECT_THROW(draw_grid(images, 3, {.title = "", .captions = {"one"}}), Error);
}

LatentPlane make_plane() {
  LatentPlane plane{.title = "From 3 to 5", .values = torch::zeros({5, 9}), .value_label = "P(8)"};
  plane.x0 = -4, plane.x1 = 4, plane.y0 = -2, plane.y1 = 2;
  plane.contours = {{1.177, "50 %"}, {50, "outside"}};
  const Tensor line = torch::tensor({{-3.0, -1.0}, {3.0, 1.0}});
  plane.curves = {{"straight line", kLinearColour, line, true}, {"LatentPath", kPathColour, line.flip(1)}};
  return plane;
}

TEST(Plane, NothingReachesTheEdgeWhateverTheContent) {
  LatentPlane plane = make_plane();
  EXPECT_TRUE(border_is_white(draw_latent_plane(plane)));
  plane.title = plane.x_label = plane.y_label = plane.value_label = plane.start_label = plane.curves[0].name =
      "a very long text that goes on and on and on and on and on and on and on and on and on and on and on "
      "and on";
  EXPECT_TRUE(border_is_white(draw_latent_plane(plane)));
  plane.x0 = -1e-9, plane.x1 = 1e9;
  EXPECT_TRUE(border_is_white(draw_latent_plane(plane)));
  plane = {};
  EXPECT_TRUE(border_is_white(draw_latent_plane(plane)));
  plane.values = torch::full({1, 1}, NAN);
  plane.curves = {{"", kBlue, torch::full({3, 2}, NAN)}};
  EXPECT_TRUE(border_is_white(draw_latent_plane(plane)));
}

TEST(Plane, RowZeroIsTheLowestY) {
  LatentPlane plane = make_plane();
  plane.curves.clear();
  plane.contours.clear();
  plane.pixel_ratio = 1;
  plane.values[0].fill_(1);
  const Tensor picture = draw_latent_plane(plane);
  // The plot is 560 × 280; look along its middle column for the yellow end of the scale.
  const int64_t middle = picture.size(1) / 2;
  int64_t yellowest = 0, best = -1000;
  for (int64_t y = 0; y < picture.size(0); ++y) {
    const Colour c = pixel(picture, y, middle);
    if (c.red - c.blue > best) best = c.red - c.blue, yellowest = y;
  }
  EXPECT_GT(yellowest, 280);
}

TEST(Plane, RefusesWhatMakesNoSense) {
  LatentPlane plane = make_plane();
  plane.x1 = plane.x0;
  EXPECT_THROW(draw_latent_plane(plane), Error);
  plane = make_plane();
  plane.value_max = plane.value_min;
  EXPECT_THROW(draw_latent_plane(plane), Error);
  plane = make_plane();
  plane.values = torch::zeros({3});
  EXPECT_THROW(draw_latent_plane(plane), Error);
  plane = make_plane();
  plane.curves[0].points = torch::zeros({3, 3});
  EXPECT_THROW(draw_latent_plane(plane), Error);
  plane.curves[0].points = Tensor();
  EXPECT_THROW(draw_latent_plane(plane), Error);
}

}  // namespace
}  // namespace latentpath
