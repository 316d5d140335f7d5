#pragma once
// What there is to say about TrainingOptions (training.h): names, ranges and words.
//
//   training_option_table().validate(options);   // Error: `epochs` must not be negative, and is -1

#include "latentpath/core/option_table.h"
#include "latentpath/zoo/training.h"

namespace latentpath {

const OptionTable<TrainingOptions>& training_option_table();

}  // namespace latentpath
