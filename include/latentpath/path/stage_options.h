#pragma once
// The settings of find_path()'s stages by name: what may be set, what was used, for records and ablations.
// Each is a field of PathOptions, described where its struct is, and a row of path_option_table(): the field
// prune.late_lead is the option --prune-late-lead of the program, and late-lead in the section [prune] of a
// settings file.
//
//   PathOptions options;
//   set_stage_option(options, "prune.late_lead", 1.5);
//   for (const auto& [name, value] : stage_settings(options)) std::cout << name << " " << value << "\n";

#include <string>
#include <utility>
#include <vector>

namespace latentpath {

struct PathOptions;

using StageSettings = std::vector<std::pair<std::string, double>>;

/// Every setting, in the order of the stages.
StageSettings stage_settings(const PathOptions& options);

/// Throws Error(kArgument) for a name that is none and a value that cannot be.
void set_stage_option(PathOptions& options, const std::string& name, double value);

}  // namespace latentpath
