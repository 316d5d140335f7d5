#pragma once
// ChordObjective: the chord (or dynamic) cost of a polyline, with gradient, Hessian and Hessian products.
// Internal.
//
//   F = Σ_i W_i (λΔ + c_i/Δ),   c_i = ‖Φ(z_{i+1}) − Φ(z_i)‖²,   W_i = n² at the middle of segment i
//
// on uniform times, or any. With d_i = Φ(z_{i+1}) − Φ(z_i), k_i = 2W_i/Δ_i, C_i = λΔ_i + c_i/Δ_i, and ∇_a W,
// ∇_b W the derivatives of W in the ends of its segment:
//   ∂F/∂z_i = J_iᵀ r_i + C_{i−1} ∇_b W_{i−1} + C_i ∇_a W_i,     r_i = k_{i−1} d_{i−1} − k_i d_i
//   H_ii    = (k_{i−1} + k_i) J_iᵀJ_i + Σ_j r_{ij} ∇²Φ_j + C ∇²W terms + cross terms of ∇c and ∇W
//   H_i,i+1 = −k_i J_iᵀJ_{i+1} + C_i ∇_a∇_b W_i + cross terms
//
// As an Objective it is one row, the inner nodes [(n − 1) D] between the ends of set_ends(); it offers a
// preconditioner, a second-order model and the metric of the curve:
//
//   ChordObjective objective(metric, 0);
//   objective.set_grid(100);
//   objective.set_ends(a, b);
//   auto solver = make_solver<DenseRows>("newton");
//   auto result = solve(objective, x0, *solver, {.gradient_residual = 1e-9});
//
// In a metric G of the space that Φ maps to, c_i = d_iᵀ G(m_i) d_i, and d_i and the identity of JᵀJ make way
// for the covectors and blocks of metric_chords.h.
//
// With `subdivisions` q > 1 every segment is cut into q and F is that of the finer polyline, whose nodes z =
// P y depend linearly on the knots y: gradient Pᵀg, Hessian PᵀHP, still block-tridiagonal. So a coarse path
// cannot hide what lies between its knots.

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "latentpath/metric/weighted_metric.h"
#include "latentpath/solver/dense_solver.h"
#include "metric/dense/weight_field.h"
#include "path/dense/chord_curve_metric.h"
#include "path/dense/laplacian_preconditioner.h"
#include "path/dense/metric_chords.h"

namespace latentpath::detail {

class ChordObjective final : public DenseObjective, public SecondOrderModel {
 public:
  ChordObjective(const WeightedMetric& metric, double time_weight);

  /// n segments between knots, each cut into `subdivisions`, on uniform times.
  void set_grid(std::size_t segments, std::size_t subdivisions = 1);
  /// The same on given times [n · subdivisions + 1], from 0 to 1; those of a segment's subdivisions evenly
  /// apart.
  void set_grid(std::size_t segments, std::size_t subdivisions, const std::vector<double>& times);
  /// The nodes that do not move [D].
  void set_ends(const double* start, const double* end);
  std::size_t segments() const { return knots_; }
  std::size_t dim() const { return dim_; }
  /// Number of unknowns, (n − 1) D.
  std::size_t unknowns() const { return (knots_ - 1) * dim_; }
  WeightField& weight() { return weight_; }

  // Objective: one row, the inner nodes.
  int64_t problems() const override { return 1; }
  int64_t variables() const override { return static_cast<int64_t>(unknowns()); }
  DenseObjectiveValue evaluate(const DenseRows& x, const Indices& rows) override;
  DenseRows precondition(const DenseRows& gradient, const Indices& rows) override;
  /// √(gᵀM⁻¹g / 2F), M the preconditioner.
  Values gradient_residual(const DenseRows& x, const DenseObjectiveValue& at, const Indices& rows) override;
  SecondOrderModel* second_order(int64_t /*row*/) override { return this; }
  CurveMetric* curve_metric(int64_t row) override;
  std::string why_first_order() const override;

  // SecondOrderModel of that row.
  std::size_t size() const override { return unknowns(); }
  std::size_t block_size() const override { return dim_; }
  double evaluate(const double* x) override { return cost(with_ends(x)); }
  double linearise(const double* x) override { return expand(with_ends(x)); }
  bool has_curvatures() const override;
  /// Relative rounding error of the cost.
  double rounding() const override;
  /// With a metric G, B itself.
  void build_preconditioner() override;
  void update_preconditioner() override;
  void solve_preconditioner(double* x) const override;
  void multiply_preconditioner(const double* x, double* y) const override;

