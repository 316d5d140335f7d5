#include "run/path_tables.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "run/text_table.h"

namespace latentpath::detail {
namespace {

using nlohmann::json;

struct Curve {
  const char *name, *key;
};
constexpr Curve kCurves[] = {{"ours", "path"}, {"linear", "linear"}, {"spherical", "spherical"}};

struct Column {
  const char *heading, *key;  ///< the heading "" leaves a column to files alone
};
constexpr Column kColumns[] = {{"refined cost", "cost_refined"},
                               {"weighted length", "length"},
                               {"mean P", "mean_class_probability"},
                               {"mean Q", "mean_quality"},
                               {"lowest Q", "min_quality"},
                               {"image distance", "embedding_length"},
                               {"judge's P", "mean_judge_probability"},
                               {"denied", "judge_disagreement"},
                               {"feature distance", "mean_feature_distance"},
                               {"class change", "mean_class_change"},
                               {"stranger than", "stranger_than"},
                               {"least rank", "least_guard_rank"},
                               {"best property", "best"},
                               {"mean property", "mean"},
                               {"reached", "reached"},
                               {"molecules", "molecules"}};

bool has(const json& pair, const char* curve) { return pair.contains(curve) && pair[curve].is_object(); }

json figure(const json& pair, const char* curve, const char* key) {
  if (!has(pair, curve)) return nullptr;
  const json value = pair[curve].value(key, json());
  return value.is_boolean() ? json(value.get<bool>() ? 1 : 0) : value;
}

FigureStatistics statistics(const json& pairs, const char* curve, const char* key) {
  std::vector<double> values;
  for (const json& pair : pairs)
    if (const json value = figure(pair, curve, key); value.is_number()) values.push_back(value.get<double>());
  return statistics_of(values);
}

std::string csv_value(const json& value) {
  if (value.is_number_float()) return all_digits(value.get<double>());
  if (value.is_string()) return csv_cell(value.get<std::string>());
  return value.is_null() ? std::string() : value.dump();
}

std::string paths_csv(const json& pairs, const std::vector<Column>& used, size_t first) {
  std::string csv = "pair,curve";
  for (const Column& column : used) csv += std::string(",") + column.key;
  csv += ",termination,start,verdict\n";
  for (size_t pair = 0; pair < pairs.size(); ++pair)
    for (const Curve& curve : kCurves) {
      if (!has(pairs[pair], curve.key)) continue;
      csv += std::to_string(first + pair) + "," + curve.name;
      for (const Column& column : used) csv += "," + csv_value(figure(pairs[pair], curve.key, column.key));
      for (const char* word : {"termination", "start", "verdict"})
        csv += "," + csv_value(figure(pairs[pair], curve.key, word));
      csv += "\n";
    }
  return csv;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> path_tables(const json& summary, size_t first) {
  const json& pairs = summary.at("pairs");
  std::vector<Column> used;
  const auto weighted = [](const json& pair) { return pair.at("path").value("weighted", true); };
  const bool any_weighted = std::any_of(pairs.begin(), pairs.end(), weighted);
  for (Column column : kColumns) {
    if (statistics(pairs, "path", column.key).count == 0) continue;
    // A constant weight, where nothing was asked for, is nothing to read; programs find their key.
    if (!any_weighted && column.key == std::string("length")) column.heading = "";
    used.push_back(column);
  }
  TextTable table{{{"curve"}}, 1};
  std::string csv = "curve,pairs";
  for (const Column& column : used) {
    if (*column.heading) table.lines[0].emplace_back(column.heading);
    csv += std::string(",") + column.key + "," + column.key + "_se," + column.key + "_median";
  }
  table.lines[0].emplace_back("n");
  csv += "\n";
  for (const Curve& curve : kCurves) {
    const auto runs =
        std::count_if(pairs.begin(), pairs.end(), [&](const json& pair) { return has(pair, curve.key); });
    if (runs == 0) continue;
    std::vector<std::string> line{curve.name};
    csv += std::string(curve.name) + "," + std::to_string(runs);
    for (const Column& column : used) {
      const FigureStatistics value = statistics(pairs, curve.key, column.key);
      if (*column.heading) line.push_back(text_with_error(value));
      csv += "," + all_digits(value.mean) + "," + all_digits(value.standard_error) + "," +
             all_digits(value.median);
    }
    line.push_back(std::to_string(runs));
    table.lines.push_back(std::move(line));
    csv += "\n";
  }
  return {{"table.csv", csv},
          {"table.md", markdown_text(table)},
          {"table.tex", latex_text(table)},
          {"paths.csv", paths_csv(pairs, used, first)}};
}

}  // namespace latentpath::detail
