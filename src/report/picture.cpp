#include "latentpath/report/picture.h"

#include <ATen/Functions.h>
#include <cairo-pdf.h>
#include <cairo-svg.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include "latentpath/core/error.h"
#include "latentpath/io/file.h"
#include "latentpath/io/image.h"
#include "picture_impl.h"

namespace latentpath {
namespace {

constexpr double kMostPixels = 268435456.0;  // 2^28
constexpr double kLongestSide = 32767;       // of an image of Cairo's
constexpr double kFarthest = 4e6;            // of a coordinate, in pixels: Cairo holds up to 2^23
constexpr double kTolerance = 0.01;  // of curves, in units of the surface: circles stay round when enlarged
constexpr double kHaloWidth = 0.2;   // of the em
constexpr double kPointsPerUnit = 0.75;  // 1/72 inch to 1/96 inch, for PDF
// Any fixed date will do: a file must not depend on when it was written.
constexpr const char* kDocumentDate = "2000-01-01T00:00:00Z";

struct Release {
  void operator()(cairo_t* context) const { cairo_destroy(context); }
  void operator()(cairo_surface_t* surface) const { cairo_surface_destroy(surface); }
  void operator()(cairo_pattern_t* pattern) const { cairo_pattern_destroy(pattern); }
};
using Context = std::unique_ptr<cairo_t, Release>;
using Surface = std::unique_ptr<cairo_surface_t, Release>;
using Pattern = std::unique_ptr<cairo_pattern_t, Release>;

void check_surface(cairo_surface_t* surface) {
  const cairo_status_t status = cairo_surface_status(surface);
  LATENTPATH_CHECK(status == CAIRO_STATUS_SUCCESS, kArgument,
                   "a picture cannot be drawn: ", cairo_status_to_string(status));
}

cairo_status_t append_bytes(void* text, const unsigned char* bytes, unsigned int count) {
  static_cast<std::string*>(text)->append(reinterpret_cast<const char*>(bytes), count);
  return CAIRO_STATUS_SUCCESS;
}

void set_colour(cairo_t* cairo, Colour colour) {
  cairo_set_source_rgb(cairo, colour.red / 255.0, colour.green / 255.0, colour.blue / 255.0);
}

void add_box(cairo_t* cairo, const Box& box) { cairo_rectangle(cairo, box.x, box.y, box.width, box.height); }

void add_line(cairo_t* cairo, const std::vector<Point>& points) {
  for (const Point& p : points) cairo_line_to(cairo, p.x, p.y);
}

void stroke_path(cairo_t* cairo, const Stroke& stroke) {
  set_colour(cairo, stroke.colour);
  cairo_set_line_width(cairo, stroke.width);
  cairo_set_dash(cairo, stroke.dashes.data(), static_cast<int>(stroke.dashes.size()), 0);
  cairo_stroke(cairo);
}

/// uint8 [h, w, 3] as an image of Cairo's.
Surface image_surface(const Tensor& image) {
  const auto h = static_cast<int>(image.size(0)), w = static_cast<int>(image.size(1));
  Surface surface(cairo_image_surface_create(CAIRO_FORMAT_RGB24, w, h));
  check_surface(surface.get());
  const auto* byte = image.data_ptr<uint8_t>();
  for (int y = 0; y < h; ++y) {
    auto* pixel = reinterpret_cast<uint32_t*>(cairo_image_surface_get_data(surface.get()) +
                                              static_cast<ptrdiff_t>(y) *
                                                  cairo_image_surface_get_stride(surface.get()));
    for (int x = 0; x < w; ++x, byte += 3)
      pixel[x] = uint32_t{byte[0]} << 16 | uint32_t{byte[1]} << 8 | uint32_t{byte[2]};
  }
  cairo_surface_mark_dirty(surface.get());
  return surface;
}

void paint_image(cairo_t* cairo, cairo_surface_t* image, const Box& box, cairo_filter_t filter) {
  cairo_translate(cairo, box.x, box.y);
  cairo_scale(cairo, box.width / cairo_image_surface_get_width(image),
              box.height / cairo_image_surface_get_height(image));
  cairo_set_source_surface(cairo, image, 0, 0);
  cairo_pattern_set_filter(cairo_get_source(cairo), filter);
  cairo_paint(cairo);
}

/// The image with sharp pixels at another size.
Surface enlarged(cairo_surface_t* image, int width, int height) {
  Surface larger(cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height));
  check_surface(larger.get());
  const Context context(cairo_create(larger.get()));
  paint_image(context.get(), image, {0, 0, 1.0 * width, 1.0 * height}, CAIRO_FILTER_NEAREST);
  return larger;
}

/// Cairo names some elements of an SVG by a counter of the whole process ("image7"). Here they are numbered
/// in the order in which they occur, so that equal pictures are equal bytes.
std::string number_by_order(const std::string& svg) {
  std::map<std::string, std::string> names;
  std::map<std::string, size_t> counts;
  std::string result;
  size_t copied = 0;
  for (size_t mark = svg.find_first_of("\"#"); mark != std::string::npos;
       mark = svg.find_first_of("\"#", mark + 1)) {
    if (svg[mark] == '"' && (mark < 3 || svg.compare(mark - 3, 3, "id=") != 0)) continue;
    const size_t begin = mark + 1;
    const size_t digits = svg.find_first_not_of("abcdefghijklmnopqrstuvwxyz-", begin);
    const size_t end = digits == std::string::npos ? digits : svg.find_first_not_of("0123456789", digits);
    if (end == std::string::npos || end == digits || digits == begin || (svg[end] != '"' && svg[end] != ')'))
      continue;
    const std::string word = svg.substr(begin, digits - begin);
    auto [name, is_new] = names.try_emplace(svg.substr(begin, end - begin));
    if (is_new) name->second = word + std::to_string(counts[word]++);
    result.append(svg, copied, begin - copied).append(name->second);
    copied = end;
  }
  return result.append(svg, copied);
}

}  // namespace

