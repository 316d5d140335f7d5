#include "latentpath/report/picture.h"

#include <gmock/gmock.h>
#include <torch/types.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <regex>

#include "latentpath/core/error.h"
#include "latentpath/io/file.h"
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

TEST(Picture, ShapesCoverTheAreaTheyShould) {
  Picture disc(40, 30, 2);
  disc.fill_disc({20, 15}, 8, kBlack);
  const Tensor pixels = disc.pixels();
  EXPECT_EQ(pixels.sizes(), (std::vector<int64_t>{60, 80, 3}));
  const double darkness = (255 - pixels.select(2, 0).to(torch::kDouble)).sum().item<double>() / 255;
  // Coverage is counted in steps of 1/255 of a pixel along a rim of 100 pixels.
  EXPECT_NEAR(darkness, M_PI * 16 * 16, 0.01 * M_PI * 16 * 16);
  EXPECT_EQ(pixel(pixels, 30, 40), kBlack);
  EXPECT_EQ(pixel(pixels, 5, 5), kWhite);

  Picture line(40, 30, 1);
  line.draw_line({{5, 15}, {35, 15}}, {.colour = kBlue, .width = 4});
  EXPECT_EQ(pixel(line.pixels(), 14, 20), kBlue);
  EXPECT_EQ(pixel(line.pixels(), 11, 20), kWhite);
  Picture clipped(40, 30, 1);
  clipped.draw_line({{-1e7, 15}, {1e7, 15}}, {.colour = kBlue, .width = 4}, Box{10, 10, 10, 10});
  EXPECT_EQ(pixel(clipped.pixels(), 14, 15), kBlue);
  EXPECT_EQ(pixel(clipped.pixels(), 14, 5), kWhite);
  EXPECT_EQ(pixel(clipped.pixels(), 14, 25), kWhite);

  Picture frame(20, 20, 1);
  frame.draw_frame({5, 5, 10, 10}, 2, kBlack);
  EXPECT_EQ(pixel(frame.pixels(), 3, 10), kBlack);
  EXPECT_EQ(pixel(frame.pixels(), 2, 10), kWhite);
  EXPECT_EQ(pixel(frame.pixels(), 5, 10), kWhite);  // drawn outside of the box

  Picture dashes(40, 10, 1);
  dashes.draw_line({{0, 5}, {40, 5}}, {.colour = kBlack, .width = 2, .dashes = {6, 10}});
  EXPECT_EQ(pixel(dashes.pixels(), 5, 19), kBlack);
  EXPECT_EQ(pixel(dashes.pixels(), 5, 11), kWhite);
}

TEST(Picture, EveryShapeBeginsAnew) {
  Picture picture(60, 60, 1);
  picture.draw_text({2, 10}, "l");
  picture.draw_line({{50, 40}, {50, 55}}, {.colour = kBlue, .width = 2});
  picture.draw_text({2, 10}, "l");
  picture.fill_polygon({{40, 40}, {45, 40}, {45, 45}}, kBlue);
  picture.draw_text({2, 10}, "l");
  picture.fill_disc({40, 55}, 2, kBlue);
  // Nothing is drawn between the text and the shapes.
  EXPECT_TRUE(picture.pixels().slice(0, 14, 38).eq(255).all().item<bool>());
  EXPECT_TRUE(picture.pixels().slice(0, 0, 38).slice(1, 12, 60).eq(255).all().item<bool>());
}

TEST(Picture, GradientsRunFromTheFirstColourToTheLast) {
  Picture picture(100, 40, 1);
  picture.fill_gradient({0, 0, 100, 20}, {kBlack, kWhite});
  picture.fill_gradient({0, 20, 100, 20}, {kBlack, kWhite}, true);
  const Tensor pixels = picture.pixels();
  // 100 pixels over 255 shades: the middle of the first is 1.3 of them from black.
  EXPECT_LE(pixel(pixels, 10, 0).red, 2);
  EXPECT_NEAR(pixel(pixels, 10, 50).red, 128, 2);
  EXPECT_GE(pixel(pixels, 10, 99).red, 253);
  EXPECT_LE(pixel(pixels, 39, 10).red, 7);  // 20 pixels: 6.4 shades
  EXPECT_GE(pixel(pixels, 20, 10).red, 248);
  EXPECT_THROW(picture.fill_gradient({0, 0, 1, 1}, {kBlack}), Error);
}

