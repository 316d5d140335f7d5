#include "latentpath/path/global_geodesics.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <optional>

#include "latentpath/core/error.h"

namespace latentpath {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

/// Row-major nodes [m, D] as columns [D, m].
MatrixXd columns(const std::vector<double>& nodes, int dim) {
  return Eigen::Map<const MatrixXd>(nodes.data(), dim, static_cast<Eigen::Index>(nodes.size()) / dim);
}

/// The same geodesic: as long, and nowhere apart by more than a hundredth of its extent.
bool same(const Geodesic& a, const Geodesic& b, int dim) {
  if (std::abs(a.refined_length - b.refined_length) > 1e-3 * std::abs(b.refined_length)) return false;
  const MatrixXd p = columns(a.nodes, dim), q = columns(b.nodes, dim);
  if (p.cols() != q.cols()) return false;
  const double extent = (q.rowwise().maxCoeff() - q.rowwise().minCoeff()).norm();
  return (p - q).colwise().norm().maxCoeff() <= 1e-2 * extent;
}

/// A route of a graph is longer than the geodesic beside it by what its corners cost, a few percent; one that
/// is longer than a known geodesic by this factor leads to none that is shorter.
constexpr double kMostDetour = 1.15;
/// Routes no further than this share of their own extent from a known geodesic lead to that one again.
constexpr double kBeside = 0.1;
/// Every further route is a longer one: of those that may be shorter in truth, the first two.
constexpr int kFewRoutes = 2;

/// Whether refining a route may lead to a shorter geodesic than those that were found.
bool promises(const Route& route, const std::vector<FoundGeodesic>& found, int dim) {
  const MatrixXd corners = resample_polyline(route.nodes, 33);
  const double extent = (corners.rowwise().maxCoeff() - corners.rowwise().minCoeff()).norm();
  for (const FoundGeodesic& known : found) {
    const double length = known.geodesic.refined_length;
    if (!std::isfinite(length) || known.geodesic.termination != Termination::kConverged) continue;
    if (route.length > kMostDetour * length) return false;
    const MatrixXd nodes = columns(known.geodesic.nodes, dim);
    double farthest = 0;
    for (Eigen::Index i = 0; i < corners.cols(); ++i)
      farthest = std::max(farthest, (nodes.colwise() - corners.col(i)).colwise().norm().minCoeff());
    if (route.length > length && farthest < kBeside * extent) return false;
  }
  return true;
}

/// The best first, equal ones once. Of equal ones the first that was found, unless another is notably better
/// resolved: the straight line's has come through coarser levels, which extrapolation needs.
std::vector<FoundGeodesic> distinct_by_length(std::vector<FoundGeodesic> found, int dim) {
  std::vector<size_t> order(found.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const auto length = [&](size_t i) { return found[i].geodesic.refined_length; };
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return std::isfinite(length(a)) && (!std::isfinite(length(b)) || length(a) < length(b));
  });
  std::vector<size_t> kept;
  for (const size_t i : order) {
    const auto known = std::find_if(kept.begin(), kept.end(), [&](size_t other) {
      return same(found[i].geodesic, found[other].geodesic, dim);
    });
    if (known == kept.end())
      kept.push_back(i);
    else if (i < *known && length(i) <= length(*known) * (1 + 1e-5))
      *known = i;
  }
  std::vector<FoundGeodesic> distinct;
  for (const size_t i : kept) distinct.push_back(std::move(found[i]));
  return distinct;
}

}  // namespace

