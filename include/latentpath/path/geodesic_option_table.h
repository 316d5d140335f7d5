#pragma once
// What there is to say about GeodesicOptions (find_geodesics.h): names, ranges, choices and words.
//
//   geodesic_option_table().validate({.segments = 1});   // Error: `segments` must lie between 2 and 100000, not at 1

#include "latentpath/core/option_table.h"
#include "latentpath/path/find_geodesics.h"

namespace latentpath {

const OptionTable<GeodesicOptions>& geodesic_option_table();

}  // namespace latentpath
