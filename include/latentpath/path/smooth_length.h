#pragma once
// The length of a curve through the nodes of a path, to about the last digit: a number that no distance
// exceeds.
//
// A polyline in the chart is longer than the geodesic it approximates by O(1/n²), and sums of its chords come
// from below. So the nodes are joined by cubics whose slopes are those of the quartic through five nodes
// around, a curve that misses the geodesic by O(1/n⁴) in length; and L = ∫ n ‖(Φγ)'‖ dt of that curve is
// taken by Gauss's rule of three points, on intervals halved until two halves agree with their whole. It is
// the length of a path that exists: no less than the distance, but for rounding.
//
//   double bound = smooth_length(metric, nodes).length;

#include <span>

#include "latentpath/metric/weighted_metric.h"

namespace latentpath {

struct SmoothLength {
  double length =
      0;  ///< of the shorter of two curves: that of cubics, where it stays in the chart; the polyline
  bool settled = true;  ///< the intervals agreed with their halves; else what they still differed by is added
  bool smooth = false;  ///< it is that of the cubics
};

/// nodes [count, D], count ≥ 2. Of qualities that depend on time, that of the time ½. With a level set the
/// kinks of the weight take many intervals; CurveFigures is what fits there.
SmoothLength smooth_length(const WeightedMetric& metric, std::span<const double> nodes,
                           double tolerance = 1e-13);

}  // namespace latentpath