SearchBox surrounding_box(const std::vector<double>& points, int dim, double margin) {
  LATENTPATH_CHECK(dim >= 1 && !points.empty() && points.size() % static_cast<size_t>(dim) == 0, kArgument,
                   "a box needs points");
  const MatrixXd z = columns(points, dim);
  const VectorXd low = z.rowwise().minCoeff(), high = z.rowwise().maxCoeff();
  const double wide = std::max(margin * (high - low).norm(), 1e-6);
  SearchBox box;
  for (Eigen::Index d = 0; d < dim; ++d) {
    box.lower.push_back(low[d] - wide);
    box.upper.push_back(high[d] + wide);
  }
  return box;
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

GlobalGeodesics find_global_geodesics(const GeodesicProblem& problem, const GlobalGeodesicOptions& options,
                                      const CancellationToken& cancellation) {
  const auto begin = std::chrono::steady_clock::now();
  const int dim = problem.metric.latent_dim();
  const auto size = static_cast<size_t>(dim);
  LATENTPATH_CHECK(!problem.start.empty() && problem.start.size() % size == 0 &&
                       problem.start.size() == problem.end.size(),
                   kArgument, "start and end must both hold [pairs, ", dim, "] numbers; they hold ",
                   problem.start.size(), " and ", problem.end.size());
  SearchBox box = options.box;
  if (box.lower.empty()) {
    std::vector<double> ends = problem.start;
    ends.insert(ends.end(), problem.end.begin(), problem.end.end());
    box = surrounding_box(ends, dim);
  }
  RouteGraph graph(spread_samples(box, options.samples),
                   segment_lengths(problem.metric, options.subdivisions), segment_bounds(problem.metric),
                   options.graph);

  RouteOptions wanted = options.routes;
  if (!options.every_geodesic) wanted.routes = std::min(wanted.routes, kFewRoutes);
  GlobalGeodesics result;
  const size_t pairs = problem.start.size() / size;
  for (size_t pair = 0; pair < pairs; ++pair) {
    const auto at = static_cast<std::ptrdiff_t>(pair * size);
    GeodesicProblem one = problem;
    one.start.assign(problem.start.begin() + at, problem.start.begin() + at + dim);
    one.end.assign(problem.end.begin() + at, problem.end.begin() + at + dim);
    one.initial.clear();
    GlobalGeodesic global;
    std::optional<Error> failure;
    // A route runs through places that a coarser level would not see: it is refined at full resolution.
    GeodesicOptions fine = options.geodesic;
    fine.coarsest_segments = fine.segments;
    const auto refine = [&](const std::string& name, int64_t route, const GeodesicOptions& how) {
      try {
        GeodesicResult refined = find_geodesics(one, how, cancellation);
        result.method = refined.method;
        result.method_reason = refined.method_reason;
        global.found.push_back({name, route, std::move(refined.geodesics[0])});
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::kNumerical) throw;
        global.failed.push_back(name + ": " + error.what());
        failure = error;
      }
    };
    if (!problem.initial.empty()) {
      const size_t each = problem.initial.size() / pairs;
      const auto first = problem.initial.begin() + static_cast<std::ptrdiff_t>(pair * each);
      one.initial.assign(first, first + static_cast<std::ptrdiff_t>(each));
      refine("given path", -1, options.geodesic);
      one.initial.clear();
    }
    refine("straight line", 0, options.geodesic);
    if (one.start != one.end) {
      const Eigen::Map<const VectorXd> start(one.start.data(), dim), end(one.end.data(), dim);
      const std::vector<Route> routes = graph.routes(start, end, wanted);
      for (size_t i = 0; i < routes.size() && !cancellation.cancelled(); ++i) {
        if (routes[i].nodes.cols() <= 2) continue;  // the straight line again
        if (!options.every_geodesic && !promises(routes[i], global.found, dim)) continue;
        const MatrixXd& nodes = routes[i].nodes;
        one.initial.assign(nodes.data(), nodes.data() + nodes.size());
        refine("route " + std::to_string(i + 1), static_cast<int64_t>(i + 1), fine);
      }
    }
    if (global.found.empty()) throw *failure;
    global.found = distinct_by_length(std::move(global.found), dim);
    result.pairs.push_back(std::move(global));
  }
  result.graph_edges = graph.edges();
  result.evaluated_edges = graph.evaluated_edges();
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return result;
}

}  // namespace latentpath
