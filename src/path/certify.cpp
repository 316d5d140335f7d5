#include "latentpath/path/certify.h"

#include <ATen/ATen.h>

#include <cmath>
#include <set>

#include "latentpath/metric/epsilon.h"
#include "latentpath/path/path_objective.h"
#include "path/search.h"

namespace latentpath {

Tensor lower_bounds(const PathEnergy& energy, const Tensor& start, const Tensor& end) {
  return energy.lower_bound(start, end);
}

Tensor gradient_residuals(const PathEnergy& energy, const Tensor& nodes, const Tensor& times,
                          int64_t subdivisions, const PreconditionerOptions& preconditioner) {
  const int64_t rows = nodes.size(0), n = nodes.size(1) - 1;
  if (n < 2) return at::zeros({rows}, at::kDouble);
  const auto curve = polyline_curve(times, nodes.size(2));
  PathObjective objective(energy, curve, nodes.select(1, 0), nodes.select(1, n),
                          refine_times(times, subdivisions), true, subdivisions, preconditioner);
  objective.model_at_once();
  const Tensor x = curve->fit(nodes, times), all = at::arange(rows, at::kLong);
  return objective.gradient_residual(x, objective.evaluate(x, all), all);
}

void certify(Search& search, const FoundPaths& found, PathResult& result) {
  const auto scope = search.counter.count_verification();
  const auto pairs = static_cast<size_t>(search.size());
  result.lower_bound = lower_bounds(search.energy, search.start, search.end);
  const double weight = least_weight(search.options.epsilon);
  result.ends_output_distance = weight > 0 ? result.lower_bound / weight : at::zeros_like(result.lower_bound);
  result.gradient_residual = at::zeros({search.size()}, at::kDouble);
  const Tensor nodes = result.nodes.to(at::kDouble);
  for (const int64_t subdivisions : std::set<int64_t>(found.subdivisions.begin(), found.subdivisions.end())) {
    std::vector<int64_t> alike;
    for (size_t pair = 0; pair < pairs; ++pair)
      if (found.subdivisions[pair] == subdivisions) alike.push_back(static_cast<int64_t>(pair));
    const Tensor rows = at::tensor(alike, at::kLong);
    result.gradient_residual.index_copy_(
        0, rows,
        gradient_residuals(search.energy.of_rows(rows), nodes.index_select(0, rows), found.times,
                           subdivisions, search.options.preconditioner));
  }
  result.certificates = found.certificates;
  for (size_t pair = 0; pair < pairs; ++pair) {
    const auto row = static_cast<int64_t>(pair);
    const double refined = result.path.cost_refined[row].item<double>();
    const double coarse = result.path.cost[row].item<double>();
    if (!std::isfinite(refined)) result.termination[pair] = Termination::kNumericalFailure;
    const double apart = std::abs(refined / std::max(coarse, 1e-300) - 1);
    result.under_resolved.push_back(refined > 0 && !(apart <= search.options.resolution_tolerance));
  }
}

}  // namespace latentpath
