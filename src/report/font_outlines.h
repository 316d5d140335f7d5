#pragma once
// The two built-in fonts as TrueType outlines: closed contours of points, on the curve or control points of
// quadratic splines, in font units (kFontUnitsPerEm to the em, y upwards from the baseline).

#include <cstdint>
#include <span>

namespace latentpath::detail {

constexpr double kFontUnitsPerEm = 2048;
constexpr double kFontAscent = 1556;     ///< height of the tallest ordinary letters with room for accents
constexpr double kFontCapHeight = 1493;  ///< height of a capital letter
constexpr double kFontDescent = 483;     ///< depth below the baseline

struct GlyphOutline {
  uint32_t character;     ///< Unicode code point
  int32_t advance;        ///< width, font units
  int32_t first_contour;  ///< index into FontOutlines::ends
  int32_t contour_count;
};

struct FontOutlines {
  std::span<const int16_t> points;       ///< pairs (2 x + on-curve flag, y)
  std::span<const int32_t> ends;         ///< per contour: index one past its last point
  std::span<const GlyphOutline> glyphs;  ///< sorted by character
};

FontOutlines regular_font();
FontOutlines bold_font();

}  // namespace latentpath::detail
