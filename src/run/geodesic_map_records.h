#pragma once
// Exponential maps and logarithms of `latentpath geodesic --exp` and `--log`, as records tell them. Internal.

#include <string>

#include "latentpath/core/tensor.h"
#include "latentpath/metric/weighted_metric.h"
#include "latentpath/run/run_record.h"

namespace latentpath::detail {

/// Geodesics from points [pairs, D] with the velocities of `vectors`, numbers or a file of [D] or [pairs, D],
/// by `segments` segments: summary, text, exp.npy, path.npy and times.npy of the run.
void find_exponentials(const WeightedMetric& metric, const Tensor& start, const std::string& vectors,
                       int segments, RunRecord& run);

/// The velocities whose geodesics are the paths [pairs, nodes, D], beside what is recorded of them; log.npy.
void add_logarithms(const WeightedMetric& metric, const Tensor& paths, RunRecord& run);

}  // namespace latentpath::detail
