#include "run/geodesic_by_find_path.h"

#include "latentpath/path/analytic_realisation.h"
#include "latentpath/solver/methods.h"

namespace latentpath {

GeodesicEngine geodesic_engine(const WeightedMetric& metric, bool from_files, const std::string& method,
                               bool in_bulk) {
  if (!from_files) return {.method = method};
  const bool left = method == "auto";
  const bool first_order = !left && solver_method(method).needs == SolverNeeds::kGradient;
  std::string why;
  if (!first_order && !(left && in_bulk) && newton_pays(metric, &why)) return {.method = method};
  return {.by_find_path = true, .method = left ? "lbfgs" : method, .reason = left ? why : ""};
}

PathOptions find_path_options(const GeodesicOptions& search, const std::string& init,
                              const std::string& method, double epsilon) {
  PathOptions options;
  options.segments = search.segments;
  options.epsilon = epsilon;
  options.cost = "chord";
  options.method = method;
  if (init == "linear" || init == "straight") options.init = "linear";
  // A method that takes steps of a given length is left as many as its publication took.
  const bool published = solver_method(method).takes_rate;
  const bool left = search.max_iterations == GeodesicOptions().max_iterations;
  options.max_iterations = published && left ? 0 : search.max_iterations;
  options.tolerance = search.tolerance;
  options.resolution_tolerance = search.resolution_tolerance;
  return options;
}

}  // namespace latentpath
