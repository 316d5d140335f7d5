#pragma once
// The figures of a path search as JSON: the `summary` of run.json, and what --json prints.
//
//   nlohmann::json summary = path_summary(result);
//   // {"pairs": [{"path": {…}, "linear": {…}, "spherical": {…}}]}
//
// Figures that do not apply are absent. NaN and infinity, which JSON cannot hold, are null, and a sentence in
// "warnings" says so.

#include <nlohmann/json_fwd.hpp>

#include "latentpath/path/find_path.h"

namespace latentpath {

nlohmann::json path_summary(const PathResult& result);

}  // namespace latentpath
