#include "latentpath/report/latent_plane.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "end_markers.h"
#include "latentpath/core/error.h"
#include "ticks.h"

namespace latentpath {
namespace {

using detail::Ticks;

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
      const int parts = std::clamp(static_cast<int>(length / 4), 1, 1000);
      for (int k = 0; k <= parts; ++k) {
        const double t = static_cast<double>(k) / parts;
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

void draw_centred(Picture& picture, Point middle, const std::string& text, const TextStyle& style) {
  picture.draw_text({middle.x, middle.y + 0.36 * style.size}, text, style);
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
  Point at = {};  // from the legend's upper left corner
};

Stroke stroke_of(const PlaneCurve& curve) {
  return {curve.colour, curve.thin ? 0.6 * kCurveWidth : kCurveWidth,
          curve.dashed ? kDashes : std::vector<double>{}};
}

/// Discs small enough for a cloud of thousands to show its shape, the likeliest drawn last.
void draw_samples(Picture& picture, const LatentPlane& plane, const Frame& frame) {
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
    picture.fill_disc(at, 2.1,
                      plane.sample_values.defined() ? heat_colour(value, kLightness) : kSampleColour);
  }
}

struct Marker {
  Point at;
  std::string label;
  Colour fill;
  Point label_at = {};
};

double widest(const Ticks& ticks) {
  double width = 0;
  for (const auto& label : ticks.labels) width = std::max(width, text_width(label, kTickStyle));
  return width;
}

/// Where everything stands: worked out once, then drawn from the bottom to the top.
class PlanePainter {
 public:
  explicit PlanePainter(const LatentPlane& plane);
  Picture draw();

 private:
  void lay_out_legend();
  void choose_markers();
  void place_labels_of_markers();
  void draw_title(Picture& picture) const;
  void draw_contour(Picture& picture, const PlaneContour& contour);
  void draw_curves(Picture& picture) const;
  void draw_markers(Picture& picture) const;
  void draw_axes(Picture& picture) const;
  void draw_colour_bar(Picture& picture) const;
  void draw_legend(Picture& picture) const;

