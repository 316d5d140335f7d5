#include "latentpath/path/path_set.h"

#include <ATen/ATen.h>

#include "latentpath/core/error.h"

namespace latentpath {
PathSet PathSet::select(const std::vector<int64_t>& chosen) const {
  const Tensor index = at::tensor(chosen, at::kLong);
  PathSet some{nodes.index_select(0, index), pair.index_select(0, index), {}};
  for (const int64_t row : chosen) some.start.push_back(start[static_cast<size_t>(row)]);
  return some;
}

PathSet one_path_each(const Tensor& nodes, Start start) {
  return {nodes, at::arange(nodes.size(0), at::kLong),
          std::vector<Start>(static_cast<size_t>(nodes.size(0)), start)};
}

PathSet path_set(const Tensor& nodes, const std::vector<Start>& starts) {
  LATENTPATH_ASSERT(nodes.dim() == 4 && nodes.size(1) == static_cast<int64_t>(starts.size()));
  PathSet paths{
      nodes.flatten(0, 1), at::arange(nodes.size(0), at::kLong).repeat_interleave(nodes.size(1)), {}};
  for (int64_t pair = 0; pair < nodes.size(0); ++pair)
    paths.start.insert(paths.start.end(), starts.begin(), starts.end());
  return paths;
}

std::vector<int64_t> rows_where(const Tensor& condition) {
  const Tensor rows = condition.nonzero().squeeze(1);
  return {rows.data_ptr<int64_t>(), rows.data_ptr<int64_t>() + rows.numel()};
}

}  // namespace latentpath
