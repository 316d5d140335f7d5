#pragma once
// find_global_geodesics: geodesics that are meant to be the shortest of all, and not only shorter than their
// neighbours. First paths are the straight line and several routes through a graph of samples
// (numerics/roadmap.h); each is refined by find_geodesics(); the best is the result, and the others are
// listed.
//
// Where the chart's topology makes several points of R^D one point of the manifold, the end has many lifts
// (metric/topology.h), and paths are sought to the nearest of them: each geodesic says how often it winds.
// The last node of a path is then the lift that it leads to.
//
//   GeodesicProblem problem{.metric = WeightedMetric(plane_chart(), cut_out_discs(discs, 50)),
//                           .start = {-1.5, 0}, .end = {1.5, 0.2}};
//   GlobalGeodesics result = find_global_geodesics(problem);
//   result.pairs[0].found[0].geodesic.refined_length;

#include <string>
#include <vector>

#include "latentpath/metric/topology.h"
#include "latentpath/numerics/eikonal.h"
#include "latentpath/numerics/roadmap.h"
#include "latentpath/path/find_geodesics.h"
#include "latentpath/path/start.h"

namespace latentpath {

/// Which first paths are worth a descent, and which results are one (docs/algorithms/graph.md).
struct RivalOptions {
  /// A route of a graph is longer than the geodesic beside it by what its corners cost, a few percent; one
  /// that is longer than a known geodesic by this factor leads to none that is shorter.
  double most_detour = 1.15;
  double beside = 0.1;  ///< routes no further than this share of their own extent from a known geodesic lead
                        ///< to that one again
  int routes = 2;       ///< of those that may be shorter in truth, the first so many
  int straight_subdivisions = 32;  ///< of a straight line by whose length the copies of an end are ordered
  /// A copy of the end whose straight line is longer than a known geodesic by this factor is left alone where
  /// points are costly. A torus' straight lines are up to (R + r)/(R − r) times too long: 3 for the usual
  /// one.
  double most_straight = 3;
  double same_length = 1e-3, same_place = 1e-2;  ///< geodesics are one where lengths, and nodes as a share of
                                                 ///< their extent, differ by no more
};
const OptionTable<RivalOptions>& rival_option_table();

struct GlobalGeodesicOptions {
  /// Of each descent. With one midpoint a segment a solver hides bad places between midpoints where
  /// weights vary by orders of magnitude; hence four.
  GeodesicOptions geodesic = {.segments = 400, .subdivisions = 4};
  SearchBox box = {};      ///< where samples are spread; empty: surrounding_box() of all ends
  int64_t samples = 1500;  ///< of the graph; 0: no graph, straight lines alone
  int windings = 6;        ///< lifts of the end, at most; 0: the end as it stands, whatever the topology
  int subdivisions = 8;    ///< in which an edge's length is evaluated
  RouteGraphOptions graph = {};
  RouteOptions routes = {};
  RivalOptions rivals = {};
  /// Also look for geodesics that are longer than the best: every route is refined. Else only those that may
  /// lead to a shorter one, which is cheaper by far where the chart is a model.
  bool every_geodesic = true;
};

/// A geodesic and the first path that led to it.
struct FoundGeodesic {
  Start start;
  std::vector<int> winding;  ///< Lift::winding of its last node; empty without identifications
  Geodesic geodesic;
};

struct GlobalGeodesic {
  std::vector<FoundGeodesic> found;  ///< by refined length, the best first; equal ones once
  std::vector<Lift> lifts;           ///< of the end, all that were looked at; the nearest first
  std::vector<std::string> failed;   ///< starts on which chart or quality is not finite, with the reason
  int64_t evaluations = 0;           ///< points that the chart's model mapped in all descents of this pair
};

struct GlobalGeodesics {
  std::vector<GlobalGeodesic> pairs;
  int64_t graph_edges = 0, evaluated_edges = 0;
  int64_t shared_evaluations = 0;  ///< points mapped for the graph and to compare first paths
  std::string method;              ///< of descent, and why it was chosen
  std::string method_reason;
  double seconds = 0;
};

/// Takes `problem.initial` as one more first path where it is given. Throws as find_geodesics() does, the
/// last only if no first path has finite values.
GlobalGeodesics find_global_geodesics(const GeodesicProblem& problem,
                                      const GlobalGeodesicOptions& options = {},
                                      const CancellationToken& cancellation = {});

/// The copies of `end` to which paths may lead, by the length of the straight line to them, shortest first;
/// the end itself where nothing is identified. Copies outside of the chart's domain are left out.
std::vector<Lift> lifts_by_straight_line(const WeightedMetric& metric, const std::vector<double>& start,
                                         const std::vector<double>& end,
                                         int subdivisions = RivalOptions().straight_subdivisions);

/// The box around points [count, D], widened on each side by `margin` times its diagonal.
SearchBox surrounding_box(const std::vector<double>& points, int dim, double margin = 0.5);

/// Subdivisions for a search that is to be as good in bad places as in good ones, where `subdivisions` is 0:
/// a solver that sees one point of the weight a segment hides bad places between them, so segments are cut as
/// `levels.weighted_subdivisions` says, for level sets as `continuation.subdivisions` does. Of a constant
/// quality 0: chosen.
int search_subdivisions(const WeightedMetric& metric, const GeodesicOptions& options);

/// g at points, for solve_eikonal(): one row where the chart is the identity, else D(D + 1)/2.
MetricField metric_field(const WeightedMetric& metric);

/// Lengths of straight segments cut into `subdivisions`, and their lower bound least_weight · ‖Φ(b) − Φ(a)‖,
/// for graphs.
SegmentFunction segment_lengths(const WeightedMetric& metric, int subdivisions);
SegmentFunction segment_bounds(const WeightedMetric& metric);

}  // namespace latentpath
