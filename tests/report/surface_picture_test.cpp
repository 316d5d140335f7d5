// Curves on surfaces: what is in front hides what is behind.

#include "latentpath/report/surface_picture.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "latentpath/core/error.h"
#include "latentpath/report/latent_plane.h"

namespace latentpath {
namespace {

/// The unit square at height z.
Tensor square_at(double z) {
  const Tensor u = at::linspace(-1, 1, 21, at::kDouble);
  return at::stack(
      {u.unsqueeze(0).expand({21, 21}), u.unsqueeze(1).expand({21, 21}), at::full({21, 21}, z, at::kDouble)},
      2);
}
Tensor line_at(double z) { return at::tensor({-0.8, 0.0, z, 0.8, 0.0, z}, at::kDouble).view({2, 3}); }
/// Pixels of exactly this colour.
int64_t count(const Tensor& image, Colour colour) {
  const Tensor wanted =
      at::tensor({int64_t{colour.red}, int64_t{colour.green}, int64_t{colour.blue}}).to(at::kByte);
  return (image == wanted).all(2).sum().item<int64_t>();
}

}  // namespace

TEST(SurfacePicture, HidesWhatIsBehind) {
  SurfacePicture picture;
  picture.patches = {square_at(0)};
  picture.elevation = 60;
  picture.start_label = picture.end_label = "";
  picture.curves = {{"", kVermillion, line_at(0.4)}};
  EXPECT_GT(count(draw_surface(picture).pixels(), kVermillion), 500);
  picture.curves[0].points = line_at(-0.4);
  EXPECT_EQ(count(draw_surface(picture).pixels(), kVermillion), 0);
}

TEST(SurfacePicture, ACurveOnTheSurfaceIsSeen) {
  SurfacePicture picture;
  picture.patches = {square_at(0)};
  picture.values = {at::full({21, 21}, 0.5, at::kDouble)};
  picture.title = "Square";
  picture.curves = {{"on it", kVermillion, line_at(0)}};
  const Tensor image = draw_surface(picture).pixels();
  EXPECT_GT(count(image, kVermillion), 500);
  EXPECT_TRUE(at::equal(image, draw_surface(picture).pixels()));
}

TEST(SurfacePicture, TheStartIsHollowAndTheEndIsFull) {
  SurfacePicture picture;
  picture.patches = {square_at(0)};
  picture.elevation = 60;
  picture.curves = {{"", kVermillion, line_at(0)}};
  const auto black = [](const SurfacePicture& of) { return count(draw_surface(of).pixels(), kBlack); };
  picture.start_label = "", picture.end_label = "end";
  const int64_t end = black(picture);
  picture.start_label = "start", picture.end_label = "";
  const int64_t start = black(picture);
  EXPECT_GT(start, 0);
  EXPECT_GT(end, start + 60);  // by the disc that the start has not, at two pixels a point
  // A loop has one marker, which is hollow.
  picture.curves[0].points =
      at::tensor({0.0, 0.0, 0.0, 0.5, 0.5, 0.0, 0.0, 0.0, 0.0}, at::kDouble).view({3, 3});
  picture.start_label = "start", picture.end_label = "end";
  EXPECT_LT(black(picture), end);
}

TEST(SurfacePicture, RefusesWhatDoesNotFit) {
  SurfacePicture picture;
  EXPECT_THROW(draw_surface(picture), Error);
  picture.patches = {at::zeros({3, 3}, at::kDouble)};
  EXPECT_THROW(draw_surface(picture), Error);
  picture.patches = {square_at(0)};
  picture.values = {at::zeros({3, 3}, at::kDouble)};
  EXPECT_THROW(draw_surface(picture), Error);
}

TEST(LatentPlane, ColoursTellNothingWhereAllValuesAreTheSame) {
  const auto vary_at = [](std::vector<double> values) { return vary(at::tensor(values, at::kDouble)); };
  EXPECT_TRUE(vary_at({0, 1}) && vary_at({1e-12, 1e-10}) && vary_at({-1, 1, NAN}));
  EXPECT_FALSE(vary_at({0.7, 0.7}) || vary_at({0, 0}) || vary_at({0.7, 0.7, NAN}) || vary_at({NAN}) ||
               vary_at({1e6, 1e6 + 1e-4}));
}

}  // namespace latentpath
