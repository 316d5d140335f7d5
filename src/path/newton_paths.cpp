// The analytic realisation of a search: Newton's method on plain numbers, where map, quality and metric have
// exact derivatives of their own (analytic_realisation.h).

#include <ATen/ATen.h>

#include "latentpath/core/error.h"
#include "latentpath/metric/metric_tensor.h"
#include "latentpath/path/analytic_realisation.h"
#include "latentpath/path/global_geodesics.h"
#include "path/init_choices.h"
#include "path/path_methods.h"
#include "path/search.h"

namespace latentpath {
namespace {

bool has_analytic_parts(const PathProblem& problem) {
  const auto metric = problem.embedding->metric();
  return problem.embedding->analytic() && problem.quality->analytic() && (!metric || metric->analytic());
}

/// Whether what is asked for is what Newton's method finds: nothing between its iterations is looked at, no
/// start is drawn from a prior, and times are even.
bool fits(const Search& search) {
  const PathOptions& options = search.options;
  const InitChoice& init = init_choice(options);
  const bool start = init.left || (!init.spherical && !init.via);
  const bool given_too = options.first_paths.defined() && init.straight && !init.left;
  return path_method(options).left && start && !given_too && !starts_via(search.problem, options) &&
         search.group.cost == "chord" && !search.energy.has_potential() && options.segments >= 2 &&
         options.grading <= 0 && !search.problem.quality->depends_on_time() && options.max_seconds == 0 &&
         !options.snapshot && !search.problem.held.defined();
}

GlobalGeodesicOptions geodesic_options(const Search& search, const GeodesicProblem& dense) {
  const PathOptions& options = search.options;
  GlobalGeodesicOptions how;
  how.geodesic = {.segments = static_cast<int>(options.segments)};
  if (options.max_iterations > 0) how.geodesic.max_iterations = static_cast<int>(options.max_iterations);
  how.geodesic.subdivisions = search_subdivisions(dense.metric, how.geodesic);
  how.samples = options.route_samples > 0 ? options.route_samples : options.routes.samples_of_few;
  how.routes.routes = static_cast<int>(options.route_starts);
  how.every_geodesic = false;
  how.windings = 0;  // a path problem's ends are the points that they are
  return how;
}

FoundGeodesic shortest(const Search& search, const GeodesicProblem& one, GlobalGeodesicOptions how) {
  if (!starts_by_routes(search)) {
    GeodesicResult found = find_geodesics(one, how.geodesic, search.cancellation);
    return {one.initial.empty() ? "straight line" : "given path",
            one.initial.empty() ? 0 : -1,
            {},
            std::move(found.geodesics[0])};
  }
  std::vector<double> ends = one.start;
  ends.insert(ends.end(), one.end.begin(), one.end.end());
  how.box = surrounding_box(ends, one.metric.latent_dim(), search.options.routes.box_margin);
  return find_global_geodesics(one, how, search.cancellation).pairs[0].found[0];
}

Start start_of(const FoundGeodesic& found) {
  if (found.route < 0) return {StartKind::kGiven};
  if (found.route > 0) return {StartKind::kRoute, found.route};
  return {StartKind::kStraight};
}

/// The shortest geodesic of one pair, alone; nothing where Newton's method does not converge to one, or where
/// the first path leaves what chart and quality allow: tensors then search, to which an infinite cost is a
/// cost.
std::optional<FoundGeodesic> shortest_of(const Search& search, const GeodesicProblem& all, int64_t pair) {
  GeodesicProblem one = all;
  const auto part = [&](const std::vector<double>& numbers) {
    const auto size = static_cast<std::ptrdiff_t>(numbers.size()) / search.size();
    return std::vector<double>(numbers.begin() + pair * size, numbers.begin() + (pair + 1) * size);
  };
  one.start = part(all.start);
  one.end = part(all.end);
  one.initial = part(all.initial);
  try {
    FoundGeodesic best = shortest(search, one, geodesic_options(search, one));
    const Termination why = best.geodesic.termination;
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
  if (fits(search) && has_analytic_parts(search.problem)) {
    PathOptions options = search.options;
    if (options.first_paths.defined())
      options.first_paths = options.first_paths.index_select(0, search.pairs);
    dense = analytic_realisation(search.problem, options);
  }
  const FoundPaths none = no_paths(search, search.grid(search.options.segments));
  FoundPaths& found = paths.found = {{}, none.times, {}, {}, {}, {}, "Newton's method", none.curve};
  std::vector<Tensor> nodes;
  for (int64_t pair = 0; pair < search.size(); ++pair) {
    if (dense) search.report("Newton's method", pair, search.size(), 0);
    const auto scope = search.counter.count_for(search.pairs.narrow(0, pair, 1));
    const auto best = dense ? shortest_of(search, *dense, pair) : std::nullopt;
    if (!best) {
      paths.rest.push_back(pair);
      continue;
    }
    paths.solved.push_back(pair);
    nodes.push_back(at::tensor(best->geodesic.nodes, at::kDouble).view({-1, search.dim()}));
    found.start.push_back(start_of(*best));
    found.termination.push_back(best->geodesic.termination);
    found.iterations.push_back(best->geodesic.iterations);
    found.subdivisions.push_back(best->geodesic.subdivisions);
  }
  if (!nodes.empty()) found.nodes = at::stack(nodes);
  return paths;
}

}  // namespace latentpath
