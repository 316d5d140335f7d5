#pragma once
// Where a model's latents lie, as a quality of paths and as a source of points.
//
//   Prior prior = make_prior({.prior = "normal"}, models.prior, latent_dim, seed);
//   problem.quality = path_quality(feature, true, prior);

#include <array>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "latentpath/core/option_table.h"
#include "latentpath/core/progress.h"
#include "latentpath/core/warning.h"
#include "latentpath/metric/density.h"
#include "latentpath/metric/quality.h"
#include "latentpath/metric/typicality_guard.h"
#include "latentpath/path/via_points.h"

namespace latentpath {

struct PriorOptions {
  /// none, normal, normal-asymptotic, semicircle, uniform[:LOW,HIGH], mixture:FILE, samples:FILE.npy
  std::string prior = "none";
  std::string prior_rank = "exact";
  double prior_alpha = 1;  ///< paper B's ri_α
  std::string prior_draws = "decoder";
  std::string fitted_prior =
      "on";  ///< on: StatedPrior::fitted, where there is one and no other prior is asked for; none
};
const OptionTable<PriorOptions>& prior_option_table();

/// What the decoder's files say its latents are drawn from.
struct StatedPrior {
  std::string name;  ///< attribute `prior`: "normal", "semicircle", "uniform"; empty: not said
  std::filesystem::path
      fitted;  ///< NAME-prior.json beside NAME.pt: a mixture fitted to the codes of data; empty: none
  /// Latents [count, D] of the file's own method `sample`; null: it has none. Where the file names no
  /// density, one is fitted to these.
  std::function<Tensor(int64_t count, uint64_t seed)> samples = {};
  std::string source = {};  ///< "the decoder FILE", whose `samples` they are
};

/// What the options and the decoder's files say together.
struct Prior {
  QualityPointer quality;  ///< the factor that PriorOptions::prior asks for; null for none
  DensityPointer
      density;          ///< of PriorOptions::prior, else of the decoder's files; null where neither names one
  QualityPointer rank;  ///< its rank, without α; null where there is no density
  DensityPointer end_points;  ///< what seed:N and class:C draw from; N(0, I) where nothing is known
  bool normal = false;        ///< `density` is N(0, I)
  /// What the guard is made of: the rank of `density`, two-sided for N(0, I), which stands in where nothing
  /// is known (`assumed`).
  TypicalityRankPointer typicality;
  bool assumed = false;
  bool fitted = false;  ///< `density` is StatedPrior::fitted
  bool drawn =
      false;  ///< `end_points` is StatedPrior::samples, and `density`, for up to 1024 latents, fitted to it
  std::vector<std::string> notes;

  /// For PathProblem::prior; none where nothing is known.
  LatentSampler sampler() const;
};

/// Draws of a density, as paths take them.
LatentSampler sampler_of(DensityPointer density);

/// What keeps the paths of a feature in the data, and what has to be said of it. Whether an assumed N(0, I)
/// fits is decided pair by pair: what becomes of a pair does not depend on its neighbours.
struct Guard {
  QualityPointer quality;      ///< null: none
  TypicalityRankPointer rank;  ///< what places are reported by, with or without a guard; null: unknown
  std::vector<bool> fits;      ///< [pairs]: quality and rank hold for this pair
  std::string asked = "none";  ///< "on", or "none" (turned off, or no feature)
  std::vector<std::string> notes;
  std::vector<Warning> warnings;

  /// "on", "none", or "unfit": N(0, I) was assumed, or the decoder draws its latents itself, and this pair's
  /// ends are none of these (see `warnings`).
  std::string state(size_t pair) const { return asked == "on" && !fits[pair] ? "unfit" : asked; }
  /// The state of all pairs, "mixed" where they differ.
  std::string state() const;
  /// The pairs that are sought with the guard, and those without: [n] int64 each, possibly empty.
  std::array<Tensor, 2> groups() const;
};

/// `on` is the option `guard`; start, end [pairs, D]. Where N(0, I) is assumed, or the decoder draws its
/// latents itself, and an end of a pair is stranger than 9999 of 10 000 samples, that pair's latents are
/// others: no guard, and a warning that says what to give. Ends as strange by a prior that is known are named
/// in a warning: their paths are strange there whatever is done.
Guard make_guard(const Prior& prior, bool on, bool feature, const Tensor& start, const Tensor& end);

/// What is asked of the probability P of a feature (null stays null): shift_odds(P, odds)^sharpness.
QualityPointer asked_of(const QualityPointer& feature, double odds, double sharpness);

/// What a path should be like: the feature (null: none), with its ramp where asked for, times the prior's
/// factor and the guard (null: none), at all times alike; Q = ½ where nothing is asked.
QualityPointer path_quality(const QualityPointer& feature, bool ramp, const Prior& prior,
                            const QualityPointer& guard = {});

/// `stated` is what the decoder's files say. `progress` hears of what takes long. Throws Error(kInput) for
/// a file that does not serve.
Prior make_prior(const PriorOptions& options, const StatedPrior& stated, int64_t latent_dim, uint64_t seed,
                 const ProgressObserver& progress = {});

/// Refuses points [n, D] far outside a prior that is stated or asked for, which decode to nothing that the
/// model was trained for. `field` is where they come from, for the sentence.
void check_end_points(const Prior& prior, const Tensor& points, const std::string& field);

}  // namespace latentpath
