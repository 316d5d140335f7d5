// Density regularisation of a search: its potential, from samples of the prior, and each pair's μ.

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "latentpath/core/error.h"
#include "latentpath/core/figure_text.h"
#include "latentpath/core/random.h"
#include "latentpath/curve/curve.h"
#include "latentpath/path/initial_path.h"
#include "path/density_weight.h"
#include "path/path_methods.h"
#include "path/search.h"

namespace latentpath {
namespace {

/// The mean of what is finite, NaN where nothing is.
double finite_mean(const Tensor& values) {
  return values.masked_select(at::isfinite(values)).mean().item<double>();
}

/// μ such that μ ∫ U dt along the straight line is `balance` times its ½ ∫ ‖Jγ'‖² dt; of a loop, whose
/// straight line is a point, that of a line as long as is typical. Where the decoder gives NaN on the way,
/// the rest of the line stands for the whole.
double balanced_weight(const PathEnergy& energy, const DensityPotential& potential, const Tensor& start,
                       const Tensor& end, double typical_squared_distance, const DensityOptions& options) {
  const at::NoGradGuard no_gradient;
  const int64_t n = options.balance_segments;
  const Tensor times = uniform_times(n);
  const Tensor nodes = linear_path(start, end, times);
  const Tensor images = energy.decode(nodes[0]).flatten(1).unsqueeze(0);
  const double twice_energy = (start == end).all().item<bool>()
                                  ? typical_squared_distance
                                  : finite_mean(energy.squared_chords(images)) * n * n;
  const Tensor middles = 0.5 * (nodes[0].narrow(0, 0, n) + nodes[0].narrow(0, 1, n));
  const double density = finite_mean(potential.evaluate(middles));
  const double weight = options.balance * 0.5 * twice_energy / density;
  LATENTPATH_CHECK(
      std::isfinite(weight) && weight > 0, kNumerical,
      "`density_regularisation` auto finds no weight along the straight line of a pair, whose energy is ",
      0.5 * twice_energy, " and whose density term ", density, ": give a number");
  return weight;
}

/// Places of a path where δ stands in for a direction, and as how large a movement of images that one counts.
struct LostAlong {
  int64_t places = 0;
  double counts_as = 0;
};

LostAlong lost_along(const DensityTerm& density, const Embedding& map, const PathResult& result, int64_t pair,
                     const DensityOptions& options) {
  const Tensor z = interpolate_polyline(result.nodes.narrow(0, pair, 1).to(at::kDouble), result.times,
                                        uniform_times(options.places - 1))[0];
  Tensor lost;
  double regularisation = 0;
  if (density.potential) {
    regularisation = density.potential->density().regularisation();
    density.potential->density().log_determinant(z, nullptr, &lost);
  } else {
    const Tensor jacobian = map.jacobian(z).to(at::kDouble);
    regularisation = kPseudoInverse * mean_eigenvalue(jacobian);
    lost = lost_directions(jacobian, regularisation);
  }
  return {(lost > options.acted).sum().item<int64_t>(), std::sqrt(regularisation)};
}

}  // namespace

void check_density(const PathProblem& problem, const PathOptions& options) {
  if (!regularises_density(options)) return;
  const PathMethod method = path_method(options);
  LATENTPATH_CHECK(problem.density != nullptr, kArgument, "`density_regularisation` ",
                   options.density_regularisation, " needs a density of the latents");
  LATENTPATH_CHECK(problem.density->dim() == problem.start.size(1), kArgument, "the ",
                   problem.density->describe(), " does not fit end points of size ", problem.start.size(1));
  LATENTPATH_CHECK(options.cost == "auto" || options.cost == "chord" || options.cost == "dynamic", kArgument,
                   "`density_regularisation` is a term of an energy over time: `cost` chord or dynamic, not ",
                   options.cost, ", which leaves a path free to rush through bad places");
  LATENTPATH_CHECK(
      !options.kernel && !problem.embedding->metric(), kArgument,
      "`density_regularisation` is about Euclidean lengths of images: a kernel, or a metric, cannot be "
      "given with it");
  LATENTPATH_CHECK(
      method.finish == nullptr, kArgument, "`method` ", options.method,
      " needs second derivatives, which density regularisation does not have here: leave `method` auto");
  LATENTPATH_CHECK(method.takes_density, kArgument, "`density_regularisation` cannot go with `method` ",
                   options.method);
}

DensityTerm regularise_density(const PathProblem& problem, const PathOptions& options,
                               CandidateSource& candidates, EvaluationCounter& counter,
                               std::vector<PairGroup>& groups, std::vector<std::string>& notes) {
  const std::optional<double> asked = density_weight_of(options);
  if (asked == 0.0) return {};
  DensityTerm density;
  const double typical = candidates.get(counter).typical_squared_distance;
  const auto scope = counter.count_shared();
  auto generator = make_generator(options.seed + 3);
  const bool exact = problem.start.size(1) <= DataDensity::kLargestExact;
  const Tensor samples =
      prior_of(problem)(exact ? options.density.samples : options.density.estimated_samples, generator)
          .to(at::kDouble);
  density.potential =
      density_potential(make_data_density(counter.map(), problem.density, samples, options.seed), samples);
  notes.insert(notes.end(), density.potential->notes().begin(), density.potential->notes().end());
  // w² c of a straight line between two samples, w = log 2.
  density.scale = std::max(std::log(2.0) * std::log(2.0) * typical, 1e-300);
  if (asked) {
    for (PairGroup& group : groups) group.density_weight = *asked;
    return density;
  }
  for (PairGroup& group : groups)
    for (const int64_t pair : group.pairs) {
      const PathEnergy energy(counter.map(), problem.quality,
                              energy_options(options, make_cost(group.cost, group.time_weight)));
      const auto of_pair = counter.count_for(at::tensor({pair}, at::kLong));
      group.density_weights.push_back(
          balanced_weight(energy, *density.potential, problem.start.narrow(0, pair, 1).to(at::kDouble),
                          problem.end.narrow(0, pair, 1).to(at::kDouble), typical, options.density));
    }
  return density;
}

double mean_eigenvalue(const Tensor& jacobian) {
  return jacobian.square().sum().item<double>() / static_cast<double>(jacobian.size(0) * jacobian.size(2));
}

void say_regularised(const DensityTerm& density, const PathOptions& options, EvaluationCounter& counter,
                     const PathResult& result, std::vector<std::string>& notes) {
  const PublishedMethod* published = path_method(options).published;
  if (!density.potential && (published == nullptr || !published->pulls_back)) return;
  const at::NoGradGuard no_gradient;
  const auto scope = counter.count_verification();
  int64_t pairs = 0, most = 0;
  double counts_as = 0;
  for (int64_t pair = 0; pair < result.nodes.size(0); ++pair) {
    const LostAlong lost = lost_along(density, *counter.map(), result, pair, options.density);
    if (lost.places == 0) continue;
    ++pairs;
    most = std::max(most, lost.places);
    counts_as = std::max(counts_as, lost.counts_as);
  }
  if (pairs == 0) return;
  const int64_t all = result.nodes.size(0), places = options.density.places;
  const std::string where = all == 1 ? join_message("at ", most, " of ", places, " places of the path")
                                     : join_message("on the paths of ", pairs, " of ", all, " pairs, at ",
                                                    most, " of ", places, " places at most");
  notes.push_back(join_message("det JᵀJ was regularised ", where,
                               ": there the decoder's images do not move in some direction of the latent "
                               "space, and such a direction counts as if they moved by ",
                               figure_text(counts_as, 2), " for 1"));
}

}  // namespace latentpath
