#pragma once
// The tables of a run of many pairs.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

namespace latentpath::detail {

/// Of the summary of `interpolate`, as files: table.csv, table.md and table.tex, a line for our paths and for
/// each baseline, figures over all pairs, and paths.csv, a line for each pair and curve.
std::vector<std::pair<std::string, std::string>> path_tables(const nlohmann::json& summary);

}  // namespace latentpath::detail
