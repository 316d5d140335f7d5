#pragma once
// The rows of the options that say how a feature becomes the quality of a path, for every job with one.

#include <string>

#include "latentpath/core/option_table.h"

namespace latentpath {

/// odds, sharpness (asked_of()) and ramp (path_quality()).
template <class Options>
OptionTable<Options>& add_feature_quality(OptionTable<Options>& table, double Options::*odds,
                                          double Options::*sharpness, std::string Options::*ramp) {
  return table.add("odds", odds)
      .help(
          "Odds s that count as half good: a favoured probability P is sought as P/(P + s (1 - P)), and "
          "places are surer the higher s; 1: P itself, as in the papers")
      .above(0)
      .at_most(1e6)
      .add("sharpness", sharpness)
      .help("Power p of that quality, Q^p: above 1 asks for surer places, below 1 for less")
      .above(0)
      .at_most(1000)
      .add("ramp", ramp)
      .help("When quality is asked for")
      .choices({{"on", "nothing at the ends, all in the middle"}, {"off", "the same everywhere"}});
}

}  // namespace latentpath
