#include "latentpath/report/picture.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "font_outlines.h"
#include "latentpath/core/error.h"

namespace latentpath {
namespace {

constexpr double kMostPixels = 268435456.0;  // 2^28
constexpr int kSamples = 8;                  // per pixel and direction, for small shapes and text
constexpr int kLineSamples = 4;              // the same for lines, which may span the picture
constexpr int kShift = 4;                    // OpenCV's sub-sample positions are given in 1/16
constexpr int kSplineSegments = 5;
constexpr double kHaloWidth = 0.2;  // of the em

using Contours = std::vector<std::vector<Point>>;

// Decodes UTF-8; what is malformed becomes U+FFFD.
std::u32string code_points(const std::string& text) {
  std::u32string result;
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i++]);
    int following = lead < 0x80         ? 0
                    : (lead >> 5) == 6  ? 1
                    : (lead >> 4) == 14 ? 2
                    : (lead >> 3) == 30 ? 3
                                        : -1;
    char32_t code = following <= 0 ? lead : lead & (0x3f >> following);
    if (following < 0) code = 0xfffd;
    for (; following > 0; --following) {
      if (i >= text.size() || (static_cast<unsigned char>(text[i]) >> 6) != 2) {
        code = 0xfffd;
        break;
      }
      code = code << 6 | (static_cast<unsigned char>(text[i++]) & 0x3f);
    }
    result.push_back(code < 0x20 && code != '\n' ? U' ' : code);
  }
  return result;
}

std::string utf8(const std::u32string& text) {
  std::string result;
  const auto put = [&](char32_t byte) { result.push_back(static_cast<char>(byte)); };
  for (const char32_t c : text) {
    if (c < 0x80) {
      put(c);
    } else if (c < 0x800) {
      put(0xc0 | c >> 6), put(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
      put(0xe0 | c >> 12), put(0x80 | ((c >> 6) & 0x3f)), put(0x80 | (c & 0x3f));
    } else {
      put(0xf0 | c >> 18), put(0x80 | ((c >> 12) & 0x3f)), put(0x80 | ((c >> 6) & 0x3f)),
          put(0x80 | (c & 0x3f));
    }
  }
  return result;
}

struct Glyph {
  const detail::FontOutlines* font;
  const detail::GlyphOutline* outline;
};

Glyph find_glyph(char32_t character, bool bold) {
  static const detail::FontOutlines fonts[] = {detail::regular_font(), detail::bold_font()};
  const auto look_up = [&](const detail::FontOutlines& font, char32_t code) -> const detail::GlyphOutline* {
    const auto found =
        std::lower_bound(font.glyphs.begin(), font.glyphs.end(), code,
                         [](const detail::GlyphOutline& g, char32_t c) { return g.character < c; });
    return found != font.glyphs.end() && found->character == code ? &*found : nullptr;
  };
  if (bold)
    if (const auto* glyph = look_up(fonts[1], character)) return {&fonts[1], glyph};
  if (const auto* glyph = look_up(fonts[0], character)) return {&fonts[0], glyph};
  const auto* unknown = look_up(fonts[0], 0xfffd);
  LATENTPATH_ASSERT(unknown != nullptr);
  return {&fonts[0], unknown};
}

double width_of(const std::u32string& text, const TextStyle& style) {
  double width = 0;
  for (const char32_t c : text) width += find_glyph(c, style.bold).outline->advance;
  return width * style.size / detail::kFontUnitsPerEm;
}

// A TrueType contour as a polygon, font units: two control points in a row imply a curve point halfway.
std::vector<Point> flatten(const detail::FontOutlines& font, int begin, int end) {
  struct Node {
    Point at;
    bool on;
  };
  std::vector<Node> nodes;
  for (int i = begin; i < end; ++i) {
    const int encoded = font.points[static_cast<size_t>(2 * i)];
    const Node node{
        {static_cast<double>(encoded >> 1), static_cast<double>(font.points[static_cast<size_t>(2 * i + 1)])},
        (encoded & 1) != 0};
    if (!nodes.empty() && !nodes.back().on && !node.on)
      nodes.push_back({{(nodes.back().at.x + node.at.x) / 2, (nodes.back().at.y + node.at.y) / 2}, true});
    nodes.push_back(node);
  }
  if (nodes.empty()) return {};
  if (!nodes.front().on && !nodes.back().on)
    nodes.push_back(
        {{(nodes.back().at.x + nodes.front().at.x) / 2, (nodes.back().at.y + nodes.front().at.y) / 2}, true});
  const auto first_on = std::find_if(nodes.begin(), nodes.end(), [](const Node& n) { return n.on; });
  std::rotate(nodes.begin(), first_on, nodes.end());
  std::vector<Point> polygon;
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i].on) {
      polygon.push_back(nodes[i].at);
      continue;
    }
    const Point a = nodes[i - 1].at, b = nodes[i].at, c = nodes[(i + 1) % nodes.size()].at;
    for (int k = 1; k < kSplineSegments; ++k) {
      const double t = static_cast<double>(k) / kSplineSegments, s = 1 - t;
      polygon.push_back(
          {s * s * a.x + 2 * s * t * b.x + t * t * c.x, s * s * a.y + 2 * s * t * b.y + t * t * c.y});
    }
  }
  return polygon;
}

