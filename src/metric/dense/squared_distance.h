#pragma once
// ‖b − a‖² and ‖z‖² of plain numbers. Internal.

namespace latentpath::detail {

inline double squared_distance(const double* a, const double* b, int dim) {
  double sum = 0;
  for (int i = 0; i < dim; ++i) sum += (b[i] - a[i]) * (b[i] - a[i]);
  return sum;
}

inline double squared_norm(const double* z, int dim) {
  double sum = 0;
  for (int i = 0; i < dim; ++i) sum += z[i] * z[i];
  return sum;
}

}  // namespace latentpath::detail
