#include "latentpath/report/latent_plane.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <optional>

#include "latentpath/core/error.h"

namespace latentpath {
namespace {

constexpr double kMargin = 18;
constexpr double kMostAspect = 4;  // beyond it the axes get scales of their own
constexpr double kBarWidth = 14, kBarGap = 20;
constexpr double kLegendLine = 28, kLegendRow = 20;
constexpr double kLightness = 0.5;  // of the heat map, so that the curves stand out
constexpr double kCurveWidth = 2.6, kCasing = 1.6;
const std::vector<double> kDashes{8, 6};
constexpr Colour kContourColour{70, 70, 70}, kSampleColour{175, 185, 200};

const TextStyle kTitleStyle{.size = 16, .bold = true};
const TextStyle kTickStyle{.size = 11, .align = Align::kCentre};
const TextStyle kAxisStyle{.size = 12.5, .align = Align::kCentre};
const TextStyle kLegendStyle{.size = 12};
const TextStyle kContourStyle{.size = 10.5, .colour = {50, 50, 50}, .align = Align::kCentre};
const TextStyle kEndStyle{
    .size = 13, .colour = kBlack, .bold = true, .align = Align::kCentre, .halo = kWhite};

struct Ticks {
  std::vector<double> values;
  std::vector<std::string> names;
};

// Round values, about `wanted` of them, with just the digits that tell them apart.
Ticks make_ticks(double from, double to, double wanted) {
  const double raw = (to - from) / wanted, power = std::pow(10.0, std::floor(std::log10(raw)));
  double step = 10 * power;
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= raw * 0.999) {
      step = factor * power;
      break;
    }
  }
  const int digits = std::max(0, static_cast<int>(-std::floor(std::log10(step) + 1e-9)));
  Ticks ticks;
  for (double k = std::ceil(from / step - 1e-6); k * step <= to + 1e-6 * step && ticks.values.size() < 50;
       k += 1) {
    const double value = k * step;
    std::array<char, 64> text{};
    const double magnitude = std::max(std::abs(from), std::abs(to));
    if (magnitude >= 1e6 || magnitude < 1e-4)
      std::snprintf(text.data(), text.size(), "%.3g", std::abs(value));
    else
      std::snprintf(text.data(), text.size(), "%.*f", digits, std::abs(value));
    ticks.values.push_back(value);
    ticks.names.push_back((k < 0 ? "−" : "") + std::string(text.data()));
  }
  return ticks;
}

// From the plane to the picture.
struct Frame {
  Box box;
  double x0, x1, y0, y1;
  Point operator()(Point p) const {
    return {box.x + (p.x - x0) / (x1 - x0) * box.width, box.y + (y1 - p.y) / (y1 - y0) * box.height};
  }
};

std::vector<Point> to_points(const Tensor& tensor) {
  const Tensor rows = tensor.detach().to(at::kCPU, at::kDouble).contiguous();
  const auto* data = rows.data_ptr<double>();
  std::vector<Point> points;
  for (int64_t i = 0; i < rows.size(0); ++i) points.push_back({data[2 * i], data[2 * i + 1]});
  return points;
}

