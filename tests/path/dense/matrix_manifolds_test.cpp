#include "latentpath/path/matrix_manifolds.h"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cmath>
#include <random>
#include <unsupported/Eigen/MatrixFunctions>

#include "latentpath/core/error.h"
#include "latentpath/metric/charts.h"
#include "latentpath/path/find_geodesics.h"
#include "latentpath/path/global_geodesics.h"

namespace latentpath::testing {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Vector = std::vector<double>;

class MatrixManifolds : public ::testing::Test {
 protected:
  MatrixXd random(Index rows, Index columns) {
    return MatrixXd::NullaryExpr(rows, columns, [&] { return normal_(generator_); });
  }
  MatrixXd orthonormal(Index rows, Index columns) {
    const MatrixXd q = Eigen::HouseholderQR<MatrixXd>(random(rows, rows)).householderQ();
    return q.leftCols(columns);
  }
  MatrixXd rotation() {
    MatrixXd q = orthonormal(3, 3);
    if (q.determinant() < 0) q.col(0) *= -1;
    return q;
  }
  MatrixXd spd(Index n) {
    const MatrixXd root = random(n, n);
    return root * root.transpose() + 0.1 * MatrixXd::Identity(n, n);
  }
  static Vector numbers(const MatrixXd& matrix) {
    const RowMajor rows = matrix;
    return {rows.data(), rows.data() + rows.size()};
  }
  static MatrixXd matrix(const Vector& numbers, Index rows) {
    return Eigen::Map<const RowMajor>(numbers.data(), rows, static_cast<Index>(numbers.size()) / rows);
  }
  static double angle(const MatrixXd& a, const MatrixXd& b) {
    return std::acos(std::clamp(((a.transpose() * b).trace() - 1) / 2, -1.0, 1.0));
  }

  /// The general solver's distance.
  static double by_solver(const WeightedMetric& metric, const Vector& a, const Vector& b) {
    return find_geodesics({.metric = metric, .start = a, .end = b}, {.threads = 1})
        .geodesics[0]
        .extrapolated_length;
  }

  /// What every manifold's maps are to one another.
  void check_maps(const ManifoldMaps& maps, const Vector& x, const Vector& y, const Vector& w) {
    maps.check_point(x, "x");
    const Logarithm log = maps.logarithm(x, y), back = maps.logarithm(y, x);
    ASSERT_TRUE(log.converged) << maps.describe() << " " << log.miss;
    EXPECT_NO_THROW(maps.check_tangent(x, log.velocity, "log"));
    EXPECT_NEAR(log.length, back.length, 1e-8 * log.length);
    EXPECT_NEAR(log.length * log.length, maps.inner(x, log.velocity, log.velocity), 1e-10);
    const Exponential moved = maps.exponential(x, log.velocity, 4);
    EXPECT_LT(maps.logarithm(moved.point(), y).length, 1e-7);
    EXPECT_LT(moved.drift, 1e-10);
    // The middle is half-way, and the velocity at the end is minus the logarithm from there.
    const size_t size = x.size();
    const Vector middle(moved.nodes.begin() + static_cast<long>(2 * size),
                        moved.nodes.begin() + static_cast<long>(3 * size));
    EXPECT_NEAR(maps.logarithm(x, middle).length, log.length / 2, 1e-8);
    EXPECT_NEAR(maps.logarithm(middle, y).length, log.length / 2, 1e-8);
    // A geodesic carries its velocity, and keeps lengths and angles.
    const Transport own = maps.transport(x, log.velocity, log.velocity),
                    other = maps.transport(x, log.velocity, w);
    for (size_t d = 0; d < size; ++d) EXPECT_NEAR(own.vector()[d], moved.velocity[d], 1e-8);
    EXPECT_NO_THROW(maps.check_tangent(moved.point(), other.vector(), "w"));
    EXPECT_NEAR(maps.inner(moved.point(), other.vector(), other.vector()), maps.inner(x, w, w), 1e-8);
    EXPECT_NEAR(maps.inner(moved.point(), other.vector(), own.vector()), maps.inner(x, w, log.velocity),
                1e-8);
    EXPECT_LT(other.error, 1e-8);
    // Parallel along the whole way, and not at its end alone: by the first half, and then the second.
    const Exponential half = maps.exponential(x, scaled(log.velocity, 0.5));
    const Vector there = maps.transport(x, scaled(log.velocity, 0.5), w).vector();
    const Vector onwards = maps.transport(half.point(), half.velocity, there).vector();
    for (size_t d = 0; d < size; ++d) EXPECT_NEAR(onwards[d], other.vector()[d], 1e-7);
  }

