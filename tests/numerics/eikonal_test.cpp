// Globally shortest distances on grids, against metrics whose distances are known in closed form.

#include "latentpath/numerics/eikonal.h"

#include <gtest/gtest.h>

#include <Eigen/Dense>

#include <cmath>
#include <limits>

#include "latentpath/core/error.h"

namespace latentpath {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

VectorXd point(std::initializer_list<double> coordinates) {
  VectorXd z(static_cast<Eigen::Index>(coordinates.size()));
  Eigen::Index d = 0;
  for (const double x : coordinates) z[d++] = x;
  return z;
}

MetricField isotropic(const std::function<double(const VectorXd&)>& weight) {
  return [weight](const MatrixXd& points) {
    MatrixXd g(1, points.cols());
    for (Eigen::Index i = 0; i < points.cols(); ++i) g(0, i) = std::pow(weight(points.col(i)), 2);
    return g;
  };
}

MetricField tensor(const std::function<MatrixXd(const VectorXd&)>& metric) {
  return [metric](const MatrixXd& points) {
    const Eigen::Index dim = points.rows();
    MatrixXd packed(dim * (dim + 1) / 2, points.cols());
    for (Eigen::Index i = 0; i < points.cols(); ++i) {
      const MatrixXd g = metric(points.col(i));
      Eigen::Index row = 0;
      for (Eigen::Index a = 0; a < dim; ++a)
        for (Eigen::Index b = a; b < dim; ++b) packed(row++, i) = g(a, b);
    }
    return packed;
  };
}

EikonalDistanceOptions in_square(double half_side, double tolerance = 2e-4) {
  EikonalDistanceOptions options;
  options.box = {{-half_side, -half_side}, {half_side, half_side}};
  options.tolerance = tolerance;
  return options;
}

/// The result is within `accuracy` of the truth, its own estimate covers the error, and its path is a path.
void expect_distance(const EikonalDistance& d, double exact, double accuracy, double path_accuracy) {
  EXPECT_NEAR(d.distance / exact, 1, accuracy);
  EXPECT_LE(std::abs(d.distance - exact), d.error_estimate + 1e-12 * exact);
  // A path cannot be shorter than the shortest one but by the error of quadrature on pieces of a quarter
  // spacing.
  EXPECT_GT(d.path_length, exact * (1 - 1e-6));
  EXPECT_LT(d.path_length, exact * (1 + path_accuracy));
}

double poincare_distance(const VectorXd& x, const VectorXd& y) {
  return std::acosh(1 + 2 * (x - y).squaredNorm() / ((1 - x.squaredNorm()) * (1 - y.squaredNorm())));
}
const MetricField kPoincare =
    isotropic([](const VectorXd& z) { return z.norm() < 1 ? 2 / (1 - z.squaredNorm()) : kInfinity; });

VectorXd on_sphere(const VectorXd& z) {
  VectorXd x(z.size() + 1);
  x << 2 * z, z.squaredNorm() - 1;
  return x / (1 + z.squaredNorm());
}
const MetricField kStereographic = isotropic([](const VectorXd& z) { return 2 / (1 + z.squaredNorm()); });

MetricField disc_obstacle(double stiffness) {
  return isotropic([stiffness](const VectorXd& z) {
    const double depth = std::max(0.0, 1 - z.norm());
    return depth > 0 ? std::log(2) + stiffness * depth : std::log(2);
  });
}
const double kAroundDisc = std::log(2) * (2 * std::sqrt(0.69) + M_PI - 2 * std::acos(1 / 1.3));

}  // namespace

TEST(Eikonal, EuclideanPlane) {
  const auto d = eikonal_distance(isotropic([](const VectorXd&) { return 1.0; }), point({-0.5, -0.3}),
                                  point({0.6, 0.7}), in_square(1));
  expect_distance(d, std::hypot(1.1, 1.0), 1e-6, 1e-5);
  EXPECT_NEAR(d.observed_order, 2, 0.1);  // second order away from the factored source
  EXPECT_TRUE(d.converged);
  // Any path that touches the border of the square is at least as long as by reflection at its nearest side.
  EXPECT_NEAR(d.leaving_bound, std::hypot(1.1, 0.7 + 0.3 + 2 * 0.3), 0.02);
}