Colour mix(Colour a, Colour b, double weight_of_b) {
  const auto channel = [&](uint8_t x, uint8_t y) {
    return static_cast<uint8_t>(std::lround(x + weight_of_b * (static_cast<double>(y) - x)));
  };
  return {channel(a.red, b.red), channel(a.green, b.green), channel(a.blue, b.blue)};
}

std::vector<std::vector<Point>> dash_line(const std::vector<Point>& points,
                                          const std::vector<double>& dashes) {
  double total = 0;
  for (const double dash : dashes) total += dash;
  if (dashes.empty() || !(total > 0)) return {points};
  std::vector<std::vector<Point>> pieces;
  size_t index = 0;
  double left = dashes[0];
  bool pen_down = true;
  pieces.push_back({points[0]});
  for (size_t i = 1; i < points.size(); ++i) {
    Point from = points[i - 1];
    double length = std::hypot(points[i].x - from.x, points[i].y - from.y);
    while (length > left) {
      const double t = left / length;
      from = {from.x + t * (points[i].x - from.x), from.y + t * (points[i].y - from.y)};
      length -= left;
      if (pen_down) pieces.back().push_back(from);
      pen_down = !pen_down;
      if (pen_down) pieces.push_back({from});
      index = (index + 1) % dashes.size();
      left = std::max(dashes[index], 1e-3);
    }
    left -= length;
    if (pen_down) pieces.back().push_back(points[i]);
  }
  return pieces;
}

}  // namespace

Colour bar_colour(double value) {
  if (std::isnan(value)) return kLightGrey;
  const double t = std::clamp(value, 0.0, 1.0);
  constexpr Colour middle{190, 190, 190};
  return t < 0.5 ? mix(kVermillion, middle, 2 * t) : mix(middle, kBlue, 2 * t - 1);
}

Colour heat_colour(double value, double lightness) {
  if (std::isnan(value)) return kLightGrey;
  static const cv::Mat table = [] {
    cv::Mat ramp(1, 256, CV_8UC1), colours;
    for (int i = 0; i < 256; ++i) ramp.at<uint8_t>(0, i) = static_cast<uint8_t>(i);
    cv::applyColorMap(ramp, colours, cv::COLORMAP_CIVIDIS);
    return colours;
  }();
  const auto& bgr = table.at<cv::Vec3b>(0, static_cast<int>(std::lround(std::clamp(value, 0.0, 1.0) * 255)));
  return mix({bgr[2], bgr[1], bgr[0]}, kWhite, std::clamp(lightness, 0.0, 1.0));
}

double text_width(const std::string& text, const TextStyle& style) {
  return width_of(code_points(text), style);
}

std::string shorten_text(const std::string& text, const TextStyle& style, double width) {
  std::u32string line = code_points(text);
  if (width_of(line, style) <= width) return text;
  while (!line.empty() && width_of(line + U'…', style) > width) line.pop_back();
  while (!line.empty() && line.back() == U' ') line.pop_back();
  return line.empty() ? std::string() : utf8(line + U'…');
}

