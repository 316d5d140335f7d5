#pragma once
// A row of the table of an evaluation: what is told of all paths of one feature, method and ε together.
//
//   EvaluationRowBuilder builder;
//   for (const EvaluatedPath& path : evaluator.evaluate(evaluation_method("ours"), 0, 10)) builder.add(path);
//   EvaluationRow row = builder.row();
//   row[PathFigure::kClassRatio].mean;
//
// Paths are added in the order of their pairs, and may be forgotten then: of each its figures are kept, of
// what happens along it only sums over all paths. So a row of millions of paths is made from a stream, and is
// the same, bit for bit, whoever makes it.

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "latentpath/run/evaluate_paths.h"

namespace latentpath {

struct FigureStatistics {
  int64_t count = 0;  ///< finite values; the others are left out
  double mean, standard_error, median;
  double low, high;  ///< the 5th and the 95th percentile, between neighbouring values linearly
  FigureStatistics();
};

/// Mean, standard error s/√n with s² = Σ(x − mean)²/(n − 1), and quantiles of the finite values. NaN where n
/// is too small: below 1, and for the standard error below 2.
FigureStatistics statistics_of(const std::vector<double>& values);

/// What happens along the paths of a row: the mean over its paths and the standard error, at each frame or
/// step; empty where no path has such values, NaN as in FigureStatistics.
struct EvaluationProfile {
  std::vector<double> mean, error;
};

/// The sums behind a profile. Of the values x₁, x₂, … at one frame it keeps their number n, their mean and
/// S = Σ(x − mean)², updated by Welford's rule: δ = x − mean, mean += δ/n, S += δ (x − mean).
class ProfileSums {
 public:
  void add(const std::vector<double>& values);
  EvaluationProfile profile() const;

 private:
  std::vector<int64_t> count_;
  std::vector<double> mean_, squares_;
};

struct EvaluationRow {
  const FigureStatistics& operator[](PathFigure which) const { return figures[static_cast<size_t>(which)]; }

  std::string feature, method;
  double epsilon = 0;
  bool favored = false;  ///< the feature is to be met, not avoided
  int64_t pairs = 0, failures = 0, under_resolved = 0;
  std::array<FigureStatistics, kPathFigures> figures;
  EvaluationProfile squared_step, quality, probability;  ///< of the paths that did not fail
  nlohmann::json objections = nlohmann::json::object();  ///< of the paths that were sought (verdict.h)
};

class EvaluationRowBuilder {
 public:
  void add(const EvaluatedPath& path);
  /// Without feature, method and ε, which no path knows.
  EvaluationRow row() const;

 private:
  EvaluationRow counted_;
  std::array<std::vector<double>, kPathFigures> values_;  ///< finite ones, of paths that did not fail
  ProfileSums squared_step_, quality_, probability_;
};

EvaluationRow summarise(const std::vector<EvaluatedPath>& paths);

}  // namespace latentpath