TEST(Picture, WhatLiesOutsideOrIsNotFiniteIsIgnored) {
  Picture picture(20, 20, 1);
  picture.draw_text({-500, -500}, "outside");
  picture.fill_disc({1000, 1000}, 5, kBlack);
  picture.fill_disc({NAN, 3}, 5, kBlack);
  picture.draw_line({{NAN, 1}, {2, INFINITY}}, {});
  picture.draw_line({}, {});
  picture.fill_polygon({}, kBlack);
  picture.draw_text({5, 5}, "");
  picture.draw_image({3, 3, 0, 5}, torch::zeros({2, 2, 3}, torch::kByte));
  EXPECT_TRUE(picture.pixels().eq(255).all().item<bool>());
  EXPECT_NO_THROW(picture.svg());
  EXPECT_NO_THROW(picture.pdf());
  EXPECT_THROW(picture.draw_line({{0, 0}, {1, 1}}, {.dashes = {2, -1}}), Error);
  EXPECT_THROW(picture.draw_line({{0, 0}, {1, 1}}, {.dashes = {0, 0}}), Error);
  EXPECT_THROW(Picture(0, 10), Error);
  EXPECT_THROW(Picture(1e6, 1e6), Error);
  EXPECT_THROW(Picture(40000, 1, 1), Error);  // longer than an image of Cairo's
}

TEST(Picture, ImagesKeepTheirPixelsWhenEnlarged) {
  const Tensor image = torch::arange(0, 2 * 3 * 3).view({2, 3, 3}).to(torch::kByte);
  Picture picture(9, 6, 1);
  picture.draw_image({0, 0, 9, 6}, image);
  EXPECT_TRUE(torch::equal(picture.pixels(), image.repeat_interleave(3, 0).repeat_interleave(3, 1)));
  picture.draw_image({-5, -5, 30, 30}, image);  // partly outside
  picture.pixels();

  // Any other size: each pixel has one of the image's colours, none is a blend.
  const Tensor sharp = torch::tensor({0, 255}, torch::kByte).view({1, 2, 1}).expand({1, 2, 3}).contiguous();
  Picture odd(17, 5, 1);
  odd.draw_image({0, 0, 17, 5}, sharp);
  const Tensor pixels = odd.pixels();
  EXPECT_TRUE((pixels.eq(0) | pixels.eq(255)).all().item<bool>());
}

TEST(Picture, ImagesAreAveragedWhenReduced) {
  Tensor image = torch::zeros({64, 64, 3}, torch::kByte);
  image.slice(1, 0, 64, 2).fill_(255);  // white and black columns in turn
  Picture picture(16, 16, 1);
  picture.draw_image({0, 0, 16, 16}, image);
  const Tensor inner = picture.pixels().slice(0, 2, 14).slice(1, 2, 14).to(torch::kDouble);
  // An average of four columns; the filter weights them unequally.
  EXPECT_NEAR(inner.mean().item<double>(), 127.5, 3);
  EXPECT_LT((inner - 127.5).abs().max().item<double>(), 40);
}

/// Everything that a picture can hold.
Picture make_picture() {
  Picture picture(220, 120);
  picture.fill_box({10, 10, 30, 20}, kOrange);
  picture.fill_gradient({50, 10, 60, 10}, {kBlack, kVermillion, kWhite});
  picture.fill_polygon({{120, 10}, {150, 12}, {140, 40}}, kBluishGreen, Stroke{kBlack, 1});
  picture.fill_disc({170, 25}, 10, kBlue);
  picture.draw_line({{10, 60}, {100, 50}, {200, 70}}, {.colour = kBlue, .width = 2, .dashes = {4, 2}},
                    Box{20, 40, 150, 40});
  picture.draw_image({180, 60, 28, 28}, torch::arange(0, 48).view({4, 4, 3}).to(torch::kByte));
  picture.draw_image({150, 60, 20, 20}, torch::full({90, 90, 3}, 99, torch::kByte));
  picture.draw_text({10, 100}, "γ, ‖Φ(z)‖² < 3 & ε → 0", {.size = 14, .bold = true, .halo = kYellow});
  picture.draw_text({215, 110}, "upwards", {.align = Align::kLeft, .upwards = true});
  return picture;
}

