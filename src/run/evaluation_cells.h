#pragma once
// The table of an evaluation, for people: mean ± standard error.

#include <vector>

#include "run/text_table.h"

namespace latentpath::detail {

TextTable evaluation_cells(const std::vector<EvaluationRow>& rows);

}  // namespace latentpath::detail
