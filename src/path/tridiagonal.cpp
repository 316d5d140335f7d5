#include "latentpath/path/tridiagonal.h"

#include <ATen/ATen.h>

#include <vector>

#include "latentpath/core/error.h"

namespace latentpath {

Tensor solve_tridiagonal(const Tensor& diagonal, const Tensor& off_diagonal, const Tensor& right) {
  const int64_t batch = diagonal.size(0), m = diagonal.size(1), columns = right.size(2);
  LATENTPATH_ASSERT(right.size(0) == batch && right.size(1) == m && off_diagonal.size(1) == m - 1);
  const Tensor d = diagonal.contiguous(), e = off_diagonal.contiguous();
  Tensor x = right.clone(at::MemoryFormat::Contiguous);
  const double* d_data = d.data_ptr<double>();
  const double* e_data = e.data_ptr<double>();
  double* x_data = x.data_ptr<double>();
  std::vector<double> pivot(static_cast<size_t>(m));
  for (int64_t b = 0; b < batch; ++b) {
    const double* diag = d_data + b * m;
    const double* off = e_data + b * (m - 1);
    double* rows = x_data + b * m * columns;
    pivot[0] = diag[0];
    for (int64_t i = 1; i < m; ++i) {
      const double factor = off[i - 1] / pivot[static_cast<size_t>(i - 1)];
      pivot[static_cast<size_t>(i)] = diag[i] - factor * off[i - 1];
      for (int64_t k = 0; k < columns; ++k) rows[i * columns + k] -= factor * rows[(i - 1) * columns + k];
    }
    for (int64_t i = m - 1; i >= 0; --i) {
      const double inverse = 1 / pivot[static_cast<size_t>(i)];
      for (int64_t k = 0; k < columns; ++k) {
        double value = rows[i * columns + k];
        if (i + 1 < m) value -= off[i] * rows[(i + 1) * columns + k];
        rows[i * columns + k] = value * inverse;
      }
    }
  }
  return x;
}

}  // namespace latentpath
