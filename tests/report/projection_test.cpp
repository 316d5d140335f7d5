#include "latentpath/report/projection.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "contract/test_models.h"
#include "latentpath/core/error.h"
#include "latentpath/metric/density_rank.h"

namespace latentpath::testing {

TEST(EndPlane, CoefficientsSolveEquation15) {
  const Tensor z0 = random_normal({6}, 1), z1 = random_normal({6}, 2), z = random_normal({20, 6}, 3);
  const EndPlane plane(z0, z1);
  ASSERT_TRUE(plane.spanned_by_ends());
  const Tensor x = at::stack({z0, z1}, 1);
  const Tensor projected = z.matmul(x.matmul(at::linalg_inv(x.t().matmul(x))).matmul(x.t()));  // z̃ᵀ
  const Tensor ab = plane.coefficients(z);
  EXPECT_TRUE(at::allclose(ab.matmul(x.t()), projected, 0, 1e-12));
  const Tensor ends = plane.coefficients(at::stack({z0, z1}));
  EXPECT_TRUE(at::allclose(ends, at::eye(2, at::kDouble), 0, 1e-13));
}

TEST(EndPlane, ToScaleKeepsLengthsWithinThePlane) {
  const Tensor z0 = random_normal({6}, 1), z1 = random_normal({6}, 2);
  const EndPlane plane(z0, z1);
  const Tensor ab = random_normal({10, 2}, 4);
  const Tensor inside = ab.matmul(at::stack({z0, z1})), drawn = plane.to_scale(inside);
  EXPECT_TRUE(at::allclose(at::cdist(inside, inside), at::cdist(drawn, drawn), 0, 1e-6));  // by square roots
  // The same projection as Eq. 15: what it drops is dropped.
  const Tensor z = random_normal({10, 6}, 5), kept = plane.coefficients(z).matmul(at::stack({z0, z1}));
  EXPECT_TRUE(at::allclose(plane.to_scale(z), plane.to_scale(kept), 0, 1e-12));
  // Start and end lie side by side, above the origin.
  const Tensor ends = plane.to_scale(at::stack({z0, z1}));
  EXPECT_NEAR(ends[1][0].item<double>() - ends[0][0].item<double>(), (z1 - z0).norm().item<double>(), 1e-12);
  EXPECT_NEAR(ends[1][1].item<double>(), ends[0][1].item<double>(), 1e-12);
  EXPECT_GT(ends[0][1].item<double>(), 0);
  EXPECT_EQ(plane.to_scale(at::zeros({1, 6}, at::kDouble)).abs().max().item<double>(), 0);
}

TEST(EndPlane, EndsOnALineThroughTheOriginTakeThePathsDirection) {
  const Tensor z0 = random_normal({5}, 1), zero = at::zeros({5}, at::kDouble);
  Tensor path = at::linspace(0, 1, 9, at::kDouble).unsqueeze(1) * random_normal({1, 5}, 7);
  const Tensor pairs[][2] = {{z0, z0}, {z0, -2 * z0}, {zero, z0}, {zero, zero}};
  for (const auto& ends : pairs)
    for (const Tensor& along : {path, Tensor()}) {
      const EndPlane plane(ends[0], ends[1], along);
      EXPECT_FALSE(plane.spanned_by_ends());
      EXPECT_THROW(plane.coefficients(path), Error);
      // Orthonormal all the same: no point is drawn farther out than it is, and the axes are two.
      const Tensor axes = plane.to_scale(at::eye(5, at::kDouble));
      EXPECT_TRUE(at::allclose(axes.t().matmul(axes), at::eye(2, at::kDouble), 0, 1e-12));
      if (along.defined()) {
        // All of the path's extent is seen: it runs in the plane.
        const Tensor extent = plane.to_scale(path)[8] - plane.to_scale(path)[0];
        EXPECT_NEAR(extent.norm().item<double>(), path[8].norm().item<double>(), 1e-9);
      }
    }
  EXPECT_THROW(EndPlane(z0, random_normal({4}, 1)), Error);
  EXPECT_THROW(EndPlane(random_normal({1}, 1), random_normal({1}, 2)), Error);
  EXPECT_THROW(EndPlane(z0, zero, random_normal({3, 4}, 1)), Error);
}

TEST(Projection, ThePictureShowsSamplesAndCurves) {
  const auto density = semicircle(4);
  const auto rank = density_rank(density, {5000});
  PathProblem problem;
  problem.embedding = identity_embedding(4);
  problem.quality = rank;
  problem.start = at::tensor({5.0, 7.0, 0.3, 0.0}, at::kDouble).unsqueeze(0);
  problem.end = at::tensor({5.0, -7.0, 0.0, 0.2}, at::kDouble).unsqueeze(0);
  PathOptions options;
  options.segments = 16;
  options.max_iterations = 5;
  const PathResult result = find_path(problem, options);
  const Tensor picture = draw_path_projection(problem, result, 0, *density, *rank, 1).pixels();
  ASSERT_EQ(picture.scalar_type(), at::kByte);
  ASSERT_EQ(picture.size(2), 3);
  EXPECT_TRUE(at::equal(picture, draw_path_projection(problem, result, 0, *density, *rank, 1).pixels()));
  const auto pixels_of = [&](Colour c) {
    const Tensor wanted = at::tensor({c.red, c.green, c.blue}, at::kByte);
    return (picture == wanted).all(2).sum().item<int64_t>();
  };
  EXPECT_GT(pixels_of(kPathColour), 500);
  EXPECT_GT(pixels_of(kSphericalColour), 500);
  // Discs of low and of high rank.
  EXPECT_GT(pixels_of(heat_colour(0.02, 0.5)) + pixels_of(heat_colour(0.98, 0.5)), 20);
}

}  // namespace latentpath::testing
