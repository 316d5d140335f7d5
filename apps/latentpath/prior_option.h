#pragma once
// --prior and what goes with it: where a model's latents lie, as a quality of paths and as a source of
// points.

#include <CLI/CLI.hpp>

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "latentpath/path/via_points.h"
#include "latentpath/metric/density.h"
#include "latentpath/metric/quality.h"

namespace latentpath::program {

struct PriorOptions {
  /// none, normal, normal-asymptotic, semicircle, uniform[:LOW,HIGH], mixture:FILE, samples:FILE.npy
  std::string prior = "none";
  std::string rank = "exact";     ///< exact, paper
  std::string draws = "decoder";  ///< decoder, prior: which density seed:N and class:C draw from
  double alpha = 1;               ///< paper B's ri_α
};

/// Registers --prior, --prior-rank, --prior-alpha and --prior-draws.
void add_prior_options(CLI::App& command, PriorOptions& options, const char* group);

/// Everything that can be refused before a file is read.
void check_prior_options(const PriorOptions& options);

/// What the options and the decoder's file say together.
struct Prior {
  QualityPointer quality;     ///< the factor that --prior asks for; null for none
  DensityPointer density;     ///< of --prior, else of the decoder's file; null where neither names one
  QualityPointer rank;        ///< its rank, without α; null where there is no density
  DensityPointer end_points;  ///< what seed:N and class:C draw from; N(0, I) where nothing is known
  bool normal = false;        ///< `density` is N(0, I)
  std::vector<std::string> notes;

  /// For PathProblem::prior; none without a density.
  LatentSampler sampler() const;
};

/// Draws of a density, as paths take them.
LatentSampler sampler_of(DensityPointer density);

/// What a path should be like: the feature (null: none), with its ramp where asked for, times the prior's
/// factor; Q = ½ where nothing is asked.
QualityPointer path_quality(const QualityPointer& feature, bool ramp, const Prior& prior);

/// `stated` is the decoder's attribute `prior`. Throws Error(kInput) for a file that does not serve.
Prior make_prior(const PriorOptions& options, const std::string& stated, int64_t latent_dim, uint64_t seed);

/// Refuses points [n, D] far outside the prior, which decode to nothing that the model was trained for.
void check_end_points(const Prior& prior, const Tensor& points, const char* option);

/// The file that --prior names; empty where it names none.
std::string prior_file(const PriorOptions& options);

/// For run.json.
void add_prior_json(nlohmann::json& object, const PriorOptions& options);

}  // namespace latentpath::program
