#pragma once
// evaluate_paths: the same figures for many paths by many methods, as the papers' tables need them.
//
// A case is a feature with its end points (say "favor 8" and 200 pairs), a method is a curve drawn without
// any search or a search with its options. Every path is evaluated alike: on one refined grid with one cost,
// and by its frames, decoded at equally spaced times t_k = k/(F − 1), both ends included. The figures of a
// path:
//
//   class ratio       share of the frames that the classifier recognises as what was asked for (paper A,
//                     Table 1: "mean ratio of images belonging to a specific class on an interpolation path,
//                     as computed by the classifier"; there 50 frames a path)
//   smoothness        max_k s_k / mean_k s_k, s_k = ‖Φ(γ(t_{k+1})) − Φ(γ(t_k))‖: 1 for equal steps, at most
//                     F − 1
//   even_smoothness   the same of F frames that share out the path's length evenly (even_frame_times.h): what
//                     is left are the leaps of the decoder
//   mean judge, judge disagreement, least guard rank   what nothing optimises (second_opinion.h)
//   min_quality_over_ends   the lowest Q_t on the path over the lower of its two ends' Q_t
//
// and the others as in CurveFigures. A path with NaN or infinity among its cost, its steps or its qualities
// is a failure: it is counted, and belongs to no mean.
//
//   PathEvaluator evaluator({.name = "favor 8", .problem = problem, .recognised = is_an_eight}, {});
//   auto ours   = evaluator.evaluate(evaluation_method("ours"), 0, 10);     // the first ten pairs
//   auto line   = evaluator.evaluate(evaluation_method("linear"), 0, 10);
//   ours[0][PathFigure::kClassRatio];          // their means: evaluation_row.h

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "latentpath/metric/density_regularisation.h"
#include "latentpath/metric/typicality_guard.h"
#include "latentpath/path/find_path.h"
#include "latentpath/run/evaluation_method.h"

namespace latentpath {

class Classifier;

/// What is asked of a set of pairs.
struct EvaluationCase {
  std::string name = {};  ///< "favor 8"
  PathProblem problem;    ///< start, end [pairs, D]
  /// z [n, D], Φ(z) [n, …] → bool [n]: which points have what was asked for. None: no class ratio.
  std::function<Tensor(const Tensor& latent, const Tensor& decoded)> recognised = {};
  QualityPointer judged = {};       ///< the feature by a second classifier; null: no judge
  TypicalityRankPointer rank = {};  ///< by which the strangest place is reported; null: not
  DataDensityPointer density = {};  ///< by which −log p(x) is reported; null: not
};

/// Which points the classifier puts into the class: among classes that exclude each other those for which it
/// is the likeliest, among independent attributes those to which it gives ½ or more. With `wanted` false, the
/// others.
std::function<Tensor(const Tensor& latent, const Tensor& decoded)> recognised_by(
    std::shared_ptr<const Classifier> classifier, int64_t class_index, bool wanted);

/// End points: the first `count` draws of the prior for which accepted(z [n, D]) → bool [n] holds, [count,
/// D]. Fewer pairs get the first of the same points. Throws Error(kNumerical) when too few of `max_draws`
/// will do.
Tensor draw_accepted(const LatentSampler& prior, const std::function<Tensor(const Tensor&)>& accepted,
                     int64_t count, at::Generator& generator, const CancellationToken& cancellation = {},
                     int64_t max_draws = 1 << 18);

enum class PathFigure : size_t {
  kClassRatio,
  kMeanFeature,  ///< mean class probability
  kMeanQuality,
  kMinQuality,
  kMinQualityOverEnds,
  kCostRefined,
  kLength,
  kEmbeddingLength,
  kSmoothness,
  kEvenSmoothness,
  kMeanJudge,                ///< mean probability of the feature by the judge
  kJudgeDisagreement,        ///< share of frames of which the classifier is sure and which the judge denies
  kLeastGuardRank,           ///< of the strangest place
  kLeastEndRank,             ///< of the stranger end: no path does better
  kMeanNegativeLogDensity,   ///< of −log p(x), over uniform time
  kWorstNegativeLogDensity,  ///< largest −log p(x)
  kRegularisedCost,          ///< refined cost of a search with a density term, that term included
  kDecoderEvaluations,
  kSeconds,
};
inline constexpr size_t kPathFigures = 19;

struct FigureDescription {
  const char* id;     ///< as in files: "class_ratio"
  const char* label;  ///< as in headings: "class ratio"
  const char* unit;   ///< empty for pure numbers
  int better;         ///< 1: higher is better, −1: lower is, 0: neither
  bool logarithmic;   ///< spans orders of magnitude
};
const std::array<FigureDescription, kPathFigures>& path_figure_descriptions();

/// One path, evaluated. Figures that do not apply are NaN.
struct EvaluatedPath {
  EvaluatedPath() { figures.fill(std::numeric_limits<double>::quiet_NaN()); }
  double operator[](PathFigure which) const { return figures[static_cast<size_t>(which)]; }
  double& operator[](PathFigure which) { return figures[static_cast<size_t>(which)]; }

