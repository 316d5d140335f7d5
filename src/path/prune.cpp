#include "latentpath/path/prune.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <unordered_map>

namespace latentpath {

void prune(SolverState& state, const PathSet& paths, bool sparse, const PruneOptions& options) {
  struct Best {
    double any = 1e300, detour = 1e300;
  };
  const double lead = state.iteration < options.early_iteration  ? options.first_lead
                      : state.iteration < options.late_iteration ? options.early_lead
                                                                 : options.late_lead;
  const Tensor value = at::nan_to_num(state.value, 1e300, 1e300).contiguous();
  const double* cost = value.data_ptr<double>();
  std::unordered_map<int64_t, Best> best;  // of each pair
  const auto is_detour = [&](int64_t row) { return paths.start[static_cast<size_t>(row)].is_detour(); };
  for (int64_t row = 0; row < value.size(0); ++row) {
    Best& of_pair = best[paths.pair_of(row)];
    of_pair.any = std::min(of_pair.any, cost[row]);
    if (is_detour(row)) of_pair.detour = std::min(of_pair.detour, cost[row]);
  }
  const int64_t* active = state.active.data_ptr<int64_t>();
  for (int64_t i = 0; i < state.active.numel(); ++i) {
    const int64_t row = active[i];
    const Best& of_pair = best[paths.pair_of(row)];
    const double rival = sparse && is_detour(row) ? of_pair.detour : of_pair.any;
    if (cost[row] > (sparse && !is_detour(row) ? options.first_lead : lead) * rival)
      state.end(row, Termination::kPruned);
  }
}

}  // namespace latentpath
