#include "latentpath/numerics/roadmap.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nanoflann.hpp>
#include <queue>

#include "latentpath/core/error.h"
#include "latentpath/numerics/eikonal.h"

namespace latentpath {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
// A route of which a larger share runs beside earlier ones is not a new one.
constexpr double kMostShared = 0.8;

/// What nanoflann wants to know of a matrix with one point a column.
struct PointCloud {
  explicit PointCloud(const MatrixXd& columns) : points(columns) {}
  const MatrixXd& points;
  size_t kdtree_get_point_count() const { return static_cast<size_t>(points.cols()); }
  double kdtree_get_pt(size_t index, size_t d) const {
    return points(static_cast<Eigen::Index>(d), static_cast<Eigen::Index>(index));
  }
  template <class BoundingBox>
  bool kdtree_get_bbox(BoundingBox&) const {
    return false;
  }
};
using Tree = nanoflann::KDTreeSingleIndexAdaptor<nanoflann::L2_Simple_Adaptor<double, PointCloud>, PointCloud,
                                                 -1, uint32_t>;

struct Edge {
  int32_t a = 0, b = 0;
  double length = 0;       // as the call at hand sees it: evaluated, or a lower bound
  bool evaluated = false;  // as the call at hand sees it
  double bound = 0;        // what a new call sees
  double value = kNaN;     // evaluated by any call
};

}  // namespace

MatrixXd spread_samples(const SearchBox& box, int64_t count) {
  const auto dim = static_cast<Eigen::Index>(box.lower.size());
  LATENTPATH_CHECK(dim >= 1 && box.upper.size() == box.lower.size() && count >= 1, kArgument,
                   "samples need a box with as many lower as upper limits, and a positive number");
  // φ solves φ^{D+1} = φ + 1.
  double phi = 2;
  for (int i = 0; i < 64; ++i) phi = std::pow(1 + phi, 1.0 / static_cast<double>(dim + 1));
  MatrixXd samples(dim, count);
  for (Eigen::Index d = 0; d < dim; ++d) {
    const double step = std::pow(1 / phi, static_cast<double>(d + 1));
    const double low = box.lower[static_cast<size_t>(d)], side = box.upper[static_cast<size_t>(d)] - low;
    for (Eigen::Index i = 0; i < count; ++i) {
      const double x = 0.5 + step * static_cast<double>(i + 1);
      samples(d, i) = low + side * (x - std::floor(x));
    }
  }
  return samples;
}

MatrixXd resample_polyline(const MatrixXd& nodes, int64_t count) {
  LATENTPATH_CHECK(nodes.cols() >= 2 && count >= 2, kArgument, "a polyline has at least 2 points");
  std::vector<double> arc{0};
  for (Eigen::Index i = 1; i < nodes.cols(); ++i)
    arc.push_back(arc.back() + (nodes.col(i) - nodes.col(i - 1)).norm());
  MatrixXd result(nodes.rows(), count);
  size_t segment = 0;
  for (Eigen::Index i = 0; i < count; ++i) {
    const double at = arc.back() * static_cast<double>(i) / static_cast<double>(count - 1);
    while (segment + 2 < arc.size() && arc[segment + 1] < at) ++segment;
    const double width = arc[segment + 1] - arc[segment];
    const double share = width > 0 ? std::clamp((at - arc[segment]) / width, 0.0, 1.0) : 0;
    const auto left = static_cast<Eigen::Index>(segment);
    result.col(i) = (1 - share) * nodes.col(left) + share * nodes.col(left + 1);
  }
  result.col(0) = nodes.col(0);
  result.col(count - 1) = nodes.col(nodes.cols() - 1);
  return result;
}

struct RouteGraph::Impl {
  MatrixXd samples;  // two columns more than samples: the ends of the pair at hand
  SegmentFunction length, bound;
  RouteGraphOptions options;
  int64_t count = 0;  // samples
  std::unique_ptr<PointCloud> cloud;
  std::unique_ptr<Tree> tree;
  MatrixXd points;  // the samples alone, for the tree
  std::vector<Edge> edges;
  std::vector<std::vector<int32_t>> adjacent;  // edges of each node
  std::vector<int32_t> shown;                  // edges whose lengths the call at hand has seen
  int64_t evaluated = 0;
  double reach = 0;               // how far "beside a route" is
  std::vector<double> to_target;  // of each node, in the bounds of the edges, for the call at hand
  double least_share = 1;         // of an edge's bound, among the lengths that the call at hand has seen

