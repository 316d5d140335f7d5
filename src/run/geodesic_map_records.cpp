#include "run/geodesic_map_records.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <iomanip>
#include <sstream>

#include "latentpath/core/error.h"
#include "latentpath/metric/sectional_curvature.h"
#include "latentpath/path/frechet_mean.h"
#include "latentpath/path/points.h"
#include "run/given_points.h"
#include "run/json_numbers.h"

namespace latentpath::detail {
namespace {

using nlohmann::json;

constexpr int64_t kShown = 10;  ///< pairs in the text
constexpr double kSame = 1e-9;  ///< relative: two geodesics are as long

json numbers_of(const std::vector<double>& values) {
  json list = json::array();
  for (const double value : values) list.push_back(number_or_null(value));
  return list;
}

std::string digits_of(const std::vector<double>& values) {
  std::ostringstream text;
  text << std::setprecision(12);
  for (const double value : values) text << " " << value + 0.0;  // a zero has no sign
  return text.str();
}

Tensor row_of(const std::vector<double>& values) { return at::tensor(values, at::kDouble); }

/// The rows of a curve that ended too soon stand where it ended.
Tensor rows_of(std::vector<double> rows, int64_t count, int64_t dim) {
  const std::vector<double> last(rows.end() - dim, rows.end());
  while (static_cast<int64_t>(rows.size()) < count * dim) rows.insert(rows.end(), last.begin(), last.end());
  return at::tensor(rows, at::kDouble).view({count, dim});
}

void open_summary(RunRecord& run, const std::string& title) {
  run.summary = {{"pairs", json::array()}, {"seed", run.seed}, {"title", title}};
}

json& path_of(RunRecord& run, int64_t pair) {
  return run.summary["pairs"][static_cast<size_t>(pair)]["path"];
}

void more_pairs(RunRecord& run, int64_t pairs) {
  if (pairs > kShown) run.text += join_message("… and ", pairs - kShown, " more pairs\n");
}

void fail(RunRecord& run, int64_t pair) {
  if (run.failure) return;
  run.failure = {
      ErrorKind::kNumerical,
      join_message("the geodesic of pair ", pair + 1,
                   " leaves the chart, or the place where its metric can be computed, before its time"),
      "what was reached is in"};
}

}  // namespace

void tell_logarithm(const Logarithm& found, int64_t pair, RunRecord& run) {
  json& path = path_of(run, pair);
  path["log"] = numbers_of(found.velocity);
  path["log_length"] = number_or_null(found.length);
  path["log_miss"] = number_or_null(found.miss);
  path["log_unique"] = found.unique && !found.conjugate();
  if (pair < kShown)
    run.text += join_message("log of pair ", pair + 1, ":", digits_of(found.velocity), "; length ",
                             std::setprecision(12), found.length, std::setprecision(2),
                             ", it misses the end by ", found.miss, " of that\n");
}

void doubt_logarithm(const Logarithm& found, int64_t pair, RunRecord& run) {
  if (!found.converged)
    run.warnings.emplace_back(join_message("the logarithm of pair ", pair + 1, " misses the end by ",
                                           found.miss, " of its length"));
  if (found.conjugate())
    run.warnings.emplace_back(
        join_message("the logarithm of pair ", pair + 1,
                     " is one of many: its ends are conjugate, as antipodes of a sphere are, "
                     "and many geodesics of one length join them"));
  else if (!found.unique)
    run.warnings.emplace_back(join_message("the logarithm of pair ", pair + 1,
                                           " is not the only one: another geodesic is as short"));
}

void tell_transport(const Transport& carried, int64_t pair, RunRecord& run) {
  json& path = path_of(run, pair);
  path["transported"] = numbers_of(carried.vector());
  path["transport_error"] = number_or_null(carried.error);
  path["transport_drift"] = number_or_null(carried.drift);
  if (pair < kShown)
    run.text += join_message("vector of pair ", pair + 1, " carried along:", digits_of(carried.vector()),
                             std::setprecision(2), "; error about ", carried.error, " of its length\n");
}

void find_exponentials(const ManifoldMaps& maps, const Tensor& start, const GeodesicJob& job,
                       RunRecord& run) {
  const int segments = job.search.segments;
  Tensor velocities = read_given_vectors("exp", job.exp, job.own_vectors, start);
  const int64_t pairs = std::max(start.size(0), velocities.size(0)), dim = start.size(1);
  const Tensor points = start.expand({pairs, dim}).contiguous();
  velocities = velocities.expand({pairs, dim}).contiguous();
  Tensor carried;
  if (!job.transport.empty())
    carried = read_given_vectors("transport", job.transport, job.own_carried, points).expand({pairs, dim});
  std::vector<Tensor> paths, vectors;
  open_summary(run, maps.describe());
  for (int64_t pair = 0; pair < pairs; ++pair) {
    const std::vector<double> z = row_major(points[pair]), v = row_major(velocities[pair]);
    maps.check_tangent(z, v, join_message("the vector ", pair + 1, " of `exp`"));
    const Exponential moved = maps.exponential(z, v, segments);
    paths.push_back(rows_of(moved.nodes, segments + 1, dim));
    run.summary["pairs"].push_back({{"path",
                                     {{"length", number_or_null(moved.length)},
                                      {"end", numbers_of(moved.point())},
                                      {"end_velocity", numbers_of(moved.velocity)},
                                      {"speed_drift", number_or_null(moved.drift)},
                                      {"complete", moved.complete}}}});
    if (!moved.complete) {
      fail(run, pair);
      if (carried.defined()) vectors.push_back(at::full({dim}, std::nan(""), at::kDouble));
      continue;
    }
    if (pair < kShown)
      run.text += join_message("exp of pair ", pair + 1, ":", digits_of(moved.point()), std::setprecision(9),
                               "; length ", moved.length, std::setprecision(2), ", its speed kept to ",
                               moved.drift, "\n");
    if (!carried.defined()) continue;
    const std::vector<double> w = row_major(carried[pair]);
    maps.check_tangent(z, w, join_message("the vector ", pair + 1, " of `transport`"));
    const Transport found = maps.transport(z, v, w, segments);
    tell_transport(found, pair, run);
    vectors.push_back(row_of(found.vector()));
  }
  more_pairs(run, pairs);
  write_warnings(run.summary, run.warnings);
  const Tensor path = at::stack(paths);
  run.arrays = {{"exp.npy", path.select(1, segments).contiguous()},
                {"path.npy", path},
                {"times.npy", at::linspace(0, 1, segments + 1, at::kDouble)}};
  if (carried.defined()) run.arrays.emplace_back("transport.npy", at::stack(vectors));
}

void find_mean(const ManifoldMaps& maps, const Tensor& points, const GeodesicJob& job, RunRecord& run,
               const CancellationToken& cancellation) {
  const Tensor weights = read_given_weights(job.weights, job.own_weights, points.size(0));
  const FrechetMean mean =
      frechet_mean(maps, row_major(points), weights.defined() ? row_major(weights) : std::vector<double>(),
                   {}, cancellation);
  open_summary(run, maps.describe());
  for (const std::string& doubt : mean.doubts) run.warnings.emplace_back(doubt);
  json others = json::array();
  for (const std::vector<double>& other : mean.others) others.push_back(numbers_of(other));
  run.summary["mean"] = {{"point", numbers_of(mean.point)},
                         {"points", points.size(0)},
                         {"variance", number_or_null(mean.variance)},
                         {"gradient_norm", number_or_null(mean.gradient_norm)},
                         {"farthest", number_or_null(mean.farthest)},
                         {"convexity_radius", number_or_null(mean.convexity_radius)},
                         {"iterations", mean.iterations},
                         {"starts", mean.starts},
                         {"converged", mean.converged},
                         {"unique", mean.unique},
                         {"others", others}};
  run.summary["how"] = maps.how();
  write_warnings(run.summary, run.warnings);
  run.arrays = {{"mean.npy", row_of(mean.point)}, {"mean_distances.npy", row_of(mean.distances)}};
  run.text = join_message(
      "mean of ", points.size(0), " points:", digits_of(mean.point), "\n  variance ", std::setprecision(12),
      mean.variance, std::setprecision(2), ", gradient ", mean.gradient_norm,
      mean.converged ? ", converged after " : ", not converged after ", mean.iterations,
      " iterations from the best of ", mean.starts, mean.starts == 1 ? " start\n" : " starts\n", "  ",
      maps.describe(), ": ", maps.how(), "\n");
  if (cancellation.cancelled())
    run.failure = {ErrorKind::kInterrupted, "interrupted: the mean is the best point reached until then",
                   "it is in"};
}

namespace {

/// The vectors of `transport` along a polyline [nodes, D].
void find_transport_along(const WeightedMetric& metric, const Tensor& nodes, const GeodesicJob& job,
                          RunRecord& run) {
  const Tensor vectors =
      read_given_vectors("transport", job.transport, job.own_carried, nodes.narrow(0, 0, 1));
  open_summary(run, metric.describe());
  const std::vector<double> way = row_major(nodes);
  const ManifoldMapsPointer maps = chart_maps(metric);
  for (int64_t node = 0; node < nodes.size(0); ++node)
    maps->check_point(row_major(nodes[node]), join_message("node ", node + 1, " of `along`"));
  const double length = metric.length(way).length;
  std::vector<Tensor> ends, ways;
  for (int64_t pair = 0; pair < vectors.size(0); ++pair) {
    const Transport found = transport_along(metric, way, row_major(vectors[pair]));
    run.summary["pairs"].push_back(
        {{"path", {{"length", number_or_null(length)}, {"complete", found.complete}}}});
    if (found.complete)
      tell_transport(found, pair, run);
    else
      fail(run, pair);
    ends.push_back(row_of(found.vector()));
    ways.push_back(rows_of(found.vectors, nodes.size(0), nodes.size(1)));
  }
  more_pairs(run, vectors.size(0));
  write_warnings(run.summary, run.warnings);
  run.arrays = {{"transport.npy", at::stack(ends)}, {"transport_along.npy", at::stack(ways)}};
}

/// Sectional curvatures at points [n, D]: summary, text, curvature.npy.
void find_curvature(const WeightedMetric& metric, const Tensor& points, RunRecord& run) {
  const int64_t count = points.size(0), dim = points.size(1);
  open_summary(run, metric.describe());
  const ManifoldMapsPointer maps = chart_maps(metric);
  std::vector<Tensor> rows;
  for (int64_t pair = 0; pair < count; ++pair) {
    maps->check_point(row_major(points[pair]), join_message("point ", pair + 1, " of `from`"));
    const Curvature found = curvature_at(metric, row_major(points[pair]));
    const Tensor planes = row_of(found.sectional).view({dim, dim});
    json figures{{"scalar_curvature", number_or_null(found.scalar)}};
    if (dim == 2) {
      rows.push_back(planes[0][1]);
      figures["gaussian_curvature"] = number_or_null(found.scalar / 2);
    } else {
      rows.push_back(planes);
      json table = json::array();
      for (int64_t i = 0; i < dim; ++i) table.push_back(numbers_of(row_major(planes[i])));
      figures["sectional_curvatures"] = table;
    }
    run.summary["pairs"].push_back({{"path", figures}});
    if (pair >= kShown) continue;
    run.text += join_message("curvature at point ", pair + 1, ": ", std::setprecision(12),
                             dim == 2 ? found.scalar / 2 : found.scalar,
                             dim == 2 ? " (Gauss)\n" : " (scalar); of coordinate planes in curvature.npy\n");
  }
  more_pairs(run, count);
  write_warnings(run.summary, run.warnings);
  run.arrays = {{"curvature.npy", at::stack(rows)}};
}

}  // namespace

}  // namespace latentpath::detail

