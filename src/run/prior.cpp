#include "latentpath/run/prior.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "latentpath/core/error.h"
#include "latentpath/io/tensor_file.h"
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
  const Tensor stored = read_tensor_file(file);
  // Codes of another shape than rows, [n, 4, 32, 32], are as many numbers.
  const Tensor codes =
      stored.dim() > 2 && stored.numel() == stored.size(0) * latent_dim ? stored.flatten(1) : stored;
  LATENTPATH_CHECK(codes.dim() == 2 && codes.size(1) == latent_dim, kInput, file, " must have the shape [n, ",
                   latent_dim, "] for this decoder, not ", shape_string(codes.sizes()));
  try {
    return fit_density(codes, {.seed = seed}, progress);
  } catch (const Error& error) {
    throw Error(ErrorKind::kInput, file + ": " + error.what());
  }
}

std::shared_ptr<const GaussianMixture> mixture_of(const std::filesystem::path& file, int64_t latent_dim) {
  auto mixture = read_mixture(file);
  LATENTPATH_CHECK(mixture->dim() == latent_dim, kInput, "the mixture file ", file.string(), " is about ",
                   mixture->dim(), " dimensions; the decoder's latent size is ", latent_dim);
  return mixture;
}

/// Densities that need no more than their name.
constexpr std::array kNamed{"normal", "normal-asymptotic", "semicircle", "uniform"};

bool is_named(const std::string& prior) {
  return std::find(kNamed.begin(), kNamed.end(), prior) != kNamed.end();
}

