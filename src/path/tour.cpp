#include "latentpath/path/tour.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "latentpath/core/error.h"
#include "latentpath/curve/curve.h"
#include "latentpath/path/quality_of_pair.h"
#include "path/search.h"

namespace latentpath {
namespace {

/// Shares of a leg that are tried, the widest first.
constexpr double kShares[] = {1 / 2., 3 / 8., 1 / 4., 3 / 16., 1 / 8., 1 / 12., 1 / 16., 1 / 24., 1 / 32.};
/// Of the mean step in image space: the least that times grow by from node to node, where a path stays.
constexpr double kLeastStep = 1e-6;

/// A leg in the tour's time.
struct TimedLeg {
  Tensor nodes;    // [n + 1, D] float64
  Tensor elapsed;  // [n + 1], from 0 at its start
  double duration() const { return elapsed[-1].item<double>(); }
  Tensor first_velocity() const { return (nodes[1] - nodes[0]) / (elapsed[1] - elapsed[0]); }
  Tensor last_velocity() const { return (nodes[-1] - nodes[-2]) / (elapsed[-1] - elapsed[-2]); }
};

/// Steps in image space of all legs, [L, n]. What is NaN counts as none.
Tensor image_steps(const std::vector<TourLeg>& legs) {
  std::vector<Tensor> steps;
  for (const TourLeg& leg : legs)
    steps.push_back(
        leg.energy->squared_chords(leg.energy->decode(leg.nodes).unsqueeze(0))[0].clamp_min(0).sqrt());
  return at::nan_to_num(at::stack(steps), 0, 0, 0);
}

/// The nodes, and `parts` − 1 more in every segment.
Tensor subdivided(const Tensor& nodes, int64_t parts) {
  const int64_t n = nodes.size(0) - 1;
  Tensor fine =
      interpolate_polyline(nodes.unsqueeze(0), uniform_times(n), uniform_times(n * parts))[0].clone();
  // To the last bit where they were.
  fine.index_copy_(0, at::arange(n + 1, at::kLong) * parts, nodes);
  return fine;
}

std::vector<TimedLeg> timed(const std::vector<TourLeg>& legs, const Tensor& steps, int64_t parts) {
  const Tensor least = (kLeastStep * steps.mean()).clamp_min(1e-300);
  const Tensor taken = at::maximum(steps, least).repeat_interleave(parts, 1);
  const Tensor elapsed = at::constant_pad_nd((taken / taken.sum()).cumsum(1), {1, 0});
  std::vector<TimedLeg> all;
  for (size_t leg = 0; leg < legs.size(); ++leg)
    all.push_back({subdivided(legs[leg].nodes.to(at::kDouble), parts), elapsed[static_cast<int64_t>(leg)]});
  return all;
}

/// b(s), at distances s [n + 1] from a point, over a window h; s itself up to the first node, so that the
/// first step has the velocity wanted.
Tensor bump(const Tensor& s, double first, double h) {
  const Tensor left = (1 - (s - first).clamp_min(0) / std::max(h - first, 1e-300)).square();
  return (s * left).masked_fill(s >= std::max(h, first * 1.001), 0);
}

/// Pairs of legs that meet at a point: the last of one, the first of the other.
std::vector<std::pair<size_t, size_t>> meetings(size_t legs, bool closed) {
  std::vector<std::pair<size_t, size_t>> all;
  for (size_t leg = 0; leg + 1 < legs; ++leg) all.emplace_back(leg, leg + 1);
  if (closed) all.emplace_back(legs - 1, 0);
  return all;
}

/// The legs, bent near their ends over `share` of each.
std::vector<Tensor> bent(const std::vector<TimedLeg>& legs, double share, bool closed) {
  std::vector<Tensor> nodes;
  for (const TimedLeg& leg : legs) nodes.push_back(leg.nodes.clone());
  for (const auto& [before, after] : meetings(legs.size(), closed)) {
    const TimedLeg &a = legs[before], &b = legs[after];
    const Tensor incoming = a.last_velocity(), outgoing = b.first_velocity();
    const Tensor mean = 0.5 * (incoming + outgoing);
    const double last = (a.elapsed[-1] - a.elapsed[-2]).item<double>(), first = b.elapsed[1].item<double>();
    nodes[before] -=
        bump(a.duration() - a.elapsed, last, share * a.duration()).unsqueeze(1) * (mean - incoming);
    nodes[after] += bump(b.elapsed, first, share * b.duration()).unsqueeze(1) * (mean - outgoing);
  }
  for (size_t leg = 0; leg < legs.size(); ++leg) {  // s and 1 − s round: points are points
    nodes[leg][0] = legs[leg].nodes[0];
    nodes[leg][-1] = legs[leg].nodes[-1];
  }
  return nodes;
}

double largest_jump(const std::vector<TimedLeg>& legs, const std::vector<Tensor>& nodes, bool closed) {
  double largest = 0;
  for (const auto& [before, after] : meetings(legs.size(), closed)) {
    const Tensor in = TimedLeg{nodes[before], legs[before].elapsed}.last_velocity(),
                 out = TimedLeg{nodes[after], legs[after].elapsed}.first_velocity();
    const double speeds = (in.norm() + out.norm()).item<double>();
    if (speeds > 0) largest = std::max(largest, (out - in).norm().item<double>() / speeds);
  }
  return largest;
}

double cost_of(const std::vector<TourLeg>& legs, const std::vector<Tensor>& nodes, const Tensor& times) {
  double cost = 0;
  for (size_t leg = 0; leg < legs.size(); ++leg) {
    // As they are stored.
    const Tensor stored = nodes[leg].to(legs[leg].nodes.scalar_type()).to(at::kDouble).unsqueeze(0);
    const auto curve = [&](const Tensor& t) { return interpolate_polyline(stored, times, t); };
    cost += legs[leg].energy->measure(curve, 1, times, nullptr).cost_refined[0].item<double>();
  }
  return cost;
}

void check(const std::vector<TourLeg>& legs, const Tensor& times, const TourOptions& options) {
  LATENTPATH_CHECK(!legs.empty(), kArgument, "a tour needs legs");
  LATENTPATH_CHECK(options.allowance >= 0, kArgument, "`allowance` must be 0 or more, not ",
                   options.allowance);
  for (const TourLeg& leg : legs)
    LATENTPATH_CHECK(leg.energy != nullptr && leg.nodes.dim() == 2 && leg.nodes.size(0) == times.size(0) &&
                         leg.nodes.size(0) >= 2 && leg.nodes.size(1) == legs[0].nodes.size(1),
                     kArgument, "each leg of a tour needs an energy, and a node for each time");
  for (const auto& [before, after] : meetings(legs.size(), options.closed))
    LATENTPATH_CHECK(at::equal(legs[before].nodes[-1], legs[after].nodes[0]), kArgument, "leg ", after + 1,
                     " of a tour does not begin where leg ", before + 1, " ends");
}

}  // namespace

std::pair<Tensor, Tensor> stacked(const std::vector<Tour>& tours) {
  std::vector<Tensor> nodes, times;
  for (const Tour& tour : tours) nodes.push_back(tour.nodes), times.push_back(tour.times);
  return {at::stack(nodes), at::stack(times)};
}

PathEnergy energy_of(const PathProblem& problem, const PathOptions& options, const PathResult& result,
                     int64_t pair) {
  const auto row = static_cast<size_t>(pair);
  return {problem.embedding, quality_of_pair(problem, pair),
          energy_options(options, make_cost(result.cost[row], result.time_weight[row]))};
}

Tour make_tour(const std::vector<TourLeg>& legs, const Tensor& times, const TourOptions& options) {
  check(legs, times, options);
  const at::NoGradGuard no_gradient;
  LATENTPATH_CHECK(options.subdivisions >= 1, kArgument, "`subdivisions` must be 1 or more, not ",
                   options.subdivisions);
  const std::vector<TimedLeg> found = timed(legs, image_steps(legs), options.subdivisions);
  const Tensor fine = subdivided(times.view({-1, 1}), options.subdivisions).view(-1);
  std::vector<Tensor> nodes;
  for (const TimedLeg& leg : found) nodes.push_back(leg.nodes);
  Tour tour;
  tour.legs_jump = tour.jump = largest_jump(found, nodes, options.closed);
  tour.legs_cost = tour.cost = cost_of(legs, nodes, fine);
  if (options.smooth && tour.legs_jump > 0)
    for (const double share : kShares) {
      const std::vector<Tensor> tried = bent(found, share, options.closed);
      const double cost = cost_of(legs, tried, fine);
      if (!(cost <= (1 + options.allowance) * tour.legs_cost)) continue;
      nodes = tried;
      tour.cost = cost;
      tour.bent = share;
      tour.jump = largest_jump(found, nodes, options.closed);
      break;
    }
  // One list of nodes: legs share theirs where they meet.
  std::vector<Tensor> parts{nodes[0].narrow(0, 0, 1)};
  std::vector<TourLeg> stored = legs;
  for (size_t leg = 0; leg < legs.size(); ++leg) {
    parts.push_back(nodes[leg].slice(0, 1));
    stored[leg].nodes = nodes[leg].to(legs[leg].nodes.scalar_type());
  }
  tour.nodes = at::cat(parts).to(legs[0].nodes.scalar_type());
  tour.length = image_steps(stored).sum().item<double>();
  std::vector<Tensor> elapsed{at::zeros({1}, at::kDouble)};
  double before = 0;
  for (const TimedLeg& leg : found) {
    elapsed.push_back(before + leg.elapsed.slice(0, 1));
    before += leg.duration();
  }
  tour.times = at::cat(elapsed) / before;
  tour.times[-1] = 1.0;
  return tour;
}

}  // namespace latentpath
