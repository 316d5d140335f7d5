// All distances between n points, `latentpath geodesic --matrix`: the pairs i < j in batches.

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iomanip>
#include <limits>
#include <span>
#include <sstream>

#include "latentpath/core/error.h"
#include "latentpath/core/memory.h"
#include "latentpath/path/find_path.h"
#include "latentpath/path/geodesic_maps.h"
#include "latentpath/path/global_geodesics.h"
#include "latentpath/path/points.h"
#include "latentpath/path/smooth_length.h"
#include "latentpath/run/geodesic_job.h"
#include "latentpath/solver/methods.h"
#include "run/distance_record.h"
#include "run/geodesic_by_find_path.h"

namespace latentpath {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kLifts = 3;         ///< copies of an end to which a model's paths are sought
constexpr int64_t kFirstPairs = 32;  ///< whose time tells that of all
constexpr int64_t kMostPairsAtOnce = 2048;
constexpr int kSegments = 48, kCoarsest = 12;  ///< three levels, as an extrapolation needs
constexpr int64_t kMostPointsOfRoutes = 2000;  ///< routes through other points take n³ steps

/// What is known of some pairs, in the order in which they were asked for.
struct Found {
  std::vector<double> lengths;
  std::vector<bool> converged;
  std::vector<std::vector<double>> nodes;  ///< where they were asked for, [nodes, D] each
};

class Matrix {
 public:
  Matrix(const GeodesicJob& job, GeodesicRun& run, const RunObserver& observer,
         const CancellationToken& cancellation)
      : job_(job),
        run_(run),
        metric_(*run.metric),
        observer_(observer),
        cancellation_(cancellation),
        pairs_(run.problem.start.size(0)),
        points_(std::llround((1 + std::sqrt(1 + 8.0 * static_cast<double>(pairs_))) / 2)),
        engine_(geodesic_engine(*run.metric, run.problem.from_files && job.init != "graph", job.search.method,
                                true)) {
    if (engine_.by_find_path) run.method = engine_.method;
  }

  void fill();
  void describe(double seconds);

 private:
  Found solve(const Tensor& start, const Tensor& end, const std::vector<double>& initial, bool keep_nodes);
  Found by_dense_solvers(const Tensor& start, const Tensor& end, const std::vector<double>& initial,
                         bool keep_nodes);
  Found by_find_path(const Tensor& start, const Tensor& end);
  /// Takes all lengths, where the method is left open and the metric has them in closed form.
  bool take_closed_form();
  double length_along(const Geodesic& geodesic) const;
  bool is_resolved(const Geodesic& geodesic, double length) const;
  void resolve_further(std::vector<Geodesic>& geodesics, std::vector<double>& lengths,
                       const GeodesicOptions& options) const;
  double shot_length(const Geodesic& geodesic, double length) const;
  double& distance(int64_t i, int64_t j) { return distances_[static_cast<size_t>(i * points_ + j)]; }
  void set(int64_t i, int64_t j, double length) { distance(i, j) = distance(j, i) = length; }
  /// Lengths [pairs].
  void set_all(const std::vector<double>& lengths) {
    size_t pair = 0;
    for (int64_t i = 0; i < points_; ++i)
      for (int64_t j = i + 1; j < points_; ++j) set(i, j, lengths[pair++]);
  }
  Tensor point(int64_t i) const {
    // The first row of pairs has point 0 as its start and all the others as its ends.
    return i == 0 ? run_.problem.start[0] : run_.problem.end[i - 1];
  }
  int64_t pair_of(int64_t i, int64_t j) const {
    if (i > j) std::swap(i, j);
    return i * (2 * points_ - i - 1) / 2 + j - i - 1;
  }
  void take_routes();
  std::vector<double> along(const std::vector<int64_t>& route);

