// Prepare: options and samples checked, weights of sum 1, and the kernel with its distances.

#include <ATen/ATen.h>

#include <cmath>

#include "latentpath/core/error.h"
#include "measure/measure_cost.h"
#include "measure/measure_search.h"

namespace latentpath {
namespace {

void check(const MeasureProblem& problem, const MeasureOptions& options) {
  measure_option_table().validate(options);
  for (const auto& [name, sample] : {std::pair{"start", &problem.start}, std::pair{"end", &problem.end}}) {
    LATENTPATH_CHECK(sample->defined() && sample->dim() == 2 && sample->size(0) >= 1 && sample->size(1) >= 1,
                     kArgument, "the ", name, " sample must have the shape [points, dimension], not ",
                     sample->defined() ? shape_string(sample->sizes()) : std::string("none"));
    LATENTPATH_CHECK(at::isfinite(*sample).all().item<bool>(), kNumerical, "the ", name,
                     " sample holds NaN or infinite numbers");
  }
  LATENTPATH_CHECK(problem.start.size(1) == problem.end.size(1), kArgument,
                   "the samples' dimensions differ: ", problem.start.size(1), " and ", problem.end.size(1));
  LATENTPATH_CHECK(
      !problem.quality || options.kind != MeasureKind::kMixture, kArgument,
      "a mixture moves no point, so a `quality` cannot change it: choose the `kind` mmd or displacement");
  LATENTPATH_CHECK(
      !problem.quality || (!problem.quality->needs_decoded() && !problem.quality->depends_on_time()),
      kArgument, "the quality of a sample's points must depend on the point alone");
}

Tensor prepare_weights(const Tensor& weights, const Tensor& points, const char* name) {
  if (!weights.defined()) return {};
  LATENTPATH_CHECK(weights.dim() == 1 && weights.size(0) == points.size(0), kArgument, "the ", name,
                   " sample of ", points.size(0), " points has weights of the shape ",
                   shape_string(weights.sizes()));
  const Tensor w = weights.detach().to(at::kCPU, at::kDouble).contiguous();
  LATENTPATH_CHECK(
      at::isfinite(w).all().item<bool>() && (w >= 0).all().item<bool>() && w.sum().item<double>() > 0,
      kArgument, "the ", name, " sample's weights must be finite and not negative, and not all 0");
  return w / w.sum();
}

/// Only probability measures are moved: what another mass was is lost, and is said.
void compare_masses(const MeasureProblem& problem, MeasureSearch& search) {
  const auto mass = [](const Tensor& weights) {
    return weights.defined() ? weights.sum(at::kDouble).item<double>() : 1.0;
  };
  const double from = mass(problem.start_weights), to = mass(problem.end_weights);
  // The weights of a softmax in float32 sum to 1 within some 1e-6.
  if (std::abs(from - to) > 1e-3 * std::max(from, to))
    search.result.warnings.push_back(
        join_message("the samples have different masses, ", from, " and ", to,
                     " (sums of their weights; 1 where none are given): each is divided "
                     "by its own, and the difference plays no part"));
}

}  // namespace

Tensor weights_or_uniform(const Tensor& weights, const Tensor& points) {
  return weights.defined() ? weights
                           : at::full({points.size(0)}, 1 / static_cast<double>(points.size(0)), at::kDouble);
}

MeasureFigures MeasureSearch::figures(const MeasurePath& path) const {
  return figures_of(path, *distances, quality.get(), options.epsilon, result.squared_mmd);
}

MeasureSearch prepare_measures(const MeasureProblem& problem, const MeasureOptions& options,
                               const ProgressObserver& progress, const CancellationToken& cancellation) {
  check(problem, options);
  MeasureSearch search{options, progress, cancellation};
  search.start = problem.start.detach().to(at::kCPU, at::kDouble).contiguous();
  search.end = problem.end.detach().to(at::kCPU, at::kDouble).contiguous();
  search.start_weights = prepare_weights(problem.start_weights, search.start, "start");
  search.end_weights = prepare_weights(problem.end_weights, search.end, "end");
  compare_masses(problem, search);
  search.quality = problem.quality;
  const SampleView x = sample_of(search.start, search.start_weights),
                   y = sample_of(search.end, search.end_weights);
  const RadialKernel kernel =
      problem.kernel ? *problem.kernel : RadialKernel::by_name("gaussian", {median_distance(x, y)});
  const bool exact = search.start.size(0) + search.end.size(0) <= options.exact_mmd_points;
  search.distances.emplace(kernel, exact, options.features, options.seed);
  search.result.kernel = kernel.describe();
  search.result.kind = options.kind;
  search.result.seed = options.seed;
  search.result.times = uniform_times(options.steps);
  return search;
}

}  // namespace latentpath
