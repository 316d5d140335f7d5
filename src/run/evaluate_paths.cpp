#include "latentpath/run/evaluate_paths.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include "latentpath/core/equal_share.h"
#include "latentpath/core/error.h"
#include "latentpath/models/classifier.h"
#include "latentpath/path/even_frame_times.h"
#include "latentpath/path/initial_path.h"
#include "latentpath/run/data_density.h"
#include "latentpath/run/second_opinion.h"

namespace latentpath {

/// The paths of a batch by one method, as they were found.
struct PathBatch {
  std::optional<PathResult> result;  ///< of a search
  CurveFigures<Tensor> figures;
  Tensor nodes, node_times, frame_nodes;  ///< [pairs, n + 1, D], [n + 1], [pairs, F, D]; float64
  double seconds = 0;                     ///< a pair
  int64_t drawn = 0;                      ///< points decoded for all pairs of the table
};

namespace {

using Clock = std::chrono::steady_clock;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr int64_t kPointsPerBatch = 1024;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

std::vector<double> row_of(const Tensor& values, int64_t row) {
  const Tensor one = values[row].to(at::kDouble).contiguous();
  return {one.data_ptr<double>(), one.data_ptr<double>() + one.numel()};
}

bool all_finite(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); });
}

/// Largest over mean; NaN where all steps are 0, as for a loop that stays where it is.
double smoothness_of(const std::vector<double>& steps) {
  double largest = 0, sum = 0;
  for (const double step : steps) largest = std::max(largest, step), sum += step;
  return sum > 0 ? largest * static_cast<double>(steps.size()) / sum : kNaN;
}

/// What is seen at F times of each path: [pairs, F] and [pairs, F − 1].
struct Frames {
  Tensor quality, probability, judged, recognised, step;
};

Frames look_at(const EvaluationCase& evaluated, const PathEnergy& energy, const Tensor& nodes,
               const Tensor& times) {
  const at::NoGradGuard no_gradient;
  const PathProblem& problem = evaluated.problem;
  const int64_t pairs = nodes.size(0), count = nodes.size(1);
  const Tensor points = nodes.reshape({pairs * count, nodes.size(2)});
  const Tensor when = times.to(points.options()).repeat(pairs);
  std::vector<Tensor> images, quality, probability, judged, recognised;
  for (int64_t at = 0; at < points.size(0); at += kPointsPerBatch) {
    const int64_t size = std::min(kPointsPerBatch, points.size(0) - at);
    const Tensor z = points.narrow(0, at, size), decoded = (*problem.embedding)(z);
    const QualityPoints here{z, when.narrow(0, at, size), decoded};
    images.push_back(decoded.flatten(1));
    quality.push_back(problem.quality->evaluate(here).to(at::kDouble));
    if (problem.feature) probability.push_back(problem.feature->evaluate(here).to(at::kDouble));
    if (problem.feature && evaluated.judged)
      judged.push_back(evaluated.judged->evaluate(here).to(at::kDouble));
    if (evaluated.recognised) recognised.push_back(evaluated.recognised(z, decoded).to(at::kDouble));
  }
  const auto join = [&](const std::vector<Tensor>& parts) {
    return parts.empty() ? Tensor() : at::cat(parts).reshape({pairs, count});
  };
  const Tensor chords = energy.squared_chords(at::cat(images).reshape({pairs, count, -1}));
  return {join(quality), join(probability), join(judged), join(recognised),
          chords.sqrt().reshape({pairs, count - 1})};
}

/// The rows of `problem` that a batch is made of.
PathProblem batch_of(const PathProblem& problem, const std::vector<int64_t>& pairs) {
  PathProblem batch = problem;
  const Tensor rows = at::tensor(pairs, at::kLong).to(problem.start.device());
  batch.start = problem.start.index_select(0, rows);
  batch.end = problem.end.index_select(0, rows);
  return batch;
}

