#pragma once
// Rows: a batch of vectors [B, N], one a problem. Solvers are written once for any such type and instantiated
// for two: DenseRows here, float64 without LibTorch, and LibTorch's tensors on any device (objective.h). All
// that a solver decides, it decides on plain numbers, one a row; rows never meet.

#include <Eigen/Core>
#include <cstdint>
#include <vector>

namespace latentpath {

using DenseRows = Eigen::Array<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// How a batch's per-row numbers and row numbers are kept.
template <class Rows>
struct RowTypes;

template <>
struct RowTypes<DenseRows> {
  using Values = std::vector<double>;    ///< [B]
  using Indices = std::vector<int64_t>;  ///< row numbers, ascending
};

}  // namespace latentpath