std::vector<std::string> wrap_text(const std::string& text, const TextStyle& style, double width,
                                   size_t most_lines) {
  std::vector<std::u32string> lines;
  std::u32string rest = code_points(text);
  while (!rest.empty() && lines.size() < most_lines) {
    const size_t newline = std::min(rest.find(U'\n'), rest.size());
    size_t end = newline;
    while (end > 1 && width_of(rest.substr(0, end), style) > width) {
      const size_t space = rest.rfind(U' ', end - 1);
      end = space != std::u32string::npos && space > 0 ? space : end - 1;
    }
    if (lines.size() + 1 == most_lines && end < rest.size()) {
      std::u32string last = rest.substr(0, std::max(end, std::min<size_t>(newline, end + 60)));
      if (width_of(last + U'…', style) <= width && !last.empty())
        lines.push_back(last + U'…');
      else
        lines.push_back(code_points(shorten_text(utf8(last), style, width)));
      break;
    }
    lines.push_back(rest.substr(0, end));
    while (!lines.back().empty() && lines.back().back() == U' ') lines.back().pop_back();
    if (end < rest.size() && rest[end] == U'\n') {
      ++end;
    } else {
      while (end < rest.size() && rest[end] == U' ') ++end;
    }
    rest.erase(0, end);
  }
  std::vector<std::string> result;
  for (const auto& line : lines) result.push_back(utf8(line));
  return result;
}

struct Canvas::Impl {
  cv::Mat picture;  // CV_8UC3, red first
  double width, height, ratio;

  // The rectangle of whole pixels around these points (given in pixels), within the picture and `clip`.
  cv::Rect cover(const Contours& shapes, double margin, const std::optional<Box>& clip) const {
    double x0 = 1e9, y0 = 1e9, x1 = -1e9, y1 = -1e9;
    for (const auto& shape : shapes) {
      for (const Point& p : shape) {
        x0 = std::min(x0, p.x), x1 = std::max(x1, p.x);
        y0 = std::min(y0, p.y), y1 = std::max(y1, p.y);
      }
    }
    x0 -= margin, y0 -= margin, x1 += margin, y1 += margin;
    if (clip) {
      x0 = std::max(x0, std::round(clip->x * ratio)), y0 = std::max(y0, std::round(clip->y * ratio));
      x1 = std::min(x1, std::round((clip->x + clip->width) * ratio));
      y1 = std::min(y1, std::round((clip->y + clip->height) * ratio));
    }
    const int left = static_cast<int>(std::clamp(std::floor(x0), 0.0, 1.0 * picture.cols));
    const int top = static_cast<int>(std::clamp(std::floor(y0), 0.0, 1.0 * picture.rows));
    const int right = static_cast<int>(std::clamp(std::ceil(x1), 0.0, 1.0 * picture.cols));
    const int bottom = static_cast<int>(std::clamp(std::ceil(y1), 0.0, 1.0 * picture.rows));
    return {left, top, std::max(0, right - left), std::max(0, bottom - top)};
  }

  static std::vector<cv::Point> to_samples(const std::vector<Point>& shape, const cv::Rect& area,
                                           int samples) {
    std::vector<cv::Point> result;
    const double scale = samples * (1 << kShift);
    // Sample k covers [k, k + 1): its centre is half a sample to the right of its number. Far-away points are
    // brought to where OpenCV's integers hold them.
    const auto place = [&](double x, double origin) {
      return static_cast<int>(std::lround(std::clamp((x - origin) * scale, -1e8, 1e8) - (1 << (kShift - 1))));
    };
    for (const Point& p : shape) result.emplace_back(place(p.x, area.x), place(p.y, area.y));
    return result;
  }

  void blend(const cv::Mat& mask, const cv::Rect& area, Colour colour) {
    cv::Mat coverage;
    cv::resize(mask, coverage, area.size(), 0, 0, cv::INTER_AREA);
    const int target[] = {colour.red, colour.green, colour.blue};
    for (int y = 0; y < area.height; ++y) {
      const uint8_t* alpha = coverage.ptr<uint8_t>(y);
      auto* pixel = picture.ptr<cv::Vec3b>(area.y + y) + area.x;
      for (int x = 0; x < area.width; ++x) {
        if (alpha[x] == 0) continue;
        for (int c = 0; c < 3; ++c)
          pixel[x][c] =
              static_cast<uint8_t>((pixel[x][c] * (255 - alpha[x]) + target[c] * alpha[x] + 127) / 255);
      }
    }
  }