namespace latentpath {

void add_logarithms(const GeodesicJob& job, const Tensor& paths, GeodesicRun& run) {
  const WeightedMetric& metric = *run.metric;
  const int64_t pairs = paths.size(0), last = paths.size(1) - 1, dim = paths.size(2);
  const Tensor starts = paths.select(1, 0);
  Tensor carried;
  if (!job.transport.empty())
    carried =
        detail::read_given_vectors("transport", job.transport, job.own_carried, starts).expand({pairs, dim});
  std::vector<Tensor> logarithms, vectors;
  for (int64_t pair = 0; pair < pairs; ++pair) {
    const std::vector<double> start = row_major(paths[pair][0]), nodes = row_major(paths[pair]);
    Logarithm found = logarithm_map(metric, start, row_major(paths[pair][last]), nodes);
    for (const auto& [other, length] : run.answers[static_cast<size_t>(pair)].others)
      if (length <= run.answers[static_cast<size_t>(pair)].length * (1 + detail::kSame)) found.unique = false;
    logarithms.push_back(detail::row_of(found.velocity));
    if (job.log) detail::tell_logarithm(found, pair, run);
    if (job.log || !found.converged) detail::doubt_logarithm(found, pair, run);
    if (!carried.defined()) continue;
    const std::vector<double> w = row_major(carried[pair]);
    // The geodesic itself where there is one; else the polyline that was found.
    const Transport moved = found.converged ? transport_along_geodesic(metric, start, found.velocity, w)
                                            : transport_along(metric, nodes, w);
    detail::tell_transport(moved, pair, run);
    vectors.push_back(detail::row_of(moved.vector()));
  }
  write_warnings(run.summary, run.warnings);
  if (job.log) run.arrays.emplace_back("log.npy", at::stack(logarithms));
  if (carried.defined()) run.arrays.emplace_back("transport.npy", at::stack(vectors));
}

bool answer_in_place_of_paths(const GeodesicJob& job, GeodesicRun& run, const RunObserver& observer,
                              const CancellationToken& cancellation) {
  if (!job.matrix.empty())
    find_distance_matrix(job, run, observer, cancellation);
  else if (!job.exp.empty())
    detail::find_exponentials(*chart_maps(*run.metric), run.problem.start, job, run);
  else if (!job.mean.empty())
    detail::find_mean(*chart_maps(*run.metric), run.problem.start, job, run, cancellation);
  else if (!job.along.empty())
    detail::find_transport_along(*run.metric, run.problem.first_path[0], job, run);
  else if (job.curvature)
    detail::find_curvature(*run.metric, run.problem.start, run);
  else
    return false;
  return true;
}

}  // namespace latentpath
