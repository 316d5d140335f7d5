#pragma once
// Points as LibTorch, Eigen and the dense solvers hold them: rows of a tensor, columns of a matrix, row after
// row.
//
//   Eigen::MatrixXd columns = matrix_of_points(nodes);   // [m, D] → [D, m]
//   Tensor rows = tensor_of_points(marching.path);       // [D, m] → [m, D], float64

#include <Eigen/Core>
#include <vector>

#include "latentpath/core/tensor.h"

namespace latentpath {

/// A copy: [D, m] → [m, D], float64.
Tensor tensor_of_points(const Eigen::MatrixXd& points);

/// A copy: [m, D] → [D, m].
Eigen::MatrixXd matrix_of_points(const Tensor& points);

/// A copy of all numbers of a tensor of any shape, in order.
std::vector<double> row_major(const Tensor& tensor);

}  // namespace latentpath