bool overlap(const Box& a, const Box& b) {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

bool contains(const Box& a, const Point& p) {
  return p.x >= a.x && p.x <= a.x + a.width && p.y >= a.y && p.y <= a.y + a.height;
}

// Finds places for labels where they hide neither curves nor each other.
class Placer {
 public:
  explicit Placer(const Box& area) : area_(area) {}

  void avoid_line(const std::vector<Point>& line) {
    for (size_t i = 0; i + 1 < line.size(); ++i) {
      const double length = std::hypot(line[i + 1].x - line[i].x, line[i + 1].y - line[i].y);
      if (!std::isfinite(length)) continue;
      const int pieces = std::clamp(static_cast<int>(length / 4), 1, 1000);
      for (int k = 0; k <= pieces; ++k) {
        const double t = static_cast<double>(k) / pieces;
        points_.push_back(
            {line[i].x + t * (line[i + 1].x - line[i].x), line[i].y + t * (line[i + 1].y - line[i].y)});
      }
    }
  }
  void avoid_box(const Box& box) { boxes_.push_back(box); }

  // 0 is a good place; the first of equals wins.
  double badness(const Box& box) const {
    double bad = 0;
    if (box.x < area_.x + 2 || box.y < area_.y + 2 || box.x + box.width > area_.x + area_.width - 2 ||
        box.y + box.height > area_.y + area_.height - 2)
      bad += 1e6;
    for (const Box& other : boxes_) bad += overlap(box, other) ? 1000 : 0;
    for (const Point& p : points_) bad += contains(box, p) ? 1 : 0;
    return bad;
  }

 private:
  Box area_;
  std::vector<Point> points_;
  std::vector<Box> boxes_;
};

// The box of a centred text whose middle is at `middle`, and the baseline point that puts it there.
Box text_box(Point middle, const std::string& text, const TextStyle& style) {
  const double width = text_width(text, style) + 6, height = 1.25 * style.size;
  return {middle.x - width / 2, middle.y - height / 2, width, height};
}

void draw_centred(Canvas& canvas, Point middle, const std::string& text, const TextStyle& style) {
  canvas.draw_text({middle.x, middle.y + 0.36 * style.size}, text, style);
}

Tensor heat_map(const LatentPlane& plane, int64_t rows, int64_t columns) {
  const Tensor values = plane.values.detach().to(at::kCPU, at::kDouble).contiguous();
  const int64_t h = values.size(0), w = values.size(1);
  const auto* data = values.data_ptr<double>();
  Tensor picture = at::empty({rows, columns, 3}, at::kByte);
  auto* pixel = picture.data_ptr<uint8_t>();
  // Where the middle of pixel i of n lies among m samples that include both ends.
  const auto locate = [](int64_t i, int64_t n, int64_t m) {
    return (static_cast<double>(i) + 0.5) / static_cast<double>(n) * static_cast<double>(m - 1);
  };
  for (int64_t r = 0; r < rows; ++r) {
    const double v = locate(rows - 1 - r, rows, h);
    const auto i0 = static_cast<int64_t>(v), i1 = std::min(i0 + 1, h - 1);
    for (int64_t c = 0; c < columns; ++c, pixel += 3) {
      const double u = locate(c, columns, w);
      const auto j0 = static_cast<int64_t>(u), j1 = std::min(j0 + 1, w - 1);
      const double s = v - static_cast<double>(i0), t = u - static_cast<double>(j0);
      const double value = (1 - s) * ((1 - t) * data[i0 * w + j0] + t * data[i0 * w + j1]) +
                           s * ((1 - t) * data[i1 * w + j0] + t * data[i1 * w + j1]);
      const Colour colour =
          heat_colour((value - plane.value_min) / (plane.value_max - plane.value_min), kLightness);
      pixel[0] = colour.red, pixel[1] = colour.green, pixel[2] = colour.blue;
    }
  }
  return picture;
}

void check(const LatentPlane& plane) {
  const auto finite = [](double a, double b) { return std::isfinite(a) && std::isfinite(b); };
  LATENTPATH_CHECK(finite(plane.x0, plane.x1) && plane.x0 < plane.x1, kArgument,
                   "a latent plane from x = ", plane.x0, " to ", plane.x1, ": x0 must be below x1");
  LATENTPATH_CHECK(finite(plane.y0, plane.y1) && plane.y0 < plane.y1, kArgument,
                   "a latent plane from y = ", plane.y0, " to ", plane.y1, ": y0 must be below y1");
  LATENTPATH_CHECK(finite(plane.value_min, plane.value_max) && plane.value_min < plane.value_max, kArgument,
                   "a latent plane's value_min is ", plane.value_min, ": it must be below value_max, ",
                   plane.value_max);
  LATENTPATH_CHECK(plane.size >= 100 && plane.pixel_ratio > 0, kArgument, "a latent plane's size is ",
                   plane.size, ": it must be at least 100, with a pixel_ratio above 0");
  LATENTPATH_CHECK(!plane.values.defined() ||
                       (plane.values.dim() == 2 && plane.values.numel() > 0 && !plane.values.is_complex()),
                   kArgument, "a latent plane's values have shape ",
                   plane.values.defined() ? shape_string(plane.values.sizes()) : std::string(),
                   "; expected [rows, columns]");
  LATENTPATH_CHECK(!plane.samples.defined() || (plane.samples.dim() == 2 && plane.samples.size(1) == 2 &&
                                                plane.samples.is_floating_point()),
                   kArgument, "a latent plane's samples must be floating point [n, 2]");
  LATENTPATH_CHECK(
      !plane.sample_values.defined() || (plane.samples.defined() && plane.sample_values.dim() == 1 &&
                                         plane.sample_values.size(0) == plane.samples.size(0)),
      kArgument, "a latent plane's sample_values must have one value a sample");
  for (const PlaneCurve& curve : plane.curves)
    LATENTPATH_CHECK(curve.points.defined() && curve.points.dim() == 2 && curve.points.size(1) == 2 &&
                         curve.points.size(0) > 0 && curve.points.is_floating_point(),
                     kArgument, "the curve '", curve.name, "' has shape ",
                     curve.points.defined() ? shape_string(curve.points.sizes()) : std::string("[]"),
                     "; expected floating point [n, 2]");
}

struct LegendEntry {
  std::string name;
  Stroke stroke;
  bool disc = false;
};

/// Discs small enough for a cloud of thousands to show its shape, the likeliest drawn last.
void draw_samples(Canvas& canvas, const LatentPlane& plane, const Frame& frame) {
  const std::vector<Point> points = to_points(plane.samples);
  std::vector<double> values(points.size(), 0);
  std::vector<size_t> order(points.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  if (plane.sample_values.defined()) {
    const Tensor all = plane.sample_values.detach().to(at::kCPU, at::kDouble).contiguous();
    values.assign(all.data_ptr<double>(), all.data_ptr<double>() + all.numel());
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return values[a] < values[b]; });
  }
  for (const size_t i : order) {
    const Point at = frame(points[i]);
    if (!contains(frame.box, at)) continue;
    const double value = (values[i] - plane.value_min) / (plane.value_max - plane.value_min);
    canvas.fill_disc(at, 2.1, plane.sample_values.defined() ? heat_colour(value, kLightness) : kSampleColour);
  }
}

}  // namespace

