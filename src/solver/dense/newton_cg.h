#pragma once
// Matrix-free Newton–CG for many latent dimensions: Hessian products from tapes, O(1) work a coordinate, and
// conjugate gradients preconditioned by M = T ⊗ G, the weighted 1-D Laplacian times a mean metric. Internal.
//
// Truncated as in Steihaug (1983) and Dembo, Eisenstat & Steihaug (1982): inner iterations stop at a residual
// that shrinks with the gradient, or at negative curvature.

#include <Eigen/Cholesky>
#include <vector>

#include "path/dense/chord_objective.h"
#include "latentpath/core/progress.h"
#include "solver/dense/newton.h"

namespace latentpath::detail {

/// M = T ⊗ G. T is tridiagonal with k_i = (2/Δ) W_i c_i / (Δz_iᵀ G Δz_i); G is the mean of JᵀJ over a few
/// nodes, reduced to a multiple of the identity or to its diagonal where it nearly is that.
class LaplacianPreconditioner {
 public:
  void build(const WeightedMetric& metric, const ChordObjective& objective);
  /// T anew for the nodes at which the objective is expanded; G as it was.
  void update(const ChordObjective& objective);
  /// x ← M⁻¹ x, [(n − 1), D].
  void solve(std::vector<double>& x) const;
  /// y = M x.
  void multiply(const std::vector<double>& x, std::vector<double>& y) const;

 private:
  void set_mean_metric(const WeightedMetric& metric, const ChordObjective& objective);
  enum class Kind { kScalar, kDiagonal, kFull };
  Kind kind_ = Kind::kScalar;
  std::size_t dim_ = 0;
  std::vector<double> diagonal_, off_, pivot_, scale_;
  Eigen::MatrixXd metric_;
  Eigen::LLT<Eigen::MatrixXd> factor_;
};

class NewtonCgSolver {
 public:
  MinimiseOutcome minimise(const WeightedMetric& metric, ChordObjective& objective,
                           std::vector<double>& nodes, const MinimiseOptions& options,
                           const CancellationToken& cancellation);
  /// The residual in M's norm, and the smallest μ of H v = μ M v by Lanczos' method (an upper bound of it;
  /// negative: surely a saddle).
  void certify(const WeightedMetric& metric, ChordObjective& objective, double cost,
               Certificate& certificate);

 private:
  double lanczos(ChordObjective& objective, int steps, std::vector<double>& mode);
  LaplacianPreconditioner preconditioner_;
};

}  // namespace latentpath::detail
