// Select: of paths that compete, the cheapest on a finer grid; those alone are measured that have a rival.

#include <ATen/ATen.h>

#include "latentpath/path/select.h"
#include "path/search.h"

namespace latentpath {

std::vector<int64_t> best_rows(Search& search, const PathSet& paths, const Tensor& times, const Tensor& grid,
                               bool kinds_apart) {
  const std::vector<int64_t> contested = contested_rows(paths, kinds_apart);
  Tensor cost = at::zeros({paths.rows()}, at::kDouble);
  if (!contested.empty()) {
    const PathSet some = paths.select(contested);
    const auto scope = search.count_for(some);
    cost.index_copy_(0, at::tensor(contested, at::kLong),
                     polyline_cost(search.energy.of_rows(some.pair), some.nodes, times, grid));
  }
  return cheapest_rows(paths, cost, kinds_apart);
}

}  // namespace latentpath
