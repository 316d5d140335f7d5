// Starts: first paths of every pair, from several ways of making them.

#include <ATen/ATen.h>

#include <optional>

#include "latentpath/core/error.h"
#include "latentpath/core/random.h"
#include "latentpath/path/global_geodesics.h"
#include "latentpath/path/initial_path.h"
#include "latentpath/path/points.h"
#include "latentpath/path/route_starts.h"
#include "path/init_choices.h"
#include "path/search.h"

namespace latentpath {
namespace {

/// An even spread over a box around both ends of a pair.
Tensor spread_around(const Search& search, int64_t pair) {
  const Tensor ends = at::cat({search.start.narrow(0, pair, 1), search.end.narrow(0, pair, 1)}).contiguous();
  const double* values = ends.data_ptr<double>();
  const SearchBox box = surrounding_box({values, values + ends.numel()}, static_cast<int>(search.dim()),
                                        search.options.routes.box_margin);
  return tensor_of_points(spread_samples(box, sample_count(search.options, search.dim())));
}

/// The candidates that serve all pairs, with the weights that they have for this one.
CandidatePool weighed_for_pair(const Search& search, CandidatePool pool) {
  const Tensor middle = at::full({1}, 0.5, at::kDouble);
  pool.weight =
      search.energy.weights_at_times(pool.latent, search.energy.decode(pool.latent), middle).select(1, 0);
  return pool;
}

}  // namespace

PathSet first_paths(Search& search, const Tensor& times) {
  const PathOptions& options = search.options;
  std::vector<Tensor> kinds;  // each [pairs, k, n + 1, D]
  std::vector<Start> starts;
  const InitChoice& init = init_choice(options);
  const bool via = starts_via(search.problem, options) && times.size(0) > 3;
  LATENTPATH_CHECK(!init.via || init.left || via, kArgument, "`init` ", options.init,
                   " needs a prior to draw from and at least 3 segments");
  if (init.straight) {
    kinds.push_back(linear_path(search.start, search.end, times).unsqueeze(1));
    starts.push_back({StartKind::kStraight});
  }
  // The great circle is rarely the best start and costs as much as any other: by itself it is a baseline, not
  // a start.
  if (init.spherical) {
    kinds.push_back(spherical_path(search.start, search.end, times).unsqueeze(1));
    starts.push_back({StartKind::kSpherical});
  }
  if (via) {
    const CandidatePool& pool = search.candidates.get(search.counter);
    const auto scope = search.count_for_all();
    kinds.push_back(via_paths(search.group.own_quality ? weighed_for_pair(search, pool) : pool, search.energy,
                              search.start, search.end, times, options.via_starts, options.via));
    for (const Start& start : numbered_starts(StartKind::kVia, kinds.back().size(1))) starts.push_back(start);
  }
  if (options.section_paths.defined()) {
    const Tensor given = options.section_paths.index_select(0, search.pairs).to(at::kDouble);
    kinds.push_back(interpolate_polyline(given, uniform_times(given.size(1) - 1), times).unsqueeze(1));
    starts.push_back({StartKind::kSections});
  }
  PathSet paths = path_set(at::cat(kinds, 1), starts);
  paths.nodes = hold(paths.nodes, search.problem.held, times);
  return paths;
}

PathSet route_paths(Search& search, const Tensor& times) {
  const PathOptions& options = search.options;
  const bool weights_of_pairs = search.energy.options().density_weights.defined();
  RouteStarts* shared = nullptr;  // over samples of the prior
  std::vector<Tensor> found;      // each [1, k, n + 1, D]
  for (int64_t pair = 0; pair < search.size(); ++pair) {
    const auto scope = search.counter.count_for(search.pairs.narrow(0, pair, 1));
    const Tensor from = search.start.narrow(0, pair, 1), to = search.end.narrow(0, pair, 1);
    const PathEnergy energy = search.energy.of_rows(pair, 1);
    std::optional<RouteStarts> own;  // in a box around these ends
    if (!has_prior(search.problem))
      own.emplace(energy, spread_around(search, pair), options.routes);
    else if (shared == nullptr || weights_of_pairs)
      shared = &search.candidates.roadmap(energy, search.counter);
    found.push_back((shared != nullptr ? *shared : *own).paths(from, to, times, options.route_starts));
  }
  PathSet paths = path_set(at::cat(found), numbered_starts(StartKind::kRoute, options.route_starts));
  paths.nodes = hold(paths.nodes, search.problem.held, times);
  return paths;
}

PathSet given_paths(Search& search, const Tensor& times) {
  const auto scope = search.count_for_all();
  const Tensor given = search.options.first_paths.index_select(0, search.pairs).to(at::kDouble);
  const Tensor nodes =
      reparametrise_evenly(search.energy, given, uniform_times(given.size(1) - 1), times,
                           search.options.reparametrise.even_subdivisions, search.options.reparametrise);
  const int64_t n = times.size(0) - 1;
  const Tensor with_ends =
      at::cat({search.start.unsqueeze(1), nodes.narrow(1, 1, n - 1), search.end.unsqueeze(1)}, 1);
  return one_path_each(hold(with_ends, search.problem.held, times), {StartKind::kGiven});
}

}  // namespace latentpath
