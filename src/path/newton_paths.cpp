// The analytic realisation of a search: Newton's method on plain numbers, where that pays: map and metric
// have exact derivatives of their own, or are small enough for those of tensors (analytic_realisation.h).

#include <ATen/ATen.h>

#include "latentpath/core/error.h"
#include "latentpath/path/analytic_realisation.h"
#include "latentpath/path/global_geodesics.h"
#include "latentpath/solver/solver.h"
#include "path/init_choices.h"
#include "path/path_methods.h"
#include "path/search.h"

namespace latentpath {
namespace {

/// Whether the method is left open, or is one of second order that can take this metric.
bool takes_dense_solvers(const PathMethod& method, const PathProblem& problem) {
  if (method.finish == nullptr) return method.left;
  return method.finish->needs != SolverNeeds::kCurveMetric || problem.embedding->metric() == nullptr;
}

/// Whether what is asked for is what the dense solvers find: nothing between their iterations is looked at,
/// no start is drawn from a prior, and times are even, which those of a dynamic cost are not. What has no
/// analytic realisation at all, analytic_realisation() says.
bool fits(const Search& search) {
  const PathOptions& options = search.options;
  const InitChoice& init = init_choice(options);
  const bool start = init.left || (!init.spherical && !init.via);
  const bool given_too = options.first_paths.defined() && init.straight && !init.left;
  return takes_dense_solvers(path_method(options), search.problem) && start && !given_too &&
         !starts_via(search.problem, options) && search.group.cost == "chord" &&
         !search.energy.has_potential() && options.segments >= 2 && options.grading <= 0 &&
         !search.problem.quality->depends_on_time() && options.max_seconds == 0 && !options.snapshot;
}

GlobalGeodesicOptions geodesic_options(const Search& search, const GeodesicProblem& dense) {
  const PathOptions& options = search.options;
  GlobalGeodesicOptions how;
  how.geodesic = {.segments = static_cast<int>(options.segments)};
  if (const SolverMethod* asked = path_method(options).finish) how.geodesic.method = asked->name;
  if (options.max_iterations > 0) how.geodesic.max_iterations = static_cast<int>(options.max_iterations);
  how.geodesic.tolerance = options.tolerance;
  how.geodesic.subdivisions = search_subdivisions(dense.metric, how.geodesic);
  how.samples = options.route_samples > 0 ? options.route_samples : options.routes.samples_of_few;
  how.routes.routes = static_cast<int>(options.route_starts);
  how.every_geodesic = false;
  how.windings = 0;  // a path problem's ends are the points that they are
  return how;
}

struct Shortest {
  FoundGeodesic path;
  std::string method;  ///< of solver_methods()
};

Shortest shortest(const Search& search, const GeodesicProblem& one, GlobalGeodesicOptions how) {
  if (!starts_by_routes(search)) {
    GeodesicResult found = find_geodesics(one, how.geodesic, search.cancellation);
    const Start start{one.initial.empty() ? StartKind::kStraight : StartKind::kGiven};
    return {{start, {}, std::move(found.geodesics[0])}, found.method};
  }
  std::vector<double> ends = one.start;
  ends.insert(ends.end(), one.end.begin(), one.end.end());
  how.box = surrounding_box(ends, one.metric.latent_dim(), search.options.routes.box_margin);
  GlobalGeodesics found = find_global_geodesics(one, how, search.cancellation);
  return {std::move(found.pairs[0].found[0]), found.method};
}

/// The shortest geodesic of one pair, alone; nothing where the solver does not converge to one, or where
/// the first path leaves what chart and quality allow: tensors then search, to which an infinite cost is a
/// cost.
std::optional<Shortest> shortest_of(const Search& search, const GeodesicProblem& all, int64_t pair) {
  GeodesicProblem one = all;
  const auto part = [&](const std::vector<double>& numbers) {
    const auto size = static_cast<std::ptrdiff_t>(numbers.size()) / search.size();
    return std::vector<double>(numbers.begin() + pair * size, numbers.begin() + (pair + 1) * size);
  };
  one.start = part(all.start);
  one.end = part(all.end);
  one.initial = part(all.initial);
  try {
    Shortest best = shortest(search, one, geodesic_options(search, one));
    const Termination why = best.path.geodesic.termination;
    if (why == Termination::kConverged || why == Termination::kInterrupted) return best;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kNumerical) throw;
  }
  return std::nullopt;
}

}  // namespace

NewtonPaths newton_paths(Search& search) {
  NewtonPaths paths;
  std::optional<GeodesicProblem> dense;
  // A quality known by tensors alone may have kinks, at which first-order methods do not stop.
  if (fits(search) && search.problem.quality->analytic() != nullptr) {
    const auto scope = search.count_for_all();  // the map is tried at a point
    PathOptions options = search.options;
    if (options.first_paths.defined())
      options.first_paths = options.first_paths.index_select(0, search.pairs);
    dense = analytic_realisation(search.problem, options);
  }
  const FoundPaths none = no_paths(search, search.grid(search.options.segments));
  FoundPaths& found = paths.found = {{}, none.times, {}, {}, {}, {}, {}, none.curve};
  std::vector<Tensor> nodes;
  for (int64_t pair = 0; pair < search.size(); ++pair) {
    if (dense) search.report({"second-order steps", pair, search.size()});
    const auto scope = search.counter.count_for(search.pairs.narrow(0, pair, 1));
    const auto best = dense ? shortest_of(search, *dense, pair) : std::nullopt;
    if (!best) {
      paths.rest.push_back(pair);
      continue;
    }
    const Geodesic& geodesic = best->path.geodesic;
    paths.solved.push_back(pair);
    nodes.push_back(at::tensor(geodesic.nodes, at::kDouble).view({-1, search.dim()}));
    found.method = make_solver<Tensor>(best->method)->describe();
    found.start.push_back(best->path.start);
    found.termination.push_back(geodesic.termination);
    found.iterations.push_back(geodesic.iterations);
    found.subdivisions.push_back(geodesic.subdivisions);
    PathCertificate certificate;
    static_cast<MinimumCertificate&>(certificate) = geodesic.certificate;
    certificate.subdivisions = geodesic.subdivisions;
    found.certificates.push_back(certificate);
  }
  if (!nodes.empty()) found.nodes = at::stack(nodes);
  return paths;
}

}  // namespace latentpath
