#pragma once
// A batch of symmetric positive definite tridiagonal systems, each with several right-hand sides.
//
//   Tensor x = latentpath::solve_tridiagonal(diagonal, off_diagonal, b);   // [B, m], [B, m − 1], [B, m, D]

#include "latentpath/core/tensor.h"

namespace latentpath {

/// Solves T_b x_b = r_b by elimination without pivoting (T must be positive definite, as stiffness matrices
/// are). diagonal [B, m], off_diagonal [B, m − 1], right [B, m, D]; all float64; returns [B, m, D].
Tensor solve_tridiagonal(const Tensor& diagonal, const Tensor& off_diagonal, const Tensor& right);

}  // namespace latentpath
