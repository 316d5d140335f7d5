// A geodesic job on a manifold of matrices, whose maps are closed forms: paths, distances, maps and means.

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <iomanip>
#include <set>

#include "latentpath/core/error.h"
#include "latentpath/io/tensor_file.h"
#include "latentpath/path/matrix_manifolds.h"
#include "latentpath/path/points.h"
#include "latentpath/run/end_points.h"
#include "latentpath/run/geodesic_job.h"
#include "latentpath/run/text_values.h"
#include "run/distance_record.h"
#include "run/geodesic_map_records.h"
#include "run/given_points.h"
#include "run/json_numbers.h"

namespace latentpath {
namespace {

using detail::DistanceRecord;
using detail::number_or_null;

using nlohmann::json;

class MatrixJob {
 public:
  MatrixJob(const GeodesicJob& job, const ManifoldMaps& maps, GeodesicRun& run,
            const CancellationToken& cancellation)
      : job_(job), maps_(maps), run_(run), cancellation_(cancellation) {}

  void execute();

 private:
  /// Points by a file, by numbers or in memory, [n, size], each one of the manifold.
  Tensor points_of(const char* field, const std::string& text, const Tensor& own) const;
  void find_paths();
  void find_distances();

  const GeodesicJob& job_;
  const ManifoldMaps& maps_;
  GeodesicRun& run_;
  const CancellationToken& cancellation_;
};

Tensor MatrixJob::points_of(const char* field, const std::string& text, const Tensor& own) const {
  LATENTPATH_CHECK(own.defined() || !text.empty(), kArgument, "points are missing: give `", field, "`");
  Tensor points = (own.defined()             ? own
                   : names_tensor_file(text) ? read_tensor_file(text)
                                             : at::tensor(parse_finite_numbers(field, text), at::kDouble))
                      .to(at::kDouble);
  const int64_t size = maps_.size();
  const bool many = points.dim() == 3 || (points.dim() == 2 && points.size(1) == size);
  LATENTPATH_CHECK(points.numel() > 0 && (many ? points[0].numel() == size : points.numel() == size), kInput,
                   "`", field, "` has the shape ", shape_string(points.sizes()), ", and a point of ",
                   maps_.describe(), " is a matrix of ", size,
                   " numbers: give [rows, columns], or [n, rows, columns] or [n, ", size, "] of many");
  points = points.reshape({-1, size}).contiguous();
  for (int64_t i = 0; i < points.size(0); ++i)
    maps_.check_point(row_major(points[i]), join_message("point ", i + 1, " of `", field, "`"));
  return points;
}

void MatrixJob::find_distances() {
  const auto begin = std::chrono::steady_clock::now();
  const Tensor points = points_of("matrix", job_.matrix, job_.own_points);
  const int64_t n = points.size(0);
  LATENTPATH_CHECK(n >= 2, kInput, "`matrix` takes at least 2 points, not 1");
  DistanceRecord record{.points = n, .distances = std::vector<double>(static_cast<size_t>(n * n), 0.0)};
  std::vector<std::vector<double>> rows;
  for (int64_t i = 0; i < n; ++i) rows.push_back(row_major(points[i]));
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = i + 1; j < n && !cancellation_.cancelled(); ++j) {
      const Logarithm found = maps_.logarithm(rows[static_cast<size_t>(i)], rows[static_cast<size_t>(j)]);
      record.not_converged += found.converged ? 0 : 1;
      record.distances[static_cast<size_t>(i * n + j)] = record.distances[static_cast<size_t>(j * n + i)] =
          found.length;
    }
  run_.method = "closed form";
  run_.reason = maps_.how();
  record.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  record.title = maps_.describe();
  detail::record_distances(record, run_);
}

void MatrixJob::find_paths() {
  LATENTPATH_CHECK(job_.pairs.empty() && !job_.own_first_path.defined() && job_.first_path.empty(), kArgument,
                   "`manifold` ", job_.manifold,
                   " has its paths in closed form: give `from` and `to`, without `",
                   job_.pairs.empty() ? "first_path" : "pairs", "`");
  Tensor start = points_of("from", job_.from, job_.start), end = points_of("to", job_.to, job_.end);
  const int64_t pairs = std::max(start.size(0), end.size(0));
  LATENTPATH_CHECK(
      (start.size(0) == pairs || start.size(0) == 1) && (end.size(0) == pairs || end.size(0) == 1), kInput,
      "`from` has ", start.size(0), " points and `to` has ", end.size(0),
      "; they must be as many, or one of them 1");
  start = start.expand({pairs, -1}).contiguous();
  end = end.expand({pairs, -1}).contiguous();
  Tensor carried;
  if (!job_.transport.empty())
    carried =
        detail::read_given_vectors("transport", job_.transport, job_.own_carried, start).expand({pairs, -1});
  run_.summary = {
      {"pairs", json::array()}, {"seed", run_.seed}, {"title", maps_.describe()}, {"how", maps_.how()}};
  std::vector<Tensor> paths, logarithms, vectors;
  for (int64_t pair = 0; pair < pairs && !cancellation_.cancelled(); ++pair) {
    const std::vector<double> a = row_major(start[pair]);
    const Logarithm found = maps_.logarithm(a, row_major(end[pair]));
    paths.push_back(at::tensor(maps_.exponential(a, found.velocity, job_.search.segments).nodes, at::kDouble)
                        .view({job_.search.segments + 1, maps_.size()}));
    logarithms.push_back(at::tensor(found.velocity, at::kDouble));
    run_.summary["pairs"].push_back(
        {{"path",
          {{"length", number_or_null(found.length)},
           {"termination",
            termination_name(found.converged ? Termination::kConverged : Termination::kIterationLimit)},
           {"closed_form", true}}}});
    run_.text += join_message("pair ", pair + 1, ": distance ", std::setprecision(12), found.length, "\n");
    if (job_.log) detail::tell_logarithm(found, pair, run_);
    detail::doubt_logarithm(found, pair, run_);
    if (!carried.defined()) continue;
    const std::vector<double> w = row_major(carried[pair]);
    maps_.check_tangent(a, w, join_message("the vector ", pair + 1, " of `transport`"));
    const Transport moved = maps_.transport(a, found.velocity, w);
    detail::tell_transport(moved, pair, run_);
    vectors.push_back(at::tensor(moved.vector(), at::kDouble));
  }
  check_not_interrupted(cancellation_);
  run_.text += join_message(maps_.describe(), ": ", maps_.how(), "\n");
  write_warnings(run_.summary, run_.warnings);
  run_.arrays = {{"path.npy", at::stack(paths)},
                 {"times.npy", at::linspace(0, 1, job_.search.segments + 1, at::kDouble)}};
  if (job_.log) run_.arrays.emplace_back("log.npy", at::stack(logarithms));
  if (carried.defined()) run_.arrays.emplace_back("transport.npy", at::stack(vectors));
}

void MatrixJob::execute() {
  run_.facts = {{"metric", maps_.describe()}, {"latent_dim", maps_.size()}};
  if (!job_.matrix.empty())
    find_distances();
  else if (!job_.exp.empty())
    detail::find_exponentials(maps_, points_of("from", job_.from, job_.start), job_, run_);
  else if (!job_.mean.empty())
    detail::find_mean(maps_, points_of("mean", job_.mean, job_.own_points), job_, run_, cancellation_);
  else
    find_paths();
}

/// Throws where a setting of a search is given: closed forms have none, and a path has its segments in any
/// case.
template <class Options>
void check_left(const OptionTable<Options>& table, const Options& given, const std::string& section,
                const std::string& manifold) {
  static const std::set<std::string> taken{"segments", "threads"};
  const Options left;
  for (const auto& entry : table.entries())
    LATENTPATH_CHECK(taken.count(entry.row.name) > 0 || entry.get(given) == entry.get(left), kArgument,
                     "`manifold` ", manifold,
                     " is computed by its closed forms, for which nothing is sought: leave `", section,
                     entry.row.field(), "` out");
}

/// Null where the job's manifold is another one. Throws Error(kArgument) for what cannot be given with it.
ManifoldMapsPointer matrix_manifold_of(const GeodesicJob& job) {
  const auto& names = matrix_manifold_names();
  if (std::none_of(names.begin(), names.end(),
                   [&](const MatrixManifoldName& known) { return known.name == job.manifold; }))
    return nullptr;
  const GeodesicJob left;
  const std::pair<const char*, bool> others[] = {{"quality", !job.quality.empty()},
                                                 {"level_set", !job.level_set.empty()},
                                                 {"constant_quality", job.constant_quality.has_value()},
                                                 {"periods", !job.periods.empty()},
                                                 {"domain", !job.domain.empty()},
                                                 {"along", !job.along.empty()},
                                                 {"curvature", job.curvature},
                                                 {"latent_dim", job.latent_dim != 0},
                                                 {"init", job.init != left.init},
                                                 {"samples", job.samples != left.samples},
                                                 {"routes", job.routes != left.routes},
                                                 {"box", !job.box.empty()},
                                                 {"reference", job.reference == "on"}};
  for (const auto& [name, given] : others)
    LATENTPATH_CHECK(!given, kArgument, "`manifold` ", job.manifold,
                     " is computed by its closed forms, which know no `", name, "`: leave it out");
  check_left(geodesic_option_table(), job.search, "", job.manifold);
  check_left(rival_option_table(), job.rivals, "rivals.", job.manifold);
  return make_matrix_manifold(job.manifold, job.parameters.empty()
                                                ? std::vector<double>()
                                                : parse_finite_numbers("parameters", job.parameters));
}

}  // namespace

bool execute_on_matrices(const GeodesicJob& job, GeodesicRun& run, const CancellationToken& cancellation) {
  const ManifoldMapsPointer maps = matrix_manifold_of(job);
  if (maps == nullptr) return false;
  MatrixJob(job, *maps, run, cancellation).execute();
  return true;
}

}  // namespace latentpath
