#pragma once
// Points as LibTorch and as Eigen hold them: rows of a tensor, columns of a matrix.
//
//   Eigen::MatrixXd columns = matrix_of_points(nodes);   // [m, D] → [D, m]
//   Tensor rows = tensor_of_points(marching.path);       // [D, m] → [m, D], float64

#include <Eigen/Core>

#include "latentpath/core/tensor.h"

namespace latentpath {

/// A copy: [D, m] → [m, D], float64.
Tensor tensor_of_points(const Eigen::MatrixXd& points);

/// A copy: [m, D] → [D, m].
Eigen::MatrixXd matrix_of_points(const Tensor& points);

}  // namespace latentpath