 private:
  static Vector scaled(Vector v, double by) {
    for (double& x : v) x *= by;
    return v;
  }
  std::mt19937_64 generator_{7};
  std::normal_distribution<double> normal_;
};

/// The affine-invariant metric of the entries (a, b, c) of [[a, b], [b, c]]: tr(P⁻¹U P⁻¹V).
struct AffineInvariant {
  template <class T>
  void operator()(const T* z, T* g) const {
    const T det = z[0] * z[2] - z[1] * z[1], scale = 1.0 / (det * det);
    const T &a = z[0], &b = z[1], &c = z[2];
    g[0] = c * c * scale;
    g[1] = -2.0 * b * c * scale;
    g[2] = b * b * scale;
    g[3] = 2.0 * (a * c + b * b) * scale;
    g[4] = -2.0 * a * b * scale;
    g[5] = a * a * scale;
  }
};

/// Gr(4, 2) by [I; Z], as projectors over √2.
struct Projector {
  template <class T>
  void operator()(const T* z, T* x) const {
    const T a = 1.0 + z[0] * z[0] + z[2] * z[2], b = z[0] * z[1] + z[2] * z[3],
            c = 1.0 + z[1] * z[1] + z[3] * z[3], det = a * c - b * b;
    const T inverse[2][2] = {{c / det, -b / det}, {-b / det, a / det}};
    const T one = 1.0 + 0.0 * z[0], none = 0.0 * z[0];
    const T basis[4][2] = {{one, none}, {none, one}, {z[0], z[1]}, {z[2], z[3]}};
    for (int i = 0; i < 4; ++i)
      for (int j = 0; j < 4; ++j) {
        T sum = none;
        for (int k = 0; k < 2; ++k)
          for (int l = 0; l < 2; ++l) sum = sum + basis[i][k] * inverse[k][l] * basis[j][l];
        x[4 * i + j] = M_SQRT1_2 * sum;
      }
  }
};

}  // namespace

TEST_F(MatrixManifolds, PositiveDefinite) {
  for (const Index n : {1, 2, 3, 5}) {
    const auto maps = make_matrix_manifold("spd", {static_cast<double>(n)});
    const MatrixXd p = spd(n), q = spd(n), s = random(n, n);
    check_maps(*maps, numbers(p), numbers(q), numbers(s + s.transpose()));
    // Affine-invariant: distances of APAᵀ and AQAᵀ are those of P and Q; to I it is the norm of the
    // logarithm.
    const MatrixXd a = random(n, n);
    EXPECT_NEAR(maps->logarithm(numbers(a * p * a.transpose()), numbers(a * q * a.transpose())).length,
                maps->logarithm(numbers(p), numbers(q)).length, 1e-8);
    EXPECT_NEAR(maps->logarithm(numbers(MatrixXd::Identity(n, n)), numbers(p)).length,
                MatrixXd(p.log()).norm(), 1e-8);
  }
}

TEST_F(MatrixManifolds, PositiveDefiniteAgreesWithTheGeneralSolver) {
  const auto maps = make_matrix_manifold("spd", {2});
  const WeightedMetric metric(plane_chart(3), {}, 0, analytic_metric(AffineInvariant{}, 3));
  for (int trial = 0; trial < 5; ++trial) {
    const MatrixXd p = spd(2), q = spd(2);
    const double truth = maps->logarithm(numbers(p), numbers(q)).length;
    EXPECT_NEAR(by_solver(metric, {p(0, 0), p(0, 1), p(1, 1)}, {q(0, 0), q(0, 1), q(1, 1)}), truth,
                1e-5 * truth);
  }
}

