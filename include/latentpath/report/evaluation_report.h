#pragma once
// The table of an evaluation (run/evaluation_table.h) as a page, and a picture of what happens along the
// paths.
//
//   std::vector<EvaluatedSet> sets;                     // one a feature, method and ε
//   write_report_data(folder, evaluation_page(evaluation_rows(sets)));

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "latentpath/report/picture.h"
#include "latentpath/run/evaluate_job.h"
#include "latentpath/run/evaluation_table.h"

namespace latentpath {

/// The data of the page, kind "evaluate" (docs/report.md).
nlohmann::json evaluation_page(const std::vector<EvaluationRow>& rows);
/// The same of a whole run, with its verdict, what was assumed, and how many samples of the prior have each
/// class.
nlohmann::json evaluation_page(const EvaluateRun& run);

/// The squared image-space steps, the quality and the class probability along the paths of rows that share
/// feature and ε, as Figs. 10 and 12 of paper A show them for one path: means over the paths and, shaded, one
/// standard error to each side.
Picture draw_profiles(const std::vector<const EvaluationRow*>& rows, const std::string& title);

}  // namespace latentpath
