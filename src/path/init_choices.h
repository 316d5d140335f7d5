#pragma once
// What `init` of PathOptions asks for. Internal.
//
//   const InitChoice& init = init_choice(options);
//   if (init.straight) …

#include <vector>

#include "latentpath/core/option_table.h"
#include "latentpath/path/path_options.h"

namespace latentpath {

/// One value of `init`: which first paths it names. Where it leaves the choice, via points and routes are
/// taken as far as they are to be had; else they are required.
struct InitChoice {
  OptionChoice choice;
  bool straight = false, spherical = false, via = false, routes = false;
  bool left = false;
  /// Paths of the search proper, from coarse to fine; else routes or given paths alone.
  bool from_coarse() const { return straight || spherical || via; }
};

const std::vector<InitChoice>& init_choices();
/// That of `options.init`, which is one of them.
const InitChoice& init_choice(const PathOptions& options);
/// All of them, as the choices of the option.
std::vector<OptionChoice> init_option_choices();

}  // namespace latentpath
