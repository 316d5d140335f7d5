#pragma once
// PathSet: discretised paths on one grid, several of which may compete for one pair of ends.
//
//   PathSet paths = path_set(starts, {{StartKind::kVia, 1}, {StartKind::kVia, 2}});   // [pairs, 2, n + 1, D]
//   paths.start[0].name();                                                            // "via-1"

#include <cstdint>
#include <vector>

#include "latentpath/core/tensor.h"
#include "latentpath/path/start.h"

namespace latentpath {

/// Row r is a path of pair `pair[r]`, from first path `start[r]`.
struct PathSet {
  Tensor nodes;              ///< [rows, n + 1, D] float64
  Tensor pair;               ///< [rows] int64
  std::vector<Start> start;  ///< [rows]

  int64_t rows() const { return static_cast<int64_t>(start.size()); }
  int64_t pair_of(int64_t row) const { return pair.data_ptr<int64_t>()[row]; }
  PathSet select(const std::vector<int64_t>& chosen) const;
};

/// One path a pair: nodes [pairs, n + 1, D].
PathSet one_path_each(const Tensor& nodes, Start start);

/// `nodes` [pairs, S, n + 1, D]: S paths a pair, made in the same S ways for every pair.
PathSet path_set(const Tensor& nodes, const std::vector<Start>& starts);

/// The rows at which a condition, bool [rows], holds.
std::vector<int64_t> rows_where(const Tensor& condition);

}  // namespace latentpath