TEST(Eikonal, ConstantAnisotropy) {
  for (const double condition : {4.0, 25.0, 100.0})
    for (const double angle : {0.0, 0.3, 0.7, 1.2, 2.2}) {
      Eigen::Matrix2d turn;
      turn << std::cos(angle), -std::sin(angle), std::sin(angle), std::cos(angle);
      const MatrixXd g = turn * Eigen::Vector2d(1, condition).asDiagonal() * turn.transpose();
      const VectorXd a = point({-0.2, -0.2}), b = point({0.25, 0.17});
      auto options = in_square(1);
      options.coarsest = 101;
      const auto d = eikonal_distance(tensor([&](const VectorXd&) { return g; }), a, b, options);
      // What remains stems from the edge of the region, where stencils lack neighbours.
      EXPECT_NEAR(d.distance / std::sqrt((b - a).dot(g * (b - a))), 1, 3e-5) << condition << " " << angle;
    }
}

TEST(Eikonal, PoincareDisc) {
  const std::pair<VectorXd, VectorXd> pairs[] = {{point({0.1, 0.3}), point({0.6, -0.2})},
                                                 {point({0.5, -0.5}), point({0.5, 0.5})},
                                                 {point({-0.6, 0.2}), point({0.5, 0.5})}};
  for (const auto& [a, b] : pairs) {
    const auto d = eikonal_distance(kPoincare, a, b, in_square(1));
    expect_distance(d, poincare_distance(a, b), 1e-5, 1e-4);
    EXPECT_GT(d.observed_order, 1.8);
    EXPECT_EQ(d.leaving_bound, kInfinity);
  }
}

TEST(Eikonal, StereographicSphere) {
  const std::pair<VectorXd, VectorXd> pairs[] = {{point({0.2, 0.1}), point({0.9, -0.4})},
                                                 {point({-0.6, 0.8}), point({0.7, 0.9})},
                                                 {point({1.2, 0.4}), point({-0.3, 0.9})}};
  for (const auto& [a, b] : pairs)
    expect_distance(eikonal_distance(kStereographic, a, b, in_square(3)),
                    std::acos(on_sphere(a).dot(on_sphere(b))), 1e-5, 1e-4);
}

// Paper A, Example 2: the half-sphere as a chart, an anisotropic metric.
TEST(Eikonal, GnomonicHalfSphere) {
  const MetricField metric = tensor([](const VectorXd& z) {
    const double r = 1 + z.squaredNorm();
    return MatrixXd((MatrixXd::Identity(2, 2) * r - z * z.transpose()) / (r * r));
  });
  expect_distance(eikonal_distance(metric, point({0, 1}), point({1, 0}), in_square(3)), M_PI / 3, 1e-5, 1e-5);
  const auto lift = [](double x, double y) { return Eigen::Vector3d(x, y, -1).normalized(); };
  expect_distance(eikonal_distance(metric, point({-2, 1}), point({2, -1.5}), in_square(3)),
                  std::acos(lift(-2, 1).dot(lift(2, -1.5))), 1e-5, 1e-5);
}

// Paper A, Example 3, and the same obstacle harder and impenetrable. The shortest path runs along a kink of
// the metric, where fronts bend with unbounded curvature: first order is all there is.
TEST(Eikonal, DiscObstacle) {
  const VectorXd a = point({-1.3, 0}), b = point({1.3, 0});
  auto options = in_square(2);
  options.most_nodes = 500'000;
  for (const double stiffness : {5.0, 50.0, 1000.0, kInfinity}) {
    const auto d = eikonal_distance(disc_obstacle(stiffness), a, b, options);
    // On grids of at most half a million nodes; the error falls like the spacing.
    EXPECT_NEAR(d.distance / kAroundDisc, 1, 1.5e-3) << stiffness;
    EXPECT_LE(std::abs(d.distance - kAroundDisc), d.error_estimate) << stiffness;
    EXPECT_GT(d.levels.size(), 3U);
    // Along a wall that stands between two nodes of a path, the path's own length is meaningless.
    if (std::isfinite(stiffness)) {
      EXPECT_NEAR(d.path_length / kAroundDisc, 1, 6e-3) << stiffness;
    }
  }
}

