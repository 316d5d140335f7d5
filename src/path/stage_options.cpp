#include "latentpath/path/stage_options.h"

#include <cmath>

#include "latentpath/core/error.h"
#include "latentpath/path/path_option_table.h"

namespace latentpath {

StageSettings stage_settings(const PathOptions& options) {
  StageSettings settings;
  for (const auto& entry : path_option_table().entries()) {
    if (entry.row.section.empty()) continue;
    const OptionValue value = entry.get(options);
    const auto* whole = std::get_if<int64_t>(&value);
    settings.emplace_back(entry.row.field(), whole ? static_cast<double>(*whole) : std::get<double>(value));
  }
  return settings;
}

void set_stage_option(PathOptions& options, const std::string& name, double value) {
  for (const auto& entry : path_option_table().entries()) {
    if (entry.row.section.empty() || entry.row.field() != name) continue;
    OptionValue typed = value;
    if (std::holds_alternative<int64_t>(entry.sample)) {
      LATENTPATH_CHECK(value == std::floor(value) && std::abs(value) < 1e15, kArgument, "`", name,
                       "` must be a whole number, not ", value);
      typed = static_cast<int64_t>(value);
    }
    entry.row.check(typed);
    entry.set(options, typed);
    return;
  }
  throw Error(ErrorKind::kArgument, join_message("find_path has no stage option '", name, "'"));
}

}  // namespace latentpath
