#pragma once
// Newton's method on the block-tridiagonal Hessian of the chord cost, damped in the H¹ metric. Internal.
//
// (H + λB) s = −g, B the weighted Laplacian, λ = 0 wherever H is positive definite and the step lowers the
// cost. Since H and B have the same highest-order part, λ is dimensionless: on an arc of angle θ of the unit
// sphere the smallest eigenvalue of B⁻¹H is 1 − (θ/π)².

#include <vector>

#include "path/dense/chord_objective.h"
#include "latentpath/core/progress.h"
#include "latentpath/path/find_geodesics.h"

namespace latentpath::detail {

struct MinimiseOptions {
  int max_iterations = 200;
  double tolerance = 1e-9;
  HessianKind kind = HessianKind::kNewton;
  bool escape_saddles = true;
};

struct MinimiseOutcome {
  GeodesicTermination termination = GeodesicTermination::kIterationLimit;
  int iterations = 0;
  double cost = 0;
  double residual = 0;
  bool positive_definite = false;  ///< of the Hessian at the last point
};

class NewtonSolver {
 public:
  /// Moves the inner nodes of `nodes` [n + 1, D] to a minimum of `objective`. On return the objective is
  /// expanded there.
  MinimiseOutcome minimise(ChordObjective& objective, std::vector<double>& nodes,
                           const MinimiseOptions& options, const CancellationToken& cancellation);

  /// Certificate of the point at which the objective is expanded.
  void certify(ChordObjective& objective, double cost, Certificate& certificate);

 private:
  /// The direction v of the smallest μ in H v = μ B v, by inverse iteration with H + shift·B, and μ.
  double lowest_mode(double shift, int iterations);
  bool escape(ChordObjective& objective, std::vector<double>& nodes, double& cost);
  void fill_laplacian(ChordObjective& objective);

  BlockTridiagonal hessian_, laplacian_, sum_;
  BlockCholesky factor_;
  std::vector<double> gradient_, step_, trial_, mode_, image_;
  bool have_laplacian_ = false;
};

}  // namespace latentpath::detail
