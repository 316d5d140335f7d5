#include "latentpath/run/evaluation_table.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "latentpath/core/error.h"
#include "latentpath/core/figure_text.h"
#include "run/evaluation_cells.h"
#include "run/json_numbers.h"

namespace latentpath {
namespace {

using nlohmann::json;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Headings of the text table, in the order of PathFigure.
constexpr std::array kHeadings{"class ratio",   "mean P",        "mean Q",    "lowest Q",
                               "lowest Q/ends", "refined cost",  "length",    "image distance",
                               "max/mean step", "evenly spaced", "judge's P", "denied",
                               "least rank",    "end's rank",    "-log p(x)", "worst -log p(x)",
                               "with density",  "decoded",       "seconds"};
static_assert(kHeadings.size() == kPathFigures);

using detail::all_digits;
using detail::csv_cell;
using detail::number_or_null;
using detail::text_with_error;

bool several_epsilons(const std::vector<EvaluationRow>& rows) {
  return std::any_of(rows.begin(), rows.end(),
                     [&](const EvaluationRow& row) { return row.epsilon != rows.front().epsilon; });
}

std::vector<double> numbers_of(const json& object, const char* name) {
  std::vector<double> values;
  for (const json& value : object.at(name)) values.push_back(value.is_null() ? kNaN : value.get<double>());
  return values;
}
json list_of(const std::vector<double>& values) {
  json list = json::array();
  for (const double value : values) list.push_back(number_or_null(value));
  return list;
}

void add_new(std::vector<std::string>& names, const std::string& name) {
  if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

/// What a table is about: who finds the class, else whose lowest quality is highest. Where no quality is
/// asked for it is the same constant everywhere, and paths differ in how dense the data is along them, or in
/// their length.
PathFigure headline_of(const std::vector<EvaluationRow>& rows) {
  const auto used = figures_in_use(rows);
  const auto has = [&](PathFigure figure) { return used[static_cast<size_t>(figure)]; };
  if (has(PathFigure::kClassRatio)) return PathFigure::kClassRatio;
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const EvaluationRow& row : rows) {
    const FigureStatistics& quality = row[PathFigure::kMinQuality];
    // A mean of equal numbers is one of them but for rounding; the percentiles are.
    if (quality.count > 0) low = std::min(low, quality.low), high = std::max(high, quality.high);
  }
  if (high > low) return PathFigure::kMinQuality;
  return has(PathFigure::kMeanNegativeLogDensity) ? PathFigure::kMeanNegativeLogDensity
                                                  : PathFigure::kEmbeddingLength;
}

}  // namespace

std::vector<bool> figures_in_use(const std::vector<EvaluationRow>& rows) {
  std::vector<bool> used(kPathFigures, false);
  for (const EvaluationRow& row : rows)
    for (size_t i = 0; i < kPathFigures; ++i) used[i] = used[i] || row.figures[i].count > 0;
  return used;
}

std::vector<bool> figures_in_use(const std::vector<EvaluatedSet>& sets) {
  std::vector<bool> used(kPathFigures, false);
  for (const EvaluatedSet& set : sets)
    for (const EvaluatedPath& path : set.paths)
      for (size_t i = 0; i < kPathFigures; ++i)
        used[i] = used[i] || (!path.failed && std::isfinite(path.figures[i]));
  return used;
}

std::string evaluation_row_name(const EvaluationRow& row, const std::vector<EvaluationRow>& rows) {
  if (!several_epsilons(rows)) return row.feature;
  const bool one_feature = std::all_of(rows.begin(), rows.end(), [&](const EvaluationRow& other) {
    return other.feature == rows.front().feature;
  });
  return (one_feature ? std::string() : row.feature + ", ") + "ε = " + all_digits(row.epsilon);
}

std::vector<EvaluationRow> evaluation_rows(const std::vector<EvaluatedSet>& sets) {
  std::vector<EvaluationRow> rows;
  for (const EvaluatedSet& set : sets) {
    rows.push_back(summarise(set.paths));
    rows.back().feature = set.feature;
    rows.back().method = set.method;
    rows.back().epsilon = set.epsilon;
    rows.back().favored = set.favored;
  }
  return rows;
}

std::string evaluation_finding(const std::vector<EvaluationRow>& rows) {
  const PathFigure headline = headline_of(rows);
  const auto is_favored = [](const EvaluationRow& row) { return row.favored; };
  const bool favored =
      headline == PathFigure::kClassRatio && std::any_of(rows.begin(), rows.end(), is_favored);
  std::vector<EvaluationRow> told;
  std::copy_if(rows.begin(), rows.end(), std::back_inserter(told),
               [&](const EvaluationRow& row) { return !favored || is_favored(row); });
  std::vector<std::string> methods, features;
  int64_t most_pairs = 0;
  for (const EvaluationRow& row : told) {
    add_new(methods, row.method);
    add_new(features, evaluation_row_name(row, rows));
    most_pairs = std::max(most_pairs, row.pairs);
  }
  const std::string label = path_figure_descriptions()[static_cast<size_t>(headline)].label;
  std::string sentence =
      join_message("Mean ", label.rfind("mean ", 0) == 0 ? label.substr(5) : label,
                   features.size() == 1
                       ? ", " + features[0]
                       : join_message(" over ", features.size(), favored ? " favoured features" : " rows"),
                   ": ");
  // Shares have two digits, as everywhere; densities and lengths three.
  const bool share = headline == PathFigure::kClassRatio || headline == PathFigure::kMinQuality;
  const int digits = share ? 2 : 3;
  for (const auto& method : methods) {
    std::vector<double> means;
    int64_t pairs = most_pairs;
    for (const EvaluationRow& row : told)
      if (row.method == method) {
        means.push_back(row[headline].mean);
        pairs = std::min(pairs, row.pairs);
      }
    sentence +=
        (method == methods[0] ? "" : ", ") + method + " " + figure_text(statistics_of(means).mean, digits);
    if (pairs < most_pairs) sentence += join_message(" (", pairs, pairs == 1 ? " pair)" : " pairs)");
  }
  return sentence;
}

json evaluation_summary(const std::vector<EvaluationRow>& rows) {
  const auto used = figures_in_use(rows);
  json list = json::array();
  for (const EvaluationRow& row : rows) {
    json figures = json::object();
    for (size_t i = 0; i < kPathFigures; ++i) {
      if (!used[i]) continue;
      const FigureStatistics& s = row.figures[i];
      figures[path_figure_descriptions()[i].id] = {
          {"mean", number_or_null(s.mean)},     {"standard_error", number_or_null(s.standard_error)},
          {"median", number_or_null(s.median)}, {"p5", number_or_null(s.low)},
          {"p95", number_or_null(s.high)},      {"count", s.count}};
    }
    list.push_back({{"feature", row.feature},
                    {"method", row.method},
                    {"epsilon", row.epsilon},
                    {"pairs", row.pairs},
                    {"failures", row.failures},
                    {"under_resolved", row.under_resolved},
                    {"objections", row.objections},
                    {"figures", figures}});
  }
  return {{"rows", list}};
}

std::string evaluation_csv(const std::vector<EvaluationRow>& rows) {
  const auto used = figures_in_use(rows);
  std::ostringstream csv;
  csv << "feature,method,epsilon,pairs,failures,under_resolved";
  for (size_t i = 0; i < kPathFigures; ++i) {
    const std::string id = path_figure_descriptions()[i].id;
    if (used[i]) csv << ',' << id << ',' << id << "_se," << id << "_median";
  }
  csv << '\n';
  for (const EvaluationRow& row : rows) {
    csv << csv_cell(row.feature) << ',' << csv_cell(row.method) << ',' << all_digits(row.epsilon) << ','
        << row.pairs << ',' << row.failures << ',' << row.under_resolved;
    for (size_t i = 0; i < kPathFigures; ++i) {
      const FigureStatistics& s = row.figures[i];
      if (used[i])
        csv << ',' << all_digits(s.mean) << ',' << all_digits(s.standard_error) << ','
            << all_digits(s.median);
    }
    csv << '\n';
  }
  return csv.str();
}

std::string evaluation_paths_heading(const std::vector<bool>& used) {
  std::string line = "feature,method,epsilon,pair,failed,under_resolved,termination,start";
  for (size_t i = 0; i < kPathFigures; ++i)
    if (used[i]) line += std::string(",") + path_figure_descriptions()[i].id;
  return line + '\n';
}

std::string evaluation_paths_line(const EvaluatedSet& set, const EvaluatedPath& path,
                                  const std::vector<bool>& used) {
  std::ostringstream line;
  line << csv_cell(set.feature) << ',' << csv_cell(set.method) << ',' << all_digits(set.epsilon) << ','
       << path.pair << ',' << path.failed << ',' << path.under_resolved << ',' << path.termination << ','
       << path.start;
  for (size_t i = 0; i < kPathFigures; ++i)
    if (used[i]) line << ',' << all_digits(path.figures[i]);
  line << '\n';
  return line.str();
}

std::string evaluation_paths_csv(const std::vector<EvaluatedSet>& sets) {
  const auto used = figures_in_use(sets);
  std::string csv = evaluation_paths_heading(used);
  for (const EvaluatedSet& set : sets)
    for (const EvaluatedPath& path : set.paths) csv += evaluation_paths_line(set, path, used);
  return csv;
}

std::string evaluation_frames_heading() {
  return "feature,method,epsilon,pair,frame,time,quality,class_probability,step,squared_step\n";
}

std::string evaluation_frames_lines(const EvaluatedSet& set, const EvaluatedPath& path) {
  std::ostringstream lines;
  const size_t n = path.quality.size();
  for (size_t i = 0; i < n; ++i) {
    lines << csv_cell(set.feature) << ',' << csv_cell(set.method) << ',' << all_digits(set.epsilon) << ','
          << path.pair << ',' << i << ',' << all_digits(static_cast<double>(i) / static_cast<double>(n - 1))
          << ',' << all_digits(path.quality[i]) << ','
          << (path.probability.empty() ? "" : all_digits(path.probability[i]));
    if (i + 1 < n)
      lines << ',' << all_digits(path.step[i]) << ',' << all_digits(path.step[i] * path.step[i]) << '\n';
    else
      lines << ",,\n";
  }
  return lines.str();
}

std::string evaluation_frames_csv(const std::vector<EvaluatedSet>& sets, int64_t pairs) {
  std::string csv = evaluation_frames_heading();
  for (const EvaluatedSet& set : sets)
    for (const EvaluatedPath& path : set.paths)
      if (path.pair < pairs) csv += evaluation_frames_lines(set, path);
  return csv;
}

detail::TextTable detail::evaluation_cells(const std::vector<EvaluationRow>& rows) {
  auto used = figures_in_use(rows);
  used[static_cast<size_t>(PathFigure::kLeastEndRank)] = false;  // of the ends, which all methods share
  std::vector<std::vector<std::string>> cells{{"feature", "method"}};
  for (size_t i = 0; i < kPathFigures; ++i)
    if (used[i]) cells[0].emplace_back(kHeadings[i]);
  cells[0].emplace_back("n");
  cells[0].emplace_back("failed");
  for (const EvaluationRow& row : rows) {
    std::vector<std::string> line{evaluation_row_name(row, rows), row.method};
    for (size_t i = 0; i < kPathFigures; ++i)
      if (used[i]) line.push_back(text_with_error(row.figures[i]));
    line.push_back(std::to_string(row.pairs - row.failures));
    line.push_back(std::to_string(row.failures));
    cells.push_back(std::move(line));
  }
  return {std::move(cells), 2};
}

std::string evaluation_text(const std::vector<EvaluationRow>& rows) {
  return detail::plain_text(detail::evaluation_cells(rows));
}

json evaluated_path_json(const EvaluatedPath& path) {
  return {{"pair", path.pair},
          {"figures", list_of({path.figures.begin(), path.figures.end()})},
          {"failed", path.failed},
          {"under_resolved", path.under_resolved},
          {"cost", number_or_null(path.cost)},
          {"termination", path.termination},
          {"start", path.start},
          {"quality", list_of(path.quality)},
          {"probability", list_of(path.probability)},
          {"step", list_of(path.step)}};
}

EvaluatedPath evaluated_path_from_json(const json& object) {
  EvaluatedPath path;
  try {
    path.pair = object.at("pair").get<int64_t>();
    const auto figures = numbers_of(object, "figures");
    LATENTPATH_CHECK(figures.size() == kPathFigures, kInput, "a stored path has ", figures.size(),
                     " figures, and this version knows ", kPathFigures);
    std::copy(figures.begin(), figures.end(), path.figures.begin());
    path.failed = object.at("failed").get<bool>();
    path.under_resolved = object.at("under_resolved").get<bool>();
    if (const json& cost = object.at("cost"); !cost.is_null()) path.cost = cost.get<double>();
    path.termination = object.at("termination").get<std::string>();
    path.start = object.at("start").get<std::string>();
    path.quality = numbers_of(object, "quality");
    path.probability = numbers_of(object, "probability");
    path.step = numbers_of(object, "step");
  } catch (const json::exception& error) {
    throw Error(ErrorKind::kInput, join_message("a stored path cannot be read: ", error.what()));
  }
  return path;
}

}  // namespace latentpath
