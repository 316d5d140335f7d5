#include "path/outlook.h"

#include <ATen/ATen.h>

#include <unordered_map>
#include <utility>

namespace latentpath {

void Outlook::prune(SolverState& state, const PathSet& paths) {
  if (state.iteration % iterations_ != 0) return;
  const Tensor value = at::nan_to_num(state.value, 1e300, 1e300).contiguous();
  const double* cost = value.data_ptr<double>();
  std::vector<double> now(cost, cost + value.size(0));
  std::swap(now, before_);
  if (now.empty()) return;                        // the first look
  std::unordered_map<int64_t, int64_t> cheapest;  // row, of each pair
  for (int64_t row = 0; row < value.size(0); ++row) {
    const auto [place, first] = cheapest.try_emplace(paths.pair_of(row), row);
    if (!first && cost[row] < cost[place->second]) place->second = row;
  }
  const int64_t* active = state.active.data_ptr<int64_t>();
  for (int64_t i = 0; i < state.active.numel(); ++i) {
    const int64_t row = active[i], best = cheapest[paths.pair_of(row)];
    const double decrease = now[static_cast<size_t>(row)] - cost[row];
    if (row != best && !(cost[row] - outlook_ * decrease < cost[best])) state.end(row, Termination::kPruned);
  }
}

}  // namespace latentpath
