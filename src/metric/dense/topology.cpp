#include "latentpath/metric/topology.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "latentpath/metric/delegating_map.h"

namespace latentpath {
namespace {

/// A chart that knows its topology, and is otherwise the chart it was given.
class ChartWithTopology final : public DelegatingMap {
 public:
  ChartWithTopology(ChartPointer chart, Topology topology)
      : DelegatingMap(std::move(chart)), topology_(std::move(topology)) {}
  const Topology& topology() const override { return topology_; }

 private:
  Topology topology_;
};

/// Between two points: a copy of a point is numbered by an int.
constexpr double kMostPeriods = 1e9;

/// Products of more identifications than this are not all looked at: 3⁶ = 729 of them.
constexpr std::size_t kMostTogether = 6;

double squared_distance(std::span<const double> a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t d = 0; d < a.size(); ++d) sum += (a[d] - b[d]) * (a[d] - b[d]);
  return sum;
}

/// Every lift that arises from `lift` by the identifications from number `next` on.
void add_lifts(const Topology& topology, std::span<const double> start, Lift lift, std::size_t next,
               bool together, std::vector<Lift>& lifts) {
  const std::size_t count = topology.identifications.size();
  if (next == count) {
    if (!topology.antipodal) {
      lifts.push_back(std::move(lift));
      return;
    }
    Lift other = lift;
    double square = 0;
    for (const double x : lift.point) square += x * x;
    lift.winding.push_back(0);
    lifts.push_back(std::move(lift));
    if (square == 0) return;  // the antipode is the point at infinity
    for (double& x : other.point) x = -x / square;
    other.winding.push_back(1);
    lifts.push_back(std::move(other));
    return;
  }
  const Identification& g = topology.identifications[next];
  const auto axis = static_cast<std::size_t>(g.axis);
  const double periods = std::round((start[axis] - lift.point[axis]) / g.period);
  LATENTPATH_CHECK(std::abs(periods) <= kMostPeriods, kArgument, "coordinate ", axis + 1,
                   " of two points is ", start[axis], " and ", lift.point[axis], ", over ", kMostPeriods,
                   " periods of ", g.period, " apart: give both within some periods of each other");
  const int nearest = static_cast<int>(periods);
  // One at a time: only where no other one has been moved away from its nearest exponent yet.
  for (const int step : {0, -1, 1}) {
    if (step != 0 && !together) continue;
    Lift moved = lift;
    g.apply(nearest + step, moved.point.data());
    // A whole number of periods apart but for rounding is no distance at all.
    const double ulp = 4 * std::numeric_limits<double>::epsilon() *
                       (std::abs(lift.point[axis]) + std::abs(nearest + step) * g.period);
    if (std::abs(moved.point[axis] - start[axis]) <= ulp) moved.point[axis] = start[axis];
    moved.winding.push_back(nearest + step);
    add_lifts(topology, start, std::move(moved), next + 1, together, lifts);
  }
}

}  // namespace

const Topology& AnalyticMap::topology() const {
  static const Topology none;
  return none;
}

bool Topology::contains(std::span<const double> z) const {
  double square = 0;
  for (std::size_t d = 0; d < z.size(); ++d) {
    if (!lower.empty() && !(z[d] > lower[d] && z[d] < upper[d])) return false;
    square += z[d] * z[d];
  }
  return radius <= 0 || square < radius * radius;
}

std::string Topology::describe() const {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  for (const Identification& g : identifications) {
    std::string part = join_message("z", g.axis + 1, " has the period ", g.period);
    for (const auto& [other, centre] : g.reversed) part += join_message(" and turns z", other + 1, " over");
    add(part);
  }
  if (antipodal) add("antipodes are one point");
  if (radius > 0) add(join_message("the chart covers ‖z‖ < ", radius));
  for (std::size_t d = 0; d < lower.size(); ++d)
    if (std::isfinite(lower[d]) && std::isfinite(upper[d]))
      add(join_message("the chart covers ", lower[d], " < z", d + 1, " < ", upper[d]));
    else if (std::isfinite(lower[d]))
      add(join_message("the chart covers z", d + 1, " > ", lower[d]));
    else if (std::isfinite(upper[d]))
      add(join_message("the chart covers z", d + 1, " < ", upper[d]));
  return text;
}

void Topology::check(int dim) const {
  for (const Identification& g : identifications) {
    LATENTPATH_CHECK(g.axis >= 0 && g.axis < dim, kArgument, "a period is of coordinate ", g.axis + 1,
                     ", and there are ", dim);
    LATENTPATH_CHECK(std::isfinite(g.period) && g.period > 0, kArgument, "the period of coordinate ",
                     g.axis + 1, " is ", g.period, ": it must be above 0");
    for (const auto& [other, centre] : g.reversed)
      LATENTPATH_CHECK(other >= 0 && other < dim && other != g.axis && std::isfinite(centre), kArgument,
                       "the period of coordinate ", g.axis + 1, " turns over coordinate ", other + 1,
                       ": it must be another one of the ", dim);
  }
  const auto size = static_cast<std::size_t>(dim);
  LATENTPATH_CHECK(lower.size() == upper.size() && (lower.empty() || lower.size() == size), kArgument,
                   "a domain has a low and a high end for each of the ", dim, " coordinates, not ",
                   lower.size(), " and ", upper.size());
  for (std::size_t d = 0; d < lower.size(); ++d)
    LATENTPATH_CHECK(lower[d] < upper[d], kArgument, "the domain of coordinate ", d + 1, " runs from ",
                     lower[d], " to ", upper[d], ": the low end must be below the high end");
}

std::vector<Lift> lifts_near(const Topology& topology, std::span<const double> start,
                             std::span<const double> end) {
  std::vector<Lift> lifts;
  const Lift given{{end.begin(), end.end()}, {}};
  const std::size_t count = topology.identifications.size();
  const bool together = count <= kMostTogether;
  add_lifts(topology, start, given, 0, together, lifts);
  if (!together) {
    const Lift nearest = lifts[0];
    for (std::size_t i = 0; i < count; ++i)
      for (const int step : {-1, 1}) {
        Lift moved = nearest;
        topology.identifications[i].apply(step, moved.point.data());
        moved.winding[i] += step;
        lifts.push_back(std::move(moved));
      }
  }
  std::stable_sort(lifts.begin(), lifts.end(), [&](const Lift& a, const Lift& b) {
    return squared_distance(start, a.point) < squared_distance(start, b.point);
  });
  return lifts;
}

ChartPointer with_topology(ChartPointer chart, Topology topology) {
  LATENTPATH_CHECK(chart != nullptr, kArgument, "a topology needs a chart");
  topology.check(chart->latent_dim());
  return std::make_shared<ChartWithTopology>(std::move(chart), std::move(topology));
}

}  // namespace latentpath
