// Routes through a graph of samples.

#include "latentpath/numerics/roadmap.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "latentpath/core/error.h"
#include "latentpath/numerics/eikonal.h"

namespace latentpath {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

const SearchBox kSquare{{-1, -1}, {1, 1}};

VectorXd at(double x, double y) { return Eigen::Vector2d(x, y); }

/// Euclidean length outside a disc of radius ½, no way through it.
VectorXd around_disc(const MatrixXd& from, const MatrixXd& to) {
  VectorXd lengths(from.cols());
  for (Eigen::Index i = 0; i < from.cols(); ++i) {
    const VectorXd a = from.col(i), d = to.col(i) - a;
    const double along = std::clamp(-a.dot(d) / std::max(1e-300, d.squaredNorm()), 0.0, 1.0);
    lengths[i] = (a + along * d).norm() < 0.5 ? std::numeric_limits<double>::infinity() : d.norm();
  }
  return lengths;
}
VectorXd euclidean(const MatrixXd& from, const MatrixXd& to) {
  return (to - from).colwise().norm().transpose();
}

double length_of(const MatrixXd& nodes) {
  return (nodes.rightCols(nodes.cols() - 1) - nodes.leftCols(nodes.cols() - 1)).colwise().norm().sum();
}

}  // namespace

TEST(SpreadSamples, FillTheBoxEvenly) {
  const MatrixXd samples = spread_samples({{0, -1}, {2, 1}}, 1600);
  EXPECT_GE(samples.row(0).minCoeff(), 0);
  EXPECT_LE(samples.row(0).maxCoeff(), 2);
  // In each of 16 × 16 cells about 6.25 samples; random ones would leave cells empty or hold 14.
  Eigen::MatrixXi count = Eigen::MatrixXi::Zero(16, 16);
  for (Eigen::Index i = 0; i < samples.cols(); ++i)
    ++count(static_cast<int>(samples(0, i) * 8), static_cast<int>((samples(1, i) + 1) * 8));
  EXPECT_GE(count.minCoeff(), 3);
  EXPECT_LE(count.maxCoeff(), 10);
}

TEST(RouteGraph, StraightWhereNothingIsInTheWay) {
  RouteGraph graph(spread_samples(kSquare, 400), euclidean);
  const auto routes = graph.routes(at(-0.8, -0.7), at(0.9, 0.3), {.routes = 1});
  ASSERT_EQ(routes.size(), 1U);
  EXPECT_EQ(routes[0].nodes.cols(), 2);
  EXPECT_NEAR(routes[0].length, std::hypot(1.7, 1.0), 1e-12);
}

TEST(RouteGraph, BothWaysAroundADisc) {
  RouteGraph graph(spread_samples(kSquare, 600), around_disc, euclidean);
  const VectorXd start = at(-0.9, 0.05), end = at(0.9, 0.05);
  const auto routes = graph.routes(start, end, {.routes = 2});
  ASSERT_EQ(routes.size(), 2U);
  // The shorter way leads above; both are within what a graph of 12 neighbours loses, 6 %.
  const auto exact = [](double side) {
    const double reach = std::hypot(0.9, 0.05), tangent = std::sqrt(reach * reach - 0.25);
    const double angle = M_PI - 2 * side * std::atan2(0.05, 0.9) - 2 * std::acos(0.5 / reach);
    return 2 * tangent + 0.5 * angle;
  };
  const auto height = [](const MatrixXd& nodes) { return nodes.row(1).mean(); };
  EXPECT_GT(height(routes[0].nodes), 0.2);
  EXPECT_LT(height(routes[1].nodes), -0.2);
  EXPECT_LT(routes[0].length, 1.06 * exact(1));
  EXPECT_LT(routes[1].length, 1.1 * exact(-1));  // shortest under a penalty, not shortest
  for (const Route& route : routes) {
    EXPECT_EQ(VectorXd(route.nodes.col(0)), start);
    EXPECT_EQ(VectorXd(route.nodes.col(route.nodes.cols() - 1)), end);
    EXPECT_NEAR(route.length, length_of(route.nodes), 1e-12);
    for (Eigen::Index i = 0; i + 1 < route.nodes.cols(); ++i)
      EXPECT_TRUE(std::isfinite(around_disc(route.nodes.col(i), route.nodes.col(i + 1))[0]));
  }
}

