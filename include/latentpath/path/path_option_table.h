#pragma once
// What there is to say about PathOptions (find_path.h): names, ranges, choices and words.
//
//   path_option_table().validate({.segments = 0});   // Error: `segments` must lie between 1 and 100000

#include "latentpath/core/option_table.h"
#include "latentpath/path/path_options.h"

namespace latentpath {

const OptionTable<PathOptions>& path_option_table();

}  // namespace latentpath
