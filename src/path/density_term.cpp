// Density regularisation of a search: its potential, from samples of the prior, and each pair's μ.

#include <ATen/ATen.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "latentpath/core/error.h"
#include "latentpath/core/random.h"
#include "latentpath/path/initial_path.h"
#include "latentpath/path/second_order_path.h"
#include "path/search.h"

namespace latentpath {
namespace {

/// By which V₀ and its softness are found: V's lowest value and spread, to a tenth of the latter.
constexpr int64_t kSamples = 256;
/// The same where log det is estimated, by a thousand products a sample: the spread to an eighth of itself.
constexpr int64_t kEstimatedSamples = 32;
/// Segments of the straight line along which `auto` balances the two terms.
constexpr int64_t kSegments = 32;
/// (2² − 1): what the energy of a path of twice the length has more than that of the path itself.
constexpr double kTwiceAsLong = 3;

/// μ such that μ ∫ U dt along the straight line is three times its ½ ∫ ‖Jγ'‖² dt; of a loop, whose straight
/// line is a point, that of a line as long as is typical.
double balanced_weight(const PathEnergy& energy, const DensityPotential& potential, const Tensor& start,
                       const Tensor& end, double typical_squared_distance) {
  const at::NoGradGuard no_gradient;
  const Tensor times = uniform_times(kSegments);
  const Tensor nodes = linear_path(start, end, times);
  const Tensor images = energy.decode(nodes[0]).flatten(1).unsqueeze(0);
  const double twice_energy = (start == end).all().item<bool>()
                                  ? typical_squared_distance
                                  : energy.squared_chords(images).sum().item<double>() * kSegments;
  const Tensor middles = 0.5 * (nodes[0].narrow(0, 0, kSegments) + nodes[0].narrow(0, 1, kSegments));
  const double density = potential.evaluate(middles).mean().item<double>();
  const double weight = kTwiceAsLong * 0.5 * twice_energy / density;
  LATENTPATH_CHECK(
      std::isfinite(weight) && weight > 0, kNumerical,
      "`density_regularisation` auto finds no weight along the straight line of a pair, whose energy is ",
      0.5 * twice_energy, " and whose density term ", density, ": give a number");
  return weight;
}

}  // namespace

std::optional<double> density_weight_of(const PathOptions& options) {
  const std::string& text = options.density_regularisation;
  if (text == "none") return 0.0;
  if (text == "auto") return std::nullopt;
  double weight = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), weight);
  LATENTPATH_CHECK(
      error == std::errc() && rest == text.data() + text.size() && std::isfinite(weight) && weight > 0,
      kArgument, "`density_regularisation` takes a number above 0, auto or none; '", text,
      "' is none of these");
  return weight;
}

void check_density(const PathProblem& problem, const PathOptions& options) {
  if (density_weight_of(options) == 0.0) return;
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
      !is_second_order(options.method), kArgument, "`method` ", options.method,
      " needs second derivatives, which density regularisation does not have here: leave `method` auto");
  LATENTPATH_CHECK(options.method == "auto" || options.method == "lbfgs" ||
                       options.method == "spectral-gradient" || options.method == "kim-zhang" ||
                       options.method == "adam" || options.method == "sgd",
                   kArgument, "`density_regularisation` cannot go with `method` ", options.method);
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
  std::vector<PairGroup> single;
  for (const PairGroup& group : groups)
    for (const int64_t pair : group.pairs) {
      PairGroup one = group;
      one.pairs = {pair};
      const PathEnergy energy(counter.map(), problem.quality,
                              energy_options(options, make_cost(group.cost, group.time_weight)));
      const auto of_pair = counter.count_for(at::tensor({pair}, at::kLong));
      one.density_weight =
          balanced_weight(energy, *density.potential, problem.start.narrow(0, pair, 1).to(at::kDouble),
                          problem.end.narrow(0, pair, 1).to(at::kDouble), typical);
      single.push_back(one);
    }
  groups = std::move(single);
  return density;
}

void say_regularised(const DensityTerm& density, std::vector<std::string>& notes) {
  if (!density.potential || density.potential->density().regularised() == 0) return;
  const DataDensity& of = density.potential->density();
  notes.push_back(join_message("det JᵀJ was regularised at ", of.regularised(), " of ", of.evaluated(),
                               " points of the density term: there the decoder's images do not move in some "
                               "direction of the latent space, and "
                               "such a direction counts as if they moved by ",
                               std::sqrt(of.regularisation()), " for 1"));
}

}  // namespace latentpath