  const GeodesicJob& job_;
  GeodesicRun& run_;
  const WeightedMetric& metric_;
  const RunObserver& observer_;
  const CancellationToken& cancellation_;
  int64_t pairs_, points_;
  GeodesicEngine engine_;
  std::vector<double> distances_;  ///< [n, n]
  std::vector<bool> converged_;    ///< [pairs]
  int64_t solved_ = 0, shortened_ = 0;
  bool closed_form_ = false;
};

/// The length of the curve, where the weight is smooth; on a level set, whose kinks no quadrature likes, and
/// of models, the refined length.
double Matrix::length_along(const Geodesic& geodesic) const {
  const std::span<const double> nodes(geodesic.nodes);
  const auto dim = static_cast<size_t>(metric_.latent_dim());
  if (std::equal(nodes.begin(), nodes.begin() + static_cast<std::ptrdiff_t>(dim), nodes.last(dim).begin()))
    return 0;
  if (metric_.quality().form() == AnalyticQuality::Form::kLevelSet || run_.problem.from_files)
    return geodesic.refined_length;
  return smooth_length(metric_, nodes).length;
}

/// Whether the curve is no longer than the chords promise. Chords that have no expansion yet promise nothing.
bool Matrix::is_resolved(const Geodesic& geodesic, double length) const {
  constexpr double kNotable = 1e-7;  // of the excess of a curve over what chords extrapolate to
  if (metric_.quality().form() == AnalyticQuality::Form::kLevelSet || run_.problem.from_files || length == 0)
    return true;
  return length <= geodesic.extrapolated_length * (1 + kNotable) &&
         geodesic.extrapolation_change <= 10 * kNotable * length;
}

/// Paths that are not resolved are sought on with so many times the segments.
void Matrix::resolve_further(std::vector<Geodesic>& geodesics, std::vector<double>& lengths,
                             const GeodesicOptions& options) const {
  constexpr int kFiner = 4;
  std::vector<size_t> open;
  GeodesicProblem problem{.metric = metric_, .start = {}, .end = {}};
  const auto dim = metric_.latent_dim();
  for (size_t i = 0; i < geodesics.size(); ++i) {
    const std::vector<double>& nodes = geodesics[i].nodes;
    if (geodesics[i].termination != Termination::kConverged || metric_.target() ||
        nodes.size() != (static_cast<size_t>(options.segments) + 1) * static_cast<size_t>(dim) ||
        is_resolved(geodesics[i], lengths[i]))
      continue;
    open.push_back(i);
    problem.start.insert(problem.start.end(), nodes.begin(), nodes.begin() + dim);
    problem.end.insert(problem.end.end(), nodes.end() - dim, nodes.end());
    problem.initial.insert(problem.initial.end(), nodes.begin(), nodes.end());
  }
  if (open.empty()) return;
  GeodesicOptions finer = options;
  finer.coarsest_segments = options.segments;  // three levels, as an extrapolation needs
  finer.segments = kFiner * options.segments;
  GeodesicResult result = find_geodesics(problem, finer, cancellation_);
  for (size_t k = 0; k < open.size(); ++k) {
    Geodesic& found = result.geodesics[k];
    const double length = length_along(found);
    if (found.termination != Termination::kConverged || !(length <= lengths[open[k]])) continue;
    geodesics[open[k]] = std::move(found);
    lengths[open[k]] = length;
  }
}

/// A number that no distance exceeds where the weight is smooth: the length of the curve, or where that is
/// longer than the chords promise, of the geodesic itself and the way from where it ends.
double Matrix::shot_length(const Geodesic& geodesic, double length) const {
  constexpr double kIntegration = 1e-10;  // of a geodesic by integration
  if (is_resolved(geodesic, length) || geodesic.termination != Termination::kConverged || metric_.target())
    return length;
  const std::span<const double> nodes(geodesic.nodes);
  const auto dim = static_cast<size_t>(metric_.latent_dim());
  const Logarithm shot = logarithm_map(metric_, nodes.first(dim), nodes.last(dim), nodes);
  if (!shot.converged) return length;
  const double bound = shot.length * (1 + shot.miss + kIntegration);
  return std::isfinite(length) ? std::min(length, bound) : bound;
}

Found Matrix::by_dense_solvers(const Tensor& start, const Tensor& end, const std::vector<double>& initial,
                               bool keep_nodes) {
  const GeodesicProblem problem{
      .metric = metric_, .start = row_major(start), .end = row_major(end), .initial = initial};
  GeodesicOptions options = job_.search;
  // Lengths by cubics, or by the logarithm, need no more where nothing else was asked for.
  const bool level_set = metric_.quality().form() == AnalyticQuality::Form::kLevelSet;
  if (options.segments == GeodesicOptions().segments && !level_set && !run_.problem.from_files)
    options.segments = kSegments, options.coarsest_segments = kCoarsest;
  options.subdivisions = search_subdivisions(metric_, options);
  std::vector<Geodesic> geodesics;
  if (metric_.topology().is_quotient() || job_.init == "graph") {
    GlobalGeodesicOptions global{.geodesic = options, .samples = job_.init == "graph" ? job_.samples : 0};
    global.routes.routes = static_cast<int>(job_.routes);
    global.rivals = job_.rivals;
    global.every_geodesic = false;
    GlobalGeodesics result = find_global_geodesics(problem, global, cancellation_);
    for (GlobalGeodesic& pair : result.pairs) geodesics.push_back(std::move(pair.found[0].geodesic));
    run_.method = result.method, run_.reason = result.method_reason;
  } else {
    GeodesicResult result = find_geodesics(problem, options, cancellation_);
    geodesics = std::move(result.geodesics);
    run_.method = result.method, run_.reason = result.method_reason;
  }
  std::vector<double> lengths;
  for (const Geodesic& geodesic : geodesics) lengths.push_back(length_along(geodesic));
  resolve_further(geodesics, lengths, options);
  Found found;
  for (size_t i = 0; i < geodesics.size(); ++i) {
    Geodesic& geodesic = geodesics[i];
    found.lengths.push_back(shot_length(geodesic, lengths[i]));
    found.converged.push_back(geodesic.termination == Termination::kConverged);
    if (keep_nodes) found.nodes.push_back(std::move(geodesic.nodes));
  }
  return found;
}

/// Models in files are decoded in batches; on a quotient to the nearest copies of each end, the shortest path
/// stays.
Found Matrix::by_find_path(const Tensor& start, const Tensor& end) {
  PathOptions options = find_path_options(job_.search, "linear", engine_.method, metric_.epsilon());
  options.seed = job_.seed;
  // Thousands of distances are left coarser than one path.
  if (!job_.search.tolerance) options.tolerance.reset();
  std::vector<Tensor> ends{end};
  if (metric_.topology().is_quotient()) {
    ends.assign(kLifts, end.clone());
    for (int64_t pair = 0; pair < end.size(0); ++pair) {
      const std::vector<Lift> lifts = lifts_by_straight_line(
          metric_, row_major(start[pair]), row_major(end[pair]), job_.rivals.straight_subdivisions);
      for (size_t k = 0; k < kLifts; ++k)
        ends[k][pair].copy_(at::tensor(lifts[std::min(k, lifts.size() - 1)].point, at::kDouble));
    }
  }
  Found found;
  const auto count = static_cast<size_t>(start.size(0));
  found.lengths.assign(count, std::numeric_limits<double>::infinity());
  found.converged.assign(count, false);
  for (const Tensor& lifted : ends) {
    PathProblem problem;
    problem.embedding = run_.problem.embedding;
    problem.quality = run_.problem.tensor_quality;
    problem.start = start;
    problem.end = lifted;
    const PathResult result = find_path(problem, options, {}, cancellation_);
    const Tensor lengths = result.path.length.to(at::kDouble).contiguous();
    for (size_t pair = 0; pair < count; ++pair) {
      const double length = lengths.data_ptr<double>()[pair];
      if (!(length < found.lengths[pair])) continue;
      found.lengths[pair] = length;
      found.converged[pair] = result.termination[pair] == Termination::kConverged;
    }
  }
  return found;
}

bool Matrix::take_closed_form() {
  if (job_.search.method != "auto" || run_.problem.from_files || job_.init == "graph") return false;
  const std::vector<double> starts = row_major(run_.problem.start), ends = row_major(run_.problem.end);
  const auto dim = static_cast<size_t>(metric_.latent_dim());
  std::vector<double> lengths;
  for (size_t at = 0; at < starts.size(); at += dim) {
    const auto length = metric_.closed_form_distance({starts.data() + at, dim}, {ends.data() + at, dim});
    if (!length || !std::isfinite(*length)) return false;
    lengths.push_back(*length);
  }
  set_all(lengths);
  converged_.assign(lengths.size(), true);
  run_.method = "closed form";
  run_.reason = "distances of this manifold are known: nothing is sought";
  return true;
}

Found Matrix::solve(const Tensor& start, const Tensor& end, const std::vector<double>& initial,
                    bool keep_nodes) {
  return engine_.by_find_path ? by_find_path(start, end) : by_dense_solvers(start, end, initial, keep_nodes);
}

/// The paths along a route of points, one after the other, [nodes, D].
std::vector<double> Matrix::along(const std::vector<int64_t>& route) {
  std::vector<Tensor> starts, ends;
  for (size_t k = 0; k + 1 < route.size(); ++k) {
    starts.push_back(point(route[k]));
    ends.push_back(point(route[k + 1]));
  }
  const Found legs = by_dense_solvers(at::stack(starts), at::stack(ends), {}, true);
  std::vector<double> nodes;
  for (const std::vector<double>& leg : legs.nodes)
    nodes.insert(nodes.end(), leg.begin() + (nodes.empty() ? 0 : metric_.latent_dim()), leg.end());
  return nodes;
}

/// A route through other points that is shorter than the path found shows that there is a shorter geodesic:
/// the search goes on from it, and no distance stays above a route. By Floyd's algorithm.
void Matrix::take_routes() {
  if (points_ < 3 || points_ > kMostPointsOfRoutes) return;
  constexpr double kNotable = 1e-7;  // below are the errors of the lengths themselves
  const auto n = static_cast<size_t>(points_);
  std::vector<double> least = distances_;
  std::vector<int64_t> next(n * n);
  for (size_t i = 0; i < n; ++i)
    for (size_t j = 0; j < n; ++j) next[i * n + j] = static_cast<int64_t>(j);
  for (size_t k = 0; k < n; ++k)
    for (size_t i = 0; i < n; ++i) {
      if (i == k) continue;
      for (size_t j = 0; j < n; ++j) {
        const double through = least[i * n + k] + least[k * n + j];
        if (through < least[i * n + j] * (1 - kNotable)) {
          least[i * n + j] = through;
          next[i * n + j] = next[i * n + k];
        }
      }
    }
  for (int64_t i = 0; i < points_; ++i)
    for (int64_t j = i + 1; j < points_; ++j) {
      const size_t at = static_cast<size_t>(i * points_ + j);
      if (!(least[at] < distances_[at]) || cancellation_.cancelled()) continue;
      if (observer_.progress) observer_.progress({"shorter routes", pair_of(i, j), pairs_, 0});
      double length = least[at];
      const auto pair = static_cast<size_t>(pair_of(i, j));
      if (!engine_.by_find_path && !metric_.topology().is_quotient()) {
        std::vector<int64_t> route{i};
        while (route.back() != j) route.push_back(next[static_cast<size_t>(route.back() * points_ + j)]);
        const Found found = solve(point(i).unsqueeze(0), point(j).unsqueeze(0), along(route), false);
        if (found.lengths[0] < length) {
          length = found.lengths[0];
          converged_[pair] = found.converged[0];
        }
      }
      set(i, j, length);
      ++shortened_;
    }
}

void Matrix::fill() {
  distances_.assign(static_cast<size_t>(points_ * points_), 0.0);
  closed_form_ = take_closed_form();
  if (closed_form_) return;
  converged_.assign(static_cast<size_t>(pairs_), false);
  std::vector<double> lengths;
  const auto begin = Clock::now();
  for (int64_t size = std::min(pairs_, kFirstPairs); solved_ < pairs_ && !cancellation_.cancelled();) {
    if (observer_.progress) observer_.progress({"pairs", solved_, pairs_, 0});
    const Found found = solve(run_.problem.start.narrow(0, solved_, size),
                              run_.problem.end.narrow(0, solved_, size), {}, false);
    lengths.insert(lengths.end(), found.lengths.begin(), found.lengths.end());
    for (size_t k = 0; k < found.converged.size(); ++k)
      converged_[static_cast<size_t>(solved_) + k] = found.converged[k];
    solved_ += size;
    const double passed = std::chrono::duration<double>(Clock::now() - begin).count();
    const double left = passed / static_cast<double>(solved_) * static_cast<double>(pairs_ - solved_);
    if (solved_ == kFirstPairs && left > 60 && observer_.note)
      observer_.note(join_message(pairs_, " pairs take about ", std::lround(left / 60),
                                  " minutes, by the time that the first ", kFirstPairs, " took"));
    size = std::min(pairs_ - solved_, kMostPairsAtOnce);
  }
  if (cancellation_.cancelled()) lengths.resize(static_cast<size_t>(solved_));
  lengths.resize(static_cast<size_t>(pairs_), std::numeric_limits<double>::quiet_NaN());
  set_all(lengths);
  if (!cancellation_.cancelled()) take_routes();
}

void Matrix::describe(double seconds) {
  detail::record_distances({.points = points_,
                            .distances = distances_,
                            .not_converged = pairs_ - std::count(converged_.begin(), converged_.end(), true),
                            .shortened = shortened_,
                            .sought = !closed_form_,
                            .seconds = seconds,
                            .title = metric_.describe(),
                            .topology = metric_.topology().describe()},
                           run_);
}

}  // namespace

