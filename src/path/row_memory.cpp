#include "path/row_memory.h"

#include <ATen/ATen.h>

namespace latentpath {

Tensor RowMemory::find(const Tensor& rows) {
  const Tensor whole = rows.to(at::kCPU, at::kDouble).contiguous();
  const int64_t count = whole.size(0);
  const auto bytes = static_cast<size_t>(whole.size(1)) * sizeof(double);
  const auto* first = static_cast<const char*>(whole.data_ptr());
  Tensor places = at::empty({count}, at::kLong);
  std::vector<int64_t> unknown;
  const auto known = static_cast<int64_t>(place_.size());
  for (int64_t i = 0; i < count; ++i) {
    const auto next = known + static_cast<int64_t>(unknown.size());
    const auto [place, is_new] =
        place_.emplace(std::string(first + static_cast<size_t>(i) * bytes, bytes), next);
    if (is_new) unknown.push_back(i);
    places.data_ptr<int64_t>()[i] = place->second;
  }
  if (unknown.empty()) return places;
  try {
    learn(whole.index_select(0, at::tensor(unknown, at::kLong)));
  } catch (...) {
    std::erase_if(place_, [&](const auto& entry) { return entry.second >= known; });
    throw;
  }
  return places;
}

void RowMemory::learn(const Tensor& rows) {
  std::vector<std::vector<Tensor>> parts;  // of each column
  for (const Tensor& column : columns_) parts.push_back({column});
  for (const Tensor& share : rows.split(rows_at_once_)) {
    const std::vector<Tensor> found = work_(share);
    parts.resize(found.size());
    for (size_t k = 0; k < found.size(); ++k) parts[k].push_back(found[k]);
  }
  columns_.clear();
  for (const std::vector<Tensor>& column : parts) columns_.push_back(at::cat(column));
}

}  // namespace latentpath