void check_prior_options(const PriorOptions& options) {
  const std::string& name = options.prior;
  for (const char* prefix : {"mixture:", "samples:"})
    if (const auto file = text_after(prefix, name))
      LATENTPATH_CHECK(!file->empty(), kArgument, "`prior` ", name,
                       " needs the name of a file behind the colon");
  const bool bounded = uniform_bounds(name).has_value();
  if (!bounded && !text_after("mixture:", name) && !text_after("samples:", name)) {
    std::string all = "none";
    for (const char* known : kNamed) all += std::string(", ") + known;
    LATENTPATH_CHECK(name == "none" || is_named(name), kArgument, "`prior` '", name, "' is not one of ", all,
                     ", uniform:LOW,HIGH, mixture:FILE, samples:FILE.npy");
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
      .add("fitted-prior", &O::fitted_prior)
      .help("Without a prior: the density fitted to codes of data that lies beside the decoder")
      .choices({{"on", "NAME-prior.json beside NAME.pt, where there is one"},
                {"none", "what the decoder's file states"}})
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

LatentSampler Prior::sampler() const { return sampler_of(density ? density : drawn ? end_points : nullptr); }

std::string Guard::state() const {
  if (fits.empty()) return asked;
  const std::string first = state(0);
  for (size_t pair = 1; pair < fits.size(); ++pair)
    if (state(pair) != first) return "mixed";
  return first;
}

std::array<Tensor, 2> Guard::groups() const {
  std::array<std::vector<int64_t>, 2> pairs;
  for (size_t pair = 0; pair < fits.size(); ++pair)
    pairs[quality && !fits[pair] ? 1 : 0].push_back(static_cast<int64_t>(pair));
  return {at::tensor(pairs[0], at::kLong), at::tensor(pairs[1], at::kLong)};
}

namespace {

/// Of pairs whose ends are none of the N(0, I) that is assumed, or of what the decoder draws: one sentence
/// where it is all of them, else one a pair, which then counts for no other.
void warn_of_unfit(const Prior& prior, const Tensor& start, const Tensor& end, Guard& guard) {
  const double typical = std::sqrt(static_cast<double>(start.size(1)));
  const auto sentence = [&](const Tensor& norms) {
    const std::string ends = join_message("end points of norm ", norms.min().item<double>(), " to ",
                                          norms.max().item<double>(), " are none of ");
    return join_message(
        prior.drawn ? ends + "the latents that the decoder's method sample draws"
                    : join_message("nothing says what the decoder's latents are drawn from, and ", ends,
                                   "N(0, I), which has norms of about ", typical),
        ": no guard keeps these paths near the model's latents; give `prior` samples:FILE.npy "
        "with latents that the model makes or was trained on, or mixture:FILE");
  };
  const Tensor norms = at::stack({start, end}).to(at::kDouble).norm(2, {2});  // [2, pairs]
  if (std::find(guard.fits.begin(), guard.fits.end(), true) == guard.fits.end()) {
    guard.warnings.push_back(sentence(norms));
    return;
  }
  for (size_t pair = 0; pair < guard.fits.size(); ++pair)
    if (!guard.fits[pair])
      guard.warnings.push_back(
          {join_message("pair ", pair + 1, ": ", sentence(norms.select(1, static_cast<int64_t>(pair)))),
           WarningKind::kFigures, static_cast<int64_t>(pair)});
}

/// Of ends that are strange by a prior that is known, [2, pairs] bool: one sentence a pair.
void warn_of_strange(const Tensor& strange, Guard& guard) {
  for (int64_t pair = 0; pair < strange.size(1); ++pair) {
    const int64_t count = strange.select(1, pair).sum().item<int64_t>();
    if (count == 0) continue;
    const std::string sentence =
        join_message(count, " of 2 end points are stranger than 9999 of 10000 samples of the prior (",
                     guard.rank->describe(), "): near them the path is, too");
    if (strange.size(1) == 1)
      guard.warnings.emplace_back(sentence);
    else
      guard.warnings.push_back(
          {join_message("pair ", pair + 1, ": ", sentence), WarningKind::kFigures, pair});
  }
}

}  // namespace

Guard make_guard(const Prior& prior, bool on, bool feature, const Tensor& start, const Tensor& end) {
  constexpr double kStrange = 1e-4;
  Guard guard;
  const auto pairs = static_cast<size_t>(start.size(0));
  guard.fits.assign(pairs, true);
  guard.rank = prior.typicality;
  if (!guard.rank) return guard;
  const Tensor ranks = at::stack({guard.rank->rank(start), guard.rank->rank(end)});  // [2, pairs]
  const Tensor strange = ranks < kStrange;
  const bool may_not_fit = prior.assumed || prior.drawn;
  if (may_not_fit)
    for (size_t pair = 0; pair < pairs; ++pair)
      guard.fits[pair] = !strange.select(1, static_cast<int64_t>(pair)).any().item<bool>();
  const bool some_fit = std::find(guard.fits.begin(), guard.fits.end(), true) != guard.fits.end();
  if (!some_fit) guard.rank = nullptr;
  if (!feature || !on) return guard;
  guard.asked = "on";
  if (some_fit) guard.quality = typicality_guard(guard.rank);
  if (!may_not_fit) {
    warn_of_strange(strange, guard);
    return guard;
  }
  warn_of_unfit(prior, start, end, guard);
  if (some_fit && prior.assumed)
    guard.notes.push_back(
        "nothing says what the decoder's latents are drawn from: N(0, I) is assumed, and paths keep to where "
        "it has samples; `prior` names another one, `guard` none asks for nothing");
  return guard;
}

QualityPointer asked_of(const QualityPointer& feature, double odds, double sharpness) {
  if (!feature) return nullptr;
  const QualityPointer shifted = shift_odds(feature, odds);
  return sharpness == 1 ? shifted : power(shifted, sharpness);
}

QualityPointer path_quality(const QualityPointer& feature, bool ramp, const Prior& prior,
                            const QualityPointer& guard) {
  std::vector<QualityPointer> factors;
  if (feature) factors.push_back(ramp ? time_ramp(feature) : feature);
  if (prior.quality) factors.push_back(prior.quality);
  if (guard) factors.push_back(guard);
  return factors.empty() ? constant_quality(0.5) : product(factors);
}

namespace {

/// What PriorOptions::prior names; null for none. Of a density that is costly to evaluate, `rank` is lowered.
DensityPointer asked_density(const PriorOptions& options, int64_t latent_dim, RankOptions& rank,
                             std::vector<std::string>& notes, const ProgressObserver& progress) {
  const std::string& name = options.prior;
  if (is_named(name)) return density_by_name(name == "normal-asymptotic" ? "normal" : name, latent_dim);
  if (const auto bounds = uniform_bounds(name))
    return uniform_density(latent_dim, bounds->first, bounds->second);
  if (const auto file = text_after("mixture:", name)) return mixture_of(*file, latent_dim);
  if (const auto codes = text_after("samples:", name)) {
    const SampleDensity fitted = fit_file(*codes, latent_dim, rank.seed, progress);
    notes.push_back(*codes + ": " + fitted.sentence());
    rank = fitted.rank_options(rank.seed);
    return fitted.density;
  }
  return nullptr;
}

/// Draws by the decoder's own method, with the log-density of what was fitted to them (null: none was).
class OwnSamples final : public Density {
 public:
  OwnSamples(std::function<Tensor(int64_t, uint64_t)> draw, DensityPointer fitted, int64_t dim)
      : draw_(std::move(draw)), fitted_(std::move(fitted)), dim_(dim) {}
  Tensor log_density(const Tensor& z) const override {
    LATENTPATH_CHECK(fitted_, kArgument, "the decoder draws its ", dim_,
                     " latents by itself, and nobody knows their density; `prior` names one");
    return fitted_->log_density(z);
  }
  Tensor sample(int64_t count, at::Generator& generator) const override {
    return draw_(count, at::randint(int64_t{1} << 31, {1}, generator, at::kLong).item<int64_t>());
  }
  int64_t dim() const override { return dim_; }
  std::string describe() const override {
    return fitted_ ? "the decoder's own samples, " + fitted_->describe() : "the decoder's own samples";
  }

 private:
  std::function<Tensor(int64_t, uint64_t)> draw_;
  DensityPointer fitted_;
  int64_t dim_;
};

/// The prior of a decoder whose file draws its latents itself and names no density.
void set_own_samples(const StatedPrior& stated, int64_t latent_dim, RankOptions& rank,
                     const ProgressObserver& progress, Prior& prior) {
  constexpr int64_t kMostFitted = 1024, kFewest = 4096;  // latents, samples
  prior.drawn = true;
  LATENTPATH_CHECK(at::equal(stated.samples(2, rank.seed), stated.samples(2, rank.seed)), kInput,
                   stated.source,
                   ": its method sample(n, seed) gives other latents for the same seed, and nothing could be "
                   "repeated: it must seed its generator with its argument seed");
  if (latent_dim > kMostFitted) {
    prior.end_points = std::make_shared<OwnSamples>(stated.samples, nullptr, latent_dim);
    prior.notes.push_back(
        join_message("the decoder draws its latents by its method sample: points are drawn by it; of ",
                     latent_dim, " latents no density is fitted, and so no guard keeps paths near them"));
    return;
  }
  SampleDensity fitted;
  try {
    fitted = fit_density(stated.samples(std::max(kFewest, 4 * latent_dim), rank.seed), {.seed = rank.seed},
                         progress);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kArgument) throw;
    throw Error(ErrorKind::kInput,
                stated.source +
                    ": its method sample(n, seed) draws what no density can be fitted to: " + error.what());
  }
  rank = fitted.rank_options(rank.seed);
  prior.density = prior.end_points = std::make_shared<OwnSamples>(stated.samples, fitted.density, latent_dim);
  prior.notes.push_back("the decoder draws its latents by its method sample: " + fitted.sentence());
}

/// The ranks of its density, by which ends are found outside, and from which the guard is made.
void set_ranks(const RankOptions& rank, const ProgressObserver& progress, Prior& prior) {
  const int64_t latent_dim = prior.density->dim();
  if (prior.normal) {
    prior.rank = normal_prior(latent_dim);
    prior.typicality = normal_typicality(latent_dim);
  } else if (prior.density->level_support() != nullptr) {
    prior.rank = density_rank(prior.density);
    prior.typicality = density_typicality(prior.density);
  } else {
    if (progress) progress({.stage = "rank of the prior", .total = 1, .activity = Activity::kPrior});
    const auto distribution = std::make_shared<const LogDensityDistribution>(*prior.density, rank);
    prior.rank = density_rank(prior.density, distribution);
    prior.typicality = density_typicality(prior.density, distribution);
  }
}

}  // namespace

Prior make_prior(const PriorOptions& options, const StatedPrior& stated, int64_t latent_dim, uint64_t seed,
                 const ProgressObserver& progress) {
  Prior prior;
  RankOptions rank{.seed = seed};
  const std::string& name = options.prior;
  prior.density = asked_density(options, latent_dim, rank, prior.notes, progress);
  const bool asked = prior.density != nullptr;
  DensityPointer of_decoder = density_by_name(stated.name, latent_dim);
  prior.fitted = !asked && options.fitted_prior == "on" && !stated.fitted.empty();
  if (prior.fitted) {
    const auto mixture = mixture_of(stated.fitted, latent_dim);
    // As many draws as take a fraction of a second: a rank of 1e-3 is then known to a tenth of it.
    rank.samples = std::clamp<int64_t>(500'000'000 / (mixture->components() * latent_dim * latent_dim),
                                       20'000, rank.samples);
    of_decoder = mixture;
    prior.notes.push_back(join_message("the decoder's prior is the ", mixture->describe(),
                                       ", fitted to codes of data",
                                       stated.name.empty() ? "" : ", in place of its file's ", stated.name,
                                       "; `fitted_prior` none leaves it out"));
  }
  if (!asked) prior.density = of_decoder;
  if (!prior.density && stated.samples) {
    set_own_samples(stated, latent_dim, rank, progress, prior);
    if (prior.density) set_ranks(rank, progress, prior);
    return prior;
  }
  if (!prior.density) {
    prior.end_points = normal_density(latent_dim);
    prior.typicality = normal_typicality(latent_dim);
    prior.assumed = true;
    return prior;
  }
  prior.normal = prior.density->is_standard_normal();
  set_ranks(rank, progress, prior);
  prior.end_points = of_decoder && options.prior_draws == "decoder" ? of_decoder : prior.density;
  if (!asked) return prior;
  prior.quality = options.prior_rank == "paper" ? density_rank_paper(prior.density, {.seed = seed})
                  : name == "normal-asymptotic" ? normal_prior_asymptotic(latent_dim)
                                                : prior.rank;
  if (options.prior_alpha < 1) prior.quality = scaled(prior.quality, options.prior_alpha);
  return prior;
}

void check_end_points(const Prior& prior, const Tensor& points, const std::string& field) {
  if (!prior.rank || prior.drawn) return;  // latents by other ways than the decoder's are no mistake
  const int64_t dim = points.size(1);
  const Tensor inside = prior.rank->evaluate({points.to(at::kDouble), {}, {}});
  const int64_t worst = inside.argmin().item<int64_t>();
  const double norm = points[worst].norm().item<double>(), rank = inside[worst].item<double>();
  if (prior.normal)
    LATENTPATH_CHECK(rank > 1e-12, kArgument, "`", field, "`: a point has norm ", norm,
                     ", outside what the normal prior of latent size ", dim, " makes (norms of about ",
                     std::sqrt(static_cast<double>(dim)), "); `any_endpoint` allows it");
  // The softened edge of a uniform density never comes near 0; half a softness beyond it nothing is drawn.
  if (prior.density->level_support() != nullptr)
    LATENTPATH_CHECK(rank > 0.8, kArgument, "`", field, "`: a point of norm ", norm,
                     " is outside what the prior (", prior.density->describe(),
                     ") makes; `any_endpoint` allows it");
  LATENTPATH_CHECK(rank > 1e-12, kArgument, "`", field, "`: a point of norm ", norm,
                   " is outside what the prior (", prior.density->describe(), ") makes: a share of ", rank,
                   " of it lies in places as unlikely; `any_endpoint` allows it");
}

}  // namespace latentpath
