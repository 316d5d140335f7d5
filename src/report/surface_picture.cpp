#include "latentpath/report/surface_picture.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "latentpath/core/error.h"
#include "report/end_markers.h"

namespace latentpath {
namespace {

using Vector = std::array<double, 3>;

constexpr double kMargin = 18, kTitleHeight = 34, kLineSpacing = 19;
const TextStyle kTitleStyle{.size = 15, .bold = true, .align = Align::kCentre};
const TextStyle kEndStyle{.size = 13, .bold = true, .align = Align::kCentre, .halo = kWhite};
const TextStyle kNoteStyle{.size = 12, .colour = kGrey};

Vector minus(const Vector& a, const Vector& b) { return {a[0] - b[0], a[1] - b[1], a[2] - b[2]}; }
double dot(const Vector& a, const Vector& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }
Vector cross(const Vector& a, const Vector& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}
bool finite(const Vector& v) { return std::isfinite(v[0]) && std::isfinite(v[1]) && std::isfinite(v[2]); }

Colour scale(Colour colour, double factor) {
  const auto channel = [factor](uint8_t value) {
    return static_cast<uint8_t>(std::clamp(std::lround(value * factor), 0L, 255L));
  };
  return {channel(colour.red), channel(colour.green), channel(colour.blue)};
}

/// Something to be painted, the farthest first.
struct Item {
  double depth;  // towards the viewer
  std::vector<Point> outline;
  Colour colour;
  double width;  // 0: a face; else a line
};

std::vector<Vector> read_points(const Tensor& points) {
  const Tensor flat = points.detach().to(at::kCPU, at::kDouble).reshape({-1, 3}).contiguous();
  std::vector<Vector> result(static_cast<size_t>(flat.size(0)));
  const double* data = flat.data_ptr<double>();
  for (size_t i = 0; i < result.size(); ++i) result[i] = {data[3 * i], data[3 * i + 1], data[3 * i + 2]};
  return result;
}

/// Parallel projection onto the plane that faces the viewer.
struct View {
  explicit View(const SurfacePicture& picture) {
    const double azimuth = picture.azimuth * M_PI / 180, elevation = picture.elevation * M_PI / 180;
    towards = {std::cos(elevation) * std::cos(azimuth), std::cos(elevation) * std::sin(azimuth),
               std::sin(elevation)};
    right = {-std::sin(azimuth), std::cos(azimuth), 0};
    up = cross(towards, right);
    // From above, over the viewer's left shoulder.
    for (size_t d = 0; d < 3; ++d) light[d] = 0.55 * towards[d] - 0.45 * right[d] + 0.7 * up[d];
    const double brightness = std::sqrt(dot(light, light));
    for (double& x : light) x /= brightness;
  }
  Point project(const Vector& v) const { return {dot(v, right), -dot(v, up)}; }

  Vector towards, right, up, light{};
};

class SurfacePainter {
 public:
  explicit SurfacePainter(const SurfacePicture& picture);
  Picture draw() const;

 private:
  void include(const std::vector<Vector>& points);
  Point place(const Vector& v) const {
    const Point p = view_.project(v);
    return {left_ + (p.x - x0_) * zoom_, top_ + (p.y - y0_) * zoom_};
  }
  void add_faces(size_t patch, std::vector<Item>& items) const;
  void add_lines(std::vector<Item>& items) const;
  void draw_markers(Picture& picture) const;
  void draw_legend(Picture& picture) const;

