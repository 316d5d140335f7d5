// interpolate_measures: the list of its stages, each a file of this folder.

#include "latentpath/measure/interpolate_measures.h"

#include <ATen/ATen.h>

#include <chrono>

#include "latentpath/core/error.h"
#include "measure/measure_search.h"

namespace latentpath {
namespace {

MeasureResult interpolate(MeasureSearch& search) {
  const MeasureOptions& options = search.options;
  MeasureResult& result = search.result;
  const MeasureKind kind = options.kind;
  if (kind != MeasureKind::kMixture || options.baselines) choose_transport(search);
  measure_ends(search);
  result.mixture = mixture_path(search, options.steps);
  result.mixture_figures = search.figures(*result.mixture);
  if (kind == MeasureKind::kDisplacement || options.baselines) displace(search);
  if (kind == MeasureKind::kMmd) minimise_mmd(search);
  result.path = kind == MeasureKind::kMixture        ? *result.mixture
                : kind == MeasureKind::kDisplacement ? *result.displacement
                                                     : result.candidates[0].path;
  result.figures = search.figures(result.path);
  if (!options.baselines && kind != MeasureKind::kMixture) {
    result.mixture.reset();
    result.mixture_figures.reset();
  }
  if (result.figures.clamped > 0)
    result.warnings.push_back(join_message("rounding made squared distances negative by ",
                                           result.figures.clamped, " in all; they count as 0"));
  return std::move(result);
}

}  // namespace

MeasureResult interpolate_measures(const MeasureProblem& problem, const MeasureOptions& options,
                                   const ProgressObserver& progress, const CancellationToken& cancellation) {
  const MeasureOptions asked = with_kind_for_method(options);
  MeasureSearch search = prepare_measures(problem, asked, progress, cancellation);
  const auto begin = std::chrono::steady_clock::now();
  MeasureResult result = interpolate(search);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return result;
}

}  // namespace latentpath
