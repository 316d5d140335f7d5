#include "latentpath/measure/transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// LEMON's checks of concepts are empty under NDEBUG.
#pragma push_macro("NDEBUG")
#undef NDEBUG
#define LEMON_ONLY_TEMPLATES
#include <lemon/concept_check.h>
#include <lemon/concepts/digraph.h>
#pragma pop_macro("NDEBUG")

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <random>
#include <set>
#include <thread>

#include "contract/random_points.h"
#include "latentpath/core/error.h"
#include "measure/dense/complete_bipartite_digraph.h"

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

/// The proof, looked at pair by pair, and not by the code that made it.
void expect_proof(const TransportPlan& plan, const std::vector<double>& x, const std::vector<double>& y,
                  int64_t dim, const std::vector<double>& w, const std::vector<double>& v) {
  double dual = 0, largest = 0, violation = 0;
  for (size_t i = 0; i < w.size(); ++i) dual += w[i] * plan.first_potential[i];
  for (size_t j = 0; j < v.size(); ++j) dual += v[j] * plan.second_potential[j];
  for (size_t i = 0; i < w.size(); ++i)
    for (size_t j = 0; j < v.size(); ++j) {
      const double c = squared_distance(x, static_cast<int64_t>(i), y, static_cast<int64_t>(j), dim);
      largest = std::max(largest, c);
      violation = std::max(violation, plan.first_potential[i] + plan.second_potential[j] - c);
    }
  // Costs are whole multiples of 2⁻⁴⁰ of the largest at the most, and a chain of moves adds up a few.
  const double rounding = 1e-12 * largest;
  EXPECT_LE(violation, rounding);
  EXPECT_LE(plan.violation, rounding);
  EXPECT_LE(plan.slackness, rounding);
  EXPECT_LE(plan.duality_gap, rounding);
  EXPECT_GE(plan.duality_gap, 0);
  EXPECT_NEAR(dual, plan.cost, rounding);
  EXPECT_LE(plan.lower_bound(), plan.cost);
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

TEST(ExactTransport, ProvesItselfByTheDual) {
  for (const int64_t dim : {1, 2, 7}) {
    const auto x = random_points(90, dim, 100), y = random_points(70, dim, 101, 0.5);
    expect_proof(exact_transport({x, dim}, {y, dim}), x, y, dim, evenly(90), evenly(70));
    std::vector<double> w(90), v(70);
    for (size_t i = 0; i < w.size(); ++i) w[i] = 1 + std::sin(static_cast<double>(i));
    for (size_t j = 0; j < v.size(); ++j) v[j] = j % 3 == 0 ? 0 : 0.1 * static_cast<double>(j);
    const double sum_w = std::accumulate(w.begin(), w.end(), 0.0),
                 sum_v = std::accumulate(v.begin(), v.end(), 0.0);
    const TransportPlan plan = exact_transport({x, dim, w}, {y, dim, v});
    for (double& mass : w) mass /= sum_w;
    for (double& mass : v) mass /= sum_v;
    expect_proof(plan, x, y, dim, w, v);
    expect_marginals(plan, w, v);
  }
}

TEST(ExactTransport, IsAsExactForCloudsFarApartAndForGridPoints) {
  auto x = random_points(200, 2, 110), y = random_points(200, 2, 111);
  const TransportPlan near = exact_transport({x, 2}, {y, 2});
  auto far = y;
  for (double& z : far) z += 1e5;
  const TransportPlan moved = exact_transport({x, 2}, {far, 2});
  for (size_t k = 0; k < near.moves.size(); ++k) EXPECT_EQ(near.moves[k].to, moved.moves[k].to);
  // On a grid costs are whole numbers with many ties.
  for (double& z : x) z = std::round(3 * z);
  for (double& z : y) z = std::round(3 * z);
  const TransportPlan grid = exact_transport({x, 2}, {y, 2});
  EXPECT_LT(grid.duality_gap, 1e-12);
  EXPECT_NEAR(200 * grid.cost, std::round(200 * grid.cost), 1e-9);
}

TEST(ExactTransport, ReturnsAtOnceWhenCancelled) {
  const auto x = random_points(2500, 2, 120), y = random_points(2500, 2, 121);  // a second or more
  const CancellationToken token;
  const auto begin = std::chrono::steady_clock::now();
  std::thread canceller([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(150));
    token.cancel();
  });
  EXPECT_THROW(exact_transport({x, 2}, {y, 2}, token), Error);
  canceller.join();
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begin;
  EXPECT_LT(passed.count(), 60);  // on however busy a machine; what it must not do is hang
}

