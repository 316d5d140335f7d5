#pragma once
// WeightedMetric: g = n² JᵀJ (paper A, Theorem 1), from a chart and a quality, and lengths in it; with a
// metric G of the space that the chart maps to, g = n² Jᵀ G(Φ) J.
//
//   WeightedMetric metric(latentpath::plane_chart(2), latentpath::cut_out_discs({{{0, 0}, 1}}, 5));
//   double length = metric.length(nodes, 2).length;     // of the curve itself, refined until it settles

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "latentpath/metric/analytic_metric.h"
#include "latentpath/metric/analytic_quality.h"
#include "latentpath/metric/curve_figures.h"

namespace latentpath {

class WeightedMetric {
 public:
  /// `quality` may be null: n = 1 whatever ε, and lengths are distances. `target`, the metric G of the space
  /// that the chart maps to, may be null: Euclidean. Throws Error(kArgument) unless 0 ≤ ε ≤ ½ and the
  /// dimensions agree.
  explicit WeightedMetric(ChartPointer chart, AnalyticQualityPointer quality = {}, double epsilon = 0,
                          AnalyticMetricPointer target = {});

  int latent_dim() const noexcept { return chart_->latent_dim(); }
  const AnalyticMap& chart() const noexcept { return *chart_; }
  const ChartPointer& chart_pointer() const noexcept { return chart_; }
  const AnalyticQualityPointer& quality_pointer() const noexcept { return quality_; }
  const AnalyticQuality& quality() const noexcept { return *quality_; }
  /// Which points of the chart are one point of the manifold.
  const Topology& topology() const { return chart_->topology(); }
  double epsilon() const noexcept { return epsilon_; }
  /// G; null: Euclidean.
  const AnalyticMetricPointer& target() const noexcept { return target_; }
  std::string describe() const;
  /// Map, quality and metric may be evaluated by several threads at once.
  bool concurrent() const;

  /// n(z, t) [count]; t null: ½. +∞ where Q_ε is 0; NaN where the quality is NaN or outside [0, 1].
  void weights(std::size_t count, const double* z, const double* t, double* n) const;
  /// n(z).
  double weight(const double* z, double t = 0.5) const;
  /// g(z) [count, D, D].
  void metrics(std::size_t count, const double* z, double* g) const;

  /// Length of the straight chart segment a → b cut into `subdivisions`: midpoint weight times chord, each.
  double segment_length(const double* a, const double* b, int subdivisions) const;
  /// The same for many segments, a, b [count, D], in one batch: [count].
  void segment_lengths(std::size_t count, const double* a, const double* b, int subdivisions,
                       double* lengths) const;

  /// Length of the polyline nodes [count, D], taken as the curve it is in the chart: every segment cut into
  /// 2, 4, 8, … subdivisions until the length, or what Richardson extrapolates from two grids, changes by
  /// less than `tolerance` of itself, or by what rounding of the chart may do (AnalyticMap::rounding), or
  /// into `max_subdivisions`; where it has not settled then, segments are cut further where they need it,
  /// towards the rim of a bounded space above all. Length, length in H, chord cost on that grid as the
  /// refined one, and least weight: the figures that a search asks for.
  CurveFigures<double> length(std::span<const double> nodes, double tolerance = 1e-7,
                              int max_subdivisions = 256) const;
  /// All figures of the polyline: lengths as above; the chord cost (paper A, Eq. 5), nodes at even times, on
  /// the segments as they are and cut into 4; qualities at nodes and middles.
  CurveFigures<double> measure(std::span<const double> nodes) const;

  /// n ≥ this everywhere (AnalyticQuality::least_weight).
  double least_weight() const { return quality_->least_weight(epsilon_); }
  /// L ≥ least_weight() · √λ · ‖Φ(b) − Φ(a)‖ for every path, λ the least eigenvalue of G: 1 where H is
  /// Euclidean, and 0, which bounds nothing, where it is not known.
  double lower_bound(const double* a, const double* b) const;
  /// The same for many pairs a, b [count, D] in one batch: [count].
  void lower_bounds(std::size_t count, const double* a, const double* b, double* bounds) const;

  /// The distance between a [D] and b [D], by the shortest way round, where chart and weight have it in
  /// closed form.
  std::optional<double> closed_form_distance(std::span<const double> a, std::span<const double> b) const;

  /// ‖x_{i+1} − x_i‖² of images x [count + 1, M] → [count], or d_iᵀ G((x_i + x_{i+1})/2) d_i, d_i = x_{i+1} −
  /// x_i.
  void squared_chords(std::size_t count, const double* x, double* squares) const;

 private:
  ChartPointer chart_;
  AnalyticQualityPointer quality_;
  double epsilon_;
  AnalyticMetricPointer target_;
};

}  // namespace latentpath
