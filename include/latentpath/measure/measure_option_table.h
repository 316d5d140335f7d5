#pragma once
// What there is to say about MeasureOptions (interpolate_measures.h): names, ranges, choices and words.
//
//   measure_option_table().validate({.steps = 0});   // Error: `steps` must lie between 1 and 10000, not at 0

#include "latentpath/core/option_table.h"
#include "latentpath/measure/interpolate_measures.h"

namespace latentpath {

const OptionTable<MeasureOptions>& measure_option_table();

}  // namespace latentpath