TEST(Eikonal, TheWholeGridAndTheCorridorAgree) {
  auto options = in_square(2);
  options.most_nodes = 200'000;
  options.coarsest = 101;
  options.tolerance = 0;
  const VectorXd a = point({-1.3, 0.2}), b = point({1.1, -0.4});
  const auto corridor = eikonal_distance(disc_obstacle(5), a, b, options);
  options.corridor = kInfinity;
  const auto whole = eikonal_distance(disc_obstacle(5), a, b, options);
  ASSERT_GE(corridor.levels.size(), whole.levels.size());
  for (size_t i = 0; i < whole.levels.size(); ++i) {
    EXPECT_NEAR(corridor.levels[i].distance, whole.levels[i].distance, 1e-9);
    if (i > 0) {
      EXPECT_LT(corridor.levels[i].nodes, whole.levels[i].nodes);
    }
  }
}

TEST(Eikonal, OneAndThreeDimensions) {
  const auto line = eikonal_distance(isotropic([](const VectorXd& z) { return 1 / (1 + z[0] * z[0]); }),
                                     point({-1}), point({2}));
  expect_distance(line, std::atan(2) + std::atan(1), 1e-6, 1e-6);

  EikonalDistanceOptions options;
  options.box = {{-1.5, -1.5, -1.5}, {1.5, 1.5, 1.5}};
  options.tolerance = 1e-3;
  const VectorXd a = point({0.3, -0.6, 0.2}), b = point({-0.5, 0.4, 0.8});
  expect_distance(eikonal_distance(kStereographic, a, b, options), std::acos(on_sphere(a).dot(on_sphere(b))),
                  1e-4, 1e-3);

  MatrixXd g(3, 3);
  g << 9, 2, 1, 2, 4, 0.5, 1, 0.5, 1;
  options.coarsest = 25;
  const auto d = eikonal_distance(tensor([&](const VectorXd&) { return g; }), a, b, options);
  EXPECT_NEAR(d.distance / std::sqrt((b - a).dot(g * (b - a))), 1, 1e-3);
}

TEST(Eikonal, SymmetricAndScaled) {
  const VectorXd a = point({0.1, 0.3}), b = point({0.6, -0.2});
  const auto there = eikonal_distance(kPoincare, a, b, in_square(1)),
             back = eikonal_distance(kPoincare, b, a, in_square(1));
  EXPECT_NEAR(there.distance, back.distance, 1e-5);
  const auto twice =
      eikonal_distance([](const MatrixXd& z) { return MatrixXd(4 * kPoincare(z)); }, a, b, in_square(1));
  EXPECT_NEAR(twice.distance, 2 * there.distance, 1e-9);
}

TEST(Eikonal, FindsTheGapInAWall) {
  // A wall at x = 0 with an opening 0.02 wide at y = 0.71: the first grid, with a spacing of 0.02, may miss
  // it.
  const auto wall = isotropic([](const VectorXd& z) {
    return std::abs(z[0]) < 0.03 && std::abs(z[1] - 0.71) > 0.02 ? kInfinity : 1.0;
  });
  const VectorXd a = point({-0.5, 0}), b = point({0.5, 0});
  const auto d = eikonal_distance(wall, a, b, in_square(1, 1e-3));
  // Around the opening's lower corners (±0.03, 0.69).
  const double exact = 2 * std::hypot(0.47, 0.69) + 0.06;
  EXPECT_NEAR(d.distance / exact, 1, 5e-3);
  const MatrixXd& path = d.path;
  EXPECT_EQ(VectorXd(path.col(0)), a);
  EXPECT_EQ(VectorXd(path.col(path.cols() - 1)), b);

  const auto closed = isotropic([](const VectorXd& z) { return std::abs(z[0]) < 0.03 ? kInfinity : 1.0; });
  auto options = in_square(1);
  options.most_nodes = 100'000;
  try {
    eikonal_distance(closed, a, b, options);
    FAIL() << "a closed wall was passed";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kNumerical);
  }
}

TEST(Eikonal, ARidgeAcrossTheWayIsNoWall) {
  // n(x) = 1 + k e^(−(x/w)²) across the straight line, which stays the shortest: ∫ n = 2 + k w √π. Its flanks
  // are steeper than the grid's first levels resolve.
  const double width = 0.2;
  Eigen::VectorXd start(2), end(2);
  start << -1, 0;
  end << 1, 0;
  for (const double height : {1.0, 5.0, 8.0, 40.0}) {
    const MetricField metric = [&](const Eigen::MatrixXd& points) {
      Eigen::MatrixXd g(1, points.cols());
      for (Eigen::Index i = 0; i < points.cols(); ++i)
        g(0, i) = std::pow(1 + height * std::exp(-std::pow(points(0, i) / width, 2)), 2);
      return g;
    };
    const double exact = 2 + height * width * std::sqrt(std::acos(-1.0));
    // The finest grid's error is of second order in its spacing, some 1e-5 of the length here.
    EXPECT_NEAR(eikonal_distance(metric, start, end, {}).distance, exact, 5e-5 * exact) << height;
  }
}

