// The mixture (1 − t)X + tY, the kernel's exact geodesic: points stay, their weights change.

#include <ATen/ATen.h>

#include "latentpath/core/error.h"
#include "measure/measure_search.h"

namespace latentpath {

MeasurePath mixture_path(const MeasureSearch& search, int64_t steps) {
  const Tensor t = uniform_times(steps).unsqueeze(1);
  MeasurePath path;
  path.points = at::cat({search.start, search.end}).expand({steps + 1, -1, -1}).contiguous();
  path.weights = at::cat({(1 - t) * weights_or_uniform(search.start_weights, search.start),
                          t * weights_or_uniform(search.end_weights, search.end)},
                         1);
  return path;
}

void measure_ends(MeasureSearch& search) {
  const MeasurePath ends = mixture_path(search, 1);
  const SquaredMmd mmd = search.distances->steps(ends, false)[0];
  search.result.squared_mmd = mmd.value;
  search.result.squared_mmd_error = mmd.rounding;
  search.result.lower_bound = mmd.value / static_cast<double>(search.options.steps);
  if (!search.distances->exact())
    search.result.warnings.push_back({join_message("distances are estimated by ", search.options.features,
                                                   " random features: MMD2 between the samples is ",
                                                   mmd.value, " +- ", mmd.rounding, " (standard error)"),
                                      WarningKind::kScope});
  if (mmd.value == 0)
    search.result.warnings.push_back(
        "the samples are equal, so that MMD2 between them is 0 and K*cost/MMD2 has no value");
}

}  // namespace latentpath
