#include "latentpath/report/evaluation_report.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "latentpath/core/error.h"
#include "latentpath/run/verdict.h"
#include "run/json_numbers.h"

namespace latentpath {
namespace {

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

json page_profiles(const EvaluationRow& row) {
  json profiles = json::object();
  const auto add = [&](const char* name, const EvaluationProfile& profile) {
    if (profile.mean.empty()) return;
    json mean = json::array(), error = json::array();
    for (const double value : profile.mean) mean.push_back(page_number(value));
    for (const double value : profile.error) error.push_back(page_number(value));
    profiles[name] = {{"mean", mean}, {"error", error}};
  };
  add("step", row.squared_step);
  add("quality", row.quality);
  add("probability", row.probability);
  return profiles;
}

}  // namespace

json evaluation_page(const std::vector<EvaluationRow>& rows) {
  const auto used = figures_in_use(rows);
  json summary = evaluation_summary(rows);
  add_evaluation_verdicts(summary, evaluation_finding(rows));
  json list = json::array();
  for (size_t r = 0; r < rows.size(); ++r)
    list.push_back({{"feature", evaluation_row_name(rows[r], rows)},
                    {"method", rows[r].method},
                    {"pairs", rows[r].pairs},
                    {"failures", rows[r].failures},
                    {"verdict", summary["rows"][r]["verdict"]},
                    {"values", page_values(rows[r])},
                    {"profiles", page_profiles(rows[r])}});
  return {
      {"kind", "evaluate"}, {"verdict", summary["verdict"]}, {"metrics", page_metrics(used)}, {"rows", list}};
}

json evaluation_page(const EvaluateRun& run) {
  json page = evaluation_page(run.rows);
  page["verdict"] = run.summary["verdict"];
  page["notes"] = run.assumptions;
  for (const auto& [name, share] : run.shares.items())
    page["notes"].push_back(join_message("class ", name, ": ", std::round(share.get<double>() * 1000) / 10,
                                         " % of 2048 prior samples have it"));
  return page;
}

}  // namespace latentpath
