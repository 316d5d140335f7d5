#pragma once
// Messages on trees (Jin et al. 2018, Eq. 5–8) with their derivative, on plain numbers: the loops over rows;
// products with matrices, sigmoid and tanh are the caller's. Rows have `width` numbers.

#include <cstdint>
#include <vector>

namespace latentpath {

/// Which messages go into which. Messages stand in one list: those from outside first, then those that are
/// made, level by level: what goes into a message stands before its level.
struct MessageOrder {
  int32_t outside = 0;                  ///< messages that are given
  std::vector<int32_t> cluster;         ///< [made], from which each comes
  std::vector<int32_t> first_entry;     ///< [made + 1]
  std::vector<int32_t> row;             ///< [entries], what goes in
  std::vector<int32_t> first_of_level;  ///< [levels + 1], among those that are made

  int32_t made() const { return static_cast<int32_t>(cluster.size()); }
  int32_t levels() const { return static_cast<int32_t>(first_of_level.size()) - 1; }
  void add(int32_t from, const std::vector<int32_t>& rows);
  void end_level() { first_of_level.push_back(made()); }
};

/// Made messages first … last − 1.
struct MessageRange {
  int32_t first, last;
};

/// sums[i] of what goes in, and the resets' arguments, resets[e] = table[cluster] + products[row]. Both begin
/// with the range.
void sum_messages(const MessageOrder& order, MessageRange range, int64_t width, const float* messages,
                  const float* products, const float* table, float* sums, float* resets);
/// gated[i] = Σ resets[e] messages[row]
void gate_messages(const MessageOrder& order, MessageRange range, int64_t width, const float* messages,
                   const float* resets, float* gated);
/// values[i] += table[cluster]
void add_table(const MessageOrder& order, MessageRange range, int64_t width, const float* table,
               float* values);
/// results[i] = (1 − updates) sums + updates states
void mix_messages(int64_t count, const float* sums, const float* updates, const float* states,
                  float* results);

/// From d_results: the derivatives to the arguments of sigmoid and tanh, and to the sums as far as mixing
/// goes.
void mix_messages_backwards(int64_t count, const float* d_results, const float* sums, const float* updates,
                            const float* states, float* d_updates, float* d_states, float* d_sums);
/// d_table[cluster] += d_values[i]
void add_table_backwards(const MessageOrder& order, MessageRange range, int64_t width, const float* d_values,
                         float* d_table);
/// From d_sums and d_gated: to the messages that go in, to their products and to the resets' table.
void messages_backwards(const MessageOrder& order, MessageRange range, int64_t width, const float* messages,
                        const float* resets, const float* d_sums, const float* d_gated, float* d_messages,
                        float* d_products, float* d_table);

}  // namespace latentpath
