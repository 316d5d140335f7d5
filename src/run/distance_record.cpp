#include "run/distance_record.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <limits>
#include <sstream>

namespace latentpath::detail {

using nlohmann::json;

void record_distances(const DistanceRecord& record, GeodesicRun& run) {
  const int64_t n = record.points, pairs = n * (n - 1) / 2;
  run.search_seconds = record.seconds;
  run.distances = at::tensor(record.distances, at::kDouble).view({n, n});
  std::ostringstream csv;
  csv << std::setprecision(17);
  double least = std::numeric_limits<double>::infinity(), most = 0, sum = 0;
  int64_t finite = 0;
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j < n; ++j) {
      const double length = record.distances[static_cast<size_t>(i * n + j)];
      csv << length << (j + 1 < n ? "," : "\n");
      if (j <= i || !std::isfinite(length)) continue;
      ++finite;
      least = std::min(least, length);
      most = std::max(most, length);
      sum += length;
    }
  run.arrays = {{"distances.npy", run.distances}};
  run.files = {{"distances.csv", csv.str()}};
  if (record.not_converged > 0)
    run.warnings.emplace_back(join_message(
        record.not_converged, " of ", pairs,
        " pairs did not converge: their numbers are lengths of paths, and may be longer than distances"));
  if (finite < pairs)
    run.warnings.emplace_back(join_message(pairs - finite, " distances are NaN or infinite"));
  json matrix{{"points", n},
              {"pairs", pairs},
              {"not_converged", record.not_converged},
              {"shortened_by_routes", record.shortened}};
  if (finite > 0)
    matrix.update({{"least", least}, {"mean", sum / static_cast<double>(finite)}, {"greatest", most}});
  run.summary = {{"pairs", json::array()},     {"matrix", matrix},
                 {"method", run.method},       {"seconds", record.seconds},
                 {"dtype", run.problem.dtype}, {"weighted", run.problem.weighted},
                 {"seed", run.seed},           {"title", record.title}};
  if (!run.reason.empty()) run.summary["method_reason"] = run.reason;
  if (!record.topology.empty()) run.summary["topology"] = record.topology;
  write_warnings(run.summary, run.warnings);
  std::ostringstream text;
  text << pairs << (run.problem.weighted ? " weighted" : "") << " distances between " << n
       << " points: " << std::setprecision(9);
  if (finite > 0)
    text << least << " to " << most << ", mean " << sum / static_cast<double>(finite) << "\n";
  else
    text << "none is finite\n";
  if (record.sought)
    text << "  " << record.not_converged << " did not converge; " << record.shortened
         << " became shorter by way of other points\n";
  text << "method " << run.method;
  if (!run.reason.empty()) text << " (" << run.reason << ")";
  text << ", " << run.problem.dtype << std::setprecision(3) << ", " << record.seconds << " s\n";
  run.text = text.str();
}

}  // namespace latentpath::detail
