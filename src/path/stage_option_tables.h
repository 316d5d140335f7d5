#pragma once
// The rows of the settings of find_path()'s stages, a section for each. Internal: a part of
// path_option_table().

#include "latentpath/core/option_table.h"
#include "latentpath/path/path_options.h"

namespace latentpath {

void add_stage_options(OptionTable<PathOptions>& table);

}  // namespace latentpath
