#include "latentpath/path/global_geodesics.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

#include "latentpath/core/error.h"
#include "latentpath/core/thread_pool.h"

namespace latentpath {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

/// Row-major nodes [m, D] as columns [D, m].
MatrixXd columns(const std::vector<double>& nodes, int dim) {
  return Eigen::Map<const MatrixXd>(nodes.data(), dim, static_cast<Eigen::Index>(nodes.size()) / dim);
}

/// The same geodesic: as long, and nowhere far apart.
bool same(const Geodesic& a, const Geodesic& b, int dim, const RivalOptions& rivals) {
  if (std::abs(a.refined_length - b.refined_length) > rivals.same_length * std::abs(b.refined_length))
    return false;
  const MatrixXd p = columns(a.nodes, dim), q = columns(b.nodes, dim);
  if (p.cols() != q.cols()) return false;
  const double extent = (q.rowwise().maxCoeff() - q.rowwise().minCoeff()).norm();
  return (p - q).colwise().norm().maxCoeff() <= rivals.same_place * extent;
}

/// Whether refining a route may lead to a shorter geodesic than those that were found.
bool promises(const Route& route, const std::vector<FoundGeodesic>& found, int dim,
              const RivalOptions& rivals) {
  const MatrixXd corners = resample_polyline(route.nodes, 33);
  const double extent = (corners.rowwise().maxCoeff() - corners.rowwise().minCoeff()).norm();
  for (const FoundGeodesic& known : found) {
    const double length = known.geodesic.refined_length;
    if (!std::isfinite(length) || known.geodesic.termination != Termination::kConverged) continue;
    if (route.length > rivals.most_detour * length) return false;
    const MatrixXd nodes = columns(known.geodesic.nodes, dim);
    double farthest = 0;
    for (Eigen::Index i = 0; i < corners.cols(); ++i)
      farthest = std::max(farthest, (nodes.colwise() - corners.col(i)).colwise().norm().minCoeff());
    if (route.length > length && farthest < rivals.beside * extent) return false;
  }
  return true;
}

/// Of equal geodesics a later one that is longer by no more than this share is as short.
constexpr double kAsShort = 1e-5;
/// A box has this width on each side at least, where all its points are one.
constexpr double kLeastMargin = 1e-6;

/// The best first, equal ones once. Of equal ones the first that was found, unless another is notably better
/// resolved: the straight line's has come through coarser levels, which extrapolation needs.
std::vector<FoundGeodesic> distinct_by_length(std::vector<FoundGeodesic> found, int dim,
                                              const RivalOptions& rivals) {
  std::vector<size_t> order(found.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const auto length = [&](size_t i) { return found[i].geodesic.refined_length; };
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return std::isfinite(length(a)) && (!std::isfinite(length(b)) || length(a) < length(b));
  });
  std::vector<size_t> kept;
  for (const size_t i : order) {
    const auto known = std::find_if(kept.begin(), kept.end(), [&](size_t other) {
      return same(found[i].geodesic, found[other].geodesic, dim, rivals);
    });
    if (known == kept.end())
      kept.push_back(i);
    else if (i < *known && length(i) <= length(*known) * (1 + kAsShort))
      *known = i;
  }
  std::vector<FoundGeodesic> distinct;
  distinct.reserve(kept.size());
  for (const size_t i : kept) distinct.push_back(std::move(found[i]));
  return distinct;
}

}  // namespace

SearchBox surrounding_box(const std::vector<double>& points, int dim, double margin) {
  LATENTPATH_CHECK(dim >= 1 && !points.empty() && points.size() % static_cast<size_t>(dim) == 0, kArgument,
                   "a box needs points");
  const MatrixXd z = columns(points, dim);
  const VectorXd low = z.rowwise().minCoeff(), high = z.rowwise().maxCoeff();
  const double wide = std::max(margin * (high - low).norm(), kLeastMargin);
  SearchBox box;
  for (Eigen::Index d = 0; d < dim; ++d) {
    box.lower.push_back(low[d] - wide);
    box.upper.push_back(high[d] + wide);
  }
  return box;
}

std::vector<Lift> lifts_by_straight_line(const WeightedMetric& metric, const std::vector<double>& start,
                                         const std::vector<double>& end, int subdivisions) {
  const Topology& topology = metric.topology();
  if (!topology.is_quotient()) return {{end, {}}};
  const std::vector<Lift> lifts = lifts_near(topology, start, end);
  std::vector<double> starts, ends, lengths(lifts.size());
  for (const Lift& lift : lifts) {
    starts.insert(starts.end(), start.begin(), start.end());
    ends.insert(ends.end(), lift.point.begin(), lift.point.end());
  }
  metric.segment_lengths(lifts.size(), starts.data(), ends.data(), subdivisions, lengths.data());
  std::vector<size_t> order(lifts.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return std::isfinite(lengths[a]) && (!std::isfinite(lengths[b]) || lengths[a] < lengths[b]);
  });
  std::vector<Lift> sorted;
  for (const size_t i : order)
    if (topology.contains(lifts[i].point)) sorted.push_back(lifts[i]);
  return sorted.empty() ? std::vector<Lift>{{end, {}}} : sorted;
}

