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
  const SolverMethod& solver = solver_method(method);
  options.max_iterations = search.max_iterations > 0 ? search.max_iterations
                           : solver.takes_rate       ? search.levels.first_order_iterations
                                                     : search.levels.iterations;
  // That of a residual which models in float32 do not reach is for first-order steps, whose decrease it is.
  options.tolerance = search.tolerance;
  if (solver.needs == SolverNeeds::kGradient) options.tolerance = search.residual();
  options.resolution_tolerance = search.resolution_tolerance;
  return options;
}

}  // namespace latentpath
