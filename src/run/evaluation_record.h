#pragma once
// What is told of a whole table, whoever made it: one run, or a merge of shards.

#include <nlohmann/json.hpp>
#include <vector>

#include "latentpath/core/warning.h"
#include "latentpath/run/evaluation_table.h"
#include "latentpath/run/run_record.h"

namespace latentpath {

/// Writes summary with verdict, text, table.csv, and the failure where no path is any good. `shares` is of
/// prior samples that have each class, `classifier` is classifier_check()'s; null without one.
void tell_table(const std::vector<EvaluationRow>& rows, const std::vector<Warning>& warnings,
                const nlohmann::json& shares, const nlohmann::json& classifier, RunRecord& run);

}  // namespace latentpath
