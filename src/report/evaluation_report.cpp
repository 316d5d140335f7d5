#include "latentpath/report/evaluation_report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iterator>
#include <nlohmann/json.hpp>

#include "latentpath/core/error.h"
#include "report/evaluation_profiles.h"
#include "run/json_numbers.h"

namespace latentpath {
namespace {

using detail::Profile;
using nlohmann::json;

json page_metrics(const std::vector<bool>& used) {
  json metrics = json::array();
  for (size_t i = 0; i < kPathFigures; ++i) {
    if (!used[i]) continue;
    const FigureDescription& d = path_figure_descriptions()[i];
    json metric{{"id", d.id}, {"label", d.label}, {"log", d.logarithmic}};
    if (*d.unit != '\0') metric["unit"] = d.unit;
    if (d.better != 0) metric["better"] = d.better > 0 ? "higher" : "lower";
    metrics.push_back(metric);
  }
  return metrics;
}

json page_number(double value) { return detail::short_number(value, 5); }

json page_values(const EvaluationRow& row) {
  json values = json::object();
  for (size_t i = 0; i < kPathFigures; ++i) {
    const FigureStatistics& s = row.figures[i];
    if (s.count > 0)
      values[path_figure_descriptions()[i].id] = {{"mean", page_number(s.mean)},
                                                  {"error", page_number(s.standard_error)},
                                                  {"median", page_number(s.median)},
                                                  {"count", s.count}};
  }
  return values;
}

json page_profiles(const EvaluatedSet& set) {
  json profiles = json::object();
  const auto add = [&](const char* name, const Profile& profile) {
    if (profile.mean.empty()) return;
    json mean = json::array(), error = json::array();
    for (const double value : profile.mean) mean.push_back(page_number(value));
    for (const double value : profile.error) error.push_back(page_number(value));
    profiles[name] = {{"mean", mean}, {"error", error}};
  };
  add("step", detail::profile_of(set.paths, detail::squared_steps));
  add("quality", detail::profile_of(set.paths, detail::quality_along));
  add("probability", detail::profile_of(set.paths, detail::probability_along));
  return profiles;
}

void add_new(std::vector<std::string>& names, const std::string& name) {
  if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

/// The figure that the experiment is about, method by method. Where features are favoured, it is of those:
/// between ends without it, any path is mostly clear of a feature.
std::string page_headline(const std::vector<EvaluationRow>& rows, const std::vector<bool>& used,
                          const std::vector<EvaluatedSet>& sets) {
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
    add_new(methods, row.method);
    add_new(features, evaluation_row_name(row, sets));
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
  return sentence;
}

json page_points(const std::vector<EvaluationRow>& rows) {
  int64_t failures = 0, rough = 0, paths = 0;
  for (const EvaluationRow& row : rows) {
    failures += row.failures;
    rough += row.under_resolved;
    paths += row.pairs;
  }
  json points = json::array();
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
  return points;
}

}  // namespace

json evaluation_page(const std::vector<EvaluatedSet>& sets) {
  const auto rows = evaluation_rows(sets);
  const auto used = figures_in_use(rows);
  json list = json::array();
  for (size_t r = 0; r < rows.size(); ++r)
    list.push_back({{"feature", evaluation_row_name(rows[r], sets)},
                    {"method", rows[r].method},
                    {"pairs", rows[r].pairs},
                    {"failures", rows[r].failures},
                    {"values", page_values(rows[r])},
                    {"profiles", page_profiles(sets[r])}});
  return {{"kind", "evaluate"},
          {"verdict", {{"headline", page_headline(rows, used, sets)}, {"points", page_points(rows)}}},
          {"metrics", page_metrics(used)},
          {"rows", list}};
}

}  // namespace latentpath
