#pragma once
// Numbers that belong to rows of a tensor (points, edges), worked out when a row is first asked for and kept.

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "latentpath/core/tensor.h"

namespace latentpath {

class RowMemory {
 public:
  /// What is to be known of rows [n, K]: columns of n rows each, [n, …].
  using Work = std::function<std::vector<Tensor>(const Tensor& rows)>;

  /// `rows_at_once`: given to `work` in one call, at most.
  RowMemory(Work work, int64_t rows_at_once) : work_(std::move(work)), rows_at_once_(rows_at_once) {}

  /// Where rows [n, K], float64, stand in the columns: [n] int64. Those that are not known yet are worked
  /// out.
  Tensor find(const Tensor& rows);

  /// Column `k` of all rows known, in the order in which they became so.
  const Tensor& column(size_t k) const { return columns_.at(k); }

 private:
  void learn(const Tensor& rows);

  Work work_;
  int64_t rows_at_once_;
  std::unordered_map<std::string, int64_t> place_;  ///< of a row, by its bytes
  std::vector<Tensor> columns_;
};

}  // namespace latentpath
