// Samples of the prior that serve all pairs: candidates for via points, and the roadmap.

#include "latentpath/core/random.h"
#include "path/search.h"

namespace latentpath {

int64_t sample_count(const PathOptions& options, int64_t dim) {
  if (options.route_samples > 0) return options.route_samples;
  const RouteStartOptions& routes = options.routes;
  return dim <= routes.few_latents ? routes.samples_of_few : routes.samples;
}

CandidateSource::CandidateSource(const PathProblem& problem, const PathOptions& options,
                                 const CandidatePool* given, const ProgressObserver& progress,
                                 const CancellationToken& cancellation)
    : problem_(problem), options_(options), progress_(progress), cancellation_(cancellation) {
  if (given != nullptr) pool_ = *given;
}

const CandidatePool& CandidateSource::get(EvaluationCounter& counter) {
  if (!pool_) {
    if (progress_)
      progress_(
          {.stage = "via points", .total = options_.candidates.keep, .activity = Activity::kCandidates});
    const auto scope = counter.count_shared();
    auto generator = make_generator(options_.seed);
    const PathEnergy energy(counter.map(), problem_.quality, energy_options(options_, chord_cost()));
    pool_ = draw_candidates(energy, prior_of(problem_), options_.candidates, generator, cancellation_);
  }
  return *pool_;
}

RouteStarts& CandidateSource::roadmap(const PathEnergy& energy, EvaluationCounter& counter) {
  if (roadmap_ != nullptr && roadmap_->measures_quality_of(energy)) {
    roadmap_ = std::make_unique<RouteStarts>(energy, *roadmap_);
    return *roadmap_;
  }
  auto generator = make_generator(options_.seed + 2);
  const Tensor samples = prior_of(problem_)(sample_count(options_, problem_.start.size(1)), generator);
  roadmap_ = std::make_unique<RouteStarts>(energy, samples, options_.routes, &counter);
  return *roadmap_;
}

}  // namespace latentpath
