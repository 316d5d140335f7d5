// draw_profiles(): what happens along the paths of an evaluation, as a picture.
#include <algorithm>
#include <cmath>

#include "latentpath/core/error.h"
#include "latentpath/report/evaluation_report.h"
#include "report/curve_title.h"
#include "ticks.h"

namespace latentpath {
namespace {

constexpr double kPanelWidth = 320, kPanelHeight = 190, kLeft = 62, kTop = 62, kGap = 74, kBottom = 46;
const TextStyle kTitleStyle{.size = 15, .bold = true};
const TextStyle kTickStyle{.size = 11, .align = Align::kCentre};

/// How the curve of a method is drawn.
struct Look {
  Colour colour;
  std::vector<double> dashes;
};

Look look_of(const std::string& method, size_t index) {
  if (method == "linear") return {kLinearColour, {}};
  if (method == "spherical") return {kSphericalColour, {7, 4}};
  if (method == "ours") return {kPathColour, {}};
  static const std::vector<Look> others{
      {kReddishPurple, {2, 3}}, {kBluishGreen, {9, 3, 2, 3}}, {kVermillion, {4, 2}}, {kSkyBlue, {}}};
  return others[index % others.size()];
}

bool is_known(const std::string& method) {
  return method == "linear" || method == "spherical" || method == "ours";
}

/// Of the one path of a method.
std::string title_of(const std::string& method) {
  return is_known(method) ? detail::curve_title(method) : method;
}

std::vector<Look> looks_of(const std::vector<const EvaluationRow*>& rows) {
  std::vector<Look> looks;
  size_t others = 0;
  for (const EvaluationRow* row : rows) {
    looks.push_back(look_of(row->method, is_known(row->method) ? 0 : others++));
  }
  return looks;
}

struct Panel {
  const char* title;
  EvaluationProfile EvaluationRow::*curve;
  bool steps;  ///< values belong to the intervals between frames, and have no upper end
};

class PanelPainter {
 public:
  PanelPainter(Picture& picture, const Box& box, const Panel& panel,
               const std::vector<EvaluationProfile>& curves)
      : picture_(picture), box_(box), panel_(panel), curves_(curves) {
    if (!panel.steps) return;
    double most = 0;
    for (const EvaluationProfile& curve : curves)
      for (size_t i = 0; i < curve.mean.size(); ++i) {
        const double top = curve.mean[i] + (std::isfinite(curve.error[i]) ? curve.error[i] : 0);
        if (std::isfinite(top)) most = std::max(most, top);
      }
    if (most == 0) return;
    const double distance = detail::tick_distance(0, most, kTicks);
    highest_ = distance * std::ceil(most / distance - 1e-4);
  }

  void draw_axes() const {
    picture_.draw_text({box_.x, box_.y - 10}, panel_.title, {.size = 13, .bold = true});
    const double bottom = box_.y + box_.height;
    const detail::Ticks values = detail::make_ticks(0, highest_, kTicks),
                        times = detail::make_ticks(0, 1, kTicks);
    TextStyle beside = kTickStyle;
    beside.align = Align::kRight;
    for (size_t i = 0; i < values.values.size(); ++i) {
      const double y = bottom - box_.height * values.values[i] / highest_;
      picture_.draw_line({{box_.x, y}, {box_.x + box_.width, y}}, {.colour = kLightGrey, .width = 1});
      picture_.draw_text({box_.x - 7, y + 4}, values.labels[i], beside);
    }
    for (size_t i = 0; i < times.values.size(); ++i)
      picture_.draw_text({box_.x + box_.width * times.values[i], bottom + 16}, times.labels[i], kTickStyle);
    picture_.draw_text({box_.x + box_.width / 2, bottom + 34}, "time t along the path",
                       {.size = 12, .align = Align::kCentre});
  }

