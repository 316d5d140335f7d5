#include "latentpath/report/surface_picture.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "latentpath/core/error.h"

namespace latentpath {
namespace {

using Vector = std::array<double, 3>;

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

}  // namespace

Tensor draw_surface(const SurfacePicture& picture) {
  LATENTPATH_CHECK(picture.values.empty() || picture.values.size() == picture.patches.size(), kArgument,
                   "a surface picture has ", picture.patches.size(), " patches and ", picture.values.size(),
                   " sets of values; they must be as many, or none");
  const double azimuth = picture.azimuth * M_PI / 180, elevation = picture.elevation * M_PI / 180;
  const Vector towards{std::cos(elevation) * std::cos(azimuth), std::cos(elevation) * std::sin(azimuth),
                       std::sin(elevation)};
  const Vector right{-std::sin(azimuth), std::cos(azimuth), 0};
  const Vector up = cross(towards, right);
  // From above, over the viewer's left shoulder.
  Vector light{0.55 * towards[0] - 0.45 * right[0] + 0.7 * up[0],
               0.55 * towards[1] - 0.45 * right[1] + 0.7 * up[1],
               0.55 * towards[2] - 0.45 * right[2] + 0.7 * up[2]};
  const double brightness = std::sqrt(dot(light, light));
  for (double& x : light) x /= brightness;

  Box bounds{std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity(), 0, 0};
  double x1 = -bounds.x, y1 = -bounds.y;
  const auto project = [&](const Vector& v) { return Point{dot(v, right), -dot(v, up)}; };
  const auto include = [&](const Vector& v) {
    if (!finite(v)) return;
    const Point p = project(v);
    bounds.x = std::min(bounds.x, p.x), bounds.y = std::min(bounds.y, p.y);
    x1 = std::max(x1, p.x), y1 = std::max(y1, p.y);
  };
  std::vector<std::vector<Vector>> nets, lines;
  const auto read = [](const Tensor& points) {
    const Tensor flat = points.detach().to(at::kCPU, at::kDouble).reshape({-1, 3}).contiguous();
    std::vector<Vector> result(static_cast<size_t>(flat.size(0)));
    const double* data = flat.data_ptr<double>();
    for (size_t i = 0; i < result.size(); ++i) result[i] = {data[3 * i], data[3 * i + 1], data[3 * i + 2]};
    return result;
  };
  for (const Tensor& patch : picture.patches) {
    LATENTPATH_CHECK(patch.defined() && patch.dim() == 3 && patch.size(2) == 3, kArgument,
                     "a patch of a surface has the shape [rows, columns, 3]");
    nets.push_back(read(patch));
    for (const Vector& v : nets.back()) include(v);
  }
  for (const SurfaceCurve& curve : picture.curves) {
    LATENTPATH_CHECK(curve.points.defined() && curve.points.dim() == 2 && curve.points.size(1) == 3,
                     kArgument, "a curve on a surface has the shape [n, 3]");
    lines.push_back(read(curve.points));
    for (const Vector& v : lines.back()) include(v);
  }
  const double extent = std::max(x1 - bounds.x, y1 - bounds.y);
  LATENTPATH_CHECK(std::isfinite(extent) && extent > 0, kArgument, "there is nothing finite to draw");

  constexpr double margin = 18, title_height = 34, line_spacing = 19;
  std::vector<const SurfaceCurve*> listed;
  for (const SurfaceCurve& curve : picture.curves)
    if (!curve.name.empty()) listed.push_back(&curve);
  const double zoom = picture.size / extent;
  const double top = picture.title.empty() ? margin : title_height + margin;
  const double drawing_width = (x1 - bounds.x) * zoom, drawing_height = (y1 - bounds.y) * zoom;
  double width = drawing_width + 2 * margin;
  width = std::max(width, text_width(picture.title, {.size = 15, .bold = true}) + 2 * margin);
  width = std::max(width, text_width(picture.note, {.size = 12}) + 2 * margin);
  const double below = top + drawing_height + margin;
  const double height =
      below + line_spacing * static_cast<double>(listed.size() + !picture.note.empty()) + margin;
  Canvas canvas(width, height, picture.pixel_ratio);
  const double left = (width - drawing_width) / 2;
  const auto place = [&](const Vector& v) {
    const Point p = project(v);
    return Point{left + (p.x - bounds.x) * zoom, top + (p.y - bounds.y) * zoom};
  };

  std::vector<Item> items;
  for (size_t patch = 0; patch < nets.size(); ++patch) {
    const int64_t rows = picture.patches[patch].size(0), columns = picture.patches[patch].size(1);
    Tensor quality;
    if (!picture.values.empty()) {
      quality = picture.values[patch].detach().to(at::kCPU, at::kDouble).contiguous();
      LATENTPATH_CHECK(quality.dim() == 2 && quality.size(0) == rows && quality.size(1) == columns, kArgument,
                       "the values of a patch have the shape [rows, columns] of its corners");
    }
    for (int64_t i = 0; i + 1 < rows; ++i)
      for (int64_t j = 0; j + 1 < columns; ++j) {
        const auto corner = [&](int64_t r, int64_t c) {
          return nets[patch][static_cast<size_t>(r * columns + c)];
        };
        const Vector a = corner(i, j), b = corner(i, j + 1), c = corner(i + 1, j + 1), d = corner(i + 1, j);
        if (!finite(a) || !finite(b) || !finite(c) || !finite(d)) continue;
        Vector normal = cross(minus(c, a), minus(d, b));
        const double area = std::sqrt(dot(normal, normal));
        if (area == 0) continue;
        for (double& x : normal) x /= area;
        // Both sides of a surface are seen: the one turned to the viewer is lit.
        if (dot(normal, towards) < 0)
          for (double& x : normal) x = -x;
        const double shade = 0.62 + 0.38 * std::max(0.0, dot(normal, light));
        Colour colour{226, 232, 240};
        if (quality.defined()) colour = heat_colour(quality[i][j].item<double>(), 0.35);
        items.push_back({0.25 * (dot(a, towards) + dot(b, towards) + dot(c, towards) + dot(d, towards)),
                         {place(a), place(b), place(c), place(d)},
                         scale(colour, shade),
                         0});
      }
  }
  // Curves lie on their surface, whose faces have depths of their own: a little towards the viewer settles
  // it.
  const double lift = 0.02 * extent;
  for (size_t k = 0; k < lines.size(); ++k)
    for (size_t i = 0; i + 1 < lines[k].size(); ++i) {
      if (!finite(lines[k][i]) || !finite(lines[k][i + 1])) continue;
      const double depth = 0.5 * (dot(lines[k][i], towards) + dot(lines[k][i + 1], towards));
      items.push_back({depth + lift * (1 + 0.01 * static_cast<double>(k)),
                       {place(lines[k][i]), place(lines[k][i + 1])},
                       picture.curves[k].colour,
                       picture.curves[k].width});
    }
  std::stable_sort(items.begin(), items.end(),
                   [](const Item& a, const Item& b) { return a.depth < b.depth; });
  for (const Item& item : items) {
    if (item.width > 0) {
      canvas.draw_line(item.outline, {.colour = item.colour, .width = item.width});
      continue;
    }
    canvas.fill_polygon(item.outline, item.colour);
    // Closes the hairlines that anti-aliasing leaves between neighbours; their own colour, a little darker,
    // so that the net shows.
    std::vector<Point> closed = item.outline;
    closed.push_back(closed.front());
    canvas.draw_line(closed, {.colour = scale(item.colour, 0.965), .width = 0.7});
  }
  if (picture.markers && !lines.empty() && !lines.back().empty())
    for (const Vector& end : {lines.back().front(), lines.back().back()}) {
      if (!finite(end)) continue;
      canvas.fill_disc(place(end), 5.5, kWhite);
      canvas.fill_disc(place(end), 4, picture.curves.back().colour);
    }
  if (!picture.title.empty())
    canvas.draw_text({width / 2, title_height - 8}, picture.title,
                     {.size = 15, .bold = true, .align = Align::kCentre});
  double line = below + 6;
  for (const SurfaceCurve* curve : listed) {
    canvas.draw_line({{margin, line}, {margin + 26, line}}, {.colour = curve->colour, .width = 2.5});
    canvas.draw_text({margin + 34, line + 4}, curve->name, {.size = 12});
    line += line_spacing;
  }
  if (!picture.note.empty())
    canvas.draw_text({margin, line + 4}, picture.note, {.size = 12, .colour = kGrey});
  return canvas.pixels();
}

}  // namespace latentpath
