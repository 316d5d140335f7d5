#pragma once
// The table of rules, and the figures they read.

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "latentpath/path/path_set.h"
#include "latentpath/run/run_kind.h"
#include "latentpath/solver/termination.h"

namespace latentpath::detail {

enum class Level { kNote, kGood, kFair, kBad };
const char* level_name(Level level);

/// The figure, where it is a finite number.
std::optional<double> figure_of(const nlohmann::json& figures, const char* name);
std::string text_of(const nlohmann::json& object, const char* name);

/// The figures of one pair, as the rules read them.
struct VerdictFigures {
  VerdictFigures(const nlohmann::json& summary, size_t pair, RunKind kind);

  /// The path costs less than the straight line.
  bool gained() const { return cost && linear && *linear > 1.005 * *cost; }
  /// A quality was asked for: it is not the same everywhere, on path and straight line.
  bool has_quality() const;
  bool failed() const {
    return termination == Termination::kNumericalFailure || (!cost && kind != RunKind::kMeasures);
  }

  RunKind kind;
  nlohmann::json path, classifier;
  std::string start, feature, title, dtype;
  std::optional<StartKind> start_kind;  ///< what `start` names; none for other words
  std::optional<Termination> termination;
  std::vector<std::string> warnings;  ///< those that question this pair's figures
  bool under_resolved = false;
  /// `length`, `bound` and `reference` are weighted by a quality that was asked for; else they are distances.
  bool weighted = true;
  std::optional<double> cost, coarse, linear, spherical, refinement, probability, straight_probability,
      mean_quality, straight_quality, lowest, straight_lowest, length, bound, residual, embedding_length,
      straight_embedding_length, end_by_judge, exact, reference, reference_error, ends_distance,
      ends_output_distance, negative_log_density, straight_negative_log_density, squared_wasserstein,
      straight_feature_distance, straight_class_change;
};

struct Reason {
  Level level = Level::kNote;
  std::string text;
  std::string remedy = {};  ///< what to try, where the level is fair or bad
};

/// "the straight line", of "linear"; a name that is none of Start::name() as it stands.
std::string start_in_words(const std::string& name);

struct VerdictRule {
  const char* topic;
  const char* figure;     ///< what is compared with the thresholds
  bool below;             ///< objects below them
  double fair, bad;       ///< NaN: never
  const char* complaint;  ///< in headlines: "under-resolved"
  const char* praise;     ///< of a batch to which it does not object; null: nothing is said
  std::optional<Reason> (*evaluate)(const VerdictFigures&, const VerdictRule&);
  bool of_tables = false;  ///< also asked of every path of a table (`evaluate`)

  Level grade(double value) const;
};
const std::vector<VerdictRule>& verdict_rules();

}  // namespace latentpath::detail