TEST(Eikonal, EqualEndsAndBadInput) {
  const VectorXd a = point({0.1, 0.2});
  EXPECT_EQ(eikonal_distance(kPoincare, a, a, in_square(1)).distance, 0);
  const auto kind_of = [](auto&& call) {
    try {
      call();
    } catch (const Error& error) {
      return static_cast<int>(error.kind());
    }
    return 0;
  };
  const VectorXd b = point({0.3, 0.3}), outside = point({2, 0});
  EXPECT_EQ(kind_of([&] { eikonal_distance(kPoincare, a, outside, in_square(1)); }), 2);
  EXPECT_EQ(kind_of([&] { eikonal_distance(kPoincare, a, point({0.1, std::nan("")}), in_square(1)); }), 4);
  EXPECT_EQ(kind_of([&] { eikonal_distance(kPoincare, a, point({0.1}), in_square(1)); }), 2);
  EXPECT_EQ(kind_of([&] { eikonal_distance(kPoincare, point({0, 0, 0, 0}), point({1, 0, 0, 0})); }), 2);
  // The source in a wall.
  EXPECT_EQ(kind_of([&] { eikonal_distance(disc_obstacle(kInfinity), point({0, 0}), point({1.5, 0})); }), 2);
  CancellationToken cancelled;
  cancelled.cancel();
  EXPECT_EQ(kind_of([&] { eikonal_distance(kPoincare, a, b, in_square(1), cancelled); }), 130);
}

// A metric that is singular or vanishes must give finite answers, not endless stencils.
TEST(Eikonal, SingularMetric) {
  const auto flat = tensor([](const VectorXd&) {
    MatrixXd g(2, 2);
    g << 1, 1, 1, 1;
    return g;
  });
  const auto d = eikonal_distance(flat, point({-0.2, -0.2}), point({0.25, 0.17}), in_square(1, 1e-2));
  EXPECT_NEAR(d.distance, 0.82, 0.02);
  const auto zero_inside = isotropic([](const VectorXd& z) { return z.norm() < 0.3 ? 0.0 : 1.0; });
  const auto free_ride = eikonal_distance(zero_inside, point({-0.8, 0}), point({0.8, 0}), in_square(1, 1e-2));
  EXPECT_NEAR(free_ride.distance, 1.0, 0.02);
}

TEST(MetricLength, OfPolylines) {
  MatrixXd path(2, 3);
  path << 0, 0.3, 0.3, 0, 0, 0.4;
  EXPECT_NEAR(metric_length(isotropic([](const VectorXd&) { return 2.0; }), path, 0.1), 1.4, 1e-12);
  // Along a radius of the Poincaré disc: 2 artanh r.
  MatrixXd radius(2, 2);
  radius << 0, 0.6, 0, 0;
  EXPECT_NEAR(metric_length(kPoincare, radius, 0.01), 2 * std::atanh(0.6), 1e-9);
}

/// The least of `distance` over the copies of `end` by exponents from −3 to 3 of each identification.
double over_copies(const std::vector<Identification>& identifications, const VectorXd& end,
                   const std::function<double(const VectorXd&)>& distance, size_t next = 0) {
  if (next == identifications.size()) return distance(end);
  double least = kInfinity;
  for (int k = -3; k <= 3; ++k) {
    VectorXd copy = end;
    identifications[next].apply(k, copy.data());
    least = std::min(least, over_copies(identifications, copy, distance, next + 1));
  }
  return least;
}

