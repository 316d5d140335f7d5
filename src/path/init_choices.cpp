#include "path/init_choices.h"

#include "latentpath/core/error.h"

namespace latentpath {

const std::vector<InitChoice>& init_choices() {
  static const std::vector<InitChoice> table = {
      {.choice = {"auto", "several, the best is kept"},
       .straight = true,
       .via = true,
       .routes = true,
       .left = true},
      {.choice = {"linear"}, .straight = true},
      {.choice = {"spherical"}, .spherical = true},
      {.choice = {"via", "through good places of the prior"}, .via = true},
      {.choice = {"graph", "routes through prior samples, with the ramp off"}, .routes = true},
      {.choice = {"given", "first_paths alone, from C++"}},
  };
  return table;
}

const InitChoice& init_choice(const PathOptions& options) {
  for (const InitChoice& choice : init_choices())
    if (choice.choice.name == options.init) return choice;
  throw InternalError("options that were not validated");
}

std::vector<OptionChoice> init_option_choices() {
  std::vector<OptionChoice> choices;
  for (const InitChoice& init : init_choices()) choices.push_back(init.choice);
  return choices;
}

}  // namespace latentpath
