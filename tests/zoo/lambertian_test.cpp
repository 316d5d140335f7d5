#include "latentpath/zoo/lambertian.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <numeric>

#include "latentpath/zoo/data_set.h"
#include "synthetic_data.h"

namespace latentpath {
namespace {

constexpr int64_t kPixels = LambertianHead::kSide * LambertianHead::kSide;

/// R of the lamps [64, 784], and their directions [64, 3].
Tensor radiances(const LambertianHead& head) {
  Tensor rows = at::empty({LambertianHead::kLamps, kPixels}, at::kDouble);
  for (int64_t k = 0; k < LambertianHead::kLamps; ++k) rows[k] = at::tensor(head.radiance(k), at::kDouble);
  return rows;
}

Tensor directions() {
  Tensor rows = at::empty({LambertianHead::kLamps, 3}, at::kDouble);
  for (int64_t k = 0; k < LambertianHead::kLamps; ++k)
    for (int64_t axis = 0; axis < 3; ++axis)
      rows[k][axis] = LambertianHead::lamp(k)[static_cast<size_t>(axis)];
  return rows;
}

Tensor pixels(const LambertianHead& head, const std::vector<int64_t>& powers) {
  const auto bytes = head.image(powers);
  return at::tensor(std::vector<int64_t>(bytes.begin(), bytes.end()), at::kLong).to(at::kDouble);
}

TEST(Lambertian, WithoutShadowsImagesAreLinearInTheLight) {
  const LambertianHead head(false);
  const Tensor lit = radiances(head), d = directions();
  EXPECT_LT((d.norm(2, {1}) - 1).abs().max().item<double>(), 1e-12);
  EXPECT_GT(d.select(1, 2).min().item<double>(), std::cos(75.1 * M_PI / 180));
  // R = d N for some N [3, 784], the least-squares one, to the fixed point of 2⁻¹⁴.
  const Tensor normals = at::matmul(at::pinverse(d), lit);
  EXPECT_LT((at::matmul(d, normals) - lit).abs().max().item<double>(), 3e-4);
  // N is albedo times unit normal: no longer than 1, towards the viewer, and 0 beside the head.
  EXPECT_LE(normals.norm(2, {0}).max().item<double>(), 1.0);
  EXPECT_GT(normals[2].min().item<double>(), -1e-3);
  EXPECT_LT(normals.select(1, 0).abs().max().item<double>(), 1e-3);
  // Relief: the nose stands out, so that its left side is lit from the left.
  const int64_t left = 14 * 28 + 12, right = 14 * 28 + 15;
  EXPECT_LT(normals[0][left].item<double>(), -0.1);
  EXPECT_NEAR(normals[0][right].item<double>(), -normals[0][left].item<double>(), 1e-3);
}

TEST(Lambertian, WithShadowsTheyAreNearNineDimensionsAndMore) {
  const Tensor lit = radiances(LambertianHead(true));
  EXPECT_GE(lit.min().item<double>(), 0);
  const Tensor singular = std::get<1>(at::linalg_svd(lit, false)).square();
  const auto share = [&](int64_t count) {
    return (singular.narrow(0, 0, count).sum() / singular.sum()).item<double>();
  };
  EXPECT_LT(share(3), 0.99);
  EXPECT_GT(share(9), 0.99);  // Basri & Jacobs: 99.2 % for a sphere under all lights
}

TEST(Lambertian, LampsAddUp) {
  for (const bool shadows : {false, true}) {
    const LambertianHead head(shadows);
    std::vector<int64_t> first(64, 0), second(64, 0), both(64, 0);
    first[5] = second[40] = LambertianHead::kPower;
    both[5] = LambertianHead::kPower / 4, both[40] = 3 * LambertianHead::kPower / 4;
    const Tensor blend = 0.25 * pixels(head, first) + 0.75 * pixels(head, second);
    EXPECT_LE((pixels(head, both) - blend).abs().max().item<double>(), 1.0);  // rounding of three images
    EXPECT_GT(pixels(head, first).sub(pixels(head, second)).abs().max().item<double>(), 60);
  }
  const LambertianHead head(false);
  EXPECT_NE(test::message_of([&] { head.image(std::vector<int64_t>(64, 0)); }).find("must sum to 65536"),
            std::string::npos);
  EXPECT_NE(test::message_of([&] { LambertianHead::lamp(64); }).find("no lamp 64"), std::string::npos);
}

TEST(Lambertian, EveryNumberHasItsPowers) {
  for (const bool training : {true, false})
    for (int64_t number = 0; number < 200; ++number) {
      const auto powers = lambertian_powers(training, number);
      EXPECT_EQ(std::accumulate(powers.begin(), powers.end(), int64_t{0}), LambertianHead::kPower);
      const auto lamps = std::count_if(powers.begin(), powers.end(), [](int64_t power) { return power > 0; });
      EXPECT_LE(lamps, training || number >= 64 ? 3 : 1);
    }
  EXPECT_EQ(lambertian_powers(false, 17)[17], LambertianHead::kPower);
  EXPECT_NE(lambertian_powers(true, 100), lambertian_powers(false, 100));
}

TEST(Lambertian, TheDataSetIsTheSameBytesEachTime) {
  const test::ScratchFolder folder;
  // Whole, with the sums that are known of it; and once it is there, there is nothing to do.
  EXPECT_TRUE(fetch_data_set("lambertian-shadows", folder / "heads"));
  EXPECT_FALSE(fetch_data_set("lambertian-shadows", folder / "heads"));
  const DataSet heads = load_data_set("lambertian-shadows", folder / "heads");
  EXPECT_EQ(heads.train.images.sizes(), (std::vector<int64_t>{12000, 1, 28, 28}));
  EXPECT_EQ(heads.train.labels.max().item<int64_t>(), 0);
  const LambertianHead head(true);
  EXPECT_TRUE(
      at::equal(heads.test.images[70].flatten().to(at::kDouble), pixels(head, lambertian_powers(false, 70))));
}

}  // namespace
}  // namespace latentpath
