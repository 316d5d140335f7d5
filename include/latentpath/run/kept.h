#pragma once
// What a path should not change: its options, the models that tell it, the qualities made of them, and the
// figures reported.
//
//   const KeptModels kept = load_kept({.keep_features = "identity.pt"}, options, models, prior, seed);
//   problem.quality = product({quality, kept.quality()});

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "latentpath/core/option_table.h"
#include "latentpath/models/feature_model.h"
#include "latentpath/path/find_path.h"
#include "latentpath/run/models.h"
#include "latentpath/run/prior.h"

namespace latentpath {

struct KeepOptions {
  std::string keep_features;      ///< model of features that stay near those of the nearer end; empty: none
  double keep_scale = 0;          ///< distance that counts as half good; 0: that of two samples of the prior
  std::vector<std::string> keep;  ///< classes whose probability stays as at the nearer end, by number or name
  std::string embedding_features;  ///< model of features in whose space lengths are measured; empty: images
  /// Functions in the place of the files, which are then their names. No options.
  std::optional<ModelFunction> features_function = {}, embedding_function = {};

  bool any() const { return !keep_features.empty() || !keep.empty(); }
};
/// The rows of these options, for a table that has `favor` above them.
const OptionTable<KeepOptions>& keep_option_table();

struct KeptModels {
  FeatureModelPointer features;  ///< of `keep_features`; null: none
  double scale = 0;              ///< s
  double typical = 0;            ///< median distance between the features of two samples of the prior
  std::optional<PointFeatures> classes = {};  ///< of `keep`
  FeatureModelPointer embedding;              ///< of `embedding_features`; null: none

  /// Everything that should stay, as one factor of a quality; null where nothing should.
  QualityPointer quality() const;
};

/// Loads what the options name; what has to be said is added to `models`.
KeptModels load_kept(const KeepOptions& keep, const ModelOptions& options, Models& models, const Prior& prior,
                     uint64_t seed);

/// Adds to every pair's path, linear and spherical: `mean_feature_distance` and `largest_feature_distance` to
/// the nearer end, as shares of `kept.typical_distance` of the summary, and for classes `mean_class_change`
/// and `largest_class_change`, 1 − Q of keep_probabilities(); to the paths and baselines `feature_distance`
/// and `class_change`, frame by frame; and to the summary `kept`: what of.
void add_kept_figures(nlohmann::json& summary, const KeptModels& kept, const PathProblem& problem,
                      const PathResult& result);

/// A line of the summary for people, empty where nothing was kept.
std::string kept_text(const nlohmann::json& summary);

}  // namespace latentpath
