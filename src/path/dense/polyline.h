#pragma once
// Polylines as plain arrays [nodes, D]: resampling and prolongation. Internal.

#include <cstddef>
#include <vector>

#include "latentpath/metric/weighted_metric.h"

namespace latentpath::detail {

/// The straight chart segment, cut into `segments`; ends to the last bit.
std::vector<double> straight_polyline(const double* start, const double* end, std::size_t dim,
                                      std::size_t segments);

/// Twice as many segments: new nodes by cubic interpolation in the node number (error O(h⁴) on smooth paths),
/// or linear.
std::vector<double> refine_polyline(const std::vector<double>& nodes, std::size_t dim, bool cubic);

/// `segments` segments of equal weighted length along the polyline.
std::vector<double> reparametrise_polyline(const WeightedMetric& metric, const std::vector<double>& nodes,
                                           std::size_t segments);

}  // namespace latentpath::detail
