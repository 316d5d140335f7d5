#pragma once
// ½ log det(JᵀJ + δI) of many latents, estimated from products with J and Jᵀ alone, with its error.
//
// For random signs v, E vᵀ log(A) v = tr log A = log det A, A = JᵀJ + δI (Hutchinson). Each vᵀ log(A) v comes
// from k steps of Lanczos' method started at v, as the Gauss quadrature D Σ_j τ_j² log θ_j of Ritz values θ_j
// (Golub & Meurant; Ubaru, Chen & Saad, SIAM J. Matrix Anal. Appl. 38(4), 2017): k products JᵀJ u in place of
// the D columns of J, which are never held.
//
// The stated error of ½ log det is √(s² + b²): s the standard error of the mean over the probes v, b the mean
// width of the bracket in which the quadrature's own error lies. For the logarithm, Gauss' rule is an upper
// bound and Gauss–Radau's with a node at δ ≤ A a lower one, so b bounds what k steps lack; it is 0 for k = D.
//
// The probes are the same at every place, so that the estimate is a smooth function of z, whose gradient is
// given: d vᵀ log(A) v = Σ_ab c_a c_b (log θ_a − log θ_b)/(θ_a − θ_b) u_aᵀ dA u_b over the Ritz vectors u, c
// = uᵀv (Daleckii & Krein), right where the quadrature has converged. Differences along a path are more
// certain than the values: an error of all places alike drops out of them.
//
//   const auto estimate = latentpath::estimate_half_log_determinant(*decoder, z, 1e-8);
//   estimate.value;             // [n], differentiable once
//   estimate.standard_error;    // [n]

#include <cstdint>

#include "latentpath/metric/embedding.h"

namespace latentpath {

struct StochasticLogDeterminantOptions {
  int64_t probes = 16;     ///< v, of random signs
  int64_t steps = 128;     ///< of Lanczos' method, k, at most
  double tolerance = 0.1;  ///< b/s at which a point has had its last step
  uint64_t seed = 0;       ///< of the probes
};

struct LogDeterminantEstimate {
  Tensor value;           ///< [n] float64: ½ log det(JᵀJ + δI)
  Tensor standard_error;  ///< [n]: √(s² + b²)
  Tensor lost;            ///< [n]: δ tr(JᵀJ + δI)⁻¹, the number of directions that δ stands in for
};

/// At points z [n, D], `regularisation` δ > 0. The value is differentiable once with respect to z, the
/// gradient made only where one is asked for, by as many further products as S = Σ over probes of the above
/// has directions, D at most. NaN where J is not finite. Throws Error(kArgument) for δ ≤ 0, fewer than two
/// probes, or no step.
LogDeterminantEstimate estimate_half_log_determinant(const Embedding& embedding, const Tensor& z,
                                                     double regularisation,
                                                     const StochasticLogDeterminantOptions& options = {});

}  // namespace latentpath
