#include "molecule/dense/tree_messages.h"

#include <algorithm>

#include "molecule/dense/wide_loops.h"

namespace latentpath {
namespace {

int32_t at(const std::vector<int32_t>& list, int32_t place) { return list[static_cast<size_t>(place)]; }

}  // namespace

void MessageOrder::add(int32_t from, const std::vector<int32_t>& rows) {
  if (first_entry.empty()) first_entry.push_back(0);
  if (first_of_level.empty()) first_of_level.push_back(0);
  cluster.push_back(from);
  row.insert(row.end(), rows.begin(), rows.end());
  first_entry.push_back(static_cast<int32_t>(row.size()));
}

LATENTPATH_WIDE
void sum_messages(const MessageOrder& order, MessageRange range, int64_t width, const float* messages,
                  const float* products, const float* table, float* sums, float* resets) {
  std::fill(sums, sums + (range.last - range.first) * width, 0.0F);
  for (int32_t i = range.first; i < range.last; ++i, sums += width) {
    const float* own = table + at(order.cluster, i) * width;
    for (int32_t e = at(order.first_entry, i); e < at(order.first_entry, i + 1); ++e, resets += width) {
      const float* message = messages + at(order.row, e) * width;
      const float* product = products + at(order.row, e) * width;
      for (int64_t k = 0; k < width; ++k) sums[k] += message[k];
      for (int64_t k = 0; k < width; ++k) resets[k] = own[k] + product[k];
    }
  }
}

LATENTPATH_WIDE
void gate_messages(const MessageOrder& order, MessageRange range, int64_t width, const float* messages,
                   const float* resets, float* gated) {
  std::fill(gated, gated + (range.last - range.first) * width, 0.0F);
  for (int32_t i = range.first; i < range.last; ++i, gated += width)
    for (int32_t e = at(order.first_entry, i); e < at(order.first_entry, i + 1); ++e, resets += width) {
      const float* message = messages + at(order.row, e) * width;
      for (int64_t k = 0; k < width; ++k) gated[k] += resets[k] * message[k];
    }
}

LATENTPATH_WIDE
void add_table(const MessageOrder& order, MessageRange range, int64_t width, const float* table,
               float* values) {
  for (int32_t i = range.first; i < range.last; ++i, values += width) {
    const float* own = table + at(order.cluster, i) * width;
    for (int64_t k = 0; k < width; ++k) values[k] += own[k];
  }
}

LATENTPATH_WIDE
void mix_messages(int64_t count, const float* sums, const float* updates, const float* states,
                  float* results) {
  for (int64_t k = 0; k < count; ++k) results[k] = (1 - updates[k]) * sums[k] + updates[k] * states[k];
}

LATENTPATH_WIDE
void mix_messages_backwards(int64_t count, const float* d_results, const float* sums, const float* updates,
                            const float* states, float* d_updates, float* d_states, float* d_sums) {
  for (int64_t k = 0; k < count; ++k) {
    const float d = d_results[k], u = updates[k], s = states[k];
    d_updates[k] = d * (s - sums[k]) * u * (1 - u);
    d_states[k] = d * u * (1 - s * s);
    d_sums[k] = d * (1 - u);
  }
}

LATENTPATH_WIDE
void add_table_backwards(const MessageOrder& order, MessageRange range, int64_t width, const float* d_values,
                         float* d_table) {
  for (int32_t i = range.first; i < range.last; ++i, d_values += width) {
    float* own = d_table + at(order.cluster, i) * width;
    for (int64_t k = 0; k < width; ++k) own[k] += d_values[k];
  }
}

LATENTPATH_WIDE
void messages_backwards(const MessageOrder& order, MessageRange range, int64_t width, const float* messages,
                        const float* resets, const float* d_sums, const float* d_gated, float* d_messages,
                        float* d_products, float* d_table) {
  for (int32_t i = range.first; i < range.last; ++i, d_sums += width, d_gated += width) {
    float* own = d_table + at(order.cluster, i) * width;
    for (int32_t e = at(order.first_entry, i); e < at(order.first_entry, i + 1); ++e, resets += width) {
      const float* message = messages + at(order.row, e) * width;
      float* d_message = d_messages + at(order.row, e) * width;
      float* d_product = d_products + at(order.row, e) * width;
      for (int64_t k = 0; k < width; ++k) d_message[k] += d_sums[k] + d_gated[k] * resets[k];
      for (int64_t k = 0; k < width; ++k) {
        const float d = d_gated[k] * message[k] * resets[k] * (1 - resets[k]);
        d_product[k] += d;
        own[k] += d;
      }
    }
  }
}

}  // namespace latentpath
