#pragma once
// GaussNewtonModel: the Hessian that a polyline's energy would have if images were linear around its nodes.
//
// For the energy Σ W_i (λΔ_i + ‖Φ(z_{i+1}) − Φ(z_i)‖²/Δ_i), W = n², the model is block tridiagonal:
//
//     ½ δᵀHδ = Σ_i (δ_{i+1} − δ_i)ᵀ K_i (δ_{i+1} − δ_i) + Σ_i a_i (∇n_iᵀ δ_i)²,
//     K_i = (W_i/Δ_i) ½(J_iᵀJ_i + J_{i+1}ᵀJ_{i+1}),
//     a_i = mean of λΔ + c/Δ over the two segments at node i,
//
// where K_i is raised along the segment, if need be, to the stiffness that the segment's own chord shows:
// images that leap between two nodes do not show at the nodes. J and ∇n are forward differences, so D + 1
// points are decoded a node; with that, a path may move quickly where images hardly change and slowly where
// they do.
//
//   GaussNewtonModel model;
//   model.linearise(energy, nodes, times);               // now and then
//   model.update(pull, stiffness, action, nodes);        // after every evaluation
//   model.solve(gradient);                               // in place

#include <vector>

#include "latentpath/metric/path_energy.h"
#include "latentpath/numerics/block_tridiagonal.h"

namespace latentpath {

class GaussNewtonModel {
 public:
  /// Jacobians and slopes of the weight at nodes [n + 1, D] at times [n + 1]; returns the number of decoded
  /// points, (n + 1)(D + 1), or 0 where the nodes all coincide and there is no scale to difference on.
  int64_t linearise(const PathEnergy& energy, const Tensor& nodes, const Tensor& times);
  bool linearised() const noexcept { return segments_ > 0; }
  /// W_i/Δ_i [n], the stiffness W_i ‖ΔΦ_i‖²/(‖Δz_i‖² Δ_i) [n] of each chord, λΔ_i + c_i/Δ_i [n], and nodes [n
  /// + 1, D] of the path as it is now.
  void update(const Tensor& pull, const Tensor& stiffness, const Tensor& action, const Tensor& nodes);
  /// x ← H⁻¹ x, x [n − 1, D] of the interior nodes. False, and x as it was, where the model is not positive
  /// definite (values that are not finite).
  bool solve(double* x) const;

 private:
  int64_t segments_ = 0, dim_ = 0;
  std::vector<double> metrics_;  ///< J_iᵀJ_i [n + 1, D, D]
  std::vector<double> slopes_;   ///< ∇n_i [n + 1, D]
  BlockCholesky factor_;
  bool definite_ = false;
};

}  // namespace latentpath
