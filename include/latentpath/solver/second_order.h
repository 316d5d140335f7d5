#pragma once
// What an objective may offer beyond a gradient: a second-order model of one row, and the metric of a curve.
//
// A path's cost couples neighbouring nodes only, so its Hessian H is block tridiagonal. Beside it stands B, a
// positive semidefinite matrix of the same shape and the same highest-order part (for paths the weighted
// Laplacian, the H¹ metric): damping by B, preconditioning by B and eigenvalues of H v = μ B v are free of
// units. Any function with one block of size N is the special case of a dense Hessian.

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "latentpath/numerics/block_tridiagonal.h"
#include "latentpath/solver/termination.h"

namespace latentpath {

enum class HessianKind {
  kNewton,
  kGaussNewton  ///< first derivatives of the residuals alone: positive semidefinite
};

/// The cost of one row around a point. linearise() moves the point; all else refers to it.
class SecondOrderModel {
 public:
  virtual ~SecondOrderModel() = default;

  /// N.
  virtual std::size_t size() const = 0;
  /// D: of H's blocks; divides N.
  virtual std::size_t block_size() const = 0;
  /// The cost at x [N] alone; NaN or infinity where x leaves what the objective allows.
  virtual double evaluate(const double* x) = 0;
  /// The same, and everything that derivatives need at x.
  virtual double linearise(const double* x) = 0;
  /// [N].
  virtual void gradient(double* g) = 0;
  /// Relative rounding error of the cost.
  virtual double rounding() const { return 1e-15; }

  /// Whether HessianKind::kNewton and hessian_product() are to be had.
  virtual bool has_curvatures() const = 0;
  virtual void hessian(HessianKind kind, BlockTridiagonal& h) = 0;
  /// B, positive definite.
  virtual void laplacian(BlockTridiagonal& b) = 0;

  /// H u, u [N]; by default from the blocks, in time O(D) an unknown.
  virtual void hessian_product(const double* u, double* product);
  /// M, an approximation of B that is cheap to solve with, at the point; by default B itself.
  virtual void build_preconditioner() { update_preconditioner(); }
  /// M for a further point: what it shares with the last one may stay.
  virtual void update_preconditioner();
  /// x ← M⁻¹ x, [N].
  virtual void solve_preconditioner(double* x) const;
  /// y = M x.
  virtual void multiply_preconditioner(const double* x, double* y) const;

 private:
  BlockTridiagonal product_blocks_, preconditioner_blocks_;
  BlockCholesky preconditioner_factor_;
};

/// The metric G along a curve of T segments in R^D, for solvers that move a curve by its metric: E = Σ u_iᵀ
/// G(z_i) u_i.
class CurveMetric {
 public:
  virtual ~CurveMetric() = default;
  virtual std::size_t segments() const = 0;
  virtual std::size_t dim() const = 0;
  /// The ends [D].
  virtual const double* start() const = 0;
  virtual const double* end() const = 0;
  /// E at nodes z [T + 1, D] with steps u [T, D].
  virtual double energy(const double* z, const double* u) = 0;
  /// G_i [T, D, D] and ν_i = ∂_y[u_iᵀ G(y) u_i] at z_i [T, D], for the last energy().
  virtual void derivatives(const double* u, double* g, double* nu) = 0;
};

/// How good a stationary point is.
struct StationaryCertificate {
  double gradient_residual = 0;  ///< √(gᵀB⁻¹g / 2·cost): scale-free, 0 when stationary
  int negative_directions = -1;  ///< inertia: negative eigenvalues of H; −1: not counted
  double least_curvature = 0;    ///< smallest μ of H v = μ B v; positive at a minimum
  bool inertia_counted() const { return negative_directions >= 0; }
};

/// And whether it is a minimum: it is where a solver has converged to it and there is no negative direction.
struct MinimumCertificate : StationaryCertificate {
  bool minimum = false;
  void conclude(const StationaryCertificate& found, Termination why) {
    static_cast<StationaryCertificate&>(*this) = found;
    minimum = why == Termination::kConverged && negative_directions == 0;
  }
};

/// By the blocks of H and B (Sylvester's law, inverse iteration), at the point of the last linearise(), whose
/// cost is `cost`. Without curvatures the residual alone.
StationaryCertificate certify_by_blocks(SecondOrderModel& model, double cost);
/// By products H v alone: the residual in M's norm, and an upper bound of the least curvature against M by
/// Lanczos' method (negative: surely a saddle).
StationaryCertificate certify_by_products(SecondOrderModel& model, double cost);

}  // namespace latentpath
