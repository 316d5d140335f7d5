#pragma once
// What `latentpath geodesic --exp`, `--log`, `--transport`, `--mean` and `--curvature` find, as records tell
// it. Internal.

#include "latentpath/core/tensor.h"
#include "latentpath/path/manifold_maps.h"
#include "latentpath/run/geodesic_job.h"

namespace latentpath::detail {

/// Geodesics from points [n, D] with the velocities of `exp`, by `segments` segments, and what they carry:
/// summary, text, exp.npy, path.npy, times.npy, transport.npy.
void find_exponentials(const ManifoldMaps& maps, const Tensor& start, const GeodesicJob& job, RunRecord& run);

/// The Fréchet mean of points [n, D]: summary, text, mean.npy.
void find_mean(const ManifoldMaps& maps, const Tensor& points, const GeodesicJob& job, RunRecord& run,
               const CancellationToken& cancellation);

/// A sentence where a logarithm is one of many, or misses its end.
void doubt_logarithm(const Logarithm& found, int64_t pair, RunRecord& run);
/// What a logarithm and a transport add to a pair's figures, and to the text of the first pairs.
void tell_logarithm(const Logarithm& found, int64_t pair, RunRecord& run);
void tell_transport(const Transport& carried, int64_t pair, RunRecord& run);

}  // namespace latentpath::detail
