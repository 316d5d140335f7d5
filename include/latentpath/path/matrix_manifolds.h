#pragma once
// Manifolds of matrices with their maps in closed form. A point is a matrix, its entries row after row; so is
// a tangent vector. Free of LibTorch.
//
//   SPD(n)       symmetric positive definite n × n, affine-invariant metric tr(P⁻¹U P⁻¹V):
//                exp_P(V) = P^½ exp(P^−½ V P^−½) P^½, d(P, Q) = ‖log(P^−½ Q P^−½)‖_F
//   SO(3)        rotations, ½ tr(UᵀV): lengths are angles
//   Gr(n, p)     subspaces of R^n by orthonormal bases X, n × p; tangent: XᵀV = 0; tr(UᵀV): d is the root of
//                the sum of the squares of the principal angles
//   St(n, p)     orthonormal n × p, canonical metric tr(Uᵀ(I − ½XXᵀ)V): exp in closed form, log by
//                Zimmermann's iteration
//
//   const auto spd = make_matrix_manifold("spd", {3});
//   spd->logarithm(p, q).length;
//
// Sources: X. Pennec, P. Fillard, N. Ayache, IJCV 66 (2006); A. Edelman, T. Arias, S. Smith, SIAM J. Matrix
// Anal. Appl. 20 (1998); R. Zimmermann, SIAM J. Matrix Anal. Appl. 38 (2017); T. Bendokat, R. Zimmermann,
// P.-A. Absil, arXiv 2011.13699.

#include <string>
#include <vector>

#include "latentpath/path/manifold_maps.h"

namespace latentpath {

/// What they are called on the command line, with their parameters.
struct MatrixManifoldName {
  std::string name, parameters;
};
const std::vector<MatrixManifoldName>& matrix_manifold_names();

/// "spd" {n}, "so3" {}, "grassmann" {n, p}, "stiefel" {n, p}; null for another name. Throws Error(kArgument)
/// for numbers that cannot be: n ≥ 1, 1 ≤ p ≤ n, and p < n for Grassmann.
ManifoldMapsPointer make_matrix_manifold(const std::string& name, const std::vector<double>& parameters);

}  // namespace latentpath
