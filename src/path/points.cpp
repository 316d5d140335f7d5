#include "latentpath/path/points.h"

#include <ATen/ATen.h>

namespace latentpath {

// A row of the one is a column of the other: both lie in memory alike.

Tensor tensor_of_points(const Eigen::MatrixXd& points) {
  return at::from_blob(const_cast<double*>(points.data()), {points.cols(), points.rows()}, at::kDouble)
      .clone();
}

Eigen::MatrixXd matrix_of_points(const Tensor& points) {
  const Tensor rows = points.detach().to(at::kCPU, at::kDouble).contiguous();
  return Eigen::Map<const Eigen::MatrixXd>(rows.data_ptr<double>(), rows.size(1), rows.size(0));
}

std::vector<double> row_major(const Tensor& tensor) {
  const Tensor values = tensor.detach().to(at::kCPU, at::kDouble).contiguous();
  return {values.data_ptr<double>(), values.data_ptr<double>() + values.numel()};
}

}  // namespace latentpath
