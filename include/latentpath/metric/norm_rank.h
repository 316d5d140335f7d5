#pragma once
// How strange a norm is for N(0, I_D): the share of the prior whose norm is no likelier.
//
//   r(ρ) = P(h(‖X‖) ≤ h(ρ)),   X ~ N(0, I_D),   h(ρ) = ½(D − 1) log(1 + ρ²) − ½ρ².
//
// h is the log density of the norm, √(1 + ρ²) in ρ's place: of the norm as it is seen through noise of one
// standard deviation. The density of the norm itself, ρ^{D−1} e^{−ρ²/2}, vanishes at the origin in every
// dimension, and the origin is no strange place where samples lie all around it. With the one, r is
// P(‖X‖ ≥ ρ) for D ≤ 2 (the rank of the density, 1 at the origin), two-sided from D = 3 on, without a jump,
// and the rank of the norm's own density where D is large: there nothing of the prior is near the origin.
// docs/algorithms/typicality_guard.md.
//
//   NormRank middle = latentpath::norm_rank(3072, 39.2);     // of a straight line between two samples
//   middle.log_rank;                                         // −299: no sample ever comes so near the origin

#include <cstdint>

namespace latentpath {

struct NormRank {
  double log_rank = 0;  ///< log r ≤ 0; finite wherever the norm is, also where r itself underflows
  double slope = 0;     ///< d log r / dρ; where the rank is 1, that on the far side
};

/// dim D ≥ 1, norm ρ ≥ 0. Throws Error(kArgument).
NormRank norm_rank(int64_t dim, double norm);

/// The norm of rank 1: √(D − 2), or 0 for D ≤ 2.
double least_strange_norm(int64_t dim);

}  // namespace latentpath
