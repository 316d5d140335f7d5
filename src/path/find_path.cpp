#include "latentpath/path/find_path.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "latentpath/core/error.h"
#include "latentpath/path/probe.h"
#include "latentpath/path/quality_of_pair.h"
#include "path/init_choices.h"
#include "path/path_methods.h"
#include "path/search.h"

namespace latentpath {

namespace {

/// The search proper: first paths, refined in levels that prune, reparametrise and select; then whatever else
/// may lead to a better place, refined in rounds.
FoundPaths run_search(Search& search) {
  const PathOptions& options = search.options;
  const bool by_routes = starts_by_routes(search);
  FoundPaths found = no_paths(search, search.grid(options.segments));
  if (init_choice(options).from_coarse()) {
    found = refine_coarse_to_fine(search, coarsest_paths(search));
    refine_on_finer_subdivision(search, found);
  }
  const auto goes_on = [&] { return !found.nodes.defined() || !search.cancellation.cancelled(); };
  if (by_routes && goes_on()) improve_in_rounds(search, found, route_paths(search, found.times));
  if (options.first_paths.defined() && goes_on())
    improve_in_rounds(search, found, given_paths(search, found.times));
  return found;
}

PathResult run_group(Search& search, const FoundPaths* exact) {
  const PathMethod method = path_method(search.options);
  const bool second_order = exact == nullptr && method.finish != nullptr;
  if (second_order) check_second_order(search);  // before the search
  FoundPaths found = exact != nullptr              ? *exact
                     : method.coarse_to_fine       ? run_search(search)
                     : method.published != nullptr ? method.published->run(search)
                                                   : run_on_one_grid(search);
  if (second_order && !search.cancellation.cancelled()) finish(search, found);
  PathResult result = verify(search, found);
  certify(search, found, result);
  result.method = found.method;
  result.curve = found.curve;
  result.cost.assign(search.group.pairs.size(), search.energy.options().cost->describe());
  result.time_weight.assign(search.group.pairs.size(), search.energy.options().cost->time_weight());
  result.density_regularisation = search.group.density_weights;
  result.density_regularisation.resize(search.group.pairs.size(), search.group.density_weight);
  result.history = std::move(search.history);
  return result;
}

PathResult find(const PathProblem& asked, const PathOptions& options, const CandidatePool* given,
                const ProgressObserver& progress, const CancellationToken& cancellation) {
  const auto begin = std::chrono::steady_clock::now();
  validate(asked, options);
  EvaluationCounter counter(asked.embedding, asked.start.size(0));
  const PathProblem problem = counted_in_quality(asked, counter);
  std::vector<std::string> warnings;
  {
    const auto scope = counter.count_verification();
    PathProblem counted = problem;
    counted.embedding = counter.map();
    counted.quality = quality_of_pair(counted, 0);  // one that depends on the ends asks nothing by itself
    warnings = probe_problem(counted, options.probe);
    fit_to_memory(counted, options, counter, progress);
  }
  CandidateSource candidates(problem, options, given, progress, cancellation);
  std::vector<PairGroup> groups = resolve(problem, options, candidates, counter);
  const DensityTerm density = regularise_density(problem, options, candidates, counter, groups, warnings);
  PathResult result;
  const auto search_of = [&](const PairGroup& group) {
    const Tensor pairs = at::tensor(group.pairs, at::kLong);
    PathProblem part = part_of(problem, pairs, counter);
    if (group.own_quality) {
      const auto scope = counter.count_for(pairs);
      part.quality = quality_of_pair(part, 0);
    }
    EnergyOptions energy = energy_options(options, group, density);
    energy.held = problem.held;
    return Search{part,
                  options,
                  progress,
                  cancellation,
                  counter,
                  candidates,
                  begin,
                  group,
                  {part.embedding, part.quality, energy},
                  part.start.to(at::kDouble),
                  part.end.to(at::kDouble),
                  pairs};
  };
  const auto run_rows = [&](const PairGroup& group, const std::vector<int64_t>& rows,
                            const FoundPaths* exact) {
    if (rows.empty()) return;
    Search search = search_of(group.select(rows));
    result.place(run_group(search, exact), search.pairs, problem.start.size(0));
  };
  for (const PairGroup& group : groups) {
    Search all = search_of(group);
    const NewtonPaths newton = newton_paths(all);
    run_rows(group, newton.solved, &newton.found);
    run_rows(group, newton.rest, nullptr);
  }
  say_regularised(density, options, counter, result, warnings);
  result.decoder_evaluations = counter.of_pairs();
  result.candidate_evaluations = counter.shared();
  result.verification_evaluations = counter.verification();
  const std::chrono::duration<double> used = std::chrono::steady_clock::now() - begin;
  result.seconds = used.count() - result.verification_seconds;
  result.seed = options.seed;
  if (density.potential) result.density_reference = density.potential->reference();
  result.warnings.insert(result.warnings.begin(), warnings.begin(), warnings.end());
  result.stage_settings = stage_settings(options);
  return result;
}

}  // namespace

PathResult find_path(const PathProblem& problem, const PathOptions& options, const ProgressObserver& progress,
                     const CancellationToken& cancellation) {
  return find(problem, options, nullptr, progress, cancellation);
}

PathResult find_path(const PathProblem& problem, const PathOptions& options, const CandidatePool& candidates,
                     const ProgressObserver& progress, const CancellationToken& cancellation) {
  return find(problem, options, &candidates, progress, cancellation);
}

bool draws_candidates(const PathProblem& problem, const PathOptions& options) {
  validate(problem, options);
  return starts_via(problem, options);
}

CandidatePool make_candidates(const PathProblem& problem, const PathOptions& options,
                              const CancellationToken& cancellation) {
  validate(problem, options);
  EvaluationCounter counter(problem.embedding, problem.start.size(0));
  const ProgressObserver silent;
  const PathProblem counted = counted_in_quality(problem, counter);
  return CandidateSource(counted, options, nullptr, silent, cancellation).get(counter);
}

}  // namespace latentpath
