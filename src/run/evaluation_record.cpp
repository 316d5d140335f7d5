#include "run/evaluation_record.h"

#include <algorithm>

#include "latentpath/run/verdict.h"
#include "run/evaluation_cells.h"

namespace latentpath {

void tell_table(const std::vector<EvaluationRow>& rows, const std::vector<Warning>& warnings,
                const nlohmann::json& shares, const nlohmann::json& classifier, RunRecord& run) {
  run.summary = evaluation_summary(rows);
  if (!shares.empty()) run.summary["share_of_prior"] = shares;
  write_warnings(run.summary, warnings);
  if (!classifier.is_null()) run.summary["classifier"] = classifier;
  add_evaluation_verdicts(run.summary, evaluation_finding(rows));
  run.text = evaluation_text(rows) + verdict_text(run.summary["verdict"]);
  run.files.emplace_back("table.csv", evaluation_csv(rows));
  run.files.emplace_back("table.md", detail::markdown_text(detail::evaluation_cells(rows)));
  run.files.emplace_back("table.tex", detail::latex_text(detail::evaluation_cells(rows)));
  if (!run.failure && std::all_of(rows.begin(), rows.end(),
                                  [](const EvaluationRow& row) { return row.failures == row.pairs; }))
    run.failure = {ErrorKind::kNumerical, "every path has NaN or infinity among its figures",
                   "what was found is in"};
}

}  // namespace latentpath