  std::vector<uint32_t> nearest(const VectorXd& z, size_t k, std::vector<double>& squared) const {
    std::vector<uint32_t> index(std::min(k, static_cast<size_t>(count)));
    squared.resize(index.size());
    const size_t found = tree->knnSearch(z.data(), index.size(), index.data(), squared.data());
    index.resize(found);
    return index;
  }

  VectorXd call(const SegmentFunction& function, const std::vector<int32_t>& which) const {
    VectorXd result(static_cast<Eigen::Index>(which.size()));
    const auto batch = static_cast<size_t>(options.segments_per_batch);
    for (size_t begin = 0; begin < which.size(); begin += batch) {
      const size_t size = std::min(batch, which.size() - begin);
      MatrixXd from(samples.rows(), static_cast<Eigen::Index>(size)), to(from.rows(), from.cols());
      for (size_t i = 0; i < size; ++i) {
        const Edge& edge = edges[static_cast<size_t>(which[begin + i])];
        from.col(static_cast<Eigen::Index>(i)) = samples.col(edge.a);
        to.col(static_cast<Eigen::Index>(i)) = samples.col(edge.b);
      }
      const VectorXd part = function(from, to);
      LATENTPATH_CHECK(part.size() == from.cols(), kArgument, "a length function gave ", part.size(),
                       " numbers for ", from.cols(), " segments");
      result.segment(static_cast<Eigen::Index>(begin), part.size()) = part;
    }
    return result;
  }

  /// Shows the call at hand the lengths of these edges; those that no call has asked for yet are evaluated.
  void evaluate(const std::vector<int32_t>& which) {
    std::vector<int32_t> fresh;
    for (const int32_t index : which)
      if (std::isnan(edges[static_cast<size_t>(index)].value)) fresh.push_back(index);
    const VectorXd lengths = call(length, fresh);
    evaluated += lengths.size();
    for (size_t i = 0; i < fresh.size(); ++i) {
      const double value = lengths[static_cast<Eigen::Index>(i)];
      edges[static_cast<size_t>(fresh[i])].value = value >= 0 ? value : kInfinity;  // NaN is no way through
    }
    for (const int32_t index : which) {
      Edge& edge = edges[static_cast<size_t>(index)];
      edge.length = edge.value;
      edge.evaluated = true;
      if (edge.value < edge.bound) least_share = std::min(least_share, edge.value / edge.bound);
      shown.push_back(index);
    }
  }

  /// Forgets what the last call has seen, and keeps what it had evaluated: where a bound is none, which edges
  /// are evaluated decides which route is found, and that must not depend on the pairs before.
  void begin_call() {
    least_share = 1;
    if (!bound) return;
    for (const int32_t index : shown) {
      Edge& edge = edges[static_cast<size_t>(index)];
      edge.length = edge.bound;
      edge.evaluated = false;
    }
    shown.clear();
  }

  void add_edges(const std::vector<std::pair<int32_t, int32_t>>& pairs) {
    std::vector<int32_t> fresh;
    for (const auto& [a, b] : pairs) {
      const auto index = static_cast<int32_t>(edges.size());
      edges.push_back({a, b, 0, false});
      adjacent[static_cast<size_t>(a)].push_back(index);
      adjacent[static_cast<size_t>(b)].push_back(index);
      fresh.push_back(index);
    }
    if (!bound) {
      evaluate(fresh);
      return;
    }
    const VectorXd bounds = call(bound, fresh);
    for (size_t i = 0; i < fresh.size(); ++i)
      edges[static_cast<size_t>(fresh[i])].length = edges[static_cast<size_t>(fresh[i])].bound =
          std::max(0.0, bounds[static_cast<Eigen::Index>(i)]);
  }

  using Front = std::priority_queue<std::pair<double, size_t>, std::vector<std::pair<double, size_t>>,
                                    std::greater<>>;  // nearest first

  static size_t other_end(const Edge& edge, size_t node) {
    return static_cast<size_t>(static_cast<size_t>(edge.a) == node ? edge.b : edge.a);
  }

