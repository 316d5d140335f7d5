#include "latentpath/run/evaluation_method.h"

#include <algorithm>

#include "latentpath/core/error.h"
#include "latentpath/solver/methods.h"

namespace latentpath {
namespace {

void as_paper(PathOptions& options) {
  options.method = "paper";
  options.curve = "neural";
  options.init = "auto";  // the straight line, for a first-order method
}

void as_paper2019(PathOptions& options) {
  options.method = "paper2019";
  options.curve = "polyline";
  options.cost = "endpoint-mean";
  options.init = "auto";
  options.learning_rate.reset();
}

void from_the_straight_line(PathOptions& options) { options.init = "linear"; }

void as_geodesic(PathOptions& options) {
  options.cost = "chord";
  options.density_regularisation = "none";
}

void as_regularised_geodesic(PathOptions& options) {
  options.cost = "chord";
  if (!regularises_density(options)) options.density_regularisation = "auto";
}

void as_kim_zhang(PathOptions& options) {
  as_regularised_geodesic(options);
  options.method = "kim-zhang";
  options.curve = "polyline";
  options.learning_rate.reset();
}

}  // namespace

const std::vector<EvaluationMethod>& evaluation_methods() {
  using M = EvaluationMethod;
  static const std::vector<M> methods{
      {.name = "linear", .help = "the straight line", .kind = M::Kind::kLinear},
      {.name = "spherical", .help = "the great circle", .kind = M::Kind::kSpherical},
      {.name = "paper",
       .help = "Algorithm 1: adam on a neural curve, from the straight line",
       .adjust = as_paper},
      {.name = "paper2019",
       .help = "gradient descent on a polyline by the endpoint-mean cost",
       .adjust = as_paper2019},
      {.name = "straight",
       .help = "our solver, from the straight line alone",
       .adjust = from_the_straight_line},
      {.name = "ours", .help = "our solver as it comes: several starts, the best path kept"},
      {.name = "geod",
       .help = "of Kim and Zhang: our solver's shortest path, whatever quality others are asked",
       .adjust = as_geodesic,
       .geodesic = true,
       .density = M::Density::kTold},
      {.name = "geodreg",
       .help = "likewise with density regularisation, auto where none is named",
       .adjust = as_regularised_geodesic,
       .geodesic = true,
       .density = M::Density::kNeeded},
      {.name = "straight-z",
       .help = "the straight line, under their name",
       .kind = M::Kind::kLinear,
       .density = M::Density::kTold},
      {.name = "kim-zhang",
       .help = "their Algorithm 1 for geodreg",
       .adjust = as_kim_zhang,
       .geodesic = true,
       .density = M::Density::kNeeded}};
  return methods;
}

std::vector<std::string> evaluation_method_names() {
  std::vector<std::string> names;
  for (const EvaluationMethod& method : evaluation_methods()) names.push_back(method.name);
  return solver_method_names(std::move(names));
}

EvaluationMethod evaluation_method(const std::string& name) {
  for (const EvaluationMethod& method : evaluation_methods())
    if (method.name == name) return method;
  const std::vector<std::string> solvers = solver_method_names();
  if (std::find(solvers.begin(), solvers.end(), name) != solvers.end())
    return {.name = name, .help = "ours by that solver", .adjust = [name](PathOptions& options) {
              options.method = name;
            }};
  std::string known;
  for (const auto& each : evaluation_method_names()) known += (known.empty() ? "" : ", ") + each;
  throw Error(ErrorKind::kArgument, join_message("the method '", name, "' is not one of ", known));
}

}  // namespace latentpath