  // Each group of contours is filled by itself (even-odd); groups may overlap.
  void fill(const std::vector<Contours>& groups, Colour colour) {
    Contours all;
    for (const auto& group : groups) all.insert(all.end(), group.begin(), group.end());
    const cv::Rect area = cover(all, 1, std::nullopt);
    if (area.empty()) return;
    cv::Mat mask = cv::Mat::zeros(area.height * kSamples, area.width * kSamples, CV_8UC1);
    for (const auto& group : groups) {
      std::vector<std::vector<cv::Point>> polygons;
      for (const auto& contour : group) polygons.push_back(to_samples(contour, area, kSamples));
      if (!polygons.empty()) cv::fillPoly(mask, polygons, cv::Scalar(255), cv::LINE_8, kShift);
    }
    blend(mask, area, colour);
  }

  void stroke(const Contours& lines, double line_width, Colour colour, bool closed,
              const std::optional<Box>& clip) {
    const cv::Rect area = cover(lines, line_width / 2 + 1, clip);
    if (area.empty()) return;
    cv::Mat mask = cv::Mat::zeros(area.height * kLineSamples, area.width * kLineSamples, CV_8UC1);
    std::vector<std::vector<cv::Point>> samples;
    for (const auto& line : lines) samples.push_back(to_samples(line, area, kLineSamples));
    const int thickness = std::clamp(static_cast<int>(std::lround(line_width * kLineSamples)), 1, 32000);
    cv::polylines(mask, samples, closed, cv::Scalar(255), thickness, cv::LINE_8, kShift);
    blend(mask, area, colour);
  }

  std::vector<Point> to_pixels(const std::vector<Point>& points) const {
    std::vector<Point> result;
    for (const Point& p : points)
      if (std::isfinite(p.x) && std::isfinite(p.y)) result.push_back({p.x * ratio, p.y * ratio});
    return result;
  }

  cv::Rect whole_pixels(const Box& box) const {
    const int left = static_cast<int>(std::lround(box.x * ratio)),
              top = static_cast<int>(std::lround(box.y * ratio));
    const int right = static_cast<int>(std::lround((box.x + box.width) * ratio));
    const int bottom = static_cast<int>(std::lround((box.y + box.height) * ratio));
    return {left, top, std::max(0, right - left), std::max(0, bottom - top)};
  }

  void fill_pixels(const cv::Rect& area, Colour colour) {
    const cv::Rect visible = area & cv::Rect(0, 0, picture.cols, picture.rows);
    if (!visible.empty()) picture(visible).setTo(cv::Scalar(colour.red, colour.green, colour.blue));
  }
};

Canvas::Canvas(double width, double height, double pixel_ratio, Colour background) : impl_(new Impl) {
  const double columns = std::round(width * pixel_ratio), rows = std::round(height * pixel_ratio);
  LATENTPATH_CHECK(columns >= 1 && rows >= 1 && columns * rows <= kMostPixels, kArgument, "a picture of ",
                   columns, " × ", rows, " pixels cannot be drawn: it must have at least one and at most ",
                   static_cast<int64_t>(kMostPixels));
  impl_->width = width, impl_->height = height, impl_->ratio = pixel_ratio;
  impl_->picture.create(static_cast<int>(rows), static_cast<int>(columns), CV_8UC3);
  impl_->picture.setTo(cv::Scalar(background.red, background.green, background.blue));
}

Canvas::~Canvas() = default;
Canvas::Canvas(Canvas&&) noexcept = default;
Canvas& Canvas::operator=(Canvas&&) noexcept = default;

double Canvas::width() const { return impl_->width; }
double Canvas::height() const { return impl_->height; }

void Canvas::fill_box(const Box& box, Colour colour) { impl_->fill_pixels(impl_->whole_pixels(box), colour); }

void Canvas::fill_polygon(const std::vector<Point>& corners, Colour colour) {
  impl_->fill({{impl_->to_pixels(corners)}}, colour);
}

void Canvas::fill_disc(Point centre, double radius, Colour colour) {
  constexpr int corners = 64;
  std::vector<Point> polygon;
  for (int i = 0; i < corners; ++i) {
    const double angle = 2 * M_PI * i / corners;
    polygon.push_back({centre.x + radius * std::cos(angle), centre.y + radius * std::sin(angle)});
  }
  fill_polygon(polygon, colour);
}