  /// How far node `count + 1` is from every node in the bounds of the edges, or in their lengths where there
  /// are none; 0 from where no way leads there. No route of this call is shorter than `least_share` of that:
  /// lengths only grow with penalties, and are never less than this share of the bound.
  void measure_what_is_left() {
    const size_t target = static_cast<size_t>(count) + 1;
    to_target.assign(adjacent.size(), kInfinity);
    Front front;
    to_target[target] = 0;
    front.emplace(0.0, target);
    while (!front.empty()) {
      const auto [reached, node] = front.top();
      front.pop();
      if (reached > to_target[node]) continue;
      for (const int32_t index : adjacent[node]) {
        const Edge& edge = edges[static_cast<size_t>(index)];
        const size_t other = other_end(edge, node);
        const double step = bound ? edge.bound : edge.length;
        const double further = reached + (std::isfinite(step) ? step : 0);
        if (further >= to_target[other]) continue;
        to_target[other] = further;
        front.emplace(further, other);
      }
    }
    for (double& left : to_target)
      if (!std::isfinite(left)) left = 0;
  }

  /// Edges of a shortest route from node `count` to node `count + 1` under the present lengths, times the
  /// mean penalty of an edge's ends; empty if there is none. A* (P. Hart, N. Nilsson, B. Raphael, IEEE Trans.
  /// Syst. Sci. Cybern. 4(2), 1968): by what has been gone and what is left at least, so that it looks at
  /// few nodes off the way.
  std::vector<int32_t> shortest(const std::vector<double>& penalty) const {
    const size_t nodes = adjacent.size(), source = static_cast<size_t>(count), target = source + 1;
    std::vector<double> distance(nodes, kInfinity), seen(nodes, kInfinity);
    std::vector<int32_t> by(nodes, -1);
    // What is left from a node at least: 0 for a node that leads nowhere, which is then only looked at.
    const auto left = [&](size_t node) { return least_share * to_target[node]; };
    Front front;
    distance[source] = 0;
    front.emplace(left(source), source);
    while (!front.empty()) {
      const size_t node = front.top().second;
      front.pop();
      if (node == target) break;
      if (distance[node] >= seen[node]) continue;
      seen[node] = distance[node];
      for (const int32_t index : adjacent[node]) {
        const Edge& edge = edges[static_cast<size_t>(index)];
        const size_t other = other_end(edge, node);
        const double reached = distance[node] + edge.length * 0.5 * (penalty[node] + penalty[other]);
        if (reached >= distance[other]) continue;
        distance[other] = reached;
        by[other] = index;
        front.emplace(reached + left(other), other);
      }
    }
    std::vector<int32_t> route;
    if (!std::isfinite(distance[target])) return route;
    for (size_t node = target; node != source;) {
      const Edge& edge = edges[static_cast<size_t>(by[node])];
      route.push_back(by[node]);
      node = other_end(edge, node);
    }
    std::reverse(route.begin(), route.end());
    return route;
  }

  /// The same once every edge on the route is evaluated.
  std::vector<int32_t> shortest_evaluated(const std::vector<double>& penalty) {
    for (;;) {
      std::vector<int32_t> route = shortest(penalty), open;
      for (const int32_t index : route)
        if (!edges[static_cast<size_t>(index)].evaluated) open.push_back(index);
      if (open.empty()) return route;
      evaluate(open);
    }
  }

  /// The ends of a pair, which are part of the graph for as long as this lives.
  class Ends {
   public:
    Ends(Impl& graph, const VectorXd& start, const VectorXd& end)
        : graph_(graph), permanent_(graph.edges.size()) {
      graph.begin_call();
      const auto first = static_cast<int32_t>(graph.count);
      graph.samples.col(first) = start;
      graph.samples.col(first + 1) = end;
      std::vector<std::pair<int32_t, int32_t>> pairs{{first, first + 1}};
      std::vector<double> squared;
      for (const int32_t node : {first, first + 1})
        for (const uint32_t other :
             graph.nearest(graph.samples.col(node), static_cast<size_t>(graph.options.neighbours), squared))
          pairs.emplace_back(static_cast<int32_t>(other), node);
      try {
        graph.add_edges(pairs);
      } catch (...) {
        leave();
        throw;
      }
    }
    ~Ends() { leave(); }
    Ends(const Ends&) = delete;
    Ends& operator=(const Ends&) = delete;