  /// One standard error to each side of the mean.
  void draw_band(const EvaluationProfile& curve, const Look& look) const {
    const size_t n = curve.mean.size();
    std::vector<Point> outline;
    for (size_t i = 0; i < n; ++i)
      if (std::isfinite(curve.error[i])) outline.push_back(place(i, n, curve.mean[i] + curve.error[i]));
    for (size_t i = n; i-- > 0;)
      if (std::isfinite(curve.error[i])) outline.push_back(place(i, n, curve.mean[i] - curve.error[i]));
    if (outline.size() > 2) picture_.fill_polygon(outline, mix(kWhite, look.colour, 0.2));
  }

  void draw_mean(const EvaluationProfile& curve, const Look& look) const {
    std::vector<Point> line;
    for (size_t i = 0; i < curve.mean.size(); ++i) line.push_back(place(i, curve.mean.size(), curve.mean[i]));
    picture_.draw_line(line, {.colour = look.colour, .width = 2.2, .dashes = look.dashes});
  }

  void draw(const std::vector<Look>& looks) const {
    draw_axes();
    for (size_t c = 0; c < curves_.size(); ++c) draw_band(curves_[c], looks[c]);
    for (size_t c = 0; c < curves_.size(); ++c) draw_mean(curves_[c], looks[c]);
  }

 private:
  static constexpr double kTicks = 5;

  Point place(size_t i, size_t n, double value) const {
    const double t = panel_.steps ? (static_cast<double>(i) + 0.5) / static_cast<double>(n)
                                  : static_cast<double>(i) / static_cast<double>(n - 1);
    return {box_.x + t * box_.width, box_.y + box_.height * (1 - std::clamp(value / highest_, 0.0, 1.0))};
  }

  Picture& picture_;
  Box box_;
  const Panel& panel_;
  const std::vector<EvaluationProfile>& curves_;
  double highest_ = 1;
};

}  // namespace

Picture draw_profiles(const std::vector<const EvaluationRow*>& rows, const std::string& title) {
  std::vector<Panel> panels{{"squared step in image space", &EvaluationRow::squared_step, true},
                            {"quality Q at time t", &EvaluationRow::quality, false},
                            {"class probability", &EvaluationRow::probability, false}};
  const auto nothing_to_show = [&](const Panel& panel) {
    return std::all_of(rows.begin(), rows.end(),
                       [&](const EvaluationRow* row) { return (row->*panel.curve).mean.empty(); });
  };
  panels.erase(std::remove_if(panels.begin() + 1, panels.end(), nothing_to_show), panels.end());
  const std::vector<Look> looks = looks_of(rows);
  const double width = kLeft + static_cast<double>(panels.size()) * (kPanelWidth + kGap) - kGap + 24;
  Picture picture(width, kTop + kPanelHeight + kBottom + 24);
  picture.draw_text({16, 24}, shorten_text(title, kTitleStyle, width - 32), kTitleStyle);
  for (size_t p = 0; p < panels.size(); ++p) {
    std::vector<EvaluationProfile> curves;
    for (const EvaluationRow* row : rows) curves.push_back(row->*panels[p].curve);
    const Box box{kLeft + static_cast<double>(p) * (kPanelWidth + kGap), kTop, kPanelWidth, kPanelHeight};
    PanelPainter(picture, box, panels[p], curves).draw(looks);
  }
  double x = kLeft;
  const double y = kTop + kPanelHeight + kBottom + 10;
  for (size_t i = 0; i < rows.size(); ++i) {
    picture.draw_line({{x, y - 4}, {x + 26, y - 4}},
                      {.colour = looks[i].colour, .width = 2.2, .dashes = looks[i].dashes});
    const std::string name = rows[i]->pairs == 1
                                 ? title_of(rows[i]->method)
                                 : join_message(rows[i]->method, ", mean of ", rows[i]->pairs);
    picture.draw_text({x + 32, y}, name, {.size = 12});
    x += 32 + text_width(name, {.size = 12}) + 22;
  }
  return picture;
}

}  // namespace latentpath