/// The straight line or the great circle between the ends, without any search.
PathBatch draw(EvaluationMethod::Kind kind, const PathProblem& problem, const PathOptions& options,
               const PathEnergy& energy, int64_t frames) {
  const Tensor start = problem.start.to(at::kDouble), end = problem.end.to(at::kDouble);
  const auto curve = [&](const Tensor& times) {
    return kind == EvaluationMethod::Kind::kLinear ? linear_path(start, end, times)
                                                   : spherical_path(start, end, times);
  };
  const double grading = options.grading >= 0                 ? options.grading
                         : problem.quality->depends_on_time() ? 0.8
                                                              : 0.0;
  PathBatch batch;
  const auto begin = Clock::now();
  batch.frame_nodes = curve(uniform_times(frames - 1));
  batch.seconds = seconds_since(begin) / static_cast<double>(start.size(0));
  batch.node_times = uniform_times(options.segments);
  batch.nodes = curve(batch.node_times);
  batch.figures =
      energy.measure(curve, start.size(0), graded_times(options.segments, grading), problem.feature);
  return batch;
}

/// The steps in image space of F frames that share out the length of a path [n + 1, D] evenly.
std::vector<double> even_steps(const PathEnergy& energy, const Tensor& nodes, const Tensor& times,
                               int64_t frames, at::ScalarType type) {
  const at::NoGradGuard no_gradient;
  const Tensor even = even_frame_times(energy.embedding(), nodes.to(type), times, frames);
  const Tensor shown = interpolate_polyline(nodes.unsqueeze(0), times, even)[0].to(type);
  const Tensor images = energy.embedding()(shown).flatten(1).unsqueeze(0);
  return row_of(energy.squared_chords(images).sqrt(), 0);
}

/// One path of a batch, with the figures of its frames.
EvaluatedPath path_of(const PathBatch& batch, const Frames& frames, int64_t row) {
  EvaluatedPath path;
  const auto set = [&](PathFigure which, const Tensor& values) {
    if (values.defined()) path[which] = values[row].item<double>();
  };
  if (frames.recognised.defined())
    path[PathFigure::kClassRatio] = frames.recognised[row].mean().item<double>();
  set(PathFigure::kMeanFeature, batch.figures.mean_feature);
  set(PathFigure::kMeanQuality, batch.figures.mean_quality);
  set(PathFigure::kMinQuality, batch.figures.min_quality);
  set(PathFigure::kCostRefined, batch.figures.cost_refined);
  set(PathFigure::kLength, batch.figures.length);
  set(PathFigure::kEmbeddingLength, batch.figures.embedding_length);
  path.quality = row_of(frames.quality, row);
  if (frames.probability.defined()) path.probability = row_of(frames.probability, row);
  path.step = row_of(frames.step, row);
  path[PathFigure::kSmoothness] = smoothness_of(path.step);
  const double ends = std::min(path.quality.front(), path.quality.back());
  // Where nothing is asked of the ends, their quality is 1 and the ratio says nothing new.
  if (ends < 1) path[PathFigure::kMinQualityOverEnds] = path[PathFigure::kMinQuality] / ends;
  path[PathFigure::kSeconds] = batch.seconds;
  path[PathFigure::kDecoderEvaluations] = 0;
  if (batch.result) {
    const auto index = static_cast<size_t>(row);
    // A roadmap is this batch's.
    path[PathFigure::kDecoderEvaluations] =
        static_cast<double>(batch.result->decoder_evaluations[index] +
                            equal_share(batch.result->candidate_evaluations, row, batch.nodes.size(0)));
    path.termination = termination_name(batch.result->termination[index]);
    path.start = batch.result->start[index];
    path.under_resolved = batch.result->under_resolved[index];
    path.cost = batch.figures.cost[row].item<double>();
    if (batch.result->density_regularisation[index] > 0)
      path[PathFigure::kRegularisedCost] = batch.result->path.cost_refined[row].item<double>();
  }
  path.failed = !std::isfinite(path[PathFigure::kCostRefined]) || !all_finite(path.step) ||
                !all_finite(path.quality) || !all_finite(path.probability);
  return path;
}

}  // namespace