std::pair<Tensor, Tensor> pairs_of_matrix(const Tensor& points) {
  const int64_t n = points.size(0);
  // Distances, routes and text; both ends of every pair, and their numbers.
  const double count = static_cast<double>(n), pairs = count * (count - 1) / 2;
  const double gigabytes = 48e-9 * count * count + 16e-9 * pairs * static_cast<double>(1 + points.size(1));
  const double available = static_cast<double>(available_memory()) / 2e9;
  LATENTPATH_CHECK(gigabytes <= available, kArgument, "a `matrix` of ", n, " points, ", pairs,
                   " pairs, takes ", std::setprecision(3), gigabytes, " GB, and ", available,
                   " GB are to be used: give fewer points");
  const Tensor rows = at::triu_indices(n, n, 1, at::kLong);
  return {points.index_select(0, rows[0]), points.index_select(0, rows[1])};
}

void find_distance_matrix(const GeodesicJob& job, GeodesicRun& run, const RunObserver& observer,
                          const CancellationToken& cancellation) {
  const auto begin = Clock::now();
  Matrix matrix(job, run, observer, cancellation);
  matrix.fill();
  matrix.describe(std::chrono::duration<double>(Clock::now() - begin).count());
  if (cancellation.cancelled())
    run.failure = {ErrorKind::kInterrupted, "interrupted: pairs that were not reached stand as NaN",
                   "the others are in"};
  else if (const Tensor others = run.distances.masked_select(run.distances != 0);
           others.numel() > 0 && !at::isfinite(others).any().item<bool>())
    run.failure = {ErrorKind::kNumerical, "all distances are NaN or infinite", "they are in"};
}

}  // namespace latentpath