int search_subdivisions(const WeightedMetric& metric, const GeodesicOptions& options) {
  if (options.subdivisions > 0) return options.subdivisions;
  switch (metric.quality().form()) {
    case AnalyticQuality::Form::kConstant:
      return 0;
    case AnalyticQuality::Form::kLevelSet:
      return options.continuation.subdivisions;
    default:
      return options.levels.weighted_subdivisions;
  }
}

MetricField metric_field(const WeightedMetric& metric) {
  const bool conformal = metric.chart().is_identity() && metric.target() == nullptr;
  return [metric, conformal](const MatrixXd& points) {
    const auto count = static_cast<size_t>(points.cols());
    const Eigen::Index dim = points.rows();
    if (conformal) {
      MatrixXd g(1, points.cols());
      metric.weights(count, points.data(), nullptr, g.data());
      return MatrixXd(g.array().square());
    }
    std::vector<double> full(count * static_cast<size_t>(dim * dim));
    metric.metrics(count, points.data(), full.data());
    MatrixXd g(dim * (dim + 1) / 2, points.cols());
    for (Eigen::Index i = 0; i < points.cols(); ++i) {
      Eigen::Index row = 0;
      for (Eigen::Index a = 0; a < dim; ++a)
        for (Eigen::Index b = a; b < dim; ++b)
          g(row++, i) = full[static_cast<size_t>((i * dim + a) * dim + b)];
    }
    return g;
  };
}

SegmentFunction segment_lengths(const WeightedMetric& metric, int subdivisions) {
  return [metric, subdivisions](const MatrixXd& from, const MatrixXd& to) {
    VectorXd lengths(from.cols());
    metric.segment_lengths(static_cast<size_t>(from.cols()), from.data(), to.data(), subdivisions,
                           lengths.data());
    return lengths;
  };
}

SegmentFunction segment_bounds(const WeightedMetric& metric) {
  return [metric](const MatrixXd& from, const MatrixXd& to) {
    VectorXd bounds(from.cols());
    metric.lower_bounds(static_cast<size_t>(from.cols()), from.data(), to.data(), bounds.data());
    return bounds;
  };
}

namespace {

/// One search: straight lines to the lifts of every end, then routes through one graph for all pairs.
class GlobalSearch {
 public:
  GlobalSearch(const GeodesicProblem& problem, const GlobalGeodesicOptions& options,
               const CancellationToken& cancellation)
      : problem_(problem),
        options_(options),
        cancellation_(cancellation),
        dim_(problem.metric.latent_dim()),
        size_(static_cast<size_t>(dim_)),
        pairs_(problem.start.size() / size_) {}

  GlobalGeodesics run();

 private:
  struct Pair {
    GeodesicProblem one;
    GlobalGeodesic global;
    std::optional<Error> failure;
    std::vector<Lift> sought;  ///< the lifts to which straight lines are refined, of all in global.lifts
  };
  Pair pair_at(size_t pair) const;
  void refine(Pair& pair, Start start, const std::vector<int>& winding, const GeodesicOptions& how);
  void straight_lines(Pair& pair);
  bool straight_lines_at_once(std::vector<Pair>& all);
  void given_path(Pair& pair, size_t number);
  void routes(Pair& pair, RouteGraph& graph);
  void finish(Pair& pair);
  SearchBox box_of(const std::vector<Pair>& all) const;

  const GeodesicProblem& problem_;
  const GlobalGeodesicOptions& options_;
  const CancellationToken& cancellation_;
  int dim_;
  size_t size_, pairs_;
  GlobalGeodesics result_;
};

GlobalSearch::Pair GlobalSearch::pair_at(size_t pair) const {
  const auto at = static_cast<std::ptrdiff_t>(pair * size_);
  Pair made{problem_, {}, {}, {}};
  made.one.start.assign(problem_.start.begin() + at, problem_.start.begin() + at + dim_);
  made.one.end.assign(problem_.end.begin() + at, problem_.end.begin() + at + dim_);
  made.one.initial.clear();
  made.global.lifts = options_.windings == 0
                          ? std::vector<Lift>{{made.one.end, {}}}
                          : lifts_by_straight_line(problem_.metric, made.one.start, made.one.end,
                                                   options_.rivals.straight_subdivisions);
  const auto most = static_cast<std::ptrdiff_t>(
      std::min(made.global.lifts.size(), static_cast<size_t>(std::max(1, options_.windings))));
  made.sought.assign(made.global.lifts.begin(), made.global.lifts.begin() + most);
  return made;
}

void GlobalSearch::refine(Pair& pair, Start start, const std::vector<int>& winding,
                          const GeodesicOptions& how) {
  try {
    GeodesicResult refined = find_geodesics(pair.one, how, cancellation_);
    result_.method = refined.method;
    result_.method_reason = refined.method_reason;
    pair.global.evaluations += refined.geodesics[0].evaluations;
    pair.global.found.push_back({start, winding, std::move(refined.geodesics[0])});
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kNumerical) throw;
    pair.global.failed.push_back(start.name() + ": " + error.what());
    pair.failure = error;
  }
}