std::function<Tensor(const Tensor&, const Tensor&)> recognised_by(
    std::shared_ptr<const Classifier> classifier, int64_t class_index, bool wanted) {
  return
      [classifier = std::move(classifier), class_index, wanted](const Tensor& latent, const Tensor& decoded) {
        const at::NoGradGuard no_gradient;
        const Tensor all = classifier->probabilities(classifier->takes_latent() ? latent : decoded);
        const Tensor recognised =
            classifier->exclusive() ? all.argmax(1) == class_index : all.select(1, class_index) >= 0.5;
        return wanted ? recognised : recognised.logical_not();
      };
}

Tensor draw_accepted(const LatentSampler& prior, const std::function<Tensor(const Tensor&)>& accepted,
                     int64_t count, at::Generator& generator, const CancellationToken& cancellation,
                     int64_t max_draws) {
  const at::NoGradGuard no_gradient;
  constexpr int64_t kBatch = 256;
  std::vector<Tensor> kept;
  int64_t found = 0, drawn = 0;
  for (; found < count && drawn < max_draws; drawn += kBatch) {
    LATENTPATH_CHECK(!cancellation.cancelled(), kInterrupted, "interrupted while end points were drawn");
    const Tensor z = prior(kBatch, generator);
    kept.push_back(z.index_select(0, accepted(z).nonzero().squeeze(1)));
    found += kept.back().size(0);
  }
  LATENTPATH_CHECK(found >= count, kNumerical, "only ", found, " of ", drawn,
                   " draws of the prior can be end points, and ", count, " are wanted");
  return at::cat(kept).narrow(0, 0, count).contiguous();
}

const std::array<FigureDescription, kPathFigures>& path_figure_descriptions() {
  static const std::array<FigureDescription, kPathFigures> descriptions{{
      {"class_ratio", "class ratio", "", 1, false},
      {"mean_class_probability", "mean class probability", "", 1, false},
      {"mean_quality", "mean quality", "", 1, false},
      {"min_quality", "lowest quality", "", 1, false},
      {"min_quality_over_ends", "lowest quality over that of the ends", "", 1, false},
      {"cost_refined", "refined cost", "", -1, true},
      {"length", "weighted length", "", -1, true},
      {"embedding_length", "length in image space", "", 0, false},
      {"smoothness", "largest step over mean step", "", -1, false},
      {"even_smoothness", "largest step over mean step, frames spaced evenly", "", -1, false},
      {"mean_judge_probability", "mean class probability by the judge", "", 1, false},
      {"judge_disagreement", "share of frames that the judge denies", "", -1, false},
      {"least_guard_rank", "rank of the strangest place", "", 1, true},
      {"least_end_rank", "rank of the stranger end", "", 0, true},
      {"mean_negative_log_density", "mean −log p(x)", "", -1, false},
      {"worst_negative_log_density", "worst −log p(x)", "", -1, false},
      {"regularised_cost", "refined cost with the density term", "", -1, true},
      {"decoder_evaluations", "decoder evaluations", "points", 0, true},
      {"seconds", "seconds", "s", 0, true},
  }};
  return descriptions;
}

PathEvaluator::PathEvaluator(EvaluationCase evaluated, PathOptions options, int64_t frames)
    : case_(std::move(evaluated)), options_(std::move(options)), frames_(frames) {
  LATENTPATH_CHECK(frames >= 2, kArgument, "the number of frames must be at least 2, not ", frames);
  const Tensor &start = case_.problem.start, &end = case_.problem.end;
  LATENTPATH_CHECK(start.defined() && end.defined() && start.dim() == 2 && start.sizes() == end.sizes(),
                   kArgument, "start and end must both have the shape [pairs, D]");
}