TEST(RouteGraph, LazyFindsWhatEagerFindsAndEvaluatesLess) {
  const MatrixXd samples = spread_samples(kSquare, 1000);
  RouteGraph eager(samples, around_disc), lazy(samples, around_disc, euclidean);
  EXPECT_EQ(eager.evaluated_edges(), eager.edges());
  EXPECT_EQ(lazy.evaluated_edges(), 0);
  for (const double y : {-0.9, -0.3, 0.0, 0.4}) {
    const auto a = eager.routes(at(-0.9, y), at(0.9, 0.1), {.routes = 1}),
               b = lazy.routes(at(-0.9, y), at(0.9, 0.1), {.routes = 1});
    ASSERT_EQ(a.size(), 1U);
    ASSERT_EQ(b.size(), 1U);
    EXPECT_NEAR(a[0].length, b[0].length, 1e-12);
  }
  EXPECT_LT(lazy.evaluated_edges(), lazy.edges() / 4);
  // What one pair has evaluated serves the next: the same pair again costs only its own ends' edges.
  const int64_t before = lazy.evaluated_edges();
  lazy.routes(at(-0.9, 0.4), at(0.9, 0.1), {.routes = 1});
  EXPECT_LE(lazy.evaluated_edges() - before, 2 * 12 + 1);
  EXPECT_EQ(lazy.edges(), eager.edges());
}

TEST(RouteGraph, NoWayIsNoRoute) {
  const SegmentFunction wall = [](const MatrixXd& from, const MatrixXd& to) {
    VectorXd lengths = euclidean(from, to);
    for (Eigen::Index i = 0; i < lengths.size(); ++i)
      if ((from(0, i) < 0) != (to(0, i) < 0)) lengths[i] = std::nan("");
    return lengths;
  };
  RouteGraph graph(spread_samples(kSquare, 200), wall, euclidean);
  EXPECT_TRUE(graph.routes(at(-0.5, 0), at(0.5, 0)).empty());
  EXPECT_EQ(graph.routes(at(-0.5, 0), at(-0.2, 0.5), {.routes = 1}).size(), 1U);
}

TEST(RouteGraph, ManyDimensions) {
  const SearchBox cube{std::vector<double>(8, -1.0), std::vector<double>(8, 1.0)};
  RouteGraph graph(spread_samples(cube, 500), euclidean, euclidean);
  const auto routes = graph.routes(VectorXd::Constant(8, -0.8), VectorXd::Constant(8, 0.8), {.routes = 3});
  ASSERT_FALSE(routes.empty());
  EXPECT_NEAR(routes[0].length, 1.6 * std::sqrt(8), 1e-12);
}

TEST(RouteGraph, RefusesBadInput) {
  EXPECT_THROW(RouteGraph(MatrixXd::Zero(2, 1), euclidean), Error);
  MatrixXd bad = spread_samples(kSquare, 10);
  bad(0, 3) = std::nan("");
  EXPECT_THROW(RouteGraph(bad, euclidean), Error);
  RouteGraph graph(spread_samples(kSquare, 10), euclidean);
  EXPECT_THROW(graph.routes(VectorXd::Zero(3), VectorXd::Zero(3)), Error);
  EXPECT_THROW(graph.routes(at(0, 0), at(0, std::nan(""))), Error);
  EXPECT_THROW(graph.routes(at(0, 0), at(0, 1), {.detour = 1.0}), Error);
}

TEST(ResamplePolyline, KeepsEndsAndSpacing) {
  MatrixXd corner(2, 3);
  corner << 0, 1, 1, 0, 0, 3;
  const MatrixXd even = resample_polyline(corner, 5);
  EXPECT_EQ(VectorXd(even.col(0)), at(0, 0));
  EXPECT_EQ(VectorXd(even.col(4)), at(1, 3));
  EXPECT_NEAR(even(1, 2), 1, 1e-12);
  EXPECT_NEAR(even(0, 1), 1, 1e-12);
}

}  // namespace latentpath
