#include "run/geodesic_map_records.h"

#include <ATen/ATen.h>

#include <iomanip>
#include <sstream>

#include "latentpath/core/error.h"
#include "latentpath/io/tensor_file.h"
#include "latentpath/path/geodesic_maps.h"
#include "latentpath/path/points.h"
#include "latentpath/run/text_values.h"
#include "run/json_numbers.h"

namespace latentpath::detail {
namespace {

using nlohmann::json;

constexpr int64_t kShown = 10;  ///< pairs in the text

json numbers_of(const std::vector<double>& values) {
  json list = json::array();
  for (const double value : values) list.push_back(number_or_null(value));
  return list;
}

Tensor read_vectors(const std::string& text, const Tensor& start) {
  Tensor vectors = names_tensor_file(text) ? read_tensor_file(text).to(at::kDouble)
                                           : at::tensor(parse_finite_numbers("exp", text), at::kDouble);
  if (vectors.dim() == 1) vectors = vectors.unsqueeze(0);
  LATENTPATH_CHECK(vectors.dim() == 2 && vectors.size(1) == start.size(1) &&
                       (vectors.size(0) == start.size(0) || vectors.size(0) == 1 || start.size(0) == 1),
                   kInput, "`exp` has vectors of the shape ", shape_string(vectors.sizes()),
                   ", and `from` points of ", shape_string(start.sizes()),
                   ": it takes one vector for each point, of as many coordinates");
  LATENTPATH_CHECK(at::isfinite(vectors).all().item<bool>(), kInput,
                   "`exp` has a vector with a coordinate that is NaN or infinite");
  return vectors;
}

}  // namespace

void find_exponentials(const WeightedMetric& metric, const Tensor& start, const std::string& vectors,
                       int segments, RunRecord& run) {
  Tensor velocities = read_vectors(vectors, start);
  const int64_t pairs = std::max(start.size(0), velocities.size(0)), dim = start.size(1);
  const Tensor points = start.expand({pairs, dim}).contiguous();
  velocities = velocities.expand({pairs, dim}).contiguous();
  std::vector<Tensor> paths;
  std::ostringstream text;
  run.summary = {{"pairs", json::array()}, {"seed", run.seed}, {"title", metric.describe()}};
  for (int64_t pair = 0; pair < pairs; ++pair) {
    const Exponential moved =
        exponential_map(metric, row_major(points[pair]), row_major(velocities[pair]), segments);
    // Nodes that were not reached stand where it ended.
    std::vector<double> nodes = moved.nodes;
    const std::vector<double> end = moved.point();
    while (static_cast<int64_t>(nodes.size()) < (segments + 1) * dim)
      nodes.insert(nodes.end(), end.begin(), end.end());
    paths.push_back(at::tensor(nodes, at::kDouble).view({segments + 1, dim}));
    run.summary["pairs"].push_back({{"path",
                                     {{"length", number_or_null(moved.length)},
                                      {"end", numbers_of(end)},
                                      {"end_velocity", numbers_of(moved.velocity)},
                                      {"speed_drift", number_or_null(moved.drift)},
                                      {"complete", moved.complete}}}});
    if (pair < kShown) {
      text << "exp of pair " << pair + 1 << std::setprecision(12) << ":";
      for (const double coordinate : end) text << " " << coordinate;
      text << std::setprecision(9) << "; length " << moved.length << std::setprecision(2)
           << ", its speed kept to " << moved.drift << "\n";
    }
    if (!moved.complete && !run.failure)
      run.failure = {ErrorKind::kNumerical,
                     join_message("the geodesic of pair ", pair + 1,
                                  " leaves the chart, or the place where its metric "
                                  "can be computed, before its time"),
                     "what was reached is in"};
  }
  if (pairs > kShown) text << "… and " << pairs - kShown << " more pairs\n";
  write_warnings(run.summary, run.warnings);
  const Tensor path = at::stack(paths);
  run.arrays = {{"exp.npy", path.select(1, segments).contiguous()},
                {"path.npy", path},
                {"times.npy", at::linspace(0, 1, segments + 1, at::kDouble)}};
  run.text = text.str();
}

void add_logarithms(const WeightedMetric& metric, const Tensor& paths, RunRecord& run) {
  const int64_t pairs = paths.size(0), last = paths.size(1) - 1;
  std::vector<Tensor> vectors;
  std::ostringstream text;
  for (int64_t pair = 0; pair < pairs; ++pair) {
    const Logarithm found = logarithm_map(metric, row_major(paths[pair][0]), row_major(paths[pair][last]),
                                          row_major(paths[pair]));
    vectors.push_back(at::tensor(found.velocity, at::kDouble));
    json& path = run.summary["pairs"][static_cast<size_t>(pair)]["path"];
    path["log"] = numbers_of(found.velocity);
    path["log_length"] = number_or_null(found.length);
    path["log_miss"] = number_or_null(found.miss);
    if (pair < kShown) {
      text << "log of pair " << pair + 1 << std::setprecision(12) << ":";
      for (const double coordinate : found.velocity) text << " " << coordinate;
      text << "; length " << found.length << std::setprecision(2) << ", it misses the end by " << found.miss
           << " of that\n";
    }
    if (!found.converged)
      run.warnings.emplace_back(join_message("the logarithm of pair ", pair + 1, " misses the end by ",
                                             found.miss, " of its length"));
  }
  write_warnings(run.summary, run.warnings);
  run.arrays.emplace_back("log.npy", at::stack(vectors));
  run.text += text.str();
}

}  // namespace latentpath::detail
