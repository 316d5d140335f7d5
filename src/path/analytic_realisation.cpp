#include "latentpath/path/analytic_realisation.h"
#include "latentpath/path/points.h"

#include <ATen/ATen.h>

#include "latentpath/core/error.h"
#include "latentpath/metric/adaptors.h"
#include "path/search.h"

namespace latentpath {
namespace {

/// Every coordinate is a pass through the model more, and every output a copy of each point: beyond these, a
/// step of Newton's method costs more than the first-order steps that it saves.
constexpr int kMostCoordinates = 8, kMostOutputs = 64;

/// The cost asked for, or that of `cost` auto.
std::string cost_of(const PathProblem& problem, const PathOptions& options) {
  if (options.cost != "auto") return options.cost;
  const bool loop = (problem.start == problem.end).all(1).any().item<bool>();
  return default_cost(options, loop, problem.quality->depends_on_time());
}

/// Why the problem has no analytic realisation as it is stated; empty where nothing speaks against one.
std::string obstacle(const PathProblem& problem, const PathOptions& options) {
  if (problem.held.defined()) return "some coordinates are held";
  if (options.kernel) return "lengths are measured by a kernel";
  if (options.norm != OutputNorm::kSum) return "lengths are means over outputs";
  if (options.curve != "auto" && options.curve != "polyline") return "the curve is no polyline";
  const std::string cost = cost_of(problem, options);
  if (cost != "chord" && cost != "dynamic") return "the cost is not an energy of chords";
  if (cost == "dynamic" && !options.time_weight) return "the weight of the time term is not given";
  if (problem.embedding->latent_dim() < 0 && problem.embedding->analytic() == nullptr &&
      problem.start.size(1) > kMostCoordinates)
    return "the map is known by tensors alone, and has many coordinates";
  return {};
}

}  // namespace

bool newton_pays(const WeightedMetric& metric, std::string* why) {
  const auto no = [why](std::string reason) {
    if (why != nullptr) *why = std::move(reason);
    return false;
  };
  const AnalyticMap& chart = metric.chart();
  const auto& quality = metric.quality().map();
  const AnalyticMap* target = metric.target() ? &metric.target()->packed() : nullptr;
  const auto exact = [](const AnalyticMap* map) { return map == nullptr || map->concurrent(); };
  if (exact(&chart) && exact(quality.get()) && exact(target)) return true;
  if (metric.quality().form() == AnalyticQuality::Form::kLevelSet && !exact(quality.get()))
    return no("the distance to the level set is known by tensors alone, whose kinks stay sharp");
  if (chart.latent_dim() > kMostCoordinates)
    return no(join_message("the model has ", chart.latent_dim(),
                           " coordinates, and second derivatives pay up to ", kMostCoordinates));
  if (!exact(&chart) && chart.output_dim() > kMostOutputs)
    return no(join_message("the model has ", chart.output_dim(),
                           " outputs, and second derivatives pay up to ", kMostOutputs));
  for (const AnalyticMap* map : {&chart, static_cast<const AnalyticMap*>(quality.get()), target})
    if (map != nullptr && !map->has_curvatures())
      return no(join_message(map->describe(), " cannot be differentiated twice"));
  return true;
}

std::optional<GeodesicProblem> analytic_realisation(const PathProblem& problem, const PathOptions& options,
                                                    std::string* why) {
  LATENTPATH_CHECK(problem.embedding && problem.quality && problem.start.defined() && problem.end.defined(),
                   kArgument, "a path problem needs an embedding, a quality and end points");
  const std::string against = obstacle(problem, options);
  if (!against.empty()) {
    if (why != nullptr) *why = against;
    return std::nullopt;
  }
  const auto dim = static_cast<int>(problem.start.size(1));
  const MetricTensorPointer target = problem.embedding->metric();
  WeightedMetric metric(as_chart(problem.embedding, dim),
                        as_analytic(problem.quality, dim, problem.embedding), options.epsilon,
                        target ? as_analytic(target, dim) : nullptr);
  if (!newton_pays(metric, why)) return std::nullopt;
  GeodesicProblem dense{.metric = std::move(metric),
                        .start = row_major(problem.start),
                        .end = row_major(problem.end),
                        .time_weight = cost_of(problem, options) == "dynamic" ? *options.time_weight : 0};
  if (options.first_paths.defined()) dense.initial = row_major(options.first_paths);
  return dense;
}

}  // namespace latentpath
