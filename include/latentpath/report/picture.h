#pragma once
// A picture for reports and papers: lines, shapes, text and images, described once and rendered as PNG, SVG
// or PDF. Cairo draws it, Pango sets its text (UTF-8, in DejaVu Sans where that is installed). Lengths are in
// units of a CSS pixel, 1/96 inch, from the top left corner; `pixel_ratio` says how many pixels of the PNG a
// unit becomes, 2 being sharp on every screen. Equal calls give equal bytes.
//
//   Picture picture(320, 200);
//   picture.draw_line({{20, 100}, {300, 40}}, {.colour = kBlue, .width = 2});
//   picture.draw_text({20, 180}, "cost over time", {.size = 13, .bold = true});
//   write_picture("figure", picture, {.svg = true});   // figure.png and figure.svg

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "latentpath/core/tensor.h"
#include "latentpath/report/colour.h"

namespace latentpath {

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

class Picture {
 public:
  /// Throws Error kArgument when the picture would be empty, or larger than Cairo's images can be: 32767
  /// pixels a side, 2^28 in all.
  Picture(double width, double height, double pixel_ratio = 2, Colour background = kWhite);
  ~Picture();
  Picture(Picture&&) noexcept;
  Picture& operator=(Picture&&) noexcept;

  double width() const;
  double height() const;

  /// Edges are moved to the nearest whole pixels.
  void fill_box(const Box& box, Colour colour);
  /// A box in which the colours follow each other at equal distances: from left to right, or from bottom to
  /// top.
  void fill_gradient(const Box& box, const std::vector<Colour>& colours, bool upwards = false);
  void fill_polygon(const std::vector<Point>& corners, Colour colour,
                    const std::optional<Stroke>& outline = {});
  void fill_disc(Point centre, double radius, Colour colour);

  /// A polyline with round joints and ends; `clip` hides what lies outside. Points that are not finite are
  /// left out.
  void draw_line(const std::vector<Point>& points, const Stroke& stroke, const std::optional<Box>& clip = {});

  /// The outline of a box, drawn outside of it, in whole pixels.
  void draw_frame(const Box& box, double width, Colour colour);

  /// One line of text; `at` is on the baseline: its left end, centre or right end, as the style aligns it.
  void draw_text(Point at, const std::string& text, const TextStyle& style = {});

  /// `image`: uint8 [h, w, 3], stretched over the box: pixels stay sharp squares when enlarged and are
  /// averaged when reduced.
  void draw_image(const Box& box, const Tensor& image);

  /// The picture as uint8 [H, W, 3] with H = round(height · pixel_ratio).
  Tensor pixels() const;
  /// The bytes of a PNG file of pixels().
  std::string png() const;
  /// The bytes of an SVG file; text is in it as outlines, so that it looks the same everywhere.
  std::string svg() const;
  /// The bytes of a PDF file of one page, with its fonts.
  std::string pdf() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The files that a picture is written into beside its PNG, which is always written: reports are made of it.
struct PictureFormats {
  bool svg = false, pdf = false;
  bool operator==(const PictureFormats&) const = default;
};

/// From names: "png", "svg", "pdf", in any order and number. Throws Error kArgument for another name.
PictureFormats picture_formats(const std::vector<std::string>& names);

/// Writes stem.png and, as asked for, stem.svg and stem.pdf. Throws Error as write_file() does.
void write_picture(const std::filesystem::path& stem, const Picture& picture,
                   const PictureFormats& formats = {});

}  // namespace latentpath
