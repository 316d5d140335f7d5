#pragma once
// The Lambertian head: a head with real relief under 64 lamps, whose images are linear in the light.
//
// A surface z = h(x, y), an ellipsoid with nose, brow, eye sockets, cheeks, lips and chin, of albedo ρ and
// unit normals n ∝ (−h_x, −h_y, 1), seen along z without perspective. A lamp far away in the direction d
// lights a point by
//   R = ρ ⟨n, d⟩,        with attached shadows  R = ρ max(0, ⟨n, d⟩).
// No point casts a shadow on another. Several lamps at once add up, R = Σ_k w_k R_k. So images under lamps
// whose powers w sum to 1 are a convex set, in which the shortest way from one to another is the straight
// line; without shadows R = ρ ⟨n, Σ_k w_k d_k⟩, a part of a linear space of three dimensions, and with them,
// by Basri & Jacobs (IEEE TPAMI 25(2), 2003), near one of nine.
//
//   const LambertianHead head(/*attached_shadows=*/false);
//   std::vector<int64_t> powers(LambertianHead::kLamps, 0);
//   powers[3] = powers[7] = LambertianHead::kPower / 2;            // half of either lamp
//   std::vector<unsigned char> image = head.image(powers);         // 28×28, row by row from the top
//
// From the integers into which normals and directions are rounded to the bytes of an image all is integer
// arithmetic: the same bytes on every machine.

#include <array>
#include <cstdint>
#include <vector>

namespace latentpath {

class LambertianHead {
 public:
  static constexpr int64_t kSide = 28;  ///< pixels
  static constexpr int64_t kLamps = 64;
  static constexpr int64_t kPower = 1 << 16;  ///< what the powers of an image's lamps sum to

  explicit LambertianHead(bool attached_shadows);

  /// d_k, a unit vector (x to the right, y up, z towards the viewer): a spiral of even density over the cap
  /// of 75° around the view.
  static std::array<double, 3> lamp(int64_t index);

  /// R of one lamp alone, the mean over a pixel: [28·28], between −1 and 1.
  std::vector<double> radiance(int64_t lamp) const;

  /// The picture under lamps of the given powers [64], in units of 1/kPower: 255 R with attached shadows, and
  /// 255 (1 + R)/2 without, which has negative R. Throws Error(kArgument) where powers are negative or do not
  /// sum to kPower.
  std::vector<unsigned char> image(const std::vector<int64_t>& powers) const;

 private:
  bool shadows_;
  std::vector<int64_t> radiance_;  // [64, 28·28] in units of kUnit
};

/// The powers [64] of the lamps of image `number` of the data sets: three lamps, in shares uniform over the
/// triangle (SplitMix64 from the number), which may fall on the same one. Of the test part (`training` false)
/// the first 64 have one lamp each.
std::vector<int64_t> lambertian_powers(bool training, int64_t number);

}  // namespace latentpath
