#pragma once
// The colours of pictures: a palette that colour-blind readers tell apart, and two scales for values in [0,
// 1].
//
//   const Colour good = heat_colour(0.9), half = bar_colour(0.5);

#include <cstdint>

namespace latentpath {

struct Colour {
  uint8_t red = 0, green = 0, blue = 0;
  bool operator==(const Colour&) const = default;
};

// The palette of Okabe and Ito, told apart by colour-blind readers too (jfly.uni-koeln.de/color), and greys.
inline constexpr Colour kWhite{255, 255, 255}, kBlack{0, 0, 0};
inline constexpr Colour kDarkGrey{51, 51, 51}, kGrey{110, 110, 110}, kLightGrey{222, 222, 222};
inline constexpr Colour kOrange{230, 159, 0}, kSkyBlue{86, 180, 233}, kBluishGreen{0, 158, 115},
    kYellow{240, 228, 66}, kBlue{0, 114, 178}, kVermillion{213, 94, 0}, kReddishPurple{204, 121, 167};

/// The colours of the three standard curves in every figure of a report.
inline constexpr Colour kLinearColour = kDarkGrey, kSphericalColour = kOrange, kPathColour = kBlue,
                        kReferenceColour = kVermillion;

/// The colour that lies at `share` in [0, 1] of the way from `a` to `b`.
Colour mix(Colour a, Colour b, double share);

/// `value` in [0, 1] on the scale of bars: vermillion (0) over grey to blue (1); clamped, NaN is light grey.
Colour bar_colour(double value);

/// `value` in [0, 1] on the scale of heat maps: cividis, perceptually uniform, mixed with `lightness` parts
/// of white; clamped, NaN is light grey.
Colour heat_colour(double value, double lightness = 0.25);

}  // namespace latentpath