Tensor draw_latent_plane(const LatentPlane& plane) {
  check(plane);
  const double aspect = (plane.y1 - plane.y0) / (plane.x1 - plane.x0);
  const bool equal = aspect <= kMostAspect && aspect >= 1 / kMostAspect;
  const double shown = equal ? aspect : std::clamp(aspect, 0.6, 1.4);
  const double plot_width = std::round(shown <= 1 ? plane.size : plane.size / shown);
  const double plot_height = std::round(shown <= 1 ? plane.size * shown : plane.size);
  const bool bar_shown = plane.values.defined() || plane.sample_values.defined();

  const Ticks x_ticks = make_ticks(plane.x0, plane.x1, std::max(2.0, plot_width / 75));
  const Ticks y_ticks = make_ticks(plane.y0, plane.y1, std::max(2.0, plot_height / 70));
  const Ticks v_ticks = make_ticks(plane.value_min, plane.value_max, std::max(2.0, plot_height / 110));
  const auto widest = [](const Ticks& ticks) {
    double width = 0;
    for (const auto& name : ticks.names) width = std::max(width, text_width(name, kTickStyle));
    return width;
  };
  const double left =
      kMargin + (plane.y_label.empty() ? 0 : kAxisStyle.size + 8) + std::ceil(widest(y_ticks)) + 10;
  // The last name of the x axis may reach beyond the plot.
  const double right =
      (bar_shown ? kBarGap + kBarWidth + 8 + std::ceil(widest(v_ticks)) + (plane.value_label.empty() ? 0 : 22)
                 : std::ceil(widest(x_ticks) / 2)) +
      kMargin;
  const double width = left + plot_width + right;

  const std::vector<std::string> title = wrap_text(plane.title, kTitleStyle, width - 2 * kMargin, 4);
  const double title_height =
      title.empty() ? 0 : static_cast<double>(title.size()) * line_height(kTitleStyle) + 12;
  const Box box{left, kMargin + title_height, plot_width, plot_height};
  const Frame frame{box, plane.x0, plane.x1, plane.y0, plane.y1};

  // The legend flows over as many lines as it needs, below the axis.
  std::vector<LegendEntry> legend;
  for (const PlaneCurve& curve : plane.curves)
    if (!curve.name.empty())
      legend.push_back({curve.name,
                        {curve.colour, curve.thin ? 0.6 * kCurveWidth : kCurveWidth,
                         curve.dashed ? kDashes : std::vector<double>{}}});
  if (!plane.contours.empty() && !plane.contour_label.empty())
    legend.push_back({plane.contour_label, {kContourColour, 1.1, {}}});
  if (plane.samples.defined() && !plane.sample_label.empty())
    legend.push_back({plane.sample_label, {kSampleColour, 1, {}}, true});
  std::vector<Point> legend_at;
  double legend_x = 0, legend_y = 0;
  const double legend_left = kMargin, legend_room = width - kMargin - legend_left;
  for (LegendEntry& entry : legend) {
    entry.name = shorten_text(entry.name, kLegendStyle, legend_room - kLegendLine - 8);
    const double entry_width = kLegendLine + 8 + text_width(entry.name, kLegendStyle);
    if (legend_x > 0 && legend_x + entry_width > legend_room) legend_x = 0, legend_y += kLegendRow;
    legend_at.push_back({legend_x, legend_y});
    legend_x += entry_width + 22;
  }
  // A legend on one line is centred under the plot where it fits there.
  const double legend_line = legend_x - 22;
  const double legend_start = legend_y == 0 ? std::clamp(left + (plot_width - legend_line) / 2, legend_left,
                                                         legend_left + legend_room - legend_line)
                                            : legend_left;
  const double axis_height = 22 + (plane.x_label.empty() ? 0 : 20);
  const double legend_top = box.y + plot_height + axis_height + 10;
  const double height =
      (legend.empty() ? box.y + plot_height + axis_height : legend_top + legend_y + kLegendRow) + kMargin - 4;

  Canvas canvas(width, height, plane.pixel_ratio);
  for (size_t i = 0; i < title.size(); ++i)
    canvas.draw_text(
        {kMargin, kMargin + kTitleStyle.size + static_cast<double>(i) * line_height(kTitleStyle)}, title[i],
        kTitleStyle);
  if (plane.values.defined())
    canvas.draw_image(box, heat_map(plane, std::llround(plot_height * plane.pixel_ratio),
                                    std::llround(plot_width * plane.pixel_ratio)));

  if (plane.samples.defined()) draw_samples(canvas, plane, frame);

  Placer placer(box);
  std::vector<std::vector<Point>> lines;
  for (const PlaneCurve& curve : plane.curves) {
    std::vector<Point> line = to_points(curve.points);
    for (Point& p : line) p = frame(p);
    placer.avoid_line(line);
    lines.push_back(std::move(line));
  }

  std::vector<std::vector<Point>> circles;
  for (const PlaneContour& contour : plane.contours) {
    std::vector<Point> circle;
    for (int degree = 0; degree <= 360; degree += 2) {
      const double angle = degree * M_PI / 180;
      circle.push_back(frame({contour.centre.x + contour.radius * std::cos(angle),
                              contour.centre.y + contour.radius * std::sin(angle)}));
    }
    circles.push_back(std::move(circle));
  }

  // The ends' labels have the first choice of place, then the contours' have; curves are drawn over contours.
  struct Marker {
    Point at;
    std::string label;
    Colour fill;
    Point label_at = {};
  };
  std::vector<Marker> markers;
  if (!lines.empty()) {
    const Point first = lines[0].front(), last = lines[0].back();
    const bool loop = std::hypot(first.x - last.x, first.y - last.y) < 3;
    if (loop && !plane.start_label.empty() && !plane.end_label.empty()) {
      markers.push_back({first, plane.start_label + " = " + plane.end_label, kWhite});
    } else {
      if (!plane.start_label.empty()) markers.push_back({first, plane.start_label, kWhite});
      if (!plane.end_label.empty()) markers.push_back({last, plane.end_label, kBlack});
    }
    std::erase_if(markers, [&](const Marker& m) { return !contains(box, m.at); });
  }
  for (const Marker& marker : markers) placer.avoid_box({marker.at.x - 7, marker.at.y - 7, 14, 14});
  for (Marker& marker : markers) {
    marker.label = shorten_text(marker.label, kEndStyle, 0.45 * plot_width);
    const Box size = text_box({0, 0}, marker.label, kEndStyle);
    double least = std::numeric_limits<double>::infinity();
    for (const double distance : {1.0, 1.5, 2.2}) {
      for (int degree = 0; degree < 360; degree += 15) {
        const double angle = degree * M_PI / 180;
        const Point middle{marker.at.x + distance * (size.width / 2 + 8) * std::cos(angle),
                           marker.at.y + distance * (size.height / 2 + 9) * std::sin(angle)};
        const double bad = placer.badness(text_box(middle, marker.label, kEndStyle)) + 3 * (distance - 1);
        if (bad < least) least = bad, marker.label_at = middle;
      }
    }
    placer.avoid_box(text_box(marker.label_at, marker.label, kEndStyle));
  }
  for (size_t i = 0; i < circles.size(); ++i) {
    const std::string& label = plane.contours[i].label;
    std::optional<Box> gap;
    if (!label.empty()) {
      // Starts looking at the upper right, where few paths begin or end.
      const size_t count = circles[i].size() - 1;
      Point best{};
      double least = std::numeric_limits<double>::infinity();
      for (size_t k = 0; k < count; ++k) {
        const Point at = circles[i][(count / 8 + k) % count];
        const double bad = placer.badness(text_box(at, label, kContourStyle));
        if (bad < least) least = bad, best = at;
      }
      if (least < 1000) {  // else outside of the plot, or on top of another label
        gap = text_box(best, label, kContourStyle);
        placer.avoid_box(*gap);
        draw_centred(canvas, best, label, kContourStyle);
      }
    }
    // The line is interrupted where its label stands.
    std::vector<std::vector<Point>> pieces(1);
    for (const Point& p : circles[i]) {
      if (!gap || !contains(*gap, p))
        pieces.back().push_back(p);
      else if (!pieces.back().empty())
        pieces.emplace_back();
    }
    for (const auto& piece : pieces) canvas.draw_line(piece, {.colour = kContourColour, .width = 1.1}, box);
  }
  for (size_t i = 0; i < lines.size(); ++i) {
    const PlaneCurve& curve = plane.curves[i];
    const std::vector<double> dashes = curve.dashed ? kDashes : std::vector<double>{};
    const double thickness = curve.thin ? 0.6 * kCurveWidth : kCurveWidth;
    if (!curve.thin)
      canvas.draw_line(lines[i], {.colour = kWhite, .width = thickness + 2 * kCasing, .dashes = dashes}, box);
    canvas.draw_line(lines[i], {.colour = curve.colour, .width = thickness, .dashes = dashes}, box);
  }
  for (const Marker& marker : markers) {
    canvas.fill_disc(marker.at, 7.4, kWhite);
    canvas.fill_disc(marker.at, 5.8, kBlack);
    canvas.fill_disc(marker.at, 3.8, marker.fill);
  }
  for (const Marker& marker : markers) draw_centred(canvas, marker.label_at, marker.label, kEndStyle);

  canvas.draw_frame(box, 1, kDarkGrey);
  for (size_t i = 0; i < x_ticks.values.size(); ++i) {
    const double x = frame({x_ticks.values[i], plane.y0}).x, y = box.y + plot_height;
    canvas.draw_line({{x, y + 1}, {x, y + 5}}, {.colour = kDarkGrey, .width = 1});
    canvas.draw_text({x, y + 18}, x_ticks.names[i], kTickStyle);
  }
  TextStyle tick = kTickStyle;
  tick.align = Align::kRight;
  for (size_t i = 0; i < y_ticks.values.size(); ++i) {
    const double y = frame({plane.x0, y_ticks.values[i]}).y;
    canvas.draw_line({{box.x - 1, y}, {box.x - 5, y}}, {.colour = kDarkGrey, .width = 1});
    canvas.draw_text({box.x - 8, y + 4}, y_ticks.names[i], tick);
  }
  canvas.draw_text({box.x + plot_width / 2, box.y + plot_height + 36},
                   shorten_text(plane.x_label, kAxisStyle, plot_width), kAxisStyle);
  TextStyle upright = kAxisStyle;
  upright.upwards = true;
  canvas.draw_text({kMargin + kAxisStyle.size - 1, box.y + plot_height / 2},
                   shorten_text(plane.y_label, upright, plot_height), upright);
  if (bar_shown) {
    const Box bar{box.x + plot_width + kBarGap, box.y, kBarWidth, plot_height};
    const double step = 1 / plane.pixel_ratio;
    for (double y = 0; y < plot_height; y += step)
      canvas.fill_box({bar.x, bar.y + y, bar.width, std::min(step, plot_height - y)},
                      heat_colour(1 - (y + step / 2) / plot_height, kLightness));
    canvas.draw_frame(bar, 1, kDarkGrey);
    tick.align = Align::kLeft;
    for (size_t i = 0; i < v_ticks.values.size(); ++i) {
      const double y =
          bar.y + (plane.value_max - v_ticks.values[i]) / (plane.value_max - plane.value_min) * plot_height;
      canvas.draw_line({{bar.x + kBarWidth + 1, y}, {bar.x + kBarWidth + 4, y}},
                       {.colour = kDarkGrey, .width = 1});
      canvas.draw_text({bar.x + kBarWidth + 8, y + 4}, v_ticks.names[i], tick);
    }
    canvas.draw_text({width - kMargin - 1, bar.y + plot_height / 2},
                     shorten_text(plane.value_label, upright, plot_height), upright);
  }
  for (size_t i = 0; i < legend.size(); ++i) {
    const Point at{legend_start + legend_at[i].x, legend_top + legend_at[i].y + 8};
    if (legend[i].disc)
      for (const double share : {0.2, 0.5, 0.8})
        canvas.fill_disc({at.x + share * kLegendLine, at.y}, 2.4, legend[i].stroke.colour);
    else
      canvas.draw_line({{at.x + 1, at.y}, {at.x + kLegendLine - 1, at.y}}, legend[i].stroke);
    canvas.draw_text({at.x + kLegendLine + 7, at.y + 4.3}, legend[i].name, kLegendStyle);
  }
  return canvas.pixels();
}

}  // namespace latentpath