  /// F(nodes [n + 1, D]); NaN or infinity where the path leaves what chart and quality allow.
  double cost(const double* nodes);
  /// The same, and everything that derivatives need at these nodes.
  double expand(const double* nodes);

  /// [(n − 1) D]: the inner nodes.
  void gradient(double* g) override;
  /// Gauss–Newton: of residuals √(W/Δ) d and √(λΔW).
  void hessian(HessianKind kind, BlockTridiagonal& h) override;
  /// B: (2/Δ) W J J alone, a weighted Laplacian; positive semidefinite, the H¹ metric of paths. A small
  /// multiple of the identity keeps it definite where J loses rank.
  void laplacian(BlockTridiagonal& b) override;
  /// H u, u [(n − 1) D].
  void hessian_product(const double* u, double* product) override;

  /// Σ √W_i √c_i on this grid.
  double length() const;
  /// Of the path that curve_metric() moved last, by the metric at the left end of each segment.
  double length_at_nodes() const { return curve_metric_->length(); }
  /// Smallest Cholesky pivot of JᵀJ relative to its largest diagonal entry, over the nodes of the last
  /// expand(): 0 where J loses rank.
  double least_rank_ratio();
  /// W_i c_i summed over the subdivisions of each segment, times their number: [n].
  std::vector<double> weighted_chords_squared() const;
  /// The knots of the last expand(), [n + 1, D].
  const std::vector<double>& knots() const { return knot_points_; }

 private:
  const double* with_ends(const double* x);
  void middle_points(const double* nodes);
  const double* fine_nodes(const double* knots);
  /// Adds the blocks (2/Δ) W_i J_aᵀ K J_b of every segment, K of the metric G.
  void assemble_in_metric(bool newton, BlockTridiagonal& h);
  void restrict_vector(const double* fine, double* coarse) const;
  void restrict_blocks(const BlockTridiagonal& fine, BlockTridiagonal& coarse) const;
  void full_gradient(double* g);
  double sum_cost(const double* x, const double* squares);
  template <int D, int M>
  void assemble_chords(BlockTridiagonal& h);
  template <int D, int M>
  void add_weight_terms(bool newton, BlockTridiagonal& h);
  template <int D, int M>
  void assemble(HessianKind kind, bool laplacian_only, BlockTridiagonal& h);
  void dispatch(HessianKind kind, bool laplacian_only, BlockTridiagonal& h);

  const WeightedMetric& metric_;
  double time_weight_;
  std::size_t subdivisions_ = 1, knots_ = 0, segments_ = 0, dim_,
              outputs_;  ///< segments_: of the fine polyline
  WeightField weight_;
  std::unique_ptr<MapExpansion> expansion_;
  std::optional<MetricChords> in_metric_;                    ///< of G, where there is one
  const double *at_first_ = nullptr, *at_second_ = nullptr;  ///< d_i, or the covectors of G, [n, M]
  bool curvatures_ready_ = false, weight_blocks_ready_ = false;

  std::vector<double> x_, points_, times_, squares_;
  std::vector<double> duration_, two_over_duration_;  ///< Δ_i, 2/Δ_i [n]
  std::vector<double> d_, c_, w_, action_;            ///< d_i [n, M]; c_i, W_i, C_i [n]
  std::vector<double> residual_, jt_residual_;        ///< r_i [n + 1, M]; J_iᵀ r_i
  std::vector<double> curvature_;                     ///< [n + 1, D, D]
  std::vector<double> slope_;                         ///< ∇_a W = ∇_b W = ½∇n² [n, D]
  std::vector<double> bend_;                          ///< every second derivative of W: ¼∇²n² [n, D, D]
  std::vector<double> fine_, knot_points_, fine_gradient_;
  BlockTridiagonal fine_blocks_;
  std::vector<double> ends_, nodes_;  ///< [2, D]; [n + 1, D]
  LaplacianPreconditioner preconditioner_;
  bool have_preconditioner_ = false, uniform_ = false;
  std::unique_ptr<ChordCurveMetric> curve_metric_;
  std::vector<double> full_u_, full_product_, pushed_, change_, point_u_, point_product_, product_;
};

}  // namespace latentpath::detail
