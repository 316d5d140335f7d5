#pragma once
// A small canvas for scientific figures: text in a built-in font (Latin, Greek and the usual signs, as
// UTF-8), lines, discs, images. Lengths are in units of a CSS pixel from the top left corner; `pixel_ratio`
// says how many pixels of the picture a unit becomes, 2 being sharp on every screen. Everything is
// anti-aliased, and equal calls give equal bytes.
//
//   Canvas canvas(320, 200);
//   canvas.draw_line({{20, 100}, {300, 40}}, {.colour = kBlue, .width = 2});
//   canvas.draw_text({20, 180}, "cost over time", {.size = 13, .bold = true});
//   write_png("figure.png", canvas.pixels());

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "latentpath/core/tensor.h"

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

/// `value` in [0, 1] on the scale of bars: vermillion (0) over grey to blue (1); clamped, NaN is light grey.
Colour bar_colour(double value);

/// `value` in [0, 1] on the scale of heat maps: cividis, perceptually uniform, mixed with `lightness` parts
/// of white; clamped, NaN is light grey.
Colour heat_colour(double value, double lightness = 0.25);

struct Point {
  double x = 0, y = 0;
};

struct Box {
  double x = 0, y = 0, width = 0, height = 0;
};

struct Stroke {
  Colour colour = kDarkGrey;
  double width = 1;
  std::vector<double> dashes = {};  ///< lengths of dash, gap, dash, …; empty: solid
};

enum class Align { kLeft, kCentre, kRight };

struct TextStyle {
  double size = 13;  ///< height of the em
  Colour colour = kDarkGrey;
  bool bold = false;
  Align align = Align::kLeft;
  bool upwards = false;             ///< runs from bottom to top
  std::optional<Colour> halo = {};  ///< an outline that keeps text legible on a picture
};

/// Width of a line of text.
double text_width(const std::string& text, const TextStyle& style);

/// The text, or its beginning and "…" where it would be wider than `width`.
std::string shorten_text(const std::string& text, const TextStyle& style, double width);

/// Breaks the text into lines no wider than `width`, at spaces where possible, at given newlines always; what
/// does not fit into `most_lines` ends in "…". No lines for an empty text.
std::vector<std::string> wrap_text(const std::string& text, const TextStyle& style, double width,
                                   size_t most_lines = 1000);

/// Distance between the baselines of two lines.
inline double line_height(const TextStyle& style) { return 1.3 * style.size; }

class Canvas {
 public:
  /// Throws Error kArgument when the picture would be empty or above 2^28 pixels.
  Canvas(double width, double height, double pixel_ratio = 2, Colour background = kWhite);
  ~Canvas();
  Canvas(Canvas&&) noexcept;
  Canvas& operator=(Canvas&&) noexcept;

  double width() const;
  double height() const;

  void fill_box(const Box& box, Colour colour);
  void fill_polygon(const std::vector<Point>& corners, Colour colour);
  void fill_disc(Point centre, double radius, Colour colour);

  /// A polyline with round joints; `clip` hides what lies outside.
  void draw_line(const std::vector<Point>& points, const Stroke& stroke, const std::optional<Box>& clip = {});

  /// The outline of a box, drawn outside of it.
  void draw_frame(const Box& box, double width, Colour colour);

  /// One line of text; `at` is on the baseline: its left end, centre or right end, as the style aligns it.
  void draw_text(Point at, const std::string& text, const TextStyle& style = {});

  /// `image`: uint8 [h, w, 3], stretched over the box: pixels stay sharp squares when enlarged and are
  /// averaged when reduced.
  void draw_image(const Box& box, const Tensor& image);

  /// The picture: uint8 [H, W, 3] with H = round(height · pixel_ratio).
  Tensor pixels() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace latentpath
