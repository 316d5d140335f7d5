#include "latentpath/measure/transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "contract/random_points.h"
#include "latentpath/core/error.h"

namespace latentpath::testing {
namespace {

double squared_distance(const std::vector<double>& x, int64_t i, const std::vector<double>& y, int64_t j,
                        int64_t dim) {
  double total = 0;
  for (int64_t k = 0; k < dim; ++k) {
    const double d = x[static_cast<size_t>(i * dim + k)] - y[static_cast<size_t>(j * dim + k)];
    total += d * d;
  }
  return total;
}

void expect_marginals(const TransportPlan& plan, const std::vector<double>& w, const std::vector<double>& v) {
  std::vector<double> from(w.size(), 0), to(v.size(), 0);
  for (const auto& move : plan.moves) {
    EXPECT_GT(move.mass, 0);
    from[static_cast<size_t>(move.from)] += move.mass;
    to[static_cast<size_t>(move.to)] += move.mass;
  }
  for (size_t i = 0; i < w.size(); ++i) EXPECT_NEAR(from[i], w[i], 1e-12);
  for (size_t j = 0; j < v.size(); ++j) EXPECT_NEAR(to[j], v[j], 1e-12);
  EXPECT_LE(plan.moves.size(), w.size() + v.size() - 1);
}

std::vector<double> evenly(size_t count) {
  return std::vector<double>(count, 1 / static_cast<double>(count));
}

}  // namespace

TEST(ExactTransport, IsTheBestOfAllAssignments) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const auto x = random_points(7, 2, 2 * seed), y = random_points(7, 2, 2 * seed + 1);
    std::vector<int64_t> order(7);
    std::iota(order.begin(), order.end(), 0);
    double best = 1e300;
    do {
      double cost = 0;
      for (int64_t i = 0; i < 7; ++i) cost += squared_distance(x, i, y, order[static_cast<size_t>(i)], 2) / 7;
      best = std::min(best, cost);
    } while (std::next_permutation(order.begin(), order.end()));
    const TransportPlan plan = exact_transport({x, 2}, {y, 2});
    EXPECT_NEAR(plan.cost, best, 1e-12 * best);
    EXPECT_EQ(plan.moves.size(), 7u);  // an assignment
    expect_marginals(plan, evenly(7), evenly(7));
  }
}

TEST(ExactTransport, SplitsMassBetweenSamplesOfDifferentSize) {
  // 4 against 6 points: each point repeated to 12 makes it an assignment.
  const auto x = random_points(4, 2, 50), y = random_points(6, 2, 51);
  std::vector<double> many_x, many_y;
  for (int64_t c = 0; c < 12; ++c) {
    many_x.insert(many_x.end(), x.begin() + c % 4 * 2, x.begin() + c % 4 * 2 + 2);
    many_y.insert(many_y.end(), y.begin() + c % 6 * 2, y.begin() + c % 6 * 2 + 2);
  }
  const TransportPlan plan = exact_transport({x, 2}, {y, 2});
  EXPECT_NEAR(plan.cost, exact_transport({many_x, 2}, {many_y, 2}).cost, 1e-12);
  expect_marginals(plan, evenly(4), evenly(6));
  // The same measure, by weights.
  const std::vector<double> w{2, 1, 1}, doubled{0, 0, 0, 0, 1, 1, 2, 2}, merged{0, 0, 1, 1, 2, 2};
  EXPECT_NEAR(exact_transport({merged, 2, w}, {y, 2}).cost, exact_transport({doubled, 2}, {y, 2}).cost,
              1e-11);
}

TEST(ExactTransport, SortsOnTheLineAsTheGeneralMethodDoes) {
  const auto x = random_points(40, 1, 60), y = random_points(25, 1, 61, 1);
  std::vector<double> flat_x, flat_y;  // the same on a line in the plane
  for (const double v : x) flat_x.insert(flat_x.end(), {v, 3.0});
  for (const double v : y) flat_y.insert(flat_y.end(), {v, 3.0});
  const TransportPlan line = exact_transport({x, 1}, {y, 1}),
                      plane = exact_transport({flat_x, 2}, {flat_y, 2});
  EXPECT_NEAR(line.cost, plane.cost, 1e-12);
  expect_marginals(line, evenly(40), evenly(25));
}

TEST(ExactTransport, TranslatesATranslatedCopy) {
  const auto x = random_points(60, 3, 70);
  auto y = x;
  for (size_t i = 0; i < y.size(); ++i) y[i] += i % 3 == 0 ? 5 : -2;
  const TransportPlan plan = exact_transport({x, 3}, {y, 3});
  for (const auto& move : plan.moves) EXPECT_EQ(move.from, move.to);
  EXPECT_NEAR(plan.cost, 25 + 4 + 4, 1e-12);
}

TEST(ExactTransport, IsOptimalForManyPoints) {
  // No exchange of two targets lowers the cost, and neither order of the samples does.
  const auto x = random_points(300, 2, 80), y = random_points(300, 2, 81, 0.5);
  const TransportPlan plan = exact_transport({x, 2}, {y, 2});
  for (const auto& a : plan.moves)
    for (const auto& b : plan.moves)
      EXPECT_LE(squared_distance(x, a.from, y, a.to, 2) + squared_distance(x, b.from, y, b.to, 2),
                squared_distance(x, a.from, y, b.to, 2) + squared_distance(x, b.from, y, a.to, 2) + 1e-12);
  EXPECT_NEAR(plan.cost, exact_transport({y, 2}, {x, 2}).cost, 1e-12);
}

TEST(EntropicTransport, ComesNearTheExactOne) {
  const auto x = random_points(400, 2, 90), y = random_points(300, 2, 91, 2);
  const double exact = exact_transport({x, 2}, {y, 2}).cost;
  const EntropicTransport found = entropic_transport({x, 2}, {y, 2});
  // A blur of 2 % of the median distance: its bias, of the order of blur² times the dimension, is far below 2
  // %.
  EXPECT_NEAR(found.cost / exact, 1, 0.02);
  EXPECT_LT(found.marginal_error, 0.02);  // 0.01 is asked for on both sides together
  double error = 0;  // the map against the translation that it nearly is: both samples are N(·, I)
  for (size_t i = 0; i < x.size(); ++i)
    error += (found.forward[i] - x[i] - 2) / static_cast<double>(x.size());
  EXPECT_NEAR(error, 0, 0.1);
}

TEST(EntropicTransport, LeavesEqualSamplesAlone) {
  // Debiased: without the self-transport, points would shrink towards each other.
  const auto x = random_points(100, 2, 92);
  const EntropicTransport found = entropic_transport({x, 2}, {x, 2}, {.blur = 0.5});
  for (size_t i = 0; i < x.size(); ++i) EXPECT_NEAR(found.forward[i], x[i], 1e-9);
  EXPECT_NEAR(found.cost, 0, 1e-9);
}

TEST(Transport, RefusesWhatIsNoSample) {
  const std::vector<double> x{1, 2}, none, nan{1, std::nan("")};
  EXPECT_THROW(exact_transport({x, 2}, {none, 2}), Error);
  EXPECT_THROW(exact_transport({x, 2}, {x, 1}), Error);
  EXPECT_THROW(exact_transport({x, 2}, {nan, 2}), Error);
  EXPECT_THROW(entropic_transport({x, 2}, {x, 2}, {.blur = -1}), Error);
  CancellationToken cancelled;
  cancelled.cancel();
  EXPECT_THROW(exact_transport({x, 2}, {x, 2}, cancelled), Error);
}

}  // namespace latentpath::testing
