#pragma once
// ChordCurveMetric: the weighted metric G = n² JᵀJ along a curve, taken at the left end of each segment, as
// GEORCE wants it. Internal.

#include <memory>
#include <vector>

#include "latentpath/metric/weighted_metric.h"
#include "latentpath/solver/second_order.h"
#include "metric/dense/weight_field.h"

namespace latentpath::detail {

class ChordCurveMetric final : public CurveMetric {
 public:
  /// start, end: [D].
  ChordCurveMetric(const WeightedMetric& metric, std::size_t segments, const double* start,
                   const double* end);

  std::size_t segments() const override { return segments_; }
  std::size_t dim() const override { return dim_; }
  const double* start() const override { return ends_.data(); }
  const double* end() const override { return ends_.data() + dim_; }
  double energy(const double* z, const double* u) override;
  void derivatives(const double* u, double* g, double* nu) override;
  /// Σ √(u_iᵀ G_i u_i) for the last energy(): the length that the method itself reports.
  double length() const;

 private:
  WeightField weight_;
  std::unique_ptr<MapExpansion> expansion_;
  std::size_t dim_, outputs_, segments_;
  std::vector<double> ends_, squares_, pushed_, product_;
};

}  // namespace latentpath::detail