  int64_t pair = 0;
  std::array<double, kPathFigures> figures;
  bool failed = false, under_resolved = false;
  double cost = std::numeric_limits<double>::quiet_NaN();  ///< of a search, on its own grid
  std::string termination;  ///< how the search ended; empty where nothing was sought
  std::string start;        ///< which first path won
  // Along the F frames, for plots like Figs. 10 and 12 of paper A:
  std::vector<double> quality;      ///< Q_t, F values
  std::vector<double> probability;  ///< of the feature, F values; empty without one
  std::vector<double> step;         ///< s_k, F − 1 values
};

struct PathBatch;

/// Evaluates one case. Via points are drawn once, at the first search that wants them, and shared by all
/// pairs: each path is counted its share.
class PathEvaluator {
 public:
  /// `options` hold for every method: segments, ε, cost, norm, seed, …; `frames` F ≥ 2.
  /// Throws Error(kArgument) for fewer frames.
  PathEvaluator(EvaluationCase evaluated, PathOptions options, int64_t frames = 50);

  /// The paths of pairs first … first + count − 1. A pair whose cost is not finite is a failed path, not an
  /// error. Throws Error(kInterrupted) when cancelled: a search cut short belongs into no table.
  std::vector<EvaluatedPath> evaluate(const EvaluationMethod& method, int64_t first, int64_t count,
                                      const ProgressObserver& progress = {},
                                      const CancellationToken& cancellation = {});

  int64_t pairs() const { return case_.problem.start.size(0); }
  const EvaluationCase& evaluated() const { return case_; }
  /// Of the last evaluate(), each once.
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  std::vector<EvaluatedPath> evaluate_group(const EvaluationMethod& method, const std::vector<int64_t>& pairs,
                                            bool loops, const ProgressObserver& progress,
                                            const CancellationToken& cancellation);
  std::vector<EvaluatedPath> evaluate_batch(const EvaluationMethod& method, const std::vector<int64_t>& pairs,
                                            bool loops, const ProgressObserver& progress,
                                            const CancellationToken& cancellation);
  PathBatch search(const PathProblem& problem, const PathOptions& options, bool by_another,
                   const PathEnergy& energy, const ProgressObserver& progress,
                   const CancellationToken& cancellation);
  const CandidatePool& candidates(const CancellationToken& cancellation);
  void warn(const std::string& sentence);  ///< once
  /// The options with the cost and λ that every method's paths, loops or others, are measured by.
  PathOptions options_for(bool loops, const CancellationToken& cancellation);

  EvaluationCase case_;
  PathOptions options_;
  int64_t frames_;
  std::optional<CandidatePool> pool_;
  std::vector<std::string> warnings_;
  double pool_seconds_ = 0;
};

}  // namespace latentpath
