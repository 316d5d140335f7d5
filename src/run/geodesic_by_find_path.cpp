#include "run/geodesic_by_find_path.h"

#include "latentpath/solver/methods.h"

namespace latentpath {

bool goes_to_find_path(bool from_files, const std::string& method) {
  return from_files && solver_method(method).needs == SolverNeeds::kGradient;
}

PathOptions find_path_options(const GeodesicOptions& search, const std::string& init,
                              const std::string& method, double epsilon) {
  PathOptions options;
  options.segments = search.segments;
  options.epsilon = epsilon;
  options.cost = "chord";
  options.method = method;
  if (init == "straight") options.init = "linear";
  // A method that takes steps of a given length is left as many as its publication took.
  const bool published = solver_method(method).takes_rate;
  const bool left = search.max_iterations == GeodesicOptions().max_iterations;
  options.max_iterations = published && left ? 0 : search.max_iterations;
  options.tolerance = search.tolerance;
  options.resolution_tolerance = search.resolution_tolerance;
  return options;
}

}  // namespace latentpath
