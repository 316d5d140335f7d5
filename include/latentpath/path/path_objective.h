#pragma once
// PathObjective: the one place where energy, curve and solver meet. Parameters of curves in, costs and
// gradients out.

#include <memory>
#include <vector>

#include "latentpath/curve/curve.h"
#include "latentpath/metric/path_energy.h"
#include "latentpath/path/evaluation_counter.h"
#include "latentpath/path/gauss_newton_model.h"
#include "latentpath/path/refine.h"
#include "latentpath/solver/objective.h"

namespace latentpath {

class PathObjective : public Objective {
 public:
  /// `times` [n + 1] is the grid of costs; for a polyline of n/q segments it may be q times finer than the
  /// knots. start, end: [rows, D].
  PathObjective(const PathEnergy& energy, std::shared_ptr<const Curve> curve, Tensor start, Tensor end,
                Tensor times, bool preconditioned, int64_t subdivisions = 1,
                const PreconditionerOptions& preconditioner = {});

  int64_t problems() const override { return start_.size(0); }
  int64_t variables() const override { return curve_->parameter_count(); }
  ObjectiveValue evaluate(const Tensor& x, const Tensor& rows) override;
  /// The inverse of the weighted Laplacian: for a polyline, cost ≈ Σ k_i ‖z_{i+1} − z_i‖² with k_i = w_i² s_i
  /// / Δ_i, s_i the squared stretch ‖ΔΦ_i‖²/‖Δz_i‖² of the last point evaluated. An H¹ gradient that knows
  /// where steps are costly. A row that is not done after a few evaluations gets a Gauss–Newton model in its
  /// place, which also knows in which directions, where that is affordable: of energies, as
  /// PreconditionerOptions say.
  Tensor precondition(const Tensor& gradient, const Tensor& rows) override;
  Tensor gradient_residual(const Tensor& x, const ObjectiveValue& at, const Tensor& rows) override;
  /// The block-tridiagonal model of a polyline's energy for D ≤ 64, with exact first and, where the model can
  /// be differentiated twice, second derivatives (path_objective_second_order.cpp).
  SecondOrderModel* second_order(int64_t row) override;
  /// The metric along the polyline, where the cost is its length's energy on uniform times.
  CurveMetric* curve_metric(int64_t row) override;
  std::string why_first_order() const override;
  /// Has every row a Gauss–Newton model at its next evaluation, where that is affordable: a residual by the
  /// Laplacian alone promises more than there is to gain.
  void model_at_once();
  /// Leaves the models out where so few iterations follow that none would be used.
  void expect_iterations(int64_t iterations);

  /// Has the counter know for which pair [rows] a row's points are decoded.
  void count(EvaluationCounter& counter, Tensor pairs);

 protected:
  void set_times(const Tensor& times) { times_ = times; }

 private:
  EvaluationCounter::Scope counting(const Tensor& rows) const;
  /// Nodes of a polyline between its ends.
  int64_t interior() const { return (times_.size(0) - 1) / subdivisions_ - 1; }
  /// Of gradients and steps [rows, N]: nothing of coordinates that are held. With B the preconditioner and P
  /// what is left, P B P is symmetric and positive on what moves.
  Tensor without_held(const Tensor& rows) const;
  void update_models(const Tensor& rows, const CurvePoints& points, const SegmentTerms& terms);

  class RowModel;
  struct ChordModels;
  ChordModels& chord_models();
  RowModel* row_model(int64_t row);
  std::string why_no_model() const;

  const PathEnergy& energy_;
  std::shared_ptr<ChordModels> chord_models_;  ///< made when first asked for
  std::shared_ptr<const Curve> curve_;
  Tensor start_, end_, times_;
  bool preconditioned_;
  int64_t subdivisions_;
  PreconditionerOptions preconditioner_;
  Tensor held_;                           ///< [N]: EnergyOptions::held at every node; or undefined
  Tensor stiffness_;                      ///< k_i [rows, n/q]
  std::vector<GaussNewtonModel> models_;  ///< [rows], or none
  std::vector<int64_t> evaluated_;        ///< how often each row was
  EvaluationCounter* counter_ = nullptr;
  Tensor pairs_;  ///< [rows], for the counter
};

/// Algorithm 1 of paper A: fresh sorted uniform times each iteration, t_0 = 0 and t_n = 1.
class RandomTimesObjective final : public PathObjective {
 public:
  RandomTimesObjective(const PathEnergy& energy, std::shared_ptr<const Curve> curve, Tensor start, Tensor end,
                       int64_t points, at::Generator generator);
  void begin_iteration(int64_t iteration) override;

 private:
  int64_t points_;
  at::Generator generator_;
};

}  // namespace latentpath