   private:
    void leave() {
      for (size_t i = permanent_; i < graph_.edges.size(); ++i)
        for (const int32_t node : {graph_.edges[i].a, graph_.edges[i].b}) {
          auto& list = graph_.adjacent[static_cast<size_t>(node)];
          while (!list.empty() && list.back() >= static_cast<int32_t>(permanent_)) list.pop_back();
        }
      graph_.edges.resize(permanent_);
      std::erase_if(graph_.shown, [&](int32_t edge) { return edge >= static_cast<int32_t>(permanent_); });
    }

    Impl& graph_;
    const size_t permanent_;
  };

  /// From the start over `route` edges: as many nodes and one more.
  std::vector<int32_t> nodes_of(const std::vector<int32_t>& route) const {
    std::vector<int32_t> nodes{static_cast<int32_t>(count)};
    for (const int32_t index : route) {
      const Edge& edge = edges[static_cast<size_t>(index)];
      nodes.push_back(edge.a == nodes.back() ? edge.b : edge.a);
    }
    return nodes;
  }

  Route route_over(const std::vector<int32_t>& by, const std::vector<int32_t>& nodes) const {
    Route route;
    for (const int32_t index : by) route.length += edges[static_cast<size_t>(index)].length;
    route.nodes.resize(samples.rows(), static_cast<Eigen::Index>(nodes.size()));
    for (size_t i = 0; i < nodes.size(); ++i)
      route.nodes.col(static_cast<Eigen::Index>(i)) = samples.col(nodes[i]);
    return route;
  }

  /// Whether most of a route is not beside earlier ones, the ends left out, which all routes share.
  bool leads_elsewhere(const std::vector<int32_t>& nodes, const std::vector<char>& beside) const {
    double shared = 0, counted = 0;
    for (size_t i = 1; i + 1 < nodes.size(); ++i) {
      const VectorXd z = samples.col(nodes[i]);
      if ((z - samples.col(count)).norm() < 2 * reach || (z - samples.col(count + 1)).norm() < 2 * reach)
        continue;
      counted += 1;
      shared += beside[static_cast<size_t>(nodes[i])];
    }
    return counted > 0 && shared <= kMostShared * counted;
  }

  /// Samples within reach of a route.
  std::vector<uint32_t> samples_beside(const Route& route) const {
    const Eigen::Index steps = route.nodes.cols() - 1;
    const double extent = (route.nodes.rightCols(steps) - route.nodes.leftCols(steps)).colwise().norm().sum();
    const MatrixXd dense = resample_polyline(
        route.nodes, 2 + static_cast<int64_t>(std::min(1e4, 2 * extent / std::max(reach, 1e-300))));
    std::vector<char> near(static_cast<size_t>(count), 0);
#if NANOFLANN_VERSION >= 0x150
    std::vector<nanoflann::ResultItem<uint32_t, double>> found;
    const nanoflann::SearchParameters how;
#else
    std::vector<std::pair<uint32_t, double>> found;
    const nanoflann::SearchParams how;
#endif
    for (Eigen::Index i = 0; i < dense.cols(); ++i) {
      const VectorXd z = dense.col(i);
      tree->radiusSearch(z.data(), reach * reach, found, how);
      for (const auto& [index, distance] : found) near[index] = 1;
    }
    std::vector<uint32_t> beside;
    for (size_t node = 0; node < near.size(); ++node)
      if (near[node] != 0) beside.push_back(static_cast<uint32_t>(node));
    return beside;
  }
};

