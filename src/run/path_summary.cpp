#include "latentpath/run/path_summary.h"

#include <ATen/ATen.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "latentpath/core/equal_share.h"

namespace latentpath {
namespace {

class Writer {
 public:
  void figure(nlohmann::json& object, const char* name, const Tensor& values, int64_t pair) {
    if (!values.defined()) return;
    const double value = values[pair].item<double>();
    if (std::isfinite(value)) {
      object[name] = value;
    } else {
      object[name] = nullptr;
      ++lost_;
    }
  }
  /// Where no quality was asked for a constant weight stands in `length`: the distance is told, and no
  /// quality.
  nlohmann::json figures(const CurveFigures<Tensor>& figures, int64_t pair, bool weighted) {
    nlohmann::json object = nlohmann::json::object();
    for (const CurveFigure<Tensor>& each : kCurveFigures<Tensor>)
      if (each.recorded) figure(object, each.name, figures.*each.value, pair);
    if (!weighted) {
      object["length"] = object["embedding_length"];
      for (const char* name : {"quality_of_curve", "mean_quality", "min_quality"}) object.erase(name);
    }
    object["refinement"] = figures.subdivisions[pair].item<int64_t>();
    return object;
  }
  int64_t lost() const { return lost_; }

 private:
  int64_t lost_ = 0;
};

/// By the names that geodesics have for the same.
void write_certificate(nlohmann::json& path, const PathCertificate& certificate) {
  if (!certificate.inertia_counted()) return;  // without second derivatives
  if (certificate.minimum || certificate.negative_directions > 0) path["minimum"] = certificate.minimum;
  path["negative_directions"] = certificate.negative_directions;
  path["least_curvature"] = certificate.least_curvature;
}

}  // namespace

nlohmann::json path_summary(const PathResult& result) {
  Writer writer;
  nlohmann::json pairs = nlohmann::json::array();
  const int64_t count = result.nodes.size(0);
  nlohmann::json warnings = result.warnings;
  for (int64_t pair = 0; pair < count; ++pair) {
    const auto index = static_cast<size_t>(pair);
    nlohmann::json path = writer.figures(result.path, pair, result.weighted);
    path["termination"] = termination_name(result.termination[index]);
    path["iterations"] = result.iterations[index];
    // Shared work to equal parts, so that the pairs' figures add up to all of it.
    path["decoder_evaluations"] =
        result.decoder_evaluations[index] + equal_share(result.candidate_evaluations, pair, count);
    path["seconds"] = result.seconds / static_cast<double>(count);
    path["start"] = result.start[index];
    path["cost_name"] = result.cost[index];
    if (result.time_weight[index] > 0) path["time_weight"] = result.time_weight[index];
    path["weighted"] = result.weighted;
    path["under_resolved"] = static_cast<bool>(result.under_resolved[index]);
    writer.figure(path, "lower_bound", result.weighted ? result.lower_bound : result.ends_output_distance,
                  pair);
    writer.figure(path, "gradient_residual", result.gradient_residual, pair);
    if (index < result.certificates.size()) write_certificate(path, result.certificates[index]);
    pairs.push_back({{"path", path},
                     {"linear", writer.figures(result.linear, pair, result.weighted)},
                     {"spherical", writer.figures(result.spherical, pair, result.weighted)}});
  }
  if (writer.lost() > 0)
    warnings.push_back(
        std::to_string(writer.lost()) +
        " figures are NaN or infinite and stand as null: the model gives such values along these curves");
  nlohmann::json summary{{"pairs", pairs}};
  summary["cost"] = result.cost_summary();
  summary["method"] = result.method;
  summary["curve"] = result.curve;
  if (result.largest_time_weight() > 0) summary["time_weight"] = result.largest_time_weight();
  summary["candidate_evaluations"] = result.candidate_evaluations;
  summary["verification_evaluations"] = result.verification_evaluations;
  summary["verification_seconds"] = result.verification_seconds;
  summary["seconds"] = result.seconds;
  summary["seed"] = result.seed;
  nlohmann::json history = nlohmann::json::array();
  for (const LevelRecord& level : result.history)
    history.push_back(
        {{"segments", level.segments},
         {"quadrature", level.subdivisions},
         {"paths", level.paths},
         {"iterations", level.iterations},
         {"mean_cost", std::isfinite(level.mean_cost) ? nlohmann::json(level.mean_cost) : nlohmann::json()},
         {"seconds", level.seconds}});
  summary["history"] = history;
  if (!warnings.empty()) summary["warnings"] = warnings;
  return summary;
}

}  // namespace latentpath