const CandidatePool& PathEvaluator::candidates(const CancellationToken& cancellation) {
  if (!pool_) {
    const auto begin = Clock::now();
    CandidatePool pool = make_candidates(case_.problem, options_, cancellation);
    LATENTPATH_CHECK(!cancellation.cancelled(), kInterrupted, "interrupted while via points were drawn");
    pool_ = std::move(pool);
    pool_seconds_ = seconds_since(begin);
  }
  return *pool_;
}

void PathEvaluator::warn(const std::string& sentence) {
  if (std::find(warnings_.begin(), warnings_.end(), sentence) == warnings_.end())
    warnings_.push_back(sentence);
}

PathOptions PathEvaluator::options_for(bool loops, const CancellationToken& cancellation) {
  const MeasuringCost chosen = measuring_cost(
      case_.problem, options_, loops, [&] { return candidates(cancellation).typical_squared_distance; });
  PathOptions options = options_;
  options.cost = chosen.cost;
  if (chosen.time_weight > 0) options.time_weight = chosen.time_weight;
  return options;
}

std::vector<EvaluatedPath> PathEvaluator::evaluate(const EvaluationMethod& method, int64_t first,
                                                   int64_t count, const ProgressObserver& progress,
                                                   const CancellationToken& cancellation) {
  LATENTPATH_CHECK(first >= 0 && count >= 1 && first + count <= pairs(), kArgument, "there are ", pairs(),
                   " pairs: ", first, " to ", first + count - 1, " are not among them");
  warnings_.clear();
  // A loop is sought and measured by another cost by default; its neighbours in the batch are not.
  const Tensor loop = (case_.problem.start == case_.problem.end).all(1);
  std::array<std::vector<int64_t>, 2> groups;
  for (int64_t pair = first; pair < first + count; ++pair)
    groups[loop[pair].item<bool>() ? 1 : 0].push_back(pair);
  if (!groups[0].empty() && !groups[1].empty() &&
      options_for(true, cancellation).cost != options_for(false, cancellation).cost)
    warn(
        "loops are measured by the dynamic cost and other pairs by the chord cost, so that a mean cost of "
        "both says little: `cost` dynamic measures all alike");
  std::vector<EvaluatedPath> paths;
  for (const bool loops : {false, true})
    if (!groups[loops].empty())
      for (EvaluatedPath& path : evaluate_group(method, groups[loops], loops, progress, cancellation))
        paths.push_back(std::move(path));
  std::sort(paths.begin(), paths.end(), [](const auto& a, const auto& b) { return a.pair < b.pair; });
  return paths;
}

std::vector<EvaluatedPath> PathEvaluator::evaluate_group(const EvaluationMethod& method,
                                                         const std::vector<int64_t>& pairs, bool loops,
                                                         const ProgressObserver& progress,
                                                         const CancellationToken& cancellation) {
  try {
    return evaluate_batch(method, pairs, loops, progress, cancellation);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kNumerical) throw;
  }
  // One pair without a finite cost must not take the others of its batch with it.
  std::vector<EvaluatedPath> paths;
  if (pairs.size() == 1) {
    paths.resize(1);
    paths[0].pair = pairs.front();
    paths[0].failed = true;
    paths[0].termination = termination_name(Termination::kNumericalFailure);
  } else {
    for (const int64_t pair : pairs)
      paths.push_back(evaluate_group(method, {pair}, loops, progress, cancellation).front());
  }
  return paths;
}