void Canvas::draw_line(const std::vector<Point>& points, const Stroke& stroke,
                       const std::optional<Box>& clip) {
  const std::vector<Point> line = impl_->to_pixels(points);
  if (line.empty()) return;
  std::vector<double> dashes = stroke.dashes;
  for (double& dash : dashes) dash *= impl_->ratio;
  impl_->stroke(dash_line(line, dashes), stroke.width * impl_->ratio, stroke.colour, false, clip);
}

void Canvas::draw_frame(const Box& box, double width, Colour colour) {
  const cv::Rect inner = impl_->whole_pixels(box);
  const int w = std::max(1, static_cast<int>(std::lround(width * impl_->ratio)));
  impl_->fill_pixels({inner.x - w, inner.y - w, inner.width + 2 * w, w}, colour);
  impl_->fill_pixels({inner.x - w, inner.y + inner.height, inner.width + 2 * w, w}, colour);
  impl_->fill_pixels({inner.x - w, inner.y, w, inner.height}, colour);
  impl_->fill_pixels({inner.x + inner.width, inner.y, w, inner.height}, colour);
}

void Canvas::draw_text(Point at, const std::string& text, const TextStyle& style) {
  const std::u32string characters = code_points(text);
  const double width = width_of(characters, style);
  double pen = style.align == Align::kLeft ? 0 : style.align == Align::kCentre ? -width / 2 : -width;
  const double scale = style.size / detail::kFontUnitsPerEm;
  std::vector<Contours> glyphs;
  Contours outlines;
  for (const char32_t c : characters) {
    const Glyph glyph = find_glyph(c, style.bold);
    Contours contours;
    for (int k = 0; k < glyph.outline->contour_count; ++k) {
      const auto contour = static_cast<size_t>(glyph.outline->first_contour + k);
      const int begin = contour == 0 ? 0 : glyph.font->ends[contour - 1];
      std::vector<Point> polygon = flatten(*glyph.font, begin, glyph.font->ends[contour]);
      for (Point& p : polygon) {
        const double right = pen + p.x * scale, up = p.y * scale;
        p = style.upwards ? Point{at.x - up, at.y - right} : Point{at.x + right, at.y - up};
      }
      contours.push_back(impl_->to_pixels(polygon));
      outlines.push_back(contours.back());
    }
    if (!contours.empty()) glyphs.push_back(std::move(contours));
    pen += glyph.outline->advance * scale;
  }
  if (glyphs.empty()) return;
  if (style.halo)
    impl_->stroke(outlines, 2 * kHaloWidth * style.size * impl_->ratio, *style.halo, true, std::nullopt);
  impl_->fill(glyphs, style.colour);
}

void Canvas::draw_image(const Box& box, const Tensor& image) {
  LATENTPATH_CHECK(image.defined() && image.scalar_type() == at::kByte && image.dim() == 3 &&
                       image.size(2) == 3 && image.numel() > 0,
                   kArgument, "a canvas draws images of dtype uint8 and shape [h, w, 3]");
  const Tensor pixels = image.detach().to(at::kCPU).contiguous();
  const cv::Mat source(static_cast<int>(pixels.size(0)), static_cast<int>(pixels.size(1)), CV_8UC3,
                       pixels.data_ptr());
  const cv::Rect area = impl_->whole_pixels(box);
  const cv::Rect visible = area & cv::Rect(0, 0, impl_->picture.cols, impl_->picture.rows);
  if (visible.empty()) return;
  const bool reduced = area.width < source.cols || area.height < source.rows;
  cv::Mat stretched;
  cv::resize(source, stretched, area.size(), 0, 0, reduced ? cv::INTER_AREA : cv::INTER_NEAREST);
  stretched(cv::Rect(visible.x - area.x, visible.y - area.y, visible.width, visible.height))
      .copyTo(impl_->picture(visible));
}

Tensor Canvas::pixels() const {
  Tensor tensor = at::empty({impl_->picture.rows, impl_->picture.cols, 3}, at::kByte);
  const cv::Mat target(impl_->picture.rows, impl_->picture.cols, CV_8UC3, tensor.data_ptr());
  impl_->picture.copyTo(target);
  return tensor;
}

}  // namespace latentpath