/// All pairs and lifts in one call, which shares them among threads; false where one of them cannot be.
bool GlobalSearch::straight_lines_at_once(std::vector<Pair>& all) {
  GeodesicProblem lines = problem_;
  lines.start.clear();
  lines.end.clear();
  lines.initial.clear();
  for (const Pair& pair : all)
    for (const Lift& lift : pair.sought) {
      lines.start.insert(lines.start.end(), pair.one.start.begin(), pair.one.start.end());
      lines.end.insert(lines.end.end(), lift.point.begin(), lift.point.end());
    }
  try {
    GeodesicResult refined = find_geodesics(lines, options_.geodesic, cancellation_);
    result_.method = refined.method;
    result_.method_reason = refined.method_reason;
    auto next = refined.geodesics.begin();
    for (Pair& pair : all)
      for (const Lift& lift : pair.sought) {
        pair.global.evaluations += next->evaluations;
        pair.global.found.push_back({{StartKind::kStraight}, lift.winding, std::move(*next++)});
      }
    return true;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kNumerical) throw;
    return false;
  }
}

void GlobalSearch::straight_lines(Pair& pair) {
  double best = std::numeric_limits<double>::infinity();
  for (const Lift& lift : pair.sought) {
    if (cancellation_.cancelled() && !pair.global.found.empty()) break;
    const double straight = problem_.metric.segment_length(pair.one.start.data(), lift.point.data(),
                                                           options_.rivals.straight_subdivisions);
    // Models are costly: a copy so much farther along its straight line is left alone.
    if (!options_.every_geodesic && straight > options_.rivals.most_straight * best) continue;
    pair.one.end = lift.point;
    refine(pair, {StartKind::kStraight}, lift.winding, options_.geodesic);
    if (!pair.global.found.empty()) best = std::min(best, pair.global.found.back().geodesic.refined_length);
  }
}

void GlobalSearch::given_path(Pair& pair, size_t number) {
  const size_t each = problem_.initial.size() / pairs_;
  const auto first = problem_.initial.begin() + static_cast<std::ptrdiff_t>(number * each);
  pair.one.initial.assign(first, first + static_cast<std::ptrdiff_t>(each));
  // Its own last node says which lift it leads to.
  const auto distance = [&](const Lift& lift) {
    double sum = 0;
    for (size_t d = 0; d < size_; ++d)
      sum += std::pow(*(pair.one.initial.end() - dim_ + static_cast<std::ptrdiff_t>(d)) - lift.point[d], 2);
    return sum;
  };
  const auto& lifts = pair.global.lifts;
  const Lift& meant = *std::min_element(
      lifts.begin(), lifts.end(), [&](const Lift& a, const Lift& b) { return distance(a) < distance(b); });
  pair.one.end = meant.point;
  refine(pair, {StartKind::kGiven}, meant.winding, options_.geodesic);
  pair.one.initial.clear();
}

