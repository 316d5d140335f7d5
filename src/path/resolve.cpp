// Resolve: what is asked is checked, and decided pair by pair: cost, time weight, whether routes exist.

#include <ATen/ATen.h>

#include <algorithm>

#include "latentpath/core/error.h"
#include "latentpath/core/listed.h"
#include "latentpath/core/random.h"
#include "latentpath/metric/kept_features.h"
#include "latentpath/metric/metric_tensor.h"
#include "latentpath/path/path_option_table.h"
#include "path/density_weight.h"
#include "path/init_choices.h"
#include "path/path_methods.h"
#include "path/search.h"

namespace latentpath {
namespace {

void check_problem(const PathProblem& problem) {
  LATENTPATH_CHECK(problem.embedding && problem.quality, kArgument,
                   "a path problem needs an embedding and a quality");
  LATENTPATH_CHECK(problem.start.defined() && problem.end.defined() && problem.start.dim() == 2 &&
                       problem.start.sizes() == problem.end.sizes() && problem.start.size(0) >= 1,
                   kArgument, "start and end must both have the shape [pairs, D]; they are ",
                   problem.start.defined() ? shape_string(problem.start.sizes()) : "undefined", " and ",
                   problem.end.defined() ? shape_string(problem.end.sizes()) : "undefined");
  LATENTPATH_CHECK(problem.start.is_cpu() && problem.end.is_cpu(), kArgument,
                   "start and end must be on the host, wherever the embedding is: give them by .cpu()");
  const int64_t dim = problem.embedding->latent_dim();
  LATENTPATH_CHECK(dim < 0 || dim == problem.start.size(1), kInput, problem.embedding->describe(),
                   " has latent size ", dim, "; the end points have size ", problem.start.size(1));
  LATENTPATH_CHECK(
      at::isfinite(problem.start).all().item<bool>() && at::isfinite(problem.end).all().item<bool>(),
      kNumerical, "an end point has a coordinate that is NaN or infinite");
  check_metric(*problem.embedding, problem.start, problem.end);
}

void check_held(const PathProblem& problem, const PathOptions& options) {
  const Tensor& held = problem.held;
  if (!held.defined()) return;
  LATENTPATH_CHECK(
      held.scalar_type() == at::kBool && held.dim() == 1 && held.size(0) == problem.start.size(1), kArgument,
      "held must be bool of shape [", problem.start.size(1), "], not ", shape_string(held.sizes()));
  LATENTPATH_CHECK(!held.all().item<bool>(), kArgument,
                   "all coordinates are held: the straight line is the only path");
  const auto can = [](const PathOptions& asked) {
    const PathMethod method = path_method(asked);
    const bool on_nodes =
        method.published != nullptr && !method.published->pulls_back && asked.curve != "neural";
    return method.finish == nullptr && (method.coarse_to_fine || on_nodes);
  };
  if (can(options)) return;
  std::vector<std::string> others;
  PathOptions other = options;
  for (const OptionChoice& choice : path_method_choices()) {
    other.method = choice.name;
    other.curve = "auto";
    if (can(other)) others.push_back(choice.name);
  }
  throw Error(
      ErrorKind::kArgument,
      join_message("`method` ", options.method, options.curve == "neural" ? " on a neural curve" : "",
                   " moves all coordinates: where some are held `method` must be one of ", listed(others)));
}

void check_options(const PathOptions& options) {
  path_option_table().validate(options);
  const InitChoice& init = init_choice(options);
  const PathMethod method = path_method(options);
  LATENTPATH_CHECK(init.from_coarse() || init.routes || options.first_paths.defined(), kArgument, "`init` ",
                   options.init, " needs first_paths");
  LATENTPATH_CHECK(!init.routes || init.left || method.coarse_to_fine, kArgument, "`init` ", options.init,
                   " needs a polyline and a `method` other than ", options.method);
  LATENTPATH_CHECK(method.finish == nullptr || options.curve != "neural", kArgument, "`method` ",
                   options.method, " moves the nodes of a polyline: it cannot go with `curve` neural");
}

bool routes_possible(const Search& search) {
  return (has_prior(search.problem) || search.dim() <= search.options.routes.few_latents) &&
         !search.problem.quality->depends_on_time() && !search.group.loop && search.options.segments >= 3 &&
         // With `auto`, log det along the edges of many latents is costly, and no route of theirs won.
         !(!density_weight_of(search.options) && init_choice(search.options).left &&
           search.dim() > search.options.routes.few_latents);
}

}  // namespace

void validate(const PathProblem& problem, const PathOptions& options) {
  check_problem(problem);
  check_options(options);
  check_density(problem, options);
  check_held(problem, options);
  for (const auto& [name, paths] :
       {std::pair("first_paths", options.first_paths), std::pair("section_paths", options.section_paths)})
    LATENTPATH_CHECK(!paths.defined() ||
                         (paths.dim() == 3 && paths.size(1) >= 2 && paths.size(0) == problem.start.size(0) &&
                          paths.size(2) == problem.start.size(1)),
                     kArgument, name, " must have the shape [pairs, nodes, D], not ",
                     paths.defined() ? shape_string(paths.sizes()) : "undefined");
}

bool has_prior(const PathProblem& problem) {
  return problem.prior || problem.density || problem.quality->needs_decoded();
}

bool starts_via(const PathProblem& problem, const PathOptions& options) {
  const InitChoice& init = init_choice(options);
  return has_prior(problem) && init.via && (!init.left || path_method(options).coarse_to_fine);
}

bool starts_by_routes(const Search& search) {
  const InitChoice& init = init_choice(search.options);
  const bool possible = init.routes && routes_possible(search);
  LATENTPATH_CHECK(!init.routes || init.left || possible, kArgument, "`init` ", search.options.init,
                   " needs a prior to draw from (or at most 3 dimensions), a quality that does "
                   "not depend on time, different ends, and at least 3 segments");
  return possible;
}

std::string default_cost(const PathOptions& options, bool loop, bool depends_on_time) {
  const PathMethod method = path_method(options);
  if (method.published != nullptr && !method.published->cost.empty()) return method.published->cost;
  return loop || depends_on_time ? "dynamic" : "chord";
}

MeasuringCost measuring_cost(const PathProblem& problem, const PathOptions& options, bool loop,
                             const std::function<double()>& typical_squared_distance) {
  MeasuringCost chosen{options.cost};
  if (chosen.cost == "auto") chosen.cost = default_cost(options, loop, problem.quality->depends_on_time());
  if (make_cost(chosen.cost, 1)->time_weight() == 0) return chosen;
  if (options.time_weight)
    chosen.time_weight = *options.time_weight;
  else
    chosen.time_weight =
        has_prior(problem) ? default_time_weight(typical_squared_distance(), options.resolve) : 1;
  return chosen;
}

EnergyOptions energy_options(const PathOptions& options, const CostPointer& cost) {
  EnergyOptions energy;
  energy.cost = cost;
  energy.epsilon = options.epsilon;
  energy.norm = options.norm;
  energy.kernel = options.kernel;
  return energy;
}

LatentSampler prior_of(const PathProblem& problem) {
  if (problem.prior) return problem.prior;
  if (problem.density)
    return [density = problem.density](int64_t count, at::Generator& generator) {
      return density->sample(count, generator);
    };
  return normal_sampler(problem.start.size(1));
}

EnergyOptions energy_options(const PathOptions& options, const PairGroup& group, const DensityTerm& density) {
  EnergyOptions energy = energy_options(options, make_cost(group.cost, group.time_weight));
  energy.potential = density.potential;
  energy.density_weight = group.density_weight;
  if (!group.density_weights.empty()) energy.density_weights = at::tensor(group.density_weights, at::kDouble);
  energy.density_scale = density.scale;
  return energy;
}

std::vector<PairGroup> one_pair_each(const std::vector<PairGroup>& groups) {
  std::vector<PairGroup> single;
  for (const PairGroup& group : groups)
    for (const int64_t pair : group.pairs) {
      single.push_back(group);
      single.back().pairs = {pair};
    }
  return single;
}

std::vector<PairGroup> resolve(const PathProblem& problem, const PathOptions& options,
                               CandidateSource& candidates, EvaluationCounter& counter) {
  const Tensor loops = (problem.start == problem.end).all(1);
  std::vector<PairGroup> groups(2);
  groups[1].loop = true;
  for (int64_t pair = 0; pair < loops.size(0); ++pair)
    groups[loops[pair].item<bool>() ? 1 : 0].pairs.push_back(pair);
  std::erase_if(groups, [](const PairGroup& group) { return group.pairs.empty(); });
  const auto typical_squared_distance = [&] { return candidates.get(counter).typical_squared_distance; };
  for (PairGroup& group : groups) {
    const MeasuringCost chosen = measuring_cost(problem, options, group.loop, typical_squared_distance);
    group.cost = chosen.cost;
    group.time_weight = chosen.time_weight;
  }
  if (!depends_on_ends(*problem.quality)) return groups;
  groups = one_pair_each(groups);
  for (PairGroup& group : groups) group.own_quality = true;
  return groups;
}

}  // namespace latentpath