TEST_F(MatrixManifolds, Rotations) {
  const auto maps = make_matrix_manifold("so3", {});
  for (int trial = 0; trial < 10; ++trial) {
    const MatrixXd r = rotation(), s = rotation();
    MatrixXd skew = random(3, 3);
    skew = MatrixXd(skew - skew.transpose());
    check_maps(*maps, numbers(r), numbers(s), numbers(r * skew));
    EXPECT_NEAR(maps->logarithm(numbers(r), numbers(s)).length, angle(r, s), 1e-7);
  }
  // A half turn has two logarithms.
  const MatrixXd half = Eigen::Vector3d(1, -1, -1).asDiagonal();
  const Logarithm found = maps->logarithm(numbers(MatrixXd::Identity(3, 3)), numbers(half));
  EXPECT_NEAR(found.length, M_PI, 1e-12);
  EXPECT_FALSE(found.unique);
}

TEST_F(MatrixManifolds, RotationsAgreeWithTheGeneralSolver) {
  // Unit quaternions, twice as large, in stereographic coordinates; near ends, whose shorter way is not by
  // −q.
  const auto maps = make_matrix_manifold("so3", {});
  const WeightedMetric metric(with_topology(ellipsoid_chart({2, 2, 2, 2}), {.antipodal = true}));
  const auto rotation_of = [](const Vector& z) {
    const double square = z[0] * z[0] + z[1] * z[1] + z[2] * z[2], over = 2 / (1 + square);
    return MatrixXd(Eigen::Quaterniond((square - 1) / (1 + square), over * z[0], over * z[1], over * z[2])
                        .toRotationMatrix());
  };
  for (int trial = 0; trial < 5; ++trial) {
    const MatrixXd both = 0.4 * random(3, 2);
    const Vector a(both.data(), both.data() + 3), b(both.data() + 3, both.data() + 6);
    const GlobalGeodesics ways =
        find_global_geodesics({.metric = metric, .start = a, .end = b}, {.samples = 0});
    EXPECT_NEAR(ways.pairs[0].found[0].geodesic.extrapolated_length,
                maps->logarithm(numbers(rotation_of(a)), numbers(rotation_of(b))).length, 1e-6);
  }
}

TEST_F(MatrixManifolds, Subspaces) {
  for (const auto& [n, p] : {std::pair(4, 2), std::pair(6, 2), std::pair(3, 2), std::pair(5, 1)}) {
    const auto maps = make_matrix_manifold("grassmann", {static_cast<double>(n), static_cast<double>(p)});
    const MatrixXd x = orthonormal(n, p), y = orthonormal(n, p), any = random(n, p);
    check_maps(*maps, numbers(x), numbers(y), numbers(any - x * (x.transpose() * any)));
    // Another basis of the same subspace is the same point.
    EXPECT_NEAR(maps->logarithm(numbers(x), numbers(y * orthonormal(p, p))).length,
                maps->logarithm(numbers(x), numbers(y)).length, 1e-9);
    EXPECT_LT(maps->logarithm(numbers(x), numbers(x * orthonormal(p, p))).length, 1e-12);
  }
  const auto lines = make_matrix_manifold("grassmann", {3, 1});
  EXPECT_NEAR(lines->logarithm(Vector{1, 0, 0}, Vector{std::cos(2.5), std::sin(2.5), 0}).length, M_PI - 2.5,
              1e-12);
  EXPECT_FALSE(lines->logarithm(Vector{1, 0, 0}, Vector{0, 1, 0}).unique);
}

TEST_F(MatrixManifolds, SubspacesAgreeWithTheGeneralSolver) {
  const auto maps = make_matrix_manifold("grassmann", {4, 2});
  const WeightedMetric metric(chart(Projector{}, 4, 16, "Gr(4, 2)"));
  const auto basis_of = [](const Vector& z) {
    MatrixXd basis(4, 2);
    basis << 1, 0, 0, 1, z[0], z[1], z[2], z[3];
    const MatrixXd q = Eigen::HouseholderQR<MatrixXd>(basis).householderQ();
    return MatrixXd(q.leftCols(2));
  };
  for (int trial = 0; trial < 3; ++trial) {
    const MatrixXd both = 0.4 * random(4, 2);
    const Vector a(both.data(), both.data() + 4), b(both.data() + 4, both.data() + 8);
    EXPECT_NEAR(by_solver(metric, a, b), maps->logarithm(numbers(basis_of(a)), numbers(basis_of(b))).length,
                1e-6);
  }
}