struct Picture::Impl {
  double width, height, ratio;
  int columns, rows;
  std::vector<std::function<void(cairo_t*)>> steps;  // each begins with the same settings

  double to_pixel(double x) const { return std::round(x * ratio) / ratio; }
  Box to_pixels(const Box& box) const {
    const double left = to_pixel(box.x), top = to_pixel(box.y);
    return {left, top, std::max(0.0, to_pixel(box.x + box.width) - left),
            std::max(0.0, to_pixel(box.y + box.height) - top)};
  }

  /// The finite points, brought to where Cairo's fixed-point numbers hold them.
  std::vector<Point> drawable(const std::vector<Point>& points) const {
    const double most = kFarthest / std::max(1.0, ratio);
    std::vector<Point> result;
    for (const Point& p : points)
      if (std::isfinite(p.x) && std::isfinite(p.y))
        result.push_back({std::clamp(p.x, -most, most), std::clamp(p.y, -most, most)});
    return result;
  }

  /// Draws everything, a unit of length as `scale` units of the surface, and ends the surface's page.
  void render(cairo_surface_t* surface, double scale) const {
    check_surface(surface);
    const Context context(cairo_create(surface));
    cairo_t* cairo = context.get();
    cairo_scale(cairo, scale, scale);
    cairo_set_tolerance(cairo, kTolerance);
    cairo_set_line_cap(cairo, CAIRO_LINE_CAP_ROUND);
    cairo_set_line_join(cairo, CAIRO_LINE_JOIN_ROUND);
    for (const auto& step : steps) {
      cairo_save(cairo);
      cairo_new_path(cairo);  // text leaves a current point behind, which no restoring undoes
      step(cairo);
      cairo_restore(cairo);
    }
    cairo_show_page(cairo);
    LATENTPATH_ASSERT(cairo_status(cairo) == CAIRO_STATUS_SUCCESS);
  }
};

Picture::Picture(double width, double height, double pixel_ratio, Colour background) : impl_(new Impl) {
  const double columns = std::round(width * pixel_ratio), rows = std::round(height * pixel_ratio);
  LATENTPATH_CHECK(
      columns >= 1 && rows >= 1 && std::max(columns, rows) <= kLongestSide && columns * rows <= kMostPixels,
      kArgument, "a picture of ", columns, " × ", rows,
      " pixels cannot be drawn: a side must have at least one and at most ",
      static_cast<int64_t>(kLongestSide), ", and the whole at most ", static_cast<int64_t>(kMostPixels));
  impl_->width = width, impl_->height = height, impl_->ratio = pixel_ratio;
  impl_->columns = static_cast<int>(columns), impl_->rows = static_cast<int>(rows);
  impl_->steps.emplace_back([background](cairo_t* cairo) {
    set_colour(cairo, background);
    cairo_paint(cairo);
  });
}

Picture::~Picture() = default;
Picture::Picture(Picture&&) noexcept = default;
Picture& Picture::operator=(Picture&&) noexcept = default;

double Picture::width() const { return impl_->width; }
double Picture::height() const { return impl_->height; }

