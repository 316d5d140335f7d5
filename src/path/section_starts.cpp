#include "latentpath/path/section_starts.h"

#include <ATen/ATen.h>

#include "latentpath/core/random.h"
#include "latentpath/metric/decoding_by.h"
#include "latentpath/path/via_points.h"
#include "path/search.h"

namespace latentpath {
namespace {

/// The numbers of the candidates of the shortest chain, one a section.
std::vector<int64_t> shortest_chain(const std::vector<CandidatePool>& pools, const PathEnergy& energy,
                                    const Tensor& start, const Tensor& end) {
  const auto distances = [&](const Tensor& a, const Tensor& b) { return image_distances(energy, a, b); };
  std::vector<Tensor> came_from;
  Tensor length = distances(start, pools[0].images)[0];
  for (size_t k = 1; k < pools.size(); ++k) {
    const auto [best, from] = (length.unsqueeze(1) + distances(pools[k - 1].images, pools[k].images)).min(0);
    length = best;
    came_from.push_back(from);
  }
  std::vector<int64_t> chain(pools.size());
  chain.back() = (length + distances(pools.back().images, end).select(1, 0)).argmin().item<int64_t>();
  for (size_t k = pools.size() - 1; k > 0; --k) chain[k - 1] = came_from[k - 1][chain[k]].item<int64_t>();
  return chain;
}

/// The times at which a path is to be at the candidate of each section, and from which it may leave it.
std::vector<double> stays(const std::vector<QualitySection>& asked, const SectionOptions& options) {
  std::vector<double> times{0};
  for (const auto& [from, to, quality] : asked) {
    const double length = to - from;
    times.push_back(from + (from <= 0 ? options.way_there : options.rim) * length);
    times.push_back(to - (to >= 1 ? options.way_there : options.rim) * length);
  }
  times.push_back(1);
  return times;
}

}  // namespace

Tensor section_paths(const PathProblem& problem, const std::vector<QualitySection>& asked,
                     const PathOptions& options, const CancellationToken& cancellation, int64_t* decoded) {
  check_sections(asked);
  const at::NoGradGuard no_gradient;
  EvaluationCounter counter(problem.embedding, problem.start.size(0));
  const auto& map = counter.map();
  const auto counted = [&](const QualityPointer& quality) {
    return decoding_by(quality, problem.embedding, map);
  };
  const PathEnergy energy(map, counted(problem.quality), energy_options(options, chord_cost()));
  std::vector<CandidatePool> pools;
  for (size_t k = 0; k < asked.size(); ++k) {
    auto generator = make_generator(options.seed + 101 * (k + 1));
    const PathEnergy of_section(map, counted(asked[k].quality), energy.options());
    pools.push_back(
        draw_candidates(of_section, prior_of(problem), options.candidates, generator, cancellation));
  }
  const std::vector<double> at_times = stays(asked, options.sections);
  const Tensor times = at::tensor(at_times, at::kDouble), fine = uniform_times(options.sections.segments);
  std::vector<Tensor> paths;
  for (int64_t pair = 0; pair < problem.start.size(0); ++pair) {
    const Tensor start = problem.start.narrow(0, pair, 1), end = problem.end.narrow(0, pair, 1);
    const std::vector<int64_t> chain =
        shortest_chain(pools, energy, (*map)(start).flatten(1), (*map)(end).flatten(1));
    std::vector<Tensor> nodes{start[0].to(at::kDouble)};
    for (size_t k = 0; k < chain.size(); ++k)
      for (int side = 0; side < 2; ++side) nodes.push_back(pools[k].latent[chain[k]].to(at::kDouble));
    nodes.push_back(end[0].to(at::kDouble));
    paths.push_back(interpolate_polyline(at::stack(nodes).unsqueeze(0), times, fine)[0]);
  }
  if (decoded != nullptr) *decoded += counter.shared();
  return at::stack(paths);
}

}  // namespace latentpath
