#include "latentpath/report/evaluation_report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <iterator>
#include <nlohmann/json.hpp>

#include "run/json_numbers.h"
#include "latentpath/core/error.h"
#include "latentpath/report/picture.h"

namespace latentpath {
namespace {

using nlohmann::json;

/// Mean and standard error over the paths at each frame; empty where no path has the curve.
struct Profile {
  std::vector<double> mean, error;
};
Profile profile_of(const EvaluatedSet& set,
                   const std::function<std::vector<double>(const EvaluatedPath&)>& curve) {
  std::vector<std::vector<double>> columns;
  for (const EvaluatedPath& path : set.paths) {
    if (path.failed) continue;
    const auto values = curve(path);
    columns.resize(values.size());
    for (size_t i = 0; i < values.size(); ++i) columns[i].push_back(values[i]);
  }
  Profile profile;
  for (const auto& column : columns) {
    const FigureStatistics statistics = statistics_of(column);
    profile.mean.push_back(statistics.mean);
    profile.error.push_back(statistics.standard_error);
  }
  return profile;
}

std::vector<double> squared_steps(const EvaluatedPath& path) {
  std::vector<double> squares;
  for (const double step : path.step) squares.push_back(step * step);
  return squares;
}
std::vector<double> quality_along(const EvaluatedPath& path) { return path.quality; }
std::vector<double> probability_along(const EvaluatedPath& path) { return path.probability; }

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

constexpr double kPanelWidth = 320, kPanelHeight = 190, kLeft = 62, kTop = 62, kGap = 74, kBottom = 46;

/// A number no less than `value`, four equal parts of which are short to write.
double round_up(double value) {
  const double power = std::pow(10.0, std::floor(std::log10(value)));
  for (const double factor : {1.0, 1.2, 1.6, 2.0, 2.4, 3.2, 4.0, 6.0, 8.0})
    if (factor * power >= value * 0.9999) return factor * power;
  return 10 * power;
}

void draw_panel(Canvas& canvas, const Box& box, const std::string& title, const std::vector<Profile>& curves,
                const std::vector<Look>& looks, bool steps, double highest) {
  canvas.draw_text({box.x, box.y - 10}, title, {.size = 13, .bold = true});
  for (int tick = 0; tick <= 4; ++tick) {
    const double y = box.y + box.height * (1 - tick / 4.0);
    canvas.draw_line({{box.x, y}, {box.x + box.width, y}}, {.colour = kLightGrey, .width = 1});
    char text[32];
    std::snprintf(text, sizeof text, "%.3g", highest * tick / 4);
    canvas.draw_text({box.x - 7, y + 4}, text, {.size = 11, .align = Align::kRight});
    std::snprintf(text, sizeof text, "%.3g", tick / 4.0);
    canvas.draw_text({box.x + box.width * tick / 4, box.y + box.height + 16}, text,
                     {.size = 11, .align = Align::kCentre});
  }
  canvas.draw_text({box.x + box.width / 2, box.y + box.height + 34}, "time t along the path",
                   {.size = 12, .align = Align::kCentre});
  const auto place = [&](size_t i, size_t n, double value) {
    // A step belongs to the middle of its interval.
    const double t = steps ? (static_cast<double>(i) + 0.5) / static_cast<double>(n)
                           : static_cast<double>(i) / static_cast<double>(n - 1);
    return Point{box.x + t * box.width, box.y + box.height * (1 - std::clamp(value / highest, 0.0, 1.0))};
  };
  // All bands lie below all lines.
  for (const bool lines : {false, true}) {
    for (size_t c = 0; c < curves.size(); ++c) {
      const Profile& curve = curves[c];
      const size_t n = curve.mean.size();
      const Colour full = looks[c].colour;
      std::vector<Point> points;
      for (size_t i = 0; i < n; ++i)
        if (lines || std::isfinite(curve.error[i]))
          points.push_back(place(i, n, curve.mean[i] + (lines ? 0 : curve.error[i])));
      if (lines) {
        if (n > 1) canvas.draw_line(points, {.colour = full, .width = 2.2, .dashes = looks[c].dashes});
        continue;
      }
      for (size_t i = n; i-- > 0;)
        if (std::isfinite(curve.error[i])) points.push_back(place(i, n, curve.mean[i] - curve.error[i]));
      const auto pale = [](uint8_t part) { return static_cast<uint8_t>(255 - (255 - part) / 5); };
      if (points.size() > 2) canvas.fill_polygon(points, {pale(full.red), pale(full.green), pale(full.blue)});
    }
  }
}

}  // namespace

json evaluation_page(const std::vector<EvaluatedSet>& sets) {
  const auto rows = evaluation_rows(sets);
  const auto used = figures_in_use(rows);
  const auto short_number = [](double value) { return detail::short_number(value, 5); };
  json metrics = json::array(), list = json::array(), points = json::array();
  for (size_t i = 0; i < kPathFigures; ++i) {
    if (!used[i]) continue;
    const FigureDescription& d = path_figure_descriptions()[i];
    json metric{{"id", d.id}, {"label", d.label}, {"log", d.logarithmic}};
    if (*d.unit != '\0') metric["unit"] = d.unit;
    if (d.better != 0) metric["better"] = d.better > 0 ? "higher" : "lower";
    metrics.push_back(metric);
  }
  int64_t failures = 0, rough = 0, paths = 0;
  for (size_t r = 0; r < rows.size(); ++r) {
    const EvaluationRow& row = rows[r];
    failures += row.failures;
    rough += row.under_resolved;
    paths += row.pairs;
    json values = json::object();
    for (size_t i = 0; i < kPathFigures; ++i) {
      const FigureStatistics& s = row.figures[i];
      if (s.count > 0)
        values[path_figure_descriptions()[i].id] = {{"mean", short_number(s.mean)},
                                                    {"error", short_number(s.standard_error)},
                                                    {"median", short_number(s.median)},
                                                    {"count", s.count}};
    }
    json profiles = json::object();
    const auto add = [&](const char* name, const Profile& profile) {
      if (profile.mean.empty()) return;
      json mean = json::array(), error = json::array();
      for (const double value : profile.mean) mean.push_back(short_number(value));
      for (const double value : profile.error) error.push_back(short_number(value));
      profiles[name] = {{"mean", mean}, {"error", error}};
    };
    add("step", profile_of(sets[r], squared_steps));
    add("quality", profile_of(sets[r], quality_along));
    add("probability", profile_of(sets[r], probability_along));
    list.push_back({{"feature", evaluation_row_name(row, sets)},
                    {"method", row.method},
                    {"pairs", row.pairs},
                    {"failures", row.failures},
                    {"values", values},
                    {"profiles", profiles}});
  }
  // The headline: the figure that the experiment is about, method by method. Where features are favoured, it
  // is of those: between ends without it, any path is mostly clear of a feature.
  const PathFigure headline =
      used[static_cast<size_t>(PathFigure::kClassRatio)] ? PathFigure::kClassRatio : PathFigure::kMinQuality;
  const auto is_favoured = [](const EvaluationRow& row) { return row.feature.rfind("favor ", 0) == 0; };
  const bool favoured =
      headline == PathFigure::kClassRatio && std::any_of(rows.begin(), rows.end(), is_favoured);
  std::vector<EvaluationRow> told;
  std::copy_if(rows.begin(), rows.end(), std::back_inserter(told),
               [&](const EvaluationRow& row) { return !favoured || is_favoured(row); });
  std::vector<std::string> methods, features;
  int64_t most_pairs = 0;
  for (const EvaluationRow& row : told) {
    if (std::find(methods.begin(), methods.end(), row.method) == methods.end()) methods.push_back(row.method);
    const std::string name = evaluation_row_name(row, sets);
    if (std::find(features.begin(), features.end(), name) == features.end()) features.push_back(name);
    most_pairs = std::max(most_pairs, row.pairs);
  }
  std::string sentence =
      join_message("Mean ", path_figure_descriptions()[static_cast<size_t>(headline)].label,
                   features.size() == 1
                       ? ", " + features[0]
                       : join_message(" over ", features.size(), favoured ? " favoured features" : " rows"),
                   ": ");
  for (const auto& method : methods) {
    std::vector<double> means;
    int64_t pairs = most_pairs;
    for (const EvaluationRow& row : told)
      if (row.method == method) {
        means.push_back(row[headline].mean);
        pairs = std::min(pairs, row.pairs);
      }
    char text[32];
    std::snprintf(text, sizeof text, "%.2g", statistics_of(means).mean);
    sentence += (method == methods[0] ? "" : ", ") + method + " " + text;
    if (pairs < most_pairs) sentence += join_message(" (", pairs, pairs == 1 ? " pair)" : " pairs)");
  }
  const auto add_point = [&](const char* topic, const char* level, const std::string& text) {
    points.push_back({{"topic", topic}, {"level", level}, {"text", text}});
  };
  add_point("Failures", failures == 0 ? "good" : "bad",
            failures == 0
                ? join_message("All ", paths, " paths have finite figures.")
                : join_message(failures, " of ", paths,
                               " paths have NaN or infinity among their figures and belong to no mean."));
  add_point(
      "resolution", rough == 0 ? "good" : "fair",
      rough == 0
          ? std::string(
                "Every path that was sought costs the same on its own grid and on a finer one, within 5 %.")
          : join_message(
                rough, " of ", paths,
                " paths are under-resolved: their refined cost differs by over 5 % from the one that "
                "was minimised; more `segments` would settle them."));
  return {{"kind", "evaluate"},
          {"verdict", {{"headline", sentence}, {"points", points}}},
          {"metrics", metrics},
          {"rows", list}};
}

Tensor draw_profiles(const std::vector<const EvaluatedSet*>& sets, const std::string& title) {
  struct Panel {
    const char* title;
    std::vector<double> (*curve)(const EvaluatedPath&);
    bool steps;
  };
  std::vector<Look> looks;
  size_t others = 0;
  bool has_probability = false;
  for (const EvaluatedSet* set : sets) {
    const bool known = set->method == "linear" || set->method == "spherical" || set->method == "ours";
    looks.push_back(look_of(set->method, known ? 0 : others++));
    for (const EvaluatedPath& path : set->paths)
      has_probability = has_probability || !path.probability.empty();
  }
  std::vector<Panel> panels{{"squared step in image space", squared_steps, true},
                            {"quality Q at time t", quality_along, false}};
  if (has_probability) panels.push_back({"class probability", probability_along, false});
  const double width = kLeft + static_cast<double>(panels.size()) * (kPanelWidth + kGap) - kGap + 24;
  Canvas canvas(width, kTop + kPanelHeight + kBottom + 24);
  canvas.draw_text({16, 24}, shorten_text(title, {.size = 15, .bold = true}, width - 32),
                   {.size = 15, .bold = true});
  for (size_t p = 0; p < panels.size(); ++p) {
    std::vector<Profile> curves;
    double highest = 0;
    for (const EvaluatedSet* set : sets) {
      curves.push_back(profile_of(*set, panels[p].curve));
      for (size_t i = 0; i < curves.back().mean.size(); ++i) {
        const double error = curves.back().error[i];
        const double top = curves.back().mean[i] + (std::isfinite(error) ? error : 0);
        if (std::isfinite(top)) highest = std::max(highest, top);
      }
    }
    const Box box{kLeft + static_cast<double>(p) * (kPanelWidth + kGap), kTop, kPanelWidth, kPanelHeight};
    draw_panel(canvas, box, panels[p].title, curves, looks, panels[p].steps,
               panels[p].steps && highest > 0 ? round_up(highest) : 1.0);
  }
  double x = kLeft;
  const double y = kTop + kPanelHeight + kBottom + 10;
  for (size_t i = 0; i < sets.size(); ++i) {
    canvas.draw_line({{x, y - 4}, {x + 26, y - 4}},
                     {.colour = looks[i].colour, .width = 2.2, .dashes = looks[i].dashes});
    const std::string name = join_message(sets[i]->method, ", mean of ", sets[i]->paths.size());
    canvas.draw_text({x + 32, y}, name, {.size = 12});
    x += 32 + text_width(name, {.size = 12}) + 22;
  }
  return canvas.pixels();
}

}  // namespace latentpath