/// Routes to the lift of the best geodesic so far, and to that of the next one if it may still become
/// shorter.
void GlobalSearch::routes(Pair& pair, RouteGraph& graph) {
  RouteOptions wanted = options_.routes;
  if (!options_.every_geodesic) wanted.routes = std::min(wanted.routes, options_.rivals.routes);
  // A route runs through places that a coarser level would not see: it is refined at full resolution.
  GeodesicOptions fine = options_.geodesic;
  fine.coarsest_segments = fine.segments;
  std::vector<Lift> targets;
  if (pair.global.found.empty()) targets = {pair.global.lifts[0]};
  double best = std::numeric_limits<double>::infinity();
  pair.global.found = distinct_by_length(std::move(pair.global.found), dim_, options_.rivals);
  for (const FoundGeodesic& known : pair.global.found) {
    best = std::min(best, known.geodesic.refined_length);
    const bool seen = std::any_of(targets.begin(), targets.end(),
                                  [&](const Lift& lift) { return lift.winding == known.winding; });
    if (seen || targets.size() == 2 || known.geodesic.refined_length > options_.rivals.most_straight * best)
      continue;
    targets.push_back({{known.geodesic.nodes.end() - dim_, known.geodesic.nodes.end()}, known.winding});
  }
  for (const Lift& target : targets) {
    if (target.point == pair.one.start) continue;
    pair.one.end = target.point;
    const Eigen::Map<const VectorXd> start(pair.one.start.data(), dim_), end(pair.one.end.data(), dim_);
    const std::vector<Route> found = graph.routes(start, end, wanted);
    for (size_t i = 0; i < found.size() && !cancellation_.cancelled(); ++i) {
      if (found[i].nodes.cols() <= 2) continue;  // the straight line again
      if (!options_.every_geodesic && !promises(found[i], pair.global.found, dim_, options_.rivals)) continue;
      const MatrixXd& nodes = found[i].nodes;
      pair.one.initial.assign(nodes.data(), nodes.data() + nodes.size());
      refine(pair, {StartKind::kRoute, static_cast<int64_t>(i + 1)}, target.winding, fine);
      pair.one.initial.clear();
    }
  }
}

void GlobalSearch::finish(Pair& pair) {
  if (pair.global.found.empty()) throw *pair.failure;
  pair.global.found = distinct_by_length(std::move(pair.global.found), dim_, options_.rivals);
  // No path to any copy of the end is shorter than the nearest copy's bound.
  double bound = std::numeric_limits<double>::infinity();
  for (const Lift& lift : pair.global.lifts)
    bound = std::min(bound, problem_.metric.lower_bound(pair.one.start.data(), lift.point.data()));
  for (FoundGeodesic& known : pair.global.found) known.geodesic.certificate.lower_bound = bound;
}

SearchBox GlobalSearch::box_of(const std::vector<Pair>& all) const {
  if (!options_.box.lower.empty()) return options_.box;
  std::vector<double> ends = problem_.start;
  for (const Pair& pair : all) {
    const auto& found = pair.global.found;
    const auto shortest = std::min_element(found.begin(), found.end(), [](const auto& a, const auto& b) {
      return a.geodesic.refined_length < b.geodesic.refined_length;
    });
    if (found.empty())
      ends.insert(ends.end(), pair.global.lifts[0].point.begin(), pair.global.lifts[0].point.end());
    else
      ends.insert(ends.end(), shortest->geodesic.nodes.end() - dim_, shortest->geodesic.nodes.end());
  }
  return surrounding_box(ends, dim_);
}

GlobalGeodesics GlobalSearch::run() {
  const auto begin = std::chrono::steady_clock::now();
  const int64_t before = problem_.metric.chart().evaluations();
  std::vector<Pair> all;
  for (size_t number = 0; number < pairs_; ++number) {
    all.push_back(pair_at(number));
    if (!problem_.initial.empty()) given_path(all.back(), number);
  }
  if (!options_.every_geodesic || !straight_lines_at_once(all))
    for (Pair& pair : all) straight_lines(pair);
  if (options_.samples > 0) {
    RouteGraph graph(spread_samples(box_of(all), options_.samples),
                     segment_lengths(problem_.metric, options_.subdivisions), segment_bounds(problem_.metric),
                     options_.graph);
    for (Pair& pair : all) routes(pair, graph);
    result_.graph_edges = graph.edges();
    result_.evaluated_edges = graph.evaluated_edges();
  }
  for (Pair& pair : all) {
    finish(pair);
    result_.shared_evaluations -= pair.global.evaluations;
    result_.pairs.push_back(std::move(pair.global));
  }
  result_.shared_evaluations += problem_.metric.chart().evaluations() - before;
  result_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return std::move(result_);
}

}  // namespace

GlobalGeodesics find_global_geodesics(const GeodesicProblem& problem, const GlobalGeodesicOptions& options,
                                      const CancellationToken& cancellation) {
  std::optional<SerialOperations> serial;
  if (too_small_to_share(problem.metric)) serial.emplace();
  const auto size = static_cast<size_t>(problem.metric.latent_dim());
  LATENTPATH_CHECK(!problem.start.empty() && problem.start.size() % size == 0 &&
                       problem.start.size() == problem.end.size(),
                   kArgument, "start and end must both hold [pairs, ", size, "] numbers; they hold ",
                   problem.start.size(), " and ", problem.end.size());
  LATENTPATH_CHECK(options.windings >= 0 && options.samples >= 0, kArgument,
                   "`windings` and `samples` must be 0 or more; they are ", options.windings, " and ",
                   options.samples);
  rival_option_table().validate(options.rivals);
  return GlobalSearch(problem, options, cancellation).run();
}

}  // namespace latentpath
