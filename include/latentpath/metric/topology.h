#pragma once
// Topology: which points of a chart's R^D are one point of the manifold, and where the chart ends.
//
// A chart of angles maps R^D onto a torus, say, over and over: the manifold is the quotient R^D / Γ by the
// group Γ that its identifications generate, and R^D its covering space. A shortest path between two points
// of the quotient is a shortest path in R^D from the start to one of the *lifts* g·end of the end, g ∈ Γ; g
// is its winding, as exponents of the identifications. Every g must leave the metric as it is.
//
//   Topology torus{.identifications = {{.axis = 0, .period = 2 * M_PI}, {.axis = 1, .period = 2 * M_PI}}};
//   ChartPointer flat = with_topology(plane_chart(2), torus);
//   std::vector<double> from = {0, 0}, to = {6, 1};
//   std::vector<Lift> ways = lifts_near(torus, from, to);   // ways[0] is the nearest copy of the end in R^D

#include <span>
#include <string>
#include <vector>

#include "latentpath/metric/analytic_map.h"
#include "latentpath/numerics/identification.h"

namespace latentpath {

struct Topology {
  std::vector<Identification> identifications = {};
  /// z ~ −z/‖z‖², the antipode in stereographic coordinates: of projective spaces.
  bool antipodal = false;
  std::vector<double> lower = {}, upper = {};  ///< [D]: the open box that the chart covers; empty: no bounds
  double radius = 0;                           ///< > 0: the chart covers the open ball ‖z‖ < radius

  /// Whether points are identified at all.
  bool is_quotient() const { return antipodal || !identifications.empty(); }
  bool contains(std::span<const double> z) const;
  /// "1 of 2 has the period 6.28319" and the domain, for people; empty where there is nothing to say.
  std::string describe() const;
  /// Throws Error(kArgument) for axes, periods and bounds that cannot be of `dim` coordinates.
  void check(int dim) const;
};

/// A copy of a point in the covering space.
struct Lift {
  std::vector<double> point;  ///< [D] g·end
  std::vector<int> winding;   ///< exponents of the identifications in g, the antipode's last
};

/// The copies of `end` [D] around `start` [D], the nearest in R^D first: of each identification the three
/// exponents that bring the end nearest along its axis; of many identifications (their products would be over
/// 729) one at a time. One lift, the end itself, where nothing is identified.
std::vector<Lift> lifts_near(const Topology& topology, std::span<const double> start,
                             std::span<const double> end);

/// The same chart with a topology. Throws as Topology::check() does.
ChartPointer with_topology(ChartPointer chart, Topology topology);

}  // namespace latentpath
