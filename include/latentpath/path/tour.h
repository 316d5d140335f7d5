#pragma once
// Tours: one smooth path through given points in turn, made of the paths between neighbours.
//
// Each leg, from a point to the next, is sought as a path of its own. Joined, they turn sharply where they
// meet. A tour is bent there: with its time τ the share of the legs' length in image space, γ̃(τ) = γ(τ) + (v̄
// − v) b(|τ − τ₀|), b(s) = s (1 − s/h)² for s < h and 0 beyond, v the velocity of a leg at the point γ(τ₀)
// and v̄ the mean of both legs'. b(0) = 0 and b'(0) = 1, so that γ̃ still passes through the point, and with
// the same velocity v̄ on both sides: slowly where it turns sharply, and where it turns back it stands still
// for a moment. h is the widest share of the legs, half of each at most, that makes the tour cost no more
// than allowed.
//
//   const PathResult legs = find_path(problem, options);             // a pair for each leg
//   const Tour tour = make_tour({{legs.nodes[0], &energy}, {legs.nodes[1], &energy}}, legs.times, {});
//   tour.nodes;     // [2m + 1, D], m = 4n, through the points at tour.nodes[0], [m] and [2m]

#include <cstdint>
#include <utility>
#include <vector>

#include "latentpath/path/find_path.h"

namespace latentpath {

struct TourOptions {
  bool closed = false;       ///< the last leg ends where the first begins, and the tour is smooth there, too
  bool smooth = true;        ///< else it turns at its points as its legs do
  double allowance = 0.05;   ///< a tour costs at most 1 + allowance times its legs; 0 or more
  int64_t subdivisions = 4;  ///< of each of the legs' segments, for nodes to bend at
};

struct TourLeg {
  Tensor nodes;              ///< [n + 1, D]
  const PathEnergy* energy;  ///< what it was sought by; costs are measured by it
};

struct Tour {
  Tensor nodes;  ///< [L m + 1, D], of the legs' type, m segments a leg; node k m is point k to the last bit
  Tensor times;  ///< [L m + 1]: share of the legs' length in image space up to each node, increasing
  double cost = 0;       ///< sum of the legs' refined costs, each in its own time, as bent
  double legs_cost = 0;  ///< the same of the legs as they were found
  double bent = 0;       ///< share of a leg, on either side of a point, that is bent; 0: none
  double jump = 0;  ///< largest ‖v₊ − v₋‖/(‖v₊‖ + ‖v₋‖) at a point: 0 smooth, 1 turned back at full speed
  double legs_jump = 0;  ///< the same of the legs as they were found
  double length = 0;     ///< in image space
};

/// Nodes [tours, L m + 1, D] and times [tours, L m + 1] of tours of as many legs.
std::pair<Tensor, Tensor> stacked(const std::vector<Tour>& tours);

/// The energy by which `result`'s path of a pair was sought, but for the term of density regularisation, to
/// measure it again.
PathEnergy energy_of(const PathProblem& problem, const PathOptions& options, const PathResult& result,
                     int64_t pair);

/// `times` [n + 1] are those of every leg's nodes. Throws Error(kArgument) for no legs, and for legs that do
/// not meet.
Tour make_tour(const std::vector<TourLeg>& legs, const Tensor& times, const TourOptions& options);

}  // namespace latentpath