TEST(Picture, EqualDescriptionsAreEqualBytesInEveryFormat) {
  const Picture first = make_picture(), second = make_picture();
  EXPECT_EQ(first.png(), first.png());
  EXPECT_EQ(first.png(), second.png());
  EXPECT_EQ(first.svg(), first.svg());
  EXPECT_EQ(first.svg(), second.svg());
  EXPECT_EQ(first.pdf(), first.pdf());
  EXPECT_EQ(first.pdf(), second.pdf());
}

TEST(Picture, SvgIsOneDrawingOfTheSameSize) {
  const std::string svg = make_picture().svg();
  EXPECT_THAT(svg, ::testing::StartsWith("<?xml"));
  EXPECT_THAT(svg, ::testing::HasSubstr("viewBox=\"0 0 220 120\""));
  EXPECT_THAT(svg, ::testing::HasSubstr("width=\"220px\""));
  EXPECT_THAT(svg, ::testing::HasSubstr("linearGradient"));
  EXPECT_THAT(svg, ::testing::HasSubstr("data:image/png;base64,"));
  EXPECT_THAT(svg, ::testing::EndsWith("</svg>\n"));
  // Every reference leads to an element.
  const std::regex reference("#([A-Za-z0-9-]+)[\")]");
  size_t references = 0;
  for (auto found = std::sregex_iterator(svg.begin(), svg.end(), reference); found != std::sregex_iterator();
       ++found, ++references)
    EXPECT_NE(svg.find("id=\"" + (*found)[1].str() + "\""), std::string::npos) << (*found)[1];
  EXPECT_GT(references, 20u);  // the letters alone are as many
}

TEST(Picture, PdfIsOnePageWithItsFonts) {
  const std::string pdf = make_picture().pdf();
  EXPECT_THAT(pdf, ::testing::StartsWith("%PDF-1."));
  EXPECT_THAT(pdf, ::testing::HasSubstr("%%EOF"));
  EXPECT_THAT(pdf, ::testing::HasSubstr("/Count 1"));
  EXPECT_THAT(pdf, ::testing::HasSubstr("/FontFile"));  // text is text, and its font travels along
  EXPECT_THAT(pdf,
              ::testing::HasSubstr("[ 0 0 165 90 ]"));  // 220 × 120 pixels of 1/96 inch as points of 1/72
}

TEST(Picture, IsWrittenInTheFormatsThatAreAskedFor) {
  namespace fs = std::filesystem;
  const fs::path folder = fs::temp_directory_path() / ("latentpath-picture-" + std::to_string(::getpid()));
  fs::create_directories(folder);
  const Picture picture = make_picture();
  write_picture(folder / "plain", picture);
  EXPECT_EQ(read_file(folder / "plain.png"), picture.png());
  EXPECT_FALSE(fs::exists(folder / "plain.svg"));
  write_picture(folder / "v1.5", picture, picture_formats({"pdf", "svg", "svg"}));
  EXPECT_EQ(read_file(folder / "v1.5.png"), picture.png());
  EXPECT_EQ(read_file(folder / "v1.5.svg"), picture.svg());
  EXPECT_EQ(read_file(folder / "v1.5.pdf"), picture.pdf());
  fs::remove_all(folder);
  EXPECT_EQ(picture_formats({"png"}), PictureFormats{});
  EXPECT_THROW(picture_formats({"png", "gif"}), Error);
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
  EXPECT_EQ(shorten_text("wide", style, 0), "");
  // A paragraph that fits says all the same that more follows.
  EXPECT_THAT(wrap_text("one\ntwo", style, 400, 1), ::testing::ElementsAre("one…"));
}

/// How a text looks, for comparison.
Tensor drawn(const std::string& text, const TextStyle& style = {.size = 20}) {
  Picture picture(60, 40, 1);
  picture.draw_text({5, 30}, text, style);
  return picture.pixels();
}

// Where no font is found, or not the one that is asked for, characters are boxes or nothing at all.
TEST(Text, IsReallyDrawn) {
  const Tensor nothing = drawn("");
  const Tensor unknown = drawn("\uE123");  // for private use: no font has it
  std::vector<Tensor> seen;
  for (const char* sign :
       {"A", "i", "8", "γ", "Φ", "ε", "λ", "‖", "²", "₁", "→", "∞", "…", "−", "·", "½", "≈", "é"}) {
    const Tensor look = drawn(sign);
    EXPECT_FALSE(torch::equal(look, nothing)) << sign;
    EXPECT_FALSE(torch::equal(look, unknown)) << sign;
    for (const Tensor& other : seen) EXPECT_FALSE(torch::equal(look, other)) << sign;
    seen.push_back(look);
  }
  EXPECT_FALSE(torch::equal(drawn("A", {.size = 20, .bold = true}), seen[0]));
  // DejaVu Sans, at the widths that its glyphs have in units of 1/2048 em: A 1401, m 1995.
  EXPECT_NEAR(text_width("A", {.size = 20.48}), 14.01, 0.02);
  EXPECT_NEAR(text_width("m", {.size = 20.48}), 19.95, 0.02);
}

