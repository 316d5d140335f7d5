#pragma once
// The table of an evaluation: as text, CSV and JSON.
//
//   std::vector<EvaluatedSet> sets;                     // one a feature, method and ε
//   const auto rows = evaluation_rows(sets);
//   std::cout << evaluation_text(rows);
//   write_file("table.csv", evaluation_csv(rows));
//
// Numbers in CSV and JSON have all their digits and are the same; NaN is an empty cell, and null.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "latentpath/run/evaluation_row.h"

namespace latentpath {

/// All paths of one row of the table.
struct EvaluatedSet {
  std::string feature, method;
  double epsilon = 0;
  std::vector<EvaluatedPath> paths = {};
  bool favored = false;  ///< the feature is to be met, not avoided
};

/// The rows of the table, one a set.
std::vector<EvaluationRow> evaluation_rows(const std::vector<EvaluatedSet>& sets);

/// {"rows": [{"feature", "method", "epsilon", "pairs", "failures", "under_resolved",
///            "figures": {"class_ratio": {"mean", "standard_error", "median", "p5", "p95", "count"}, …}}]}
/// Figures that no path has are absent.
nlohmann::json evaluation_summary(const std::vector<EvaluationRow>& rows);

/// The figure that the experiment is about, method by method, in one sentence: the class ratio, else the
/// lowest quality. Where features are favoured, it is of those: between ends without it, any path is mostly
/// clear of a feature.
std::string evaluation_finding(const std::vector<EvaluationRow>& rows);

/// The same as lines: feature, method, epsilon, pairs, failures, under_resolved, and for each figure its
/// mean, standard error (NAME_se) and median (NAME_median).
std::string evaluation_csv(const std::vector<EvaluationRow>& rows);

/// One line a path: feature, method, epsilon, pair, failed, under_resolved, termination, start, the figures.
std::string evaluation_paths_csv(const std::vector<EvaluatedSet>& sets);

/// One line a frame of the first `pairs` pairs of each set: feature, method, epsilon, pair, frame, time,
/// quality, class_probability, step and squared_step (to the next frame).
std::string evaluation_frames_csv(const std::vector<EvaluatedSet>& sets, int64_t pairs);

// The same line by line, where a table is larger than memory: of `set` only feature, method and ε are read.
std::string evaluation_paths_heading(const std::vector<bool>& used);
std::string evaluation_paths_line(const EvaluatedSet& set, const EvaluatedPath& path,
                                  const std::vector<bool>& used);
std::string evaluation_frames_heading();
std::string evaluation_frames_lines(const EvaluatedSet& set, const EvaluatedPath& path);

/// A table for a terminal: mean ± standard error.
std::string evaluation_text(const std::vector<EvaluationRow>& rows);

/// Which figures any row has: [kPathFigures].
std::vector<bool> figures_in_use(const std::vector<EvaluationRow>& rows);
std::vector<bool> figures_in_use(const std::vector<EvaluatedSet>& sets);

/// A row's feature, with ε or ε alone where that is what tells the rows apart.
std::string evaluation_row_name(const EvaluationRow& row, const std::vector<EvaluationRow>& rows);

/// One path with everything that is known of it, for resuming.
nlohmann::json evaluated_path_json(const EvaluatedPath& path);
/// Throws Error(kInput) when it is not one.
EvaluatedPath evaluated_path_from_json(const nlohmann::json& object);

}  // namespace latentpath
