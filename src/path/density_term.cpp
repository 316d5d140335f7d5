// Density regularisation of a search: its potential, from samples of the prior, and each pair's μ.

#include <ATen/ATen.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "latentpath/core/error.h"
#include "latentpath/core/figure_text.h"
#include "latentpath/core/random.h"
#include "latentpath/curve/curve.h"
#include "latentpath/path/initial_path.h"
#include "path/path_methods.h"
#include "path/search.h"

namespace latentpath {
namespace {

/// Beyond it the density term alone would overflow where images are far apart.
constexpr double kLargestWeight = 1e30;
/// By which V₀ and its softness are found: V's lowest value and spread, to a tenth of the latter.
constexpr int64_t kSamples = 256;
/// The same where log det is estimated, by a thousand products a sample: the spread to an eighth of itself.
constexpr int64_t kEstimatedSamples = 32;
/// Segments of the straight line along which `auto` balances the two terms.
constexpr int64_t kSegments = 32;
/// (2² − 1): what the energy of a path of twice the length has more than that of the path itself.
constexpr double kTwiceAsLong = 3;

/// The mean of what is finite, NaN where nothing is.
double finite_mean(const Tensor& values) {
  return values.masked_select(at::isfinite(values)).mean().item<double>();
}

/// μ such that μ ∫ U dt along the straight line is three times its ½ ∫ ‖Jγ'‖² dt; of a loop, whose straight
/// line is a point, that of a line as long as is typical. Where the decoder gives NaN on the way, the rest of
/// the line stands for the whole.
double balanced_weight(const PathEnergy& energy, const DensityPotential& potential, const Tensor& start,
                       const Tensor& end, double typical_squared_distance) {
  const at::NoGradGuard no_gradient;
  const Tensor times = uniform_times(kSegments);
  const Tensor nodes = linear_path(start, end, times);
  const Tensor images = energy.decode(nodes[0]).flatten(1).unsqueeze(0);
  const double twice_energy = (start == end).all().item<bool>()
                                  ? typical_squared_distance
                                  : finite_mean(energy.squared_chords(images)) * kSegments * kSegments;
  const Tensor middles = 0.5 * (nodes[0].narrow(0, 0, kSegments) + nodes[0].narrow(0, 1, kSegments));
  const double density = finite_mean(potential.evaluate(middles));
  const double weight = kTwiceAsLong * 0.5 * twice_energy / density;
  LATENTPATH_CHECK(
      std::isfinite(weight) && weight > 0, kNumerical,
      "`density_regularisation` auto finds no weight along the straight line of a pair, whose energy is ",
      0.5 * twice_energy, " and whose density term ", density, ": give a number");
  return weight;
}

/// Places of a path, evenly spaced in time, that are looked at for directions in which images do not move.
constexpr int64_t kPlaces = 33;
/// Share of a direction from which δ is said to have acted.
constexpr double kActed = 0.01;

/// Places of a path where δ stands in for a direction, and as how large a movement of images that one counts.
struct LostAlong {
  int64_t places = 0;
  double counts_as = 0;
};

LostAlong lost_along(const DensityTerm& density, const Embedding& map, const PathResult& result,
                     int64_t pair) {
  const Tensor z = interpolate_polyline(result.nodes.narrow(0, pair, 1).to(at::kDouble), result.times,
                                        uniform_times(kPlaces - 1))[0];
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
  return {(lost > kActed).sum().item<int64_t>(), std::sqrt(regularisation)};
}

}  // namespace

std::optional<double> density_weight_of(const PathOptions& options) {
  const std::string& text = options.density_regularisation;
  if (text == "none") return 0.0;
  if (text == "auto") return std::nullopt;
  double weight = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), weight);
  LATENTPATH_CHECK(
      error == std::errc() && rest == text.data() + text.size() && weight > 0 && weight <= kLargestWeight,
      kArgument, "`density_regularisation` takes a number above 0 and up to ", kLargestWeight,
      ", auto or none; '", text, "' is none of these");
  return weight;
}

void check_density(const PathProblem& problem, const PathOptions& options) {
  if (density_weight_of(options) == 0.0) return;
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
  const Tensor samples = prior_of(problem)(exact ? kSamples : kEstimatedSamples, generator).to(at::kDouble);
  density.potential =
      density_potential(make_data_density(counter.map(), problem.density, samples, options.seed), samples);
  notes.insert(notes.end(), density.potential->notes().begin(), density.potential->notes().end());
  // w² c of a straight line between two samples, w = log 2.
  density.scale = std::max(std::log(2.0) * std::log(2.0) * typical, 1e-300);
  if (asked) {
    for (PairGroup& group : groups) group.density_weight = *asked;
    return density;
  }
  groups = one_pair_each(groups);
  for (PairGroup& one : groups) {
    const int64_t pair = one.pairs[0];
    const PathEnergy energy(counter.map(), problem.quality,
                            energy_options(options, make_cost(one.cost, one.time_weight)));
    const auto of_pair = counter.count_for(at::tensor({pair}, at::kLong));
    one.density_weight =
        balanced_weight(energy, *density.potential, problem.start.narrow(0, pair, 1).to(at::kDouble),
                        problem.end.narrow(0, pair, 1).to(at::kDouble), typical);
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
    const LostAlong lost = lost_along(density, *counter.map(), result, pair);
    if (lost.places == 0) continue;
    ++pairs;
    most = std::max(most, lost.places);
    counts_as = std::max(counts_as, lost.counts_as);
  }
  if (pairs == 0) return;
  const int64_t all = result.nodes.size(0);
  const std::string where = all == 1 ? join_message("at ", most, " of ", kPlaces, " places of the path")
                                     : join_message("on the paths of ", pairs, " of ", all, " pairs, at ",
                                                    most, " of ", kPlaces, " places at most");
  notes.push_back(join_message("det JᵀJ was regularised ", where,
                               ": there the decoder's images do not move in some direction of the latent "
                               "space, and such a direction counts as if they moved by ",
                               figure_text(counts_as, 2), " for 1"));
}

}  // namespace latentpath