std::vector<EvaluatedPath> PathEvaluator::evaluate_batch(const EvaluationMethod& method,
                                                         const std::vector<int64_t>& pairs, bool loops,
                                                         const ProgressObserver& progress,
                                                         const CancellationToken& cancellation) {
  const auto check = [&] {
    LATENTPATH_CHECK(!cancellation.cancelled(), kInterrupted, "interrupted while ", case_.name, " by ",
                     method.name, " was being evaluated");
  };
  check();
  const PathOptions measured = options_for(loops, cancellation);
  check();
  PathOptions options = measured;
  if (method.adjust) method.adjust(options);
  const PathProblem problem = batch_of(case_.problem, pairs);
  PathProblem sought = problem;
  if (method.geodesic) sought.quality = constant_quality(0.5);
  const bool by_another = method.geodesic || options.cost != measured.cost || regularises_density(options);
  const PathEnergy energy(
      problem.embedding, problem.quality,
      energy_options(options_, make_cost(measured.cost, measured.time_weight.value_or(0))));

  const PathBatch batch = method.kind == EvaluationMethod::Kind::kSearch
                              ? search(sought, options, by_another, energy, progress, cancellation)
                              : draw(method.kind, problem, options, energy, frames_);
  check();
  const auto type = problem.start.scalar_type();
  const Frames frames = look_at(case_, energy, batch.frame_nodes.to(type), uniform_times(frames_ - 1));
  Tensor disagreement, strangest, strange_end;
  DensityAlong density;
  if (case_.density)
    density = density_along(
        *case_.density,
        [&](const Tensor& t) { return interpolate_polyline(batch.nodes, batch.node_times, t); },
        kDensityFrames);
  if (frames.judged.defined()) disagreement = judge_disagreement(frames.probability, frames.judged);
  if (case_.rank) {
    strangest = least_rank(
        *case_.rank, [&](const Tensor& t) { return interpolate_polyline(batch.nodes, batch.node_times, t); },
        batch.node_times);
    strange_end = at::minimum(case_.rank->rank(problem.start), case_.rank->rank(problem.end));
  }
  std::vector<EvaluatedPath> paths;
  for (size_t at = 0; at < pairs.size(); ++at) {
    const auto row = static_cast<int64_t>(at);
    EvaluatedPath path = path_of(batch, frames, row);
    path.pair = pairs[at];
    path[PathFigure::kDecoderEvaluations] +=
        static_cast<double>(equal_share(batch.drawn, path.pair, this->pairs()));
    path[PathFigure::kEvenSmoothness] =
        smoothness_of(even_steps(energy, batch.nodes[row], batch.node_times, frames_, type));
    if (case_.density) {
      path[PathFigure::kMeanNegativeLogDensity] = density.mean[row].item<double>();
      path[PathFigure::kWorstNegativeLogDensity] = density.worst[row].item<double>();
    }
    if (frames.judged.defined()) path[PathFigure::kMeanJudge] = frames.judged[row].mean().item<double>();
    if (disagreement.defined()) path[PathFigure::kJudgeDisagreement] = disagreement[row].item<double>();
    if (strangest.defined()) path[PathFigure::kLeastGuardRank] = strangest[row].item<double>();
    if (strange_end.defined()) path[PathFigure::kLeastEndRank] = strange_end[row].item<double>();
    paths.push_back(std::move(path));
  }
  return paths;
}

PathBatch PathEvaluator::search(const PathProblem& problem, const PathOptions& options, bool by_another,
                                const PathEnergy& energy, const ProgressObserver& progress,
                                const CancellationToken& cancellation) {
  const int64_t count = problem.start.size(0);
  const bool pooled = draws_candidates(problem, options);
  const int64_t drawn = pooled ? candidates(cancellation).drawn : 0;  // not in the batch's seconds
  PathBatch batch;
  batch.result = pool_ ? find_path(problem, options, *pool_, progress, cancellation)
                       : find_path(problem, options, progress, cancellation);
  for (const std::string& sentence : batch.result->warnings) warn(sentence);
  batch.figures = batch.result->path;
  batch.nodes = batch.result->nodes.to(at::kDouble);
  batch.node_times = batch.result->times;
  const auto curve = [&](const Tensor& t) { return interpolate_polyline(batch.nodes, batch.node_times, t); };
  // Sought by another cost or quality, measured by the same.
  if (by_another) batch.figures = energy.measure(curve, count, batch.node_times, problem.feature);
  batch.frame_nodes = curve(uniform_times(frames_ - 1));
  batch.seconds = batch.result->seconds / static_cast<double>(count);
  batch.drawn = drawn;
  if (pooled) batch.seconds += pool_seconds_ / static_cast<double>(pairs());
  return batch;
}

}  // namespace latentpath