RouteGraph::RouteGraph(MatrixXd samples, SegmentFunction length, SegmentFunction bound,
                       const RouteGraphOptions& options)
    : impl_(std::make_unique<Impl>()) {
  LATENTPATH_CHECK(samples.rows() >= 1 && samples.cols() >= 2 && samples.cols() < (1 << 30), kArgument,
                   "a graph needs at least 2 samples, not ", samples.cols());
  LATENTPATH_CHECK(samples.allFinite(), kArgument, "a graph's samples must be finite numbers");
  LATENTPATH_CHECK(options.neighbours >= 1 && options.segments_per_batch >= 1, kArgument,
                   "a graph needs at least one neighbour and one segment a batch");
  LATENTPATH_CHECK(length, kArgument, "a graph needs a function of lengths");
  Impl& graph = *impl_;
  graph.count = samples.cols();
  graph.points = std::move(samples);
  graph.samples.resize(graph.points.rows(), graph.count + 2);
  graph.samples.leftCols(graph.count) = graph.points;
  graph.length = std::move(length);
  graph.bound = std::move(bound);
  graph.options = options;
  graph.adjacent.resize(static_cast<size_t>(graph.count + 2));
  graph.cloud = std::make_unique<PointCloud>(graph.points);
  graph.tree = std::make_unique<Tree>(static_cast<int>(graph.points.rows()), *graph.cloud);
  graph.tree->buildIndex();

  std::vector<std::pair<int32_t, int32_t>> pairs;
  std::vector<double> squared, farthest;
  for (int64_t i = 0; i < graph.count; ++i) {
    const auto around =
        graph.nearest(graph.points.col(i), static_cast<size_t>(options.neighbours) + 1, squared);
    for (const uint32_t other : around)
      if (other != i) pairs.emplace_back(std::min<int64_t>(i, other), std::max<int64_t>(i, other));
    farthest.push_back(std::sqrt(squared.back()));
  }
  std::sort(pairs.begin(), pairs.end());
  pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
  graph.add_edges(pairs);
  std::nth_element(farthest.begin(), farthest.begin() + static_cast<std::ptrdiff_t>(farthest.size() / 2),
                   farthest.end());
  graph.reach = farthest[farthest.size() / 2];
}

RouteGraph::~RouteGraph() = default;
RouteGraph::RouteGraph(RouteGraph&&) noexcept = default;
RouteGraph& RouteGraph::operator=(RouteGraph&&) noexcept = default;

int64_t RouteGraph::nodes() const { return impl_->count; }
int64_t RouteGraph::edges() const { return static_cast<int64_t>(impl_->edges.size()); }
int64_t RouteGraph::evaluated_edges() const { return impl_->evaluated; }

std::vector<Route> RouteGraph::routes(const VectorXd& start, const VectorXd& end,
                                      const RouteOptions& options) {
  Impl& graph = *impl_;
  LATENTPATH_CHECK(start.size() == graph.points.rows() && end.size() == graph.points.rows(), kArgument,
                   "the graph's samples have ", graph.points.rows(), " coordinates, the ends ", start.size(),
                   " and ", end.size());
  LATENTPATH_CHECK(start.allFinite() && end.allFinite(), kArgument,
                   "an end has a coordinate that is NaN or infinite");
  LATENTPATH_CHECK(
      options.routes >= 1 && options.detour > 1 && options.longest >= 1, kArgument,
      "routes must be at least 1, their detour factor above 1 and their longest factor at least 1");

  const RouteGraph::Impl::Ends joined(graph, start, end);
  graph.measure_what_is_left();
  std::vector<Route> result;
  std::vector<double> penalty(static_cast<size_t>(graph.count + 2), 1.0);
  std::vector<char> beside(static_cast<size_t>(graph.count + 2), 0);
  for (int attempt = 0; attempt < 4 * options.routes && static_cast<int>(result.size()) < options.routes;
       ++attempt) {
    const std::vector<int32_t> edges = graph.shortest_evaluated(penalty);
    if (edges.empty()) break;
    const std::vector<int32_t> nodes = graph.nodes_of(edges);
    Route route = graph.route_over(edges, nodes);
    if (!result.empty() && route.length > options.longest * result.front().length) break;
    const bool fresh = result.empty() || graph.leads_elsewhere(nodes, beside);
    for (const uint32_t node : graph.samples_beside(route)) {
      beside[node] = 1;
      penalty[node] *= options.detour;
    }
    // The straight edge between the ends has no node of its own to count.
    if (edges.size() == 1) graph.edges[static_cast<size_t>(edges[0])].length = kInfinity;
    if (fresh) result.push_back(std::move(route));
  }
  std::sort(result.begin(), result.end(), [](const Route& l, const Route& r) { return l.length < r.length; });
  return result;
}

}  // namespace latentpath