TEST(Text, StandsWhereItIsAligned) {
  const auto ink = [](const TextStyle& style) {
    Picture picture(100, 100, 1);
    picture.draw_text({50, 50}, "HHHH", style);
    return picture.pixels().select(2, 0).lt(128).nonzero();  // row and column of dark pixels
  };
  const auto range = [](const Tensor& pixels, int64_t k) {
    return std::pair(pixels.select(1, k).min().item<int64_t>(), pixels.select(1, k).max().item<int64_t>());
  };
  const Tensor left = ink({}), right = ink({.align = Align::kRight}), centre = ink({.align = Align::kCentre});
  EXPECT_GE(range(left, 1).first, 50);
  EXPECT_LE(range(right, 1).second, 50);
  EXPECT_NEAR(static_cast<double>(range(centre, 1).first + range(centre, 1).second) / 2, 49.5, 1);
  EXPECT_EQ(range(left, 0).second, 49);  // on the baseline
  const Tensor upwards = ink({.upwards = true});
  EXPECT_LE(range(upwards, 0).second, 50);
  EXPECT_EQ(range(upwards, 1).second, 49);
}

TEST(Text, MalformedAndUnknownCharactersAreDrawnAsReplacement) {
  EXPECT_FALSE(drawn("\xff\xc3 漢").eq(255).all().item<bool>());
  EXPECT_TRUE(torch::equal(drawn("\xff"), drawn("\uFFFD")));
  EXPECT_TRUE(torch::equal(drawn("a\tb\nc"), drawn("a b c")));
  EXPECT_GT(text_width("\xc3", {}), 0);
  EXPECT_EQ(wrap_text("one\ntwo\n", {}, 400).size(), 2u);
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
          draw_strip({row, wordy}, {.title = long_text, .note = long_text, .bar_label = long_text}).pixels();
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
  const StripOptions options{.start_label = "", .end_label = "", .scale = 1, .pixel_ratio = 1};
  const Tensor picture = draw_strip({row}, options).pixels();
  EXPECT_EQ(pixel(picture, 40, 40), kBlack);
  EXPECT_EQ(pixel(picture, 40, 40 + 68), (Colour{255, 0, 0}));
  EXPECT_TRUE(torch::equal(picture, draw_strip({row}, options).pixels()));
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
  const Tensor picture =
      draw_grid(images, 3, {.title = "", .captions = {}, .scale = 2, .pixel_ratio = 1}).pixels();
  EXPECT_EQ(picture.sizes(), (std::vector<int64_t>{36 + 3 * 64 + 2 * 4, 36 + 3 * 64 + 2 * 4, 3}));
  EXPECT_TRUE(border_is_white(draw_grid(images, 10, {.title = std::string(300, 'w')}).pixels()));
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
  EXPECT_TRUE(border_is_white(draw_latent_plane(plane).pixels()));
  plane.title = plane.x_label = plane.y_label = plane.value_label = plane.start_label = plane.curves[0].name =
      "a very long text that goes on and on and on and on and on and on and on and on and on and on and on "
      "and on";
  EXPECT_TRUE(border_is_white(draw_latent_plane(plane).pixels()));
  plane.x0 = -1e-9, plane.x1 = 1e9;
  EXPECT_TRUE(border_is_white(draw_latent_plane(plane).pixels()));
  plane = {};
  EXPECT_TRUE(border_is_white(draw_latent_plane(plane).pixels()));
  plane.values = torch::full({1, 1}, NAN);
  plane.curves = {{"", kBlue, torch::full({3, 2}, NAN)}};
  EXPECT_TRUE(border_is_white(draw_latent_plane(plane).pixels()));
}

TEST(Plane, RowZeroIsTheLowestY) {
  LatentPlane plane = make_plane();
  plane.curves.clear();
  plane.contours.clear();
  plane.pixel_ratio = 1;
  plane.values[0].fill_(1);
  const Tensor picture = draw_latent_plane(plane).pixels();
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
