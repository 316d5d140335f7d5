// Shortest paths on quotients: the shortest way round for every one of 1000 random pairs.

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <random>

#include "latentpath/metric/charts.h"
#include "latentpath/metric/topology.h"
#include "latentpath/path/global_geodesics.h"

namespace latentpath {
namespace {

constexpr double kPi = std::numbers::pi, kTurn = 2 * std::numbers::pi;
constexpr int kPairs = 1000;

/// Straight lines to the lifts alone: what a chart's topology adds, without routes.
GlobalGeodesicOptions by_lifts(int segments) {
  GlobalGeodesicOptions options;
  options.geodesic = {.segments = segments, .coarsest_segments = segments / 4};
  options.samples = 0;
  return options;
}

/// `count` numbers between low and high.
std::vector<double> uniform(std::mt19937_64& random, size_t count, double low, double high) {
  std::uniform_real_distribution<double> draw(low, high);
  std::vector<double> numbers(count);
  for (double& x : numbers) x = draw(random);
  return numbers;
}

/// The distance on a circle of the given circumference.
double round_distance(double difference, double period) {
  return std::abs(difference - period * std::round(difference / period));
}

GlobalGeodesics search(const ChartPointer& chart, const std::vector<double>& start,
                       const std::vector<double>& end, int segments) {
  return find_global_geodesics({.metric = WeightedMetric(chart), .start = start, .end = end},
                               by_lifts(segments));
}

TEST(Quotient, CylinderTakesTheShortestWayRound) {
  std::mt19937_64 random(1);
  const double radius = 0.7;
  const auto start = uniform(random, 2 * kPairs, -10, 10), end = uniform(random, 2 * kPairs, -10, 10);
  const GlobalGeodesics found = search(cylinder_chart(radius), start, end, 40);
  for (size_t pair = 0; pair < kPairs; ++pair) {
    const double u = round_distance(end[2 * pair] - start[2 * pair], kTurn),
                 v = end[2 * pair + 1] - start[2 * pair + 1];
    const auto& ways = found.pairs[pair].found;
    // Extrapolated from 10, 20 and 40 chords, an error of order h⁶; the second way round is the next longer
    // one.
    EXPECT_NEAR(ways[0].geodesic.extrapolated_length, std::hypot(radius * u, v), 1e-6) << pair;
    ASSERT_GE(ways.size(), 2U);
    EXPECT_NEAR(ways[1].geodesic.extrapolated_length, std::hypot(radius * (kTurn - u), v), 1e-5) << pair;
    EXPECT_LE(ways[0].geodesic.certificate.lower_bound, ways[0].geodesic.refined_length);
  }
}

TEST(Quotient, FlatToriOfAnyPeriods) {
  std::mt19937_64 random(2);
  for (int torus = 0; torus < 10; ++torus) {
    const size_t dim = 1 + static_cast<size_t>(torus) % 4;
    std::vector<double> periods = uniform(random, dim, 0.1, 20);
    if (dim > 1) periods[1] = 0;  // a line among the circles
    const size_t pairs = kPairs / 10;
    const auto start = uniform(random, dim * pairs, -30, 30), end = uniform(random, dim * pairs, -30, 30);
    const GlobalGeodesics found = search(flat_torus_chart(periods), start, end, 40);
    for (size_t pair = 0; pair < pairs; ++pair) {
      double square = 0, second = std::numeric_limits<double>::infinity();
      for (size_t d = 0; d < dim; ++d) {
        const double difference = end[pair * dim + d] - start[pair * dim + d],
                     near = periods[d] > 0 ? round_distance(difference, periods[d]) : std::abs(difference);
        square += near * near;
        // The second shortest goes the other way round in one coordinate.
        if (periods[d] > 0) second = std::min(second, std::pow(periods[d] - near, 2) - near * near);
      }
      const auto& ways = found.pairs[pair].found;
      EXPECT_NEAR(ways[0].geodesic.refined_length, std::sqrt(square), 1e-11) << torus << " " << pair;
      ASSERT_GE(ways.size(), 2U);
      EXPECT_NEAR(ways[1].geodesic.refined_length, std::sqrt(square + second), 1e-11) << torus << " " << pair;
      EXPECT_NEAR(ways[0].geodesic.certificate.lower_bound, std::sqrt(square), 1e-11);
    }
  }
}

TEST(Quotient, FlatMoebiusStrip) {
  std::mt19937_64 random(3);
  const double period = 3;
  const ChartPointer strip = with_topology(
      plane_chart(2), {.identifications = {{.axis = 0, .period = period, .reversed = {{1, 0.0}}}}});
  const auto start = uniform(random, 2 * kPairs, -4, 4), end = uniform(random, 2 * kPairs, -4, 4);
  const GlobalGeodesics found = search(strip, start, end, 40);
  for (size_t pair = 0; pair < kPairs; ++pair) {
    double exact = std::numeric_limits<double>::infinity();
    for (int k = -8; k <= 8; ++k)
      exact = std::min(exact, std::hypot(end[2 * pair] + k * period - start[2 * pair],
                                         (k % 2 == 0 ? 1 : -1) * end[2 * pair + 1] - start[2 * pair + 1]));
    const FoundGeodesic& best = found.pairs[pair].found[0];
    EXPECT_NEAR(best.geodesic.refined_length, exact, 1e-11) << pair;
    // The last node is the lift that the winding says.
    const int k = best.winding[0];
    EXPECT_NEAR(best.geodesic.nodes[best.geodesic.nodes.size() - 2], end[2 * pair] + k * period, 1e-12);
    EXPECT_EQ(best.geodesic.nodes.back(), (k % 2 == 0 ? 1 : -1) * end[2 * pair + 1]);
  }
}

TEST(Quotient, ProjectiveLineAndSpace) {
  std::mt19937_64 random(4);
  const auto from = uniform(random, kPairs, -9, 9), to = uniform(random, kPairs, -9, 9);
  const GlobalGeodesics lines = search(projective_line_chart(), from, to, 40);
  for (size_t pair = 0; pair < kPairs; ++pair)
    EXPECT_NEAR(lines.pairs[pair].found[0].geodesic.extrapolated_length,
                round_distance(to[pair] - from[pair], kPi), 1e-6)
        << pair;
  // In stereographic coordinates: the great circle to the nearer one of two antipodes.
  const auto start = uniform(random, 3 * kPairs, -1, 1), end = uniform(random, 3 * kPairs, -1, 1);
  const ChartPointer space = projective_space_chart(3);
  const GlobalGeodesics found = search(space, start, end, 40);
  for (size_t pair = 0; pair < kPairs; ++pair) {
    double x[4], y[4], product = 0;
    space->value(start.data() + 3 * pair, x);
    space->value(end.data() + 3 * pair, y);
    for (int k = 0; k < 4; ++k) product += x[k] * y[k];
    const auto& ways = found.pairs[pair].found;
    EXPECT_NEAR(ways[0].geodesic.extrapolated_length, std::acos(std::abs(product)), 1e-6) << pair;
    EXPECT_LE(ways[0].geodesic.certificate.lower_bound, std::acos(std::abs(product)) + 1e-12);
  }
}

/// Against fast marching on the closed grid, from a few starts to many ends each.
void expect_like_fast_marching(const ChartPointer& chart, const SearchBox& box, int longest,
                               double tolerance) {
  std::mt19937_64 random(5);
  const WeightedMetric metric(chart);
  const int starts = 10;
  for (int number = 0; number < starts; ++number) {
    Eigen::VectorXd source(2);
    for (int d = 0; d < 2; ++d)
      source[d] = uniform(random, 1, 0.6 * box.lower[d] + 0.4 * box.upper[d],
                          0.4 * box.lower[d] + 0.6 * box.upper[d])[0];
    const CartesianGrid grid = grid_through(source, source, box, longest, chart->topology().identifications);
    const GridRegion region = GridRegion::whole(grid);
    const EikonalSolution distances =
        solve_eikonal(region, sample_metric(region, metric_field(metric)), source);
    const size_t pairs = kPairs / starts;
    std::vector<double> start, end;
    for (size_t pair = 0; pair < pairs; ++pair)
      for (int d = 0; d < 2; ++d) {
        start.push_back(source[d]);
        end.push_back(uniform(random, 1, 0.7 * box.lower[d] + 0.3 * box.upper[d],
                              0.3 * box.lower[d] + 0.7 * box.upper[d])[0]);
      }
    const GlobalGeodesics found = search(chart, start, end, 40);
    for (size_t pair = 0; pair < pairs; ++pair) {
      const double reference =
          distances.distance_at(Eigen::Map<const Eigen::VectorXd>(end.data() + 2 * pair, 2));
      const double length = found.pairs[pair].found[0].geodesic.extrapolated_length;
      // Beside the start a cell is no small thing any more.
      EXPECT_NEAR(length, reference, tolerance * std::max(reference, 0.5))
          << number << " " << pair << " from " << source.transpose() << " to " << end[2 * pair] << " "
          << end[2 * pair + 1];
    }
  }
}

TEST(Quotient, TorusAgainstFastMarching) {
  expect_like_fast_marching(torus_chart(2, 1), {{-kTurn, -kTurn}, {kTurn, kTurn}}, 401, 2e-3);
}

TEST(Quotient, MoebiusStripAgainstFastMarching) {
  expect_like_fast_marching(moebius_chart(1), {{-kTurn, -2}, {kTurn, 2}}, 401, 2e-3);
}

}  // namespace
}  // namespace latentpath
