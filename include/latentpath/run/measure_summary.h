#pragma once
// The figures of a path between measures as JSON: the `summary` of run.json, and what --json prints.
//
//   nlohmann::json summary = measure_summary(result);   // {"pairs": [{"path": {…}, "mixture": {…}, …}], …}
//
// Figures that do not apply are absent; NaN and infinity are null, with a sentence in "warnings".

#include <nlohmann/json_fwd.hpp>

#include "latentpath/measure/interpolate_measures.h"

namespace latentpath {

nlohmann::json measure_summary(const MeasureResult& result);

}  // namespace latentpath
