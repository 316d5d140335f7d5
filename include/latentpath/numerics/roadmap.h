#pragma once
// First paths through a graph: shortest routes between any two points over samples of the space, several of
// them, each through other places than the ones before.
//
// Nodes are samples, edges join nearest neighbours, and an edge weighs what the straight segment between its
// ends weighs: its length in the metric n² JᵀJ. Lengths are evaluated lazily: where a cheap lower bound is
// given, edges carry it until a shortest route runs over them; then those of the route are evaluated in one
// batch, and the search is repeated until a shortest route has none left (LazySP: C. Dellin, S. Srinivasa,
// ICAPS 2016). The route found is a shortest one of the graph, though only a small part of its edges was ever
// evaluated. The graph is built once and keeps what it has evaluated for all pairs, and what is found for one
// pair does not depend on those before it.
//
//   RouteGraph graph(spread_samples({{-2, -2}, {2, 2}}, 1500), segment_length);
//   for (const Route& route : graph.routes(start, end)) refine(route.nodes);

#include <Eigen/Core>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace latentpath {

/// A corner-to-corner box of R^D.
struct SearchBox;

/// A figure for each of m straight segments: from [D, m], to [D, m] → [m]. Infinity where a segment cannot be
/// passed.
using SegmentFunction =
    std::function<Eigen::VectorXd(const Eigen::MatrixXd& from, const Eigen::MatrixXd& to)>;

/// `count` points that fill a box evenly, [D, count]: the additive recurrence of the generalised golden ratio
/// (M. Roberts, 2018), in which every prefix is as even as a random sample is not.
Eigen::MatrixXd spread_samples(const SearchBox& box, int64_t count);

struct RouteGraphOptions {
  int neighbours = 12;                ///< to which a sample, or an end, is joined
  int64_t segments_per_batch = 4096;  ///< passed to the length function at once
};

struct RouteOptions {
  int routes = 4;        ///< at most
  double detour = 1.5;   ///< after a route is found, edges beside it count this many times their length
  double longest = 2.0;  ///< routes longer than the shortest by this factor are not returned
};

/// One way through the graph.
struct Route {
  Eigen::MatrixXd nodes;  ///< [D, m], start and end included
  double length = 0;      ///< the sum of its segments' lengths
};

class RouteGraph {
 public:
  /// samples [D, N]. `bound`, a lower bound of `length` that is cheap; none: all edges are evaluated at once.
  /// If it is no lower bound, routes are still valid, with correct lengths, but may not be the graph's
  /// shortest. Throws Error(kArgument) for fewer than 2 samples or samples that are not finite.
  RouteGraph(Eigen::MatrixXd samples, SegmentFunction length, SegmentFunction bound = {},
             const RouteGraphOptions& options = {});
  ~RouteGraph();
  RouteGraph(RouteGraph&&) noexcept;
  RouteGraph& operator=(RouteGraph&&) noexcept;

  /// Routes from start to end, the shortest of the graph first; then, each time, the shortest when edges
  /// beside the routes so far count more; one that mostly follows an earlier one is left out. Empty if no
  /// route of finite length exists. Throws Error(kArgument) for ends of another dimension.
  std::vector<Route> routes(const Eigen::VectorXd& start, const Eigen::VectorXd& end,
                            const RouteOptions& options = {});

  int64_t nodes() const;
  int64_t edges() const;
  int64_t evaluated_edges() const;  ///< of those, by all calls so far, edges from and to ends included

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A polyline [D, m] at `count` points evenly spaced along it, ends exact.
Eigen::MatrixXd resample_polyline(const Eigen::MatrixXd& nodes, int64_t count);

}  // namespace latentpath
