#include "latentpath/zoo/lambertian.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "latentpath/core/error.h"
#include "zoo/split_mix.h"

namespace latentpath {
namespace {

/// Fixed point of normals and directions; a product of two, over the points of a pixel, is of kUnit.
constexpr double kOne = 1 << 14;
constexpr int64_t kPointsAcross = 4;  // of a pixel, each way
constexpr int64_t kUnit = (int64_t{1} << 28) * kPointsAcross * kPointsAcross;

/// A Gaussian hill or dip of the relief, or a spot of the albedo, mirrored where `x` is not 0.
struct Spot {
  double height, x, y, width, depth;  // depth: extent along y
};

// Widths of the head are 2 · 0.72, from chin to crown 2 · 0.95.
constexpr double kAcross = 0.72, kUp = 0.95, kForward = 0.75;
constexpr std::array<Spot, 8> kRelief{{{0.28, 0, -0.02, 0.08, 0.17},     // bridge of the nose
                                       {0.12, 0, -0.20, 0.10, 0.07},     // its tip
                                       {0.11, 0.27, 0.32, 0.18, 0.06},   // brow
                                       {-0.13, 0.27, 0.14, 0.12, 0.09},  // eye socket
                                       {0.05, 0.27, 0.13, 0.06, 0.05},   // eye
                                       {0.08, 0.36, -0.22, 0.15, 0.15},  // cheek
                                       {0.08, 0, -0.48, 0.17, 0.06},     // lips
                                       {0.10, 0, -0.76, 0.14, 0.10}}};   // chin
/// What is taken from the albedo.
constexpr std::array<Spot, 3> kPaint{{{0.60, 0.27, 0.36, 0.16, 0.035},  // eyebrow
                                      {0.55, 0.27, 0.14, 0.07, 0.040},  // eye
                                      {0.35, 0, -0.48, 0.14, 0.045}}};  // lips
constexpr double kSkin = 0.97, kHair = 0.65, kHairLine = 0.62, kHairEdge = 0.04;

/// The value of a spot with its mirror image, and its derivatives.
std::array<double, 3> spot_at(const Spot& spot, double x, double y) {
  std::array<double, 3> sum{};
  for (const double side : {1.0, -1.0}) {
    if (spot.x == 0 && side < 0) break;
    const double dx = (x - side * spot.x) / spot.width, dy = (y - spot.y) / spot.depth;
    const double value = spot.height * std::exp(-0.5 * (dx * dx + dy * dy));
    sum[0] += value, sum[1] -= value * dx / spot.width, sum[2] -= value * dy / spot.depth;
  }
  return sum;
}

/// ρ n at a point of the picture; 0 beside the head.
std::array<double, 3> lit_normal(double x, double y) {
  const double inside = 1 - (x / kAcross) * (x / kAcross) - (y / kUp) * (y / kUp);
  if (inside <= 1e-3) return {};
  const double root = std::sqrt(inside);
  double slope_x = -kForward * x / (kAcross * kAcross * root), slope_y = -kForward * y / (kUp * kUp * root);
  for (const Spot& spot : kRelief) {
    const auto hill = spot_at(spot, x, y);
    slope_x += hill[1], slope_y += hill[2];
  }
  double albedo = kSkin * (1 - kHair / (1 + std::exp(-(y - kHairLine + 0.3 * x * x) / kHairEdge)));
  for (const Spot& spot : kPaint) albedo *= 1 - spot_at(spot, x, y)[0];
  const double factor = albedo / std::sqrt(1 + slope_x * slope_x + slope_y * slope_y);
  return {-slope_x * factor, -slope_y * factor, factor};
}

std::array<int64_t, 3> rounded(const std::array<double, 3>& vector) {
  return {std::llround(kOne * vector[0]), std::llround(kOne * vector[1]), std::llround(kOne * vector[2])};
}

/// Σ over the points of a pixel of ρ ⟨n, d⟩.
int64_t pixel_radiance(const std::vector<std::array<int64_t, 3>>& normals,
                       const std::array<int64_t, 3>& direction, bool shadows) {
  int64_t sum = 0;
  for (const auto& n : normals) {
    const int64_t lit = n[0] * direction[0] + n[1] * direction[1] + n[2] * direction[2];
    sum += shadows ? std::max<int64_t>(0, lit) : lit;
  }
  return sum;
}

std::vector<std::array<int64_t, 3>> normals_of_pixel(int64_t row, int64_t column) {
  const double fine = 2.0 / static_cast<double>(LambertianHead::kSide * kPointsAcross);
  std::vector<std::array<int64_t, 3>> normals;
  for (int64_t down = 0; down < kPointsAcross; ++down)
    for (int64_t right = 0; right < kPointsAcross; ++right)
      normals.push_back(
          rounded(lit_normal(-1 + fine * (static_cast<double>(column * kPointsAcross + right) + 0.5),
                             1 - fine * (static_cast<double>(row * kPointsAcross + down) + 0.5))));
  return normals;
}

uint64_t next(uint64_t& state) { return split_mix(state += kGoldenGamma); }

}  // namespace

LambertianHead::LambertianHead(bool attached_shadows) : shadows_(attached_shadows) {
  radiance_.resize(static_cast<size_t>(kLamps * kSide * kSide));
  for (int64_t pixel = 0; pixel < kSide * kSide; ++pixel) {
    const auto normals = normals_of_pixel(pixel / kSide, pixel % kSide);
    for (int64_t k = 0; k < kLamps; ++k)
      radiance_[static_cast<size_t>(k * kSide * kSide + pixel)] =
          pixel_radiance(normals, rounded(lamp(k)), shadows_);
  }
}

std::array<double, 3> LambertianHead::lamp(int64_t index) {
  LATENTPATH_CHECK(index >= 0 && index < kLamps, kArgument, "the Lambertian head has the lamps 0 to ",
                   kLamps - 1, ", and no lamp ", index);
  const double lowest = std::cos(75 * std::numbers::pi / 180);
  const double forward = 1 - (static_cast<double>(index) + 0.5) / static_cast<double>(kLamps) * (1 - lowest);
  const double angle = static_cast<double>(index) * std::numbers::pi * (3 - std::sqrt(5.0));
  const double aside = std::sqrt(1 - forward * forward);
  return {aside * std::cos(angle), aside * std::sin(angle), forward};
}

std::vector<double> LambertianHead::radiance(int64_t lamp_index) const {
  lamp(lamp_index);  // refuses what is none
  std::vector<double> values;
  for (int64_t pixel = 0; pixel < kSide * kSide; ++pixel)
    values.push_back(static_cast<double>(radiance_[static_cast<size_t>(lamp_index * kSide * kSide + pixel)]) /
                     static_cast<double>(kUnit));
  return values;
}

std::vector<unsigned char> LambertianHead::image(const std::vector<int64_t>& powers) const {
  int64_t sum = 0;
  for (const int64_t power : powers) sum += power;
  LATENTPATH_CHECK(static_cast<int64_t>(powers.size()) == kLamps &&
                       *std::min_element(powers.begin(), powers.end()) >= 0 && sum == kPower,
                   kArgument, "the powers of ", kLamps, " lamps, none negative, must sum to ", kPower,
                   "; these are ", powers.size(), " and sum to ", sum);
  constexpr int64_t kFull = kUnit * kPower;  // R = 1: 2⁴⁸
  std::vector<unsigned char> bytes;
  for (int64_t pixel = 0; pixel < kSide * kSide; ++pixel) {
    int64_t lit = 0;
    for (size_t k = 0; k < powers.size(); ++k)
      lit += powers[k] * radiance_[k * static_cast<size_t>(kSide * kSide) + static_cast<size_t>(pixel)];
    const int64_t value =
        shadows_ ? (255 * lit + kFull / 2) / kFull : (255 * (kFull + lit) + kFull) / (2 * kFull);
    bytes.push_back(static_cast<unsigned char>(std::clamp<int64_t>(value, 0, 255)));
  }
  return bytes;
}

std::vector<int64_t> lambertian_powers(bool training, int64_t number) {
  std::vector<int64_t> powers(LambertianHead::kLamps, 0);
  if (!training && number < LambertianHead::kLamps) {
    powers[static_cast<size_t>(number)] = LambertianHead::kPower;
    return powers;
  }
  uint64_t state = (2 * static_cast<uint64_t>(number) + (training ? 0 : 1)) * 0xD1B54A32D192ED03ULL;
  std::array<int64_t, 2> cuts{};
  for (int64_t& cut : cuts) cut = static_cast<int64_t>(next(state) % (LambertianHead::kPower + 1));
  std::sort(cuts.begin(), cuts.end());
  for (const int64_t power : {cuts[0], cuts[1] - cuts[0], LambertianHead::kPower - cuts[1]})
    powers[next(state) % LambertianHead::kLamps] += power;
  return powers;
}

}  // namespace latentpath
