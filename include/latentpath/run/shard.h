#pragma once
// A shard: the K-th of N parts of the pairs of a table, so that many machines can share its work
// (docs/clusters.md).
//
//   const Shard shard = Shard::parse("3/7");
//   shard.pairs(100, 10);                       // {20, …, 29, 90, …, 99}: the third batch, and the tenth
//
// The unit is the batch: batch b of the pairs, those with the numbers 10b to 10b + 9 where a batch has ten,
// is in shard (b mod N) + 1. So whatever is done to a batch is done to the same pairs however many shards
// there are. That matters to the last digits: a decoder's matrix products round otherwise with other points
// beside, and a search of many steps carries on what was rounded. Batches go to the shards in turn, so that a
// method that is given the first pairs only is shared out, too.

#include <cstdint>
#include <string>
#include <vector>

namespace latentpath {

struct Shard {
  int64_t index = 1, of = 1;  ///< 1 ≤ index ≤ of

  /// "K/N". Throws Error(kArgument) for anything else.
  static Shard parse(const std::string& text);
  bool has(int64_t batch) const { return batch % of == index - 1; }
  /// Its pairs among 0 … count − 1, in order, where a batch has `batch` of them.
  std::vector<int64_t> pairs(int64_t count, int64_t batch) const;
};

}  // namespace latentpath
