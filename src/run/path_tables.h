#pragma once
// The tables of a run of many pairs.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

namespace latentpath::detail {

/// Of the summary of a run between pairs of ends, as files: table.csv, table.md and table.tex, a line for our
/// paths and for each baseline that some pair has, figures over all pairs, and paths.csv, a line for each
/// pair and curve.
/// @param first  the number of the first pair in paths.csv
std::vector<std::pair<std::string, std::string>> path_tables(const nlohmann::json& summary, size_t first = 0);

}  // namespace latentpath::detail