TEST_F(MatrixManifolds, Frames) {
  for (const auto& [n, p] :
       {std::pair(5, 2), std::pair(4, 2), std::pair(3, 2), std::pair(4, 1), std::pair(4, 3)}) {
    const auto maps = make_matrix_manifold("stiefel", {static_cast<double>(n), static_cast<double>(p)});
    const MatrixXd x = orthonormal(n, p), any = random(n, p), other = random(n, p);
    const auto tangent = [&](const MatrixXd& v) {
      const MatrixXd turned = x.transpose() * v;
      return MatrixXd(v - 0.5 * x * (turned + turned.transpose()));
    };
    // Ends within the injectivity radius, where the logarithm undoes the exponential.
    Vector v = numbers(tangent(any));
    const double length = std::sqrt(maps->inner(numbers(x), v, v));
    for (double& number : v) number *= 1.5 / length;
    const Vector y = maps->exponential(numbers(x), v).point();
    check_maps(*maps, numbers(x), y, numbers(tangent(other)));
    const Logarithm back = maps->logarithm(numbers(x), y);
    for (size_t d = 0; d < v.size(); ++d) EXPECT_NEAR(back.velocity[d], v[d], 1e-8);
  }
  // St(3, 2) is SO(3), and its canonical metric that of angles: the third column is the product of two.
  const auto frames = make_matrix_manifold("stiefel", {3, 2}), rotations = make_matrix_manifold("so3", {});
  for (int trial = 0; trial < 10; ++trial) {
    const MatrixXd r = rotation(), s = rotation();
    if (angle(r, s) > 2.6) continue;  // Zimmermann's iteration is a local one
    EXPECT_NEAR(frames->logarithm(numbers(r.leftCols(2)), numbers(s.leftCols(2))).length, angle(r, s), 1e-8);
  }
}

TEST_F(MatrixManifolds, OppositeFramesAreHalfATurnApart) {
  const std::vector<std::pair<double, double>> sizes{{3, 1}, {3, 2}, {4, 2}, {5, 2}};
  for (const auto& [n, p] : sizes) {
    const auto frames = make_matrix_manifold("stiefel", {n, p});
    const MatrixXd x = Eigen::HouseholderQR<MatrixXd>(MatrixXd::Random(int(n), int(n))).householderQ() *
                       MatrixXd::Identity(int(n), int(p));
    const MatrixXd away = -x;
    const Logarithm found = frames->logarithm(numbers(x), numbers(away));
    EXPECT_TRUE(found.converged) << n << " " << p << ": " << found.miss;
    EXPECT_NEAR(found.length, M_PI, 1e-10) << n << " " << p;
    EXPECT_FALSE(found.unique);
    const Vector end = frames->exponential(numbers(x), found.velocity).point();
    for (size_t i = 0; i < end.size(); ++i) EXPECT_NEAR(end[i], numbers(away)[i], 1e-10);
  }
}

TEST_F(MatrixManifolds, RefuseWhatIsNoPoint) {
  EXPECT_EQ(make_matrix_manifold("torus", {}), nullptr);
  EXPECT_THROW(make_matrix_manifold("spd", {}), Error);
  EXPECT_THROW(make_matrix_manifold("spd", {2.5}), Error);
  EXPECT_THROW(make_matrix_manifold("grassmann", {3, 3}), Error);
  EXPECT_THROW(make_matrix_manifold("so3", {3}), Error);
  const auto maps = make_matrix_manifold("spd", {2});
  EXPECT_THROW(maps->check_point(Vector{1, 2, 2, 1}, "a point"), Error);
  EXPECT_THROW(maps->check_point(Vector{1, 2, 0, 1}, "a point"), Error);
  EXPECT_THROW(maps->check_point(Vector{1, 2, 0}, "a point"), Error);
  EXPECT_THROW(maps->check_tangent(Vector{1, 0, 0, 1}, Vector{0, 1, -1, 0}, "a vector"), Error);
  EXPECT_THROW(make_matrix_manifold("so3", {})->check_point(Vector{-1, 0, 0, 0, 1, 0, 0, 0, 1}, "a point"),
               Error);
  EXPECT_THROW(make_matrix_manifold("stiefel", {3, 1})->check_point(Vector{1, 1, 0}, "a point"), Error);
}

}  // namespace latentpath::testing