void Picture::fill_box(const Box& box, Colour colour) {
  impl_->steps.emplace_back([area = impl_->to_pixels(box), colour](cairo_t* cairo) {
    add_box(cairo, area);
    set_colour(cairo, colour);
    cairo_fill(cairo);
  });
}

void Picture::fill_gradient(const Box& box, const std::vector<Colour>& colours, bool upwards) {
  LATENTPATH_CHECK(colours.size() >= 2, kArgument, "a gradient needs at least two colours, not ",
                   colours.size());
  impl_->steps.emplace_back([area = impl_->to_pixels(box), colours, upwards](cairo_t* cairo) {
    const Pattern pattern(upwards ? cairo_pattern_create_linear(0, area.y + area.height, 0, area.y)
                                  : cairo_pattern_create_linear(area.x, 0, area.x + area.width, 0));
    for (size_t i = 0; i < colours.size(); ++i)
      cairo_pattern_add_color_stop_rgb(
          pattern.get(), static_cast<double>(i) / static_cast<double>(colours.size() - 1),
          colours[i].red / 255.0, colours[i].green / 255.0, colours[i].blue / 255.0);
    add_box(cairo, area);
    cairo_set_source(cairo, pattern.get());
    cairo_fill(cairo);
  });
}

void Picture::fill_polygon(const std::vector<Point>& corners, Colour colour,
                           const std::optional<Stroke>& outline) {
  impl_->steps.emplace_back([points = impl_->drawable(corners), colour, outline](cairo_t* cairo) {
    add_line(cairo, points);
    cairo_close_path(cairo);
    set_colour(cairo, colour);
    cairo_fill_preserve(cairo);
    if (outline) stroke_path(cairo, *outline);
  });
}

void Picture::fill_disc(Point centre, double radius, Colour colour) {
  const auto at = impl_->drawable({centre});
  if (at.empty()) return;
  impl_->steps.emplace_back([at = at[0], radius, colour](cairo_t* cairo) {
    cairo_arc(cairo, at.x, at.y, radius, 0, 2 * M_PI);
    set_colour(cairo, colour);
    cairo_fill(cairo);
  });
}

void Picture::draw_line(const std::vector<Point>& points, const Stroke& stroke,
                        const std::optional<Box>& clip) {
  double total = 0;
  for (const double length : stroke.dashes) total += length >= 0 ? length : std::nan("");
  LATENTPATH_CHECK(stroke.dashes.empty() || total > 0, kArgument,
                   "the lengths of dashes and gaps must not be negative, nor all of them 0");
  std::vector<Point> line = impl_->drawable(points);
  if (line.size() < 2) return;
  const std::optional<Box> visible = clip ? std::optional(impl_->to_pixels(*clip)) : std::nullopt;
  impl_->steps.emplace_back([line = std::move(line), stroke, visible](cairo_t* cairo) {
    if (visible) {
      add_box(cairo, *visible);
      cairo_clip(cairo);
    }
    add_line(cairo, line);
    stroke_path(cairo, stroke);
  });
}

void Picture::draw_frame(const Box& box, double width, Colour colour) {
  const double thickness = std::max(1.0, std::round(width * impl_->ratio)) / impl_->ratio;
  impl_->steps.emplace_back([inner = impl_->to_pixels(box), thickness, colour](cairo_t* cairo) {
    add_box(cairo, {inner.x - thickness, inner.y - thickness, inner.width + 2 * thickness,
                    inner.height + 2 * thickness});
    add_box(cairo, inner);
    cairo_set_fill_rule(cairo, CAIRO_FILL_RULE_EVEN_ODD);
    set_colour(cairo, colour);
    cairo_fill(cairo);
  });
}

void Picture::draw_text(Point at, const std::string& text, const TextStyle& style) {
  std::string line = detail::printable(text);
  std::replace(line.begin(), line.end(), '\n', ' ');
  if (line.empty()) return;
  impl_->steps.emplace_back([at, line, style](cairo_t* cairo) {
    const auto layout = detail::lay_out_text(line, style);
    PangoLayoutLine* glyphs = pango_layout_get_line_readonly(layout.get(), 0);
    PangoRectangle logical;
    pango_layout_line_get_extents(glyphs, nullptr, &logical);
    const double width = static_cast<double>(logical.width) / PANGO_SCALE;
    const double start = style.align == Align::kLeft     ? 0
                         : style.align == Align::kCentre ? -width / 2
                                                         : -width;
    cairo_translate(cairo, at.x, at.y);
    if (style.upwards) cairo_rotate(cairo, -M_PI / 2);
    if (style.halo) {
      cairo_move_to(cairo, start, 0);
      pango_cairo_layout_line_path(cairo, glyphs);
      stroke_path(cairo, {.colour = *style.halo, .width = 2 * kHaloWidth * style.size});
    }
    cairo_move_to(cairo, start, 0);
    set_colour(cairo, style.colour);
    pango_cairo_show_layout_line(cairo, glyphs);
  });
}