  const LatentPlane& plane_;
  bool has_bar_;  // the colours mean something
  Ticks x_ticks_, y_ticks_, value_ticks_;
  double width_ = 0, height_ = 0;
  std::vector<std::string> title_;
  Box box_;  // of the plot
  Frame frame_;
  std::vector<std::vector<Point>> lines_;  // the curves, in the picture
  std::vector<Marker> markers_;
  std::vector<LegendEntry> legend_;
  double legend_left_ = 0, legend_top_ = 0, legend_height_ = 0;
  Placer placer_;
};

PlanePainter::PlanePainter(const LatentPlane& plane)
    : plane_(plane), has_bar_(plane.values.defined() || plane.sample_values.defined()), placer_({}) {
  const double aspect = (plane.y1 - plane.y0) / (plane.x1 - plane.x0);
  const bool equal = aspect <= kMostAspect && aspect >= 1 / kMostAspect;
  const double shown = equal ? aspect : std::clamp(aspect, 0.6, 1.4);
  const double plot_width = std::round(shown <= 1 ? plane.size : plane.size / shown);
  const double plot_height = std::round(shown <= 1 ? plane.size * shown : plane.size);
  x_ticks_ = detail::make_ticks(plane.x0, plane.x1, std::max(2.0, plot_width / 75));
  y_ticks_ = detail::make_ticks(plane.y0, plane.y1, std::max(2.0, plot_height / 70));
  value_ticks_ = detail::make_ticks(plane.value_min, plane.value_max, std::max(2.0, plot_height / 110));

  const double left =
      kMargin + (plane.y_label.empty() ? 0 : kAxisStyle.size + 8) + std::ceil(widest(y_ticks_)) + 10;
  const double bar =
      kBarGap + kBarWidth + 8 + std::ceil(widest(value_ticks_)) + (plane.value_label.empty() ? 0 : 22);
  // Without a bar, the last label of the x axis may reach beyond the plot.
  width_ = left + plot_width + (has_bar_ ? bar : std::ceil(widest(x_ticks_) / 2)) + kMargin;
  title_ = wrap_text(plane.title, kTitleStyle, width_ - 2 * kMargin, 4);
  const double title_height =
      title_.empty() ? 0 : static_cast<double>(title_.size()) * line_height(kTitleStyle) + 12;
  box_ = {left, kMargin + title_height, plot_width, plot_height};
  frame_ = {box_, plane.x0, plane.x1, plane.y0, plane.y1};
  lay_out_legend();
  const double below = box_.y + plot_height + 22 + (plane.x_label.empty() ? 0 : 20);
  legend_top_ = below + 10;
  height_ = (legend_.empty() ? below : legend_top_ + legend_height_) + kMargin - 4;

  placer_ = Placer(box_);
  for (const PlaneCurve& curve : plane.curves) {
    std::vector<Point> line = to_points(curve.points);
    for (Point& p : line) p = frame_(p);
    placer_.avoid_line(line);
    lines_.push_back(std::move(line));
  }
  choose_markers();
}

/// The legend flows over as many lines as it needs, below the axis.
void PlanePainter::lay_out_legend() {
  for (const PlaneCurve& curve : plane_.curves)
    if (!curve.name.empty()) legend_.push_back({curve.name, stroke_of(curve)});
  if (!plane_.contours.empty() && !plane_.contour_label.empty())
    legend_.push_back({plane_.contour_label, {kContourColour, 1.1, {}}});
  if (plane_.samples.defined() && !plane_.sample_label.empty())
    legend_.push_back({plane_.sample_label, {kSampleColour, 1, {}}, true});
  const double room = width_ - 2 * kMargin;
  double x = 0, y = 0;
  for (LegendEntry& entry : legend_) {
    entry.name = shorten_text(entry.name, kLegendStyle, room - kLegendLine - 8);
    const double entry_width = kLegendLine + 8 + text_width(entry.name, kLegendStyle);
    if (x > 0 && x + entry_width > room) x = 0, y += kLegendRow;
    entry.at = {x, y};
    x += entry_width + 22;
  }
  legend_height_ = y + kLegendRow;
  // On one line it is centred under the plot where it fits there.
  const double line = x - 22;
  legend_left_ =
      y == 0 ? std::clamp(box_.x + (box_.width - line) / 2, kMargin, kMargin + room - line) : kMargin;
}

void PlanePainter::choose_markers() {
  if (lines_.empty()) return;
  for (const detail::EndMarker& marker :
       detail::end_markers(lines_[0].front(), lines_[0].back(), plane_.start_label, plane_.end_label))
    markers_.push_back({marker.at, marker.label, marker.fill});
  std::erase_if(markers_, [&](const Marker& m) { return !contains(box_, m.at); });
}

void PlanePainter::place_labels_of_markers() {
  for (const Marker& marker : markers_) placer_.avoid_box({marker.at.x - 7, marker.at.y - 7, 14, 14});
  for (Marker& marker : markers_) {
    marker.label = shorten_text(marker.label, kEndStyle, 0.45 * box_.width);
    const Box size = text_box({0, 0}, marker.label, kEndStyle);
    double least = std::numeric_limits<double>::infinity();
    for (const double distance : {1.0, 1.5, 2.2}) {
      for (int degree = 0; degree < 360; degree += 15) {
        const double angle = degree * M_PI / 180;
        const Point middle{marker.at.x + distance * (size.width / 2 + 8) * std::cos(angle),
                           marker.at.y + distance * (size.height / 2 + 9) * std::sin(angle)};
        const double bad = placer_.badness({middle.x - size.width / 2, middle.y - size.height / 2, size.width,
                                            size.height}) +
                           3 * (distance - 1);
        if (bad < least) least = bad, marker.label_at = middle;
      }
    }
    placer_.avoid_box(text_box(marker.label_at, marker.label, kEndStyle));
  }
}

void PlanePainter::draw_title(Picture& picture) const {
  for (size_t i = 0; i < title_.size(); ++i)
    picture.draw_text(
        {kMargin, kMargin + kTitleStyle.size + static_cast<double>(i) * line_height(kTitleStyle)}, title_[i],
        kTitleStyle);
}

/// A circle of the plane, interrupted where its label stands.
void PlanePainter::draw_contour(Picture& picture, const PlaneContour& contour) {
  std::vector<Point> circle;
  for (int degree = 0; degree <= 360; degree += 2) {
    const double angle = degree * M_PI / 180;
    circle.push_back(frame_({contour.centre.x + contour.radius * std::cos(angle),
                             contour.centre.y + contour.radius * std::sin(angle)}));
  }
  std::optional<Box> gap;
  if (!contour.label.empty()) {
    // Starts looking at the upper right, where few paths begin or end.
    const size_t count = circle.size() - 1;
    const Box size = text_box({0, 0}, contour.label, kContourStyle);
    Point best{};
    double least = std::numeric_limits<double>::infinity();
    for (size_t k = 0; k < count; ++k) {
      const Point at = circle[(count / 8 + k) % count];
      const double bad =
          placer_.badness({at.x - size.width / 2, at.y - size.height / 2, size.width, size.height});
      if (bad < least) least = bad, best = at;
    }
    if (least < 1000) {  // else outside of the plot, or on top of another label
      gap = text_box(best, contour.label, kContourStyle);
      placer_.avoid_box(*gap);
      draw_centred(picture, best, contour.label, kContourStyle);
    }
  }
  std::vector<std::vector<Point>> arcs(1);
  for (const Point& p : circle) {
    if (!gap || !contains(*gap, p))
      arcs.back().push_back(p);
    else if (!arcs.back().empty())
      arcs.emplace_back();
  }
  for (const auto& arc : arcs) picture.draw_line(arc, {.colour = kContourColour, .width = 1.1}, box_);
}

void PlanePainter::draw_curves(Picture& picture) const {
  for (size_t i = 0; i < lines_.size(); ++i) {
    const Stroke stroke = stroke_of(plane_.curves[i]);
    Stroke casing = stroke;
    casing.colour = kWhite;
    casing.width += 2 * kCasing;
    if (!plane_.curves[i].thin) picture.draw_line(lines_[i], casing, box_);
    picture.draw_line(lines_[i], stroke, box_);
  }
}

void PlanePainter::draw_markers(Picture& picture) const {
  for (const Marker& marker : markers_) {
    picture.fill_disc(marker.at, 7.4, kWhite);
    picture.fill_disc(marker.at, 5.8, kBlack);
    picture.fill_disc(marker.at, 3.8, marker.fill);
  }
  for (const Marker& marker : markers_) draw_centred(picture, marker.label_at, marker.label, kEndStyle);
}

void PlanePainter::draw_axes(Picture& picture) const {
  picture.draw_frame(box_, 1, kDarkGrey);
  const double bottom = box_.y + box_.height;
  for (size_t i = 0; i < x_ticks_.values.size(); ++i) {
    const double x = frame_({x_ticks_.values[i], plane_.y0}).x;
    picture.draw_line({{x, bottom + 1}, {x, bottom + 5}}, {.colour = kDarkGrey, .width = 1});
    picture.draw_text({x, bottom + 18}, x_ticks_.labels[i], kTickStyle);
  }
  TextStyle tick = kTickStyle;
  tick.align = Align::kRight;
  for (size_t i = 0; i < y_ticks_.values.size(); ++i) {
    const double y = frame_({plane_.x0, y_ticks_.values[i]}).y;
    picture.draw_line({{box_.x - 1, y}, {box_.x - 5, y}}, {.colour = kDarkGrey, .width = 1});
    picture.draw_text({box_.x - 8, y + 4}, y_ticks_.labels[i], tick);
  }
  picture.draw_text({box_.x + box_.width / 2, bottom + 36},
                    shorten_text(plane_.x_label, kAxisStyle, box_.width), kAxisStyle);
  TextStyle upright = kAxisStyle;
  upright.upwards = true;
  picture.draw_text({kMargin + kAxisStyle.size - 1, box_.y + box_.height / 2},
                    shorten_text(plane_.y_label, upright, box_.height), upright);
}

void PlanePainter::draw_colour_bar(Picture& picture) const {
  const Box bar{box_.x + box_.width + kBarGap, box_.y, kBarWidth, box_.height};
  std::vector<Colour> colours;
  for (int i = 0; i <= 64; ++i) colours.push_back(heat_colour(i / 64.0, kLightness));
  picture.fill_gradient(bar, colours, true);
  picture.draw_frame(bar, 1, kDarkGrey);
  TextStyle tick = kTickStyle;
  tick.align = Align::kLeft;
  for (size_t i = 0; i < value_ticks_.values.size(); ++i) {
    const double share = (plane_.value_max - value_ticks_.values[i]) / (plane_.value_max - plane_.value_min);
    const double y = bar.y + share * bar.height;
    picture.draw_line({{bar.x + kBarWidth + 1, y}, {bar.x + kBarWidth + 4, y}},
                      {.colour = kDarkGrey, .width = 1});
    picture.draw_text({bar.x + kBarWidth + 8, y + 4}, value_ticks_.labels[i], tick);
  }
  TextStyle upright = kAxisStyle;
  upright.upwards = true;
  picture.draw_text({width_ - kMargin - 1, bar.y + bar.height / 2},
                    shorten_text(plane_.value_label, upright, bar.height), upright);
}

void PlanePainter::draw_legend(Picture& picture) const {
  for (const LegendEntry& entry : legend_) {
    const Point at{legend_left_ + entry.at.x, legend_top_ + entry.at.y + 8};
    if (entry.disc)
      for (const double share : {0.2, 0.5, 0.8})
        picture.fill_disc({at.x + share * kLegendLine, at.y}, 2.4, entry.stroke.colour);
    else
      picture.draw_line({{at.x + 1, at.y}, {at.x + kLegendLine - 1, at.y}}, entry.stroke);
    picture.draw_text({at.x + kLegendLine + 7, at.y + 4.3}, entry.name, kLegendStyle);
  }
}

Picture PlanePainter::draw() {
  Picture picture(width_, height_, plane_.pixel_ratio);
  draw_title(picture);
  if (plane_.values.defined())
    picture.draw_image(box_, heat_map(plane_, std::llround(box_.height * plane_.pixel_ratio),
                                      std::llround(box_.width * plane_.pixel_ratio)));
  if (plane_.samples.defined()) draw_samples(picture, plane_, frame_);
  // The labels of the ends have the first choice of place, then those of the contours; curves lie over
  // contours.
  place_labels_of_markers();
  for (const PlaneContour& contour : plane_.contours) draw_contour(picture, contour);
  draw_curves(picture);
  draw_markers(picture);
  draw_axes(picture);
  if (has_bar_) draw_colour_bar(picture);
  draw_legend(picture);
  return picture;
}

}  // namespace

bool vary(const Tensor& values) {
  const Tensor finite = values.index({at::isfinite(values)}).to(at::kDouble);
  if (finite.numel() == 0) return false;
  const double low = finite.min().item<double>(), high = finite.max().item<double>();
  return high - low > 1e-9 * std::max(std::abs(low), std::abs(high));
}

Picture draw_latent_plane(const LatentPlane& plane) {
  check(plane);
  return PlanePainter(plane).draw();
}

}  // namespace latentpath
