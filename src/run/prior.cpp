#include "latentpath/run/prior.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "latentpath/core/error.h"
#include "latentpath/io/npy.h"
#include "latentpath/metric/density_rank.h"
#include "latentpath/metric/sample_density.h"
#include "latentpath/models/mixture_file.h"
#include "latentpath/run/text_values.h"

namespace latentpath {
namespace {

/// Of "uniform:LOW,HIGH"; none for other names. Throws for bounds that are none.
std::optional<std::pair<double, double>> uniform_bounds(const std::string& name) {
  const auto text = text_after("uniform:", name);
  if (!text) return std::nullopt;
  const auto bounds = parse_numbers("prior", *text);
  LATENTPATH_CHECK(bounds.size() == 2 && bounds[0] < bounds[1] && std::isfinite(bounds[1] - bounds[0]),
                   kArgument, "`prior` ", name,
                   " needs two finite numbers LOW < HIGH behind the colon, as in uniform:-1,1");
  return std::pair{bounds[0], bounds[1]};
}

SampleDensity fit_file(const std::string& file, int64_t latent_dim, uint64_t seed,
                       const ProgressObserver& progress) {
  const Tensor codes = read_npy(file);
  LATENTPATH_CHECK(codes.dim() == 2 && codes.size(1) == latent_dim, kInput, file, " must have the shape [n, ",
                   latent_dim, "] for this decoder, not ", shape_string(codes.sizes()));
  try {
    return fit_density(codes, {.seed = seed}, progress);
  } catch (const Error& error) {
    throw Error(ErrorKind::kInput, file + ": " + error.what());
  }
}

void check_prior_options(const PriorOptions& options) {
  const std::string& name = options.prior;
  for (const char* prefix : {"mixture:", "samples:"})
    if (const auto file = text_after(prefix, name))
      LATENTPATH_CHECK(!file->empty(), kArgument, "`prior` ", name,
                       " needs the name of a file behind the colon");
  const bool bounded = uniform_bounds(name).has_value();
  if (!bounded && !text_after("mixture:", name) && !text_after("samples:", name)) {
    const std::vector<std::string> known{"none", "normal", "normal-asymptotic", "semicircle", "uniform"};
    LATENTPATH_CHECK(std::find(known.begin(), known.end(), name) != known.end(), kArgument, "`prior` '", name,
                     "' is not one of none, normal, normal-asymptotic, semicircle, uniform, "
                     "uniform:LOW,HIGH, mixture:FILE, samples:FILE.npy");
  }
  LATENTPATH_CHECK(
      options.prior_rank != "paper" || name != "normal-asymptotic", kArgument,
      "`prior` normal-asymptotic is a formula of its own: `prior_rank` paper cannot be given with it");
  LATENTPATH_CHECK(options.prior_rank != "paper" || !(bounded || name == "uniform"), kArgument, "`prior` ",
                   name,
                   " is equally dense everywhere and has no ranks to estimate: `prior_rank` paper cannot "
                   "be given with it");
  LATENTPATH_CHECK(
      name != "none" ||
          (options.prior_rank == "exact" && options.prior_draws == "decoder" && options.prior_alpha == 1),
      kArgument, "`prior_rank`, `prior_draws` and `prior_alpha` say more about `prior`: give that too");
}

OptionTable<PriorOptions> make_table() {
  using O = PriorOptions;
  return OptionTable<O>()
      .group("What the path should be like")
      .add("prior", &O::prior)
      .help(
          "Density to stay within: none, normal, normal-asymptotic, semicircle, uniform (between -1 and 1) "
          "or "
          "uniform:LOW,HIGH, mixture:FILE (JSON), samples:FILE.npy (latents [n, D]; a density is fitted to "
          "them)")
      .names_file()
      .add("prior-rank", &O::prior_rank)
      .help("How the density becomes a quality")
      .choices({{"exact"}, {"paper", "kernel estimate from 5000 samples"}})
      .add("prior-alpha", &O::prior_alpha)
      .help("Scale of that quality (the 2019 paper's ri_alpha, used with epsilon 0)")
      .above(0)
      .at_most(1)
      .add("prior-draws", &O::prior_draws)
      .help("What seed:N and class:C draw from")
      .choices({{"decoder", "what the decoder's file states"}, {"prior", "the prior asked for"}})
      .rule(check_prior_options);
}

}  // namespace

const OptionTable<PriorOptions>& prior_option_table() {
  static const OptionTable<PriorOptions> table = make_table();
  return table;
}

LatentSampler sampler_of(DensityPointer density) {
  if (!density) return {};
  return [source = std::move(density)](int64_t count, at::Generator& generator) {
    return source->sample(count, generator);
  };
}

LatentSampler Prior::sampler() const { return sampler_of(density); }

Guard make_guard(const Prior& prior, bool on, bool feature, const Tensor& start, const Tensor& end) {
  constexpr double kStrange = 1e-4;
  Guard guard;
  guard.rank = prior.typicality;
  if (!guard.rank) return guard;
  const Tensor ends = at::cat({start, end}).to(at::kDouble);
  const int64_t strange = (guard.rank->rank(ends) < kStrange).sum().item<int64_t>(), all = ends.size(0);
  if (prior.assumed && 2 * strange >= all) {
    const Tensor norms = ends.norm(2, {1});
    const double typical = std::sqrt(static_cast<double>(ends.size(1)));
    guard.rank = nullptr;
    if (!feature) return guard;
    guard.state = on ? "unfit" : "none";
    if (on)
      guard.warnings.push_back(join_message(
          "nothing says what the decoder's latents are drawn from, and end points of norm ",
          norms.min().item<double>(), " to ", norms.max().item<double>(),
          " are none of N(0, I), which has norms of about ", typical,
          ": no guard keeps these paths near the model's latents; give `prior` samples:FILE.npy with latents "
          "that the model makes or was trained on, or mixture:FILE"));
    return guard;
  }
  if (!feature || !on) return guard;
  guard.state = "on";
  guard.quality = typicality_guard(guard.rank);
  if (prior.assumed)
    guard.notes.push_back(
        "nothing says what the decoder's latents are drawn from: N(0, I) is assumed, and paths keep to where "
        "it "
        "has samples; `prior` names another one, `guard` none asks for nothing");
  if (strange > 0)
    guard.warnings.push_back(join_message(
        strange, " of ", all, " end points are stranger than 9999 of 10000 samples of the prior (",
        guard.rank->describe(), "): near them their paths are, too"));
  return guard;
}

QualityPointer sharpened(const QualityPointer& feature, double sharpness) {
  return feature && sharpness != 1 ? power(feature, sharpness) : feature;
}

QualityPointer path_quality(const QualityPointer& feature, bool ramp, const Prior& prior,
                            const QualityPointer& guard) {
  std::vector<QualityPointer> factors;
  if (feature) factors.push_back(ramp ? time_ramp(feature) : feature);
  if (prior.quality) factors.push_back(prior.quality);
  if (guard) factors.push_back(guard);
  return factors.empty() ? constant_quality(0.5) : product(factors);
}

Prior make_prior(const PriorOptions& options, const std::string& stated, int64_t latent_dim, uint64_t seed,
                 const ProgressObserver& progress) {
  Prior prior;
  RankOptions rank{.seed = seed};
  const std::string& name = options.prior;
  const auto file = text_after("mixture:", name);
  if (name == "normal" || name == "normal-asymptotic" || name == "semicircle" || name == "uniform") {
    prior.density = density_by_name(name == "normal-asymptotic" ? "normal" : name, latent_dim);
  } else if (const auto bounds = uniform_bounds(name)) {
    prior.density = uniform_density(latent_dim, bounds->first, bounds->second);
  } else if (file) {
    prior.density = read_mixture(*file);
    LATENTPATH_CHECK(prior.density->dim() == latent_dim, kInput, "the mixture file ", *file, " is about ",
                     prior.density->dim(), " dimensions; the decoder's latent size is ", latent_dim);
  } else if (const auto codes = text_after("samples:", name)) {
    const SampleDensity fitted = fit_file(*codes, latent_dim, seed, progress);
    prior.density = fitted.density;
    prior.notes.push_back(*codes + ": " + fitted.sentence());
    rank = fitted.rank_options(seed);
  }
  const bool asked = prior.density != nullptr;
  const DensityPointer of_decoder = density_by_name(stated, latent_dim);
  if (!asked) prior.density = of_decoder;
  if (!prior.density) {
    prior.end_points = normal_density(latent_dim);
    prior.typicality = normal_typicality(latent_dim);
    prior.assumed = true;
    return prior;
  }
  const std::string known = asked ? name : stated;
  prior.normal = known == "normal" || known == "normal-asymptotic";
  // Asked for or not, the rank tells whether end points are outside of it.
  if (prior.normal) {
    prior.rank = normal_prior(latent_dim);
    prior.typicality = normal_typicality(latent_dim);
  } else if (dynamic_cast<const UniformDensity*>(prior.density.get()) != nullptr) {
    prior.rank = density_rank(prior.density);
    prior.typicality = density_typicality(prior.density);
  } else {
    if (progress) progress({"rank of the prior", 0, 1, 0});
    const auto distribution = std::make_shared<const LogDensityDistribution>(*prior.density, rank);
    prior.rank = density_rank(prior.density, distribution);
    prior.typicality = density_typicality(prior.density, distribution);
  }
  prior.end_points = of_decoder && options.prior_draws == "decoder" ? of_decoder : prior.density;
  if (asked) {
    prior.quality = options.prior_rank == "paper" ? density_rank_paper(prior.density, {.seed = seed})
                    : name == "normal-asymptotic" ? normal_prior_asymptotic(latent_dim)
                                                  : prior.rank;
    if (options.prior_alpha < 1) prior.quality = scaled(prior.quality, options.prior_alpha);
  }
  return prior;
}

void check_end_points(const Prior& prior, const Tensor& points, const std::string& field) {
  if (!prior.rank) return;
  const int64_t dim = points.size(1);
  const Tensor inside = prior.rank->evaluate({points.to(at::kDouble), {}, {}});
  const int64_t worst = inside.argmin().item<int64_t>();
  const double norm = points[worst].norm().item<double>(), rank = inside[worst].item<double>();
  if (prior.normal)
    LATENTPATH_CHECK(rank > 1e-12, kArgument, "`", field, "`: a point has norm ", norm,
                     ", outside what the normal prior of latent size ", dim, " makes (norms of about ",
                     std::sqrt(static_cast<double>(dim)), "); `any_endpoint` allows it");
  // The softened edge of a uniform density never comes near 0; half a softness beyond it nothing is drawn.
  if (dynamic_cast<const UniformDensity*>(prior.density.get()) != nullptr)
    LATENTPATH_CHECK(rank > 0.8, kArgument, "`", field, "`: a point of norm ", norm,
                     " is outside what the prior (", prior.density->describe(),
                     ") makes; `any_endpoint` allows it");
  LATENTPATH_CHECK(rank > 1e-12, kArgument, "`", field, "`: a point of norm ", norm,
                   " is outside what the prior (", prior.density->describe(), ") makes: a share of ", rank,
                   " of it lies in places as unlikely; `any_endpoint` allows it");
}

}  // namespace latentpath
