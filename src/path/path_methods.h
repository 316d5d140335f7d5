#pragma once
// How `method` of PathOptions is carried out: what the stages ask of it is a field here, never its name.
// Internal.
//
//   if (path_method(options).coarse_to_fine) …

#include <string>
#include <vector>

#include "latentpath/core/option_table.h"
#include "latentpath/path/path_options.h"
#include "latentpath/solver/methods.h"

namespace latentpath {

struct FoundPaths;
struct Search;

/// A method that was published as a whole: sum, curve, steps and all.
struct PublishedMethod {
  OptionChoice choice;
  std::string cost = {};       ///< of `cost` auto; empty: as for every other method
  bool takes_density = false;  ///< density regularisation is a term of it
  bool takes_quality = true;   ///< a quality is part of what it lowers
  bool pulls_back = false;     ///< by the pseudo-inverse of J, which is regularised: where that acts is told
  FoundPaths (*run)(Search&);
};
const std::vector<PublishedMethod>& published_methods();
FoundPaths run_paper2019(Search& search);  // published_methods.cpp
FoundPaths run_kim_zhang(Search& search);  // kim_zhang.cpp
/// Any curve and solver on one grid (published_methods.cpp): Algorithm 1 of paper A by adam and sgd.
FoundPaths run_on_one_grid(Search& search);

struct PathMethod {
  bool left = false;  ///< the choice is left to the search
  /// Of solver_methods(), that lowers the cost; empty: the published method has its own steps.
  std::string solver = {};
  /// Moves what was found to a stationary point; null: nothing does.
  const SolverMethod* finish = nullptr;
  const PublishedMethod* published = nullptr;
  bool takes_rate = false;      ///< its steps are as long as a learning rate says
  bool coarse_to_fine = false;  ///< from several starts; else one curve on one grid
  bool takes_density = false;
};
/// Throws Error(kArgument), listing the names, where there is no such method.
PathMethod path_method(const PathOptions& options);

/// The choices of the option.
std::vector<OptionChoice> path_method_choices();

}  // namespace latentpath