void Picture::draw_image(const Box& box, const Tensor& image) {
  LATENTPATH_CHECK(image.defined() && image.scalar_type() == at::kByte && image.dim() == 3 &&
                       image.size(2) == 3 && image.numel() > 0,
                   kArgument, "a picture draws images of dtype uint8 and shape [h, w, 3]");
  const Tensor bytes = image.detach().to(at::kCPU).contiguous();
  const Box area = impl_->to_pixels(box);
  const auto columns = static_cast<int>(std::lround(area.width * impl_->ratio)),
             rows = static_cast<int>(std::lround(area.height * impl_->ratio));
  if (columns == 0 || rows == 0) return;
  std::shared_ptr<cairo_surface_t> shown = image_surface(bytes);
  const bool reduced = columns < bytes.size(1) || rows < bytes.size(0);
  // Viewers of SVG and PDF smooth an image that they enlarge, so its pixels are squares before they see it.
  if (!reduced && (columns > bytes.size(1) || rows > bytes.size(0)))
    shown = enlarged(shown.get(), columns, rows);
  impl_->steps.emplace_back([area, shown, reduced](cairo_t* cairo) {
    paint_image(cairo, shown.get(), area, reduced ? CAIRO_FILTER_GOOD : CAIRO_FILTER_NEAREST);
  });
}

Tensor Picture::pixels() const {
  const Surface surface(cairo_image_surface_create(CAIRO_FORMAT_RGB24, impl_->columns, impl_->rows));
  impl_->render(surface.get(), impl_->ratio);
  cairo_surface_flush(surface.get());
  Tensor tensor = at::empty({impl_->rows, impl_->columns, 3}, at::kByte);
  auto* byte = tensor.data_ptr<uint8_t>();
  for (int y = 0; y < impl_->rows; ++y) {
    const auto* pixel = reinterpret_cast<const uint32_t*>(cairo_image_surface_get_data(surface.get()) +
                                                          static_cast<ptrdiff_t>(y) *
                                                              cairo_image_surface_get_stride(surface.get()));
    for (int x = 0; x < impl_->columns; ++x)
      for (const int shift : {16, 8, 0}) *byte++ = static_cast<uint8_t>(pixel[x] >> shift);
  }
  return tensor;
}

std::string Picture::png() const { return encode_png(pixels()); }

std::string Picture::svg() const {
  std::string bytes;
  {
    const Surface surface(
        cairo_svg_surface_create_for_stream(append_bytes, &bytes, impl_->width, impl_->height));
    cairo_svg_surface_set_document_unit(surface.get(), CAIRO_SVG_UNIT_PX);
    impl_->render(surface.get(), 1);
    cairo_surface_finish(surface.get());
    check_surface(surface.get());
  }
  return number_by_order(bytes);
}

std::string Picture::pdf() const {
  std::string bytes;
  const Surface surface(cairo_pdf_surface_create_for_stream(
      append_bytes, &bytes, kPointsPerUnit * impl_->width, kPointsPerUnit * impl_->height));
  cairo_pdf_surface_set_metadata(surface.get(), CAIRO_PDF_METADATA_CREATE_DATE, kDocumentDate);
  impl_->render(surface.get(), kPointsPerUnit);
  cairo_surface_finish(surface.get());
  check_surface(surface.get());
  return bytes;
}

PictureFormats picture_formats(const std::vector<std::string>& names) {
  PictureFormats formats;
  for (const std::string& name : names) {
    LATENTPATH_CHECK(name == "png" || name == "svg" || name == "pdf", kArgument, "'", name,
                     "' is not a format of pictures: png, svg or pdf is");
    formats.svg = formats.svg || name == "svg";
    formats.pdf = formats.pdf || name == "pdf";
  }
  return formats;
}

void write_picture(const std::filesystem::path& stem, const Picture& picture, const PictureFormats& formats) {
  const auto file = [&](const char* ending) { return std::filesystem::path(stem) += ending; };
  write_file(file(".png"), picture.png());
  if (formats.svg) write_file(file(".svg"), picture.svg());
  if (formats.pdf) write_file(file(".pdf"), picture.pdf());
}

}  // namespace latentpath
