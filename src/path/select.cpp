#include "latentpath/path/select.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>

namespace latentpath {
namespace {

/// Who competes with whom: the paths of a pair or, with `kinds_apart`, its straight starts and its detours.
std::pair<int64_t, bool> group_of(const PathSet& paths, int64_t row, bool kinds_apart) {
  return {paths.pair_of(row), kinds_apart && paths.start[static_cast<size_t>(row)].is_detour()};
}

}  // namespace

Tensor refine_times(Tensor times, int64_t subdivisions) {
  for (; subdivisions > 1; subdivisions /= 2) {
    const Tensor middle = middle_times(times);
    const int64_t n = middle.size(0);
    times = at::cat({at::stack({times.narrow(0, 0, n), middle}, 1).flatten(), times.narrow(0, n, 1)});
  }
  return times;
}

Tensor polyline_cost(const PathEnergy& energy, const Tensor& nodes, const Tensor& times, const Tensor& grid) {
  const at::NoGradGuard no_gradient;
  const Tensor fine = interpolate_polyline(nodes, times, grid);
  const int64_t n = grid.size(0) - 1;
  std::vector<Tensor> costs;
  int64_t first = 0;
  for (const Tensor& part :
       fine.split(std::max<int64_t>(1, energy.options().points_per_batch / (2 * n + 1)))) {
    const Tensor middles = 0.5 * (part.narrow(1, 0, n) + part.narrow(1, 1, n));
    const PathEnergy of_part = energy.of_rows(first, part.size(0));
    costs.push_back(of_part.cost(CurvePoints{part, middles, grid}));
    first += part.size(0);
  }
  return at::nan_to_num(at::cat(costs), 1e300, 1e300);
}

std::vector<int64_t> cheapest_rows(const PathSet& paths, const Tensor& cost, bool kinds_apart) {
  const Tensor settled = cost.contiguous();
  const double* costs = settled.data_ptr<double>();
  std::map<std::pair<int64_t, bool>, int64_t> leader;
  for (int64_t row = 0; row < paths.rows(); ++row) {
    const auto [place, first] = leader.try_emplace(group_of(paths, row, kinds_apart), row);
    if (!first && costs[row] < costs[place->second]) place->second = row;
  }
  std::vector<int64_t> rows;
  for (const auto& [group, row] : leader) rows.push_back(row);
  return rows;
}

std::vector<int64_t> contested_rows(const PathSet& paths, bool kinds_apart) {
  std::map<std::pair<int64_t, bool>, int64_t> size;
  for (int64_t row = 0; row < paths.rows(); ++row) ++size[group_of(paths, row, kinds_apart)];
  std::vector<int64_t> rows;
  for (int64_t row = 0; row < paths.rows(); ++row)
    if (size[group_of(paths, row, kinds_apart)] > 1) rows.push_back(row);
  return rows;
}

}  // namespace latentpath