// Flat quotients with a sheared constant metric where the identifications allow it: straight lines to copies.
TEST(ClosedGrid, DistancesOfFlatQuotients) {
  MatrixXd round(2, 2), sheared(2, 2);
  round << 1, 0, 0, 2.5;
  sheared << 1, 0.6, 0.6, 2.5;
  const Identification u{.axis = 0, .period = 2.0}, v{.axis = 1, .period = 1.4},
      twisted{.axis = 0, .period = 2.0, .reversed = {{1, 0.25}}};
  const struct {
    const char* name;
    MatrixXd g;
    std::vector<Identification> identifications;
  } cases[] = {{"cylinder", sheared, {u}},
               {"torus", sheared, {u, v}},
               {"Möbius strip", round, {twisted}},
               {"Klein bottle", round, {v, twisted}},
               {"Klein bottle, the other order", round, {twisted, v}}};
  const std::pair<VectorXd, VectorXd> ends[] = {{point({0.1, 0.05}), point({1.75, 0.3})},
                                                {point({-0.8, 0.55}), point({0.9, -0.45})},
                                                {point({0.3, -0.5}), point({0.33, 0.62})}};
  for (const auto& quotient : cases)
    for (const auto& [start, end] : ends) {
      EikonalDistanceOptions options = in_square(2.2);
      options.identifications = quotient.identifications;
      const MatrixXd g = quotient.g;
      const auto metric = tensor([g](const VectorXd&) { return g; });
      const double exact =
          over_copies(quotient.identifications, end, [&, from = start](const VectorXd& copy) {
            return std::sqrt((copy - from).dot(g * (copy - from)));
          });
      const EikonalDistance d = eikonal_distance(metric, start, end, options);
      EXPECT_NEAR(d.distance / exact, 1, 1e-3) << quotient.name;
      // The path is that of the quotient, from the start itself to a copy of the end.
      EXPECT_NEAR(d.path_length / exact, 1, 5e-3) << quotient.name;
      EXPECT_EQ(d.path.col(0), start);
      const VectorXd last = d.path.col(d.path.cols() - 1);
      EXPECT_LT(over_copies(quotient.identifications, end,
                            [&](const VectorXd& copy) { return (copy - last).norm(); }),
                1e-9)
          << quotient.name;
    }
}

// A hill on a cylinder, met across the seam: as far as over the plane with the hill's copies.
TEST(ClosedGrid, TheSeamIsNoPlace) {
  const double period = 3;
  const auto hilly = isotropic([period](const VectorXd& z) {
    return 1 + 2 * std::exp(6 * (std::cos(2 * M_PI * (z[0] - 0.4) / period) - 1) - z[1] * z[1]);
  });
  const VectorXd start = point({1.6, 0.4}), end = point({-0.9, -0.3}), copy = point({-0.9 + period, -0.3});
  EikonalDistanceOptions options;
  options.box = {{-2, -2}, {2.5, 2}};
  options.identifications = {{.axis = 0, .period = period}};
  const double closed = eikonal_distance(hilly, start, end, options).distance;
  options.identifications.clear();
  options.box = {{-3, -3}, {5, 3}};
  const double open = std::min(eikonal_distance(hilly, start, end, options).distance,
                               eikonal_distance(hilly, start, copy, options).distance);
  EXPECT_NEAR(closed / open, 1, 5e-4);
}

TEST(ClosedGrid, SpaceThatEndsIsNotLeft) {
  EikonalDistanceOptions options = in_square(1);
  const auto plane = isotropic([](const VectorXd&) { return 1.0; });
  const VectorXd start = point({-0.5, 0.9}), end = point({0.5, 0.9});
  EXPECT_LT(eikonal_distance(plane, start, end, options).leaving_bound, 1.1);
  options.space = options.box;
  EXPECT_EQ(eikonal_distance(plane, start, end, options).leaving_bound, kInfinity);
}

TEST(GridRegion, IndexAndCellAreInverse) {
  CartesianGrid grid{{0, 0, 0}, {1, 1, 1}, {20, 9, 17}};
  GridRegion region = GridRegion::nothing(grid);
  EXPECT_EQ(region.nodes(), 0);
  EXPECT_EQ(region.index({3, 3, 3}), -1);
  region.add({7, 8, 3}, 1);
  EXPECT_EQ(region.nodes(), 4 * 512);  // two blocks along the first axis, two along the second
  for (int64_t node = 0; node < region.nodes(); ++node)
    if (region.in_grid(region.cell(node))) {
      ASSERT_EQ(region.index(region.cell(node)), node);
    }
  EXPECT_EQ(region.index({16, 3, 3}), -1);
  EXPECT_EQ(region.index({-1, 3, 3}), -1);
}

}  // namespace latentpath