  const SurfacePicture& described_;
  View view_;
  std::vector<std::vector<Vector>> nets_, lines_;
  std::vector<const SurfaceCurve*> listed_;                                                 // in the legend
  double x0_ = std::numeric_limits<double>::infinity(), y0_ = x0_, x1_ = -x0_, y1_ = -x0_;  // projected
  double extent_ = 0, zoom_ = 1, left_ = 0, top_ = 0, width_ = 0, below_ = 0;
};

void SurfacePainter::include(const std::vector<Vector>& points) {
  for (const Vector& v : points) {
    if (!finite(v)) continue;
    const Point p = view_.project(v);
    x0_ = std::min(x0_, p.x), y0_ = std::min(y0_, p.y);
    x1_ = std::max(x1_, p.x), y1_ = std::max(y1_, p.y);
  }
}

SurfacePainter::SurfacePainter(const SurfacePicture& picture) : described_(picture), view_(picture) {
  LATENTPATH_CHECK(picture.values.empty() || picture.values.size() == picture.patches.size(), kArgument,
                   "a surface picture has ", picture.patches.size(), " patches and ", picture.values.size(),
                   " sets of values; they must be as many, or none");
  for (const Tensor& patch : picture.patches) {
    LATENTPATH_CHECK(patch.defined() && patch.dim() == 3 && patch.size(2) == 3, kArgument,
                     "a patch of a surface has the shape [rows, columns, 3]");
    nets_.push_back(read_points(patch));
    include(nets_.back());
  }
  for (const SurfaceCurve& curve : picture.curves) {
    LATENTPATH_CHECK(curve.points.defined() && curve.points.dim() == 2 && curve.points.size(1) == 3,
                     kArgument, "a curve on a surface has the shape [n, 3]");
    lines_.push_back(read_points(curve.points));
    include(lines_.back());
    if (!curve.name.empty()) listed_.push_back(&curve);
  }
  extent_ = std::max(x1_ - x0_, y1_ - y0_);
  LATENTPATH_CHECK(std::isfinite(extent_) && extent_ > 0, kArgument, "there is nothing finite to draw");
  zoom_ = picture.size / extent_;
  const double drawing_width = (x1_ - x0_) * zoom_;
  top_ = picture.title.empty() ? kMargin : kTitleHeight + kMargin;
  width_ = std::max({drawing_width, text_width(picture.title, kTitleStyle),
                     text_width(picture.note, kNoteStyle)}) +
           2 * kMargin;
  left_ = (width_ - drawing_width) / 2;
  below_ = top_ + (y1_ - y0_) * zoom_ + kMargin;
}

void SurfacePainter::add_faces(size_t patch, std::vector<Item>& items) const {
  const int64_t rows = described_.patches[patch].size(0), columns = described_.patches[patch].size(1);
  Tensor quality;
  if (!described_.values.empty()) {
    quality = described_.values[patch].detach().to(at::kCPU, at::kDouble).contiguous();
    LATENTPATH_CHECK(quality.dim() == 2 && quality.size(0) == rows && quality.size(1) == columns, kArgument,
                     "the values of a patch have the shape [rows, columns] of its corners");
  }
  const auto corner = [&](int64_t r, int64_t c) -> const Vector& {
    return nets_[patch][static_cast<size_t>(r * columns + c)];
  };
  for (int64_t i = 0; i + 1 < rows; ++i)
    for (int64_t j = 0; j + 1 < columns; ++j) {
      const Vector &a = corner(i, j), &b = corner(i, j + 1), &c = corner(i + 1, j + 1), &d = corner(i + 1, j);
      if (!finite(a) || !finite(b) || !finite(c) || !finite(d)) continue;
      Vector normal = cross(minus(c, a), minus(d, b));
      const double area = std::sqrt(dot(normal, normal));
      if (area == 0) continue;
      // Both sides of a surface are seen: the one that faces the viewer is lit.
      const double side = dot(normal, view_.towards) < 0 ? -1 / area : 1 / area;
      for (double& x : normal) x *= side;
      const double shade = 0.62 + 0.38 * std::max(0.0, dot(normal, view_.light));
      Colour colour{226, 232, 240};
      if (quality.defined()) colour = heat_colour(quality.data_ptr<double>()[i * columns + j], 0.35);
      const Vector& towards = view_.towards;
      items.push_back({0.25 * (dot(a, towards) + dot(b, towards) + dot(c, towards) + dot(d, towards)),
                       {place(a), place(b), place(c), place(d)},
                       scale(colour, shade),
                       0});
    }
}

/// Curves lie on their surface, whose faces have depths of their own: a little towards the viewer settles it.
void SurfacePainter::add_lines(std::vector<Item>& items) const {
  const double lift = 0.02 * extent_;
  for (size_t k = 0; k < lines_.size(); ++k)
    for (size_t i = 0; i + 1 < lines_[k].size(); ++i) {
      const Vector &from = lines_[k][i], &to = lines_[k][i + 1];
      if (!finite(from) || !finite(to)) continue;
      const double depth = 0.5 * (dot(from, view_.towards) + dot(to, view_.towards));
      items.push_back({depth + lift * (1 + 0.01 * static_cast<double>(k)),
                       {place(from), place(to)},
                       described_.curves[k].colour,
                       described_.curves[k].width});
    }
}

void SurfacePainter::draw_markers(Picture& picture) const {
  if (lines_.empty() || lines_.back().empty()) return;
  const Vector &first = lines_.back().front(), &last = lines_.back().back();
  const auto ends =
      detail::end_markers(place(first), place(last), finite(first) ? described_.start_label : "",
                          finite(last) ? described_.end_label : "");
  for (const detail::EndMarker& end : ends) {
    picture.fill_disc(end.at, 6.4, kWhite);
    picture.fill_disc(end.at, 5, kBlack);
    picture.fill_disc(end.at, 3.2, end.fill);
  }
  for (size_t i = 0; i < ends.size(); ++i) {
    // Above the disc, or below it where the other end lies higher up.
    const auto& [at, label, fill] = ends[i];
    const bool below = ends.size() == 2 && ends[1 - i].at.y < at.y;
    const double half = text_width(label, kEndStyle) / 2;
    picture.draw_text({std::clamp(at.x, half + 4, width_ - half - 4), at.y + (below ? 20 : -10)}, label,
                      kEndStyle);
  }
}

void SurfacePainter::draw_legend(Picture& picture) const {
  double line = below_ + 6;
  for (const SurfaceCurve* curve : listed_) {
    picture.draw_line({{kMargin, line}, {kMargin + 26, line}}, {.colour = curve->colour, .width = 2.5});
    picture.draw_text({kMargin + 34, line + 4}, curve->name, {.size = 12});
    line += kLineSpacing;
  }
  picture.draw_text({kMargin, line + 4}, described_.note, kNoteStyle);
}

Picture SurfacePainter::draw() const {
  const size_t text_lines = listed_.size() + (described_.note.empty() ? 0 : 1);
  Picture picture(width_, below_ + kLineSpacing * static_cast<double>(text_lines) + kMargin,
                  described_.pixel_ratio);
  std::vector<Item> items;
  for (size_t patch = 0; patch < nets_.size(); ++patch) add_faces(patch, items);
  add_lines(items);
  std::stable_sort(items.begin(), items.end(),
                   [](const Item& a, const Item& b) { return a.depth < b.depth; });
  for (const Item& item : items) {
    if (item.width > 0)
      picture.draw_line(item.outline, {.colour = item.colour, .width = item.width});
    else
      // The outline closes the hairlines that anti-aliasing leaves between neighbours; in the face's own
      // colour, a little darker, so that the net shows.
      picture.fill_polygon(item.outline, item.colour, Stroke{scale(item.colour, 0.965), 0.7});
  }
  draw_markers(picture);
  picture.draw_text({width_ / 2, kTitleHeight - 8}, described_.title, kTitleStyle);
  draw_legend(picture);
  return picture;
}

}  // namespace

Picture draw_surface(const SurfacePicture& picture) { return SurfacePainter(picture).draw(); }

}  // namespace latentpath