TEST(ExactTransport, KnowsItsEffort) {
  // LEMON's arrays at 10 000 points: 37 bytes an arc without weights, 53 with them.
  EXPECT_NEAR(exact_transport_effort(10000, 10000, false).bytes, 3.7e9, 1e7);
  EXPECT_NEAR(exact_transport_effort(10000, 10000, true).bytes, 5.3e9, 1e7);
  EXPECT_GT(exact_transport_effort(10000, 10000, false).seconds,
            exact_transport_effort(100, 100, false).seconds);
  const std::vector<double> x(100000, 0.0), y(2 * 42950, 0.0);
  EXPECT_THROW(exact_transport({x, 2}, {y, 2}), Error);  // 2^31 pairs: refused before anything is allocated
}

TEST(CompleteBipartiteDigraph, IsADigraphOfLemon) {
  using Digraph = detail::CompleteBipartiteDigraph;
  // What concepts::Digraph is made of, but for maps of types of one's own, which LEMON 1.3 cannot make in
  // C++20.
  lemon::checkConcept<lemon::concepts::BaseDigraphComponent, Digraph>();
  lemon::checkConcept<lemon::concepts::IterableDigraphComponent<>, Digraph>();
  lemon::checkConcept<lemon::concepts::IDableDigraphComponent<>, Digraph>();
  lemon::checkConcept<lemon::concepts::ReadWriteMap<Digraph::Node, int>, Digraph::NodeMap<int>>();
  lemon::checkConcept<lemon::concepts::ReadWriteMap<Digraph::Arc, double>, Digraph::ArcMap<double>>();
  const Digraph graph(3, 4);
  std::set<std::pair<int, int>> ends;
  for (Digraph::ArcIt arc(graph); arc != lemon::INVALID; ++arc) {
    const auto from = graph.source(arc), to = graph.target(arc);
    EXPECT_TRUE(ends.emplace(graph.id(from), graph.id(to)).second);
    EXPECT_EQ(graph.id(graph.findArc(from, to)), graph.id(arc));
    EXPECT_EQ(graph.findArc(to, from), lemon::INVALID);
  }
  EXPECT_EQ(ends.size(), 12u);
  for (Digraph::NodeIt node(graph); node != lemon::INVALID; ++node) {
    int out = 0, in = 0;
    for (Digraph::OutArcIt arc(graph, node); arc != lemon::INVALID; ++arc, ++out)
      EXPECT_EQ(graph.source(arc), node);
    for (Digraph::InArcIt arc(graph, node); arc != lemon::INVALID; ++arc, ++in)
      EXPECT_EQ(graph.target(arc), node);
    const bool source = graph.id(node) < 3;
    EXPECT_EQ(out, source ? 4 : 0);
    EXPECT_EQ(in, source ? 0 : 3);
  }
}

TEST(EntropicTransport, BoundsTheExactOne) {
  const auto x = random_points(150, 3, 130), y = random_points(120, 3, 131, 0.3);
  std::vector<double> w(150);
  for (size_t i = 0; i < w.size(); ++i) w[i] = static_cast<double>(i % 5);
  const double exact = exact_transport({x, 3, w}, {y, 3}).cost;
  double before = 1e300;
  for (const double blur : {0.5, 0.2, 0.1}) {
    const EntropicTransport found = entropic_transport({x, 3, w}, {y, 3}, {.blur = blur});
    EXPECT_LE(found.lower_bound, exact * (1 + 1e-12)) << blur;
    EXPECT_GE(found.upper_bound, exact * (1 - 1e-12)) << blur;
    EXPECT_LT(found.upper_bound - found.lower_bound, before) << blur;  // less blur, less doubt
    before = found.upper_bound - found.lower_bound;
  }
  EXPECT_LT(before, 0.15 * exact);  // the bias of a blur is about its square times the dimension
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
