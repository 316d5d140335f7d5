#include "run/pair_curves.h"

#include <ATen/ATen.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "latentpath/core/figure_text.h"
#include "latentpath/curve/curve.h"
#include "latentpath/path/initial_path.h"

namespace latentpath::detail {

std::array<PairCurve, 3> pair_curves(const PathProblem& problem, const PathResult& result) {
  const Tensor start = problem.start.to(at::kDouble), end = problem.end.to(at::kDouble),
               nodes = result.nodes.to(at::kDouble), times = result.times;
  return {
      {{"path", [=](const Tensor& t) { return interpolate_polyline(nodes, times, t); }, &PathResult::path},
       {"linear", [=](const Tensor& t) { return linear_path(start, end, t); }, &PathResult::linear},
       {"spherical", [=](const Tensor& t) { return spherical_path(start, end, t); },
        &PathResult::spherical}}};
}

std::optional<double> median_figure(const nlohmann::json& summary, const char* curve,
                                    const std::string& figure) {
  std::vector<double> values;
  for (const nlohmann::json& pair : summary.at("pairs"))
    if (const auto found = pair.at(curve).find(figure); found != pair.at(curve).end() && found->is_number())
      values.push_back(found->get<double>());
  return values.empty() ? std::nullopt : std::optional(median_of(std::move(values)));
}

}  // namespace latentpath::detail
