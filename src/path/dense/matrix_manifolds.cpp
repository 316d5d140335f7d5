#include "latentpath/path/matrix_manifolds.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>
#include <unsupported/Eigen/MatrixFunctions>

#include "latentpath/core/error.h"
#include "path/dense/bulirsch_stoer.h"

namespace latentpath {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kOff = 1e-6;  ///< relative: data in single precision are meant as they are
constexpr double kCut = 1e-8;  ///< of an angle: at its cut locus

/// Points and vectors as matrices; what is left to a manifold is the mathematics.
class MatrixMaps : public ManifoldMaps {
 public:
  MatrixMaps(std::string name, std::string how, Index rows, Index columns)
      : name_(std::move(name)), how_(std::move(how)), rows_(rows), columns_(columns) {}

  std::string describe() const override { return name_; }
  std::string how() const override { return how_; }
  int size() const override { return static_cast<int>(rows_ * columns_); }

  void check_point(std::span<const double> z, const std::string& what) const override {
    check_matrix(read(z, what), what);
  }
  void check_tangent(std::span<const double> z, std::span<const double> v,
                     const std::string& what) const override {
    const MatrixXd vector = read(v, what);
    const double off = off_tangent(read(z, "the point"), vector);
    LATENTPATH_CHECK(off <= kOff * std::max(vector.norm(), 1e-300), kArgument, what, " is not tangent to ",
                     name_, " at its point, by ", off, ": ", tangent_words());
  }
  double inner(std::span<const double> z, std::span<const double> u,
               std::span<const double> v) const override {
    return product(read(z, "the point"), read(u, "a vector"), read(v, "a vector"));
  }
  Exponential exponential(std::span<const double> z, std::span<const double> v, int segments) const override {
    LATENTPATH_CHECK(segments >= 1, kArgument, "an exponential map takes 1 segment or more, not ", segments);
    const MatrixXd x = read(z, "the point"), vector = read(v, "the tangent vector");
    Exponential found;
    found.nodes.assign(z.begin(), z.end());
    found.length = std::sqrt(std::max(0.0, product(x, vector, vector)));
    MatrixXd end = x, velocity = vector;
    for (int s = 1; s <= segments; ++s) {
      std::tie(end, velocity) = move(x, vector, static_cast<double>(s) / segments);
      append(found.nodes, end);
    }
    append(found.velocity, velocity);
    found.complete = end.allFinite();
    const double speed = std::sqrt(std::max(0.0, product(end, velocity, velocity)));
    if (found.length > 0) found.drift = std::abs(speed / found.length - 1);
    return found;
  }
  Logarithm logarithm(std::span<const double> a, std::span<const double> b) const override {
    const MatrixXd x = read(a, "the start"), y = read(b, "the end");
    Logarithm found;
    const MatrixXd vector = direction(x, y, found);
    append(found.velocity, vector);
    found.length = std::sqrt(std::max(0.0, product(x, vector, vector)));
    const double missed = apart(move(x, vector, 1).first, y), scale = std::max(found.length, missed);
    found.miss = scale > 0 ? missed / scale : 0;
    // Rounding of points that lie close together is no miss.
    found.converged = found.miss <= 1e-10 || missed <= 1e-13;
    return found;
  }
  Transport transport(std::span<const double> z, std::span<const double> v, std::span<const double> w,
                      int segments) const override {
    LATENTPATH_CHECK(segments >= 1, kArgument, "a parallel transport takes 1 segment or more, not ",
                     segments);
    const MatrixXd x = read(z, "the point"), vector = read(v, "the velocity"),
                   first = read(w, "the vector to carry");
    Transport found;
    found.dim = static_cast<size_t>(size());
    found.nodes.assign(z.begin(), z.end());
    found.vectors.assign(w.begin(), w.end());
    const double size_of_first = std::sqrt(std::max(0.0, product(x, first, first)));
    MatrixXd end = x, carried = first;
    for (int s = 1; s <= segments; ++s) {
      const double time = static_cast<double>(s) / segments;
      end = move(x, vector, time).first;
      carried = carry(x, vector, first, time, found.error);
      append(found.nodes, end);
      append(found.vectors, carried);
    }
    found.complete = carried.allFinite();
    const double last = std::sqrt(std::max(0.0, product(end, carried, carried)));
    if (size_of_first > 0) found.drift = std::abs(last / size_of_first - 1);
    found.error = std::max(found.error, found.drift);
    return found;
  }

 protected:
  virtual void check_matrix(const MatrixXd& x, const std::string& what) const = 0;
  /// How far v is from being tangent at x, and what tangent vectors are.
  virtual double off_tangent(const MatrixXd& x, const MatrixXd& v) const = 0;
  virtual std::string tangent_words() const = 0;
  virtual double product(const MatrixXd& x, const MatrixXd& u, const MatrixXd& v) const = 0;
  /// exp_x(tv) and the velocity there.
  virtual std::pair<MatrixXd, MatrixXd> move(const MatrixXd& x, const MatrixXd& v, double t) const = 0;
  /// log_x(y); says what it knows of its uniqueness.
  virtual MatrixXd direction(const MatrixXd& x, const MatrixXd& y, Logarithm& found) const = 0;
  /// w at x along exp_x(tv); `error` where it is not in closed form.
  virtual MatrixXd carry(const MatrixXd& x, const MatrixXd& v, const MatrixXd& w, double t,
                         double& error) const = 0;
  /// How far two points are apart that are nearly one.
  virtual double apart(const MatrixXd& x, const MatrixXd& y) const { return (x - y).norm(); }

  std::string name_, how_;
  Index rows_, columns_;

  /// Columns are orthonormal.
  void check_orthonormal(const MatrixXd& x, const std::string& what) const {
    const double off = (x.transpose() * x - MatrixXd::Identity(columns_, columns_)).norm();
    LATENTPATH_CHECK(off <= kOff, kArgument, what, " is no point of ", name_,
                     ": its columns are not orthonormal, by ", off,
                     "; orthonormalise them, by a QR factorisation");
  }

 private:
  MatrixXd read(std::span<const double> numbers, const std::string& what) const {
    LATENTPATH_CHECK(static_cast<Index>(numbers.size()) == rows_ * columns_, kArgument, what, " has ",
                     numbers.size(), " numbers, and a matrix of ", name_, " has ", rows_, " x ", columns_);
    MatrixXd matrix = Eigen::Map<const RowMajor>(numbers.data(), rows_, columns_);
    LATENTPATH_CHECK(matrix.allFinite(), kArgument, what, " has an entry that is NaN or infinite");
    return matrix;
  }
  static void append(std::vector<double>& numbers, const MatrixXd& matrix) {
    const RowMajor rows = matrix;
    numbers.insert(numbers.end(), rows.data(), rows.data() + rows.size());
  }
};

class Spd final : public MatrixMaps {
 public:
  explicit Spd(int n)
      : MatrixMaps(join_message("SPD(", n, ") with the affine-invariant metric"),
                   "closed forms, by eigenvalues", n, n) {}
  double convexity_radius(std::span<const double>) const override { return kInfinity; }

 protected:
  void check_matrix(const MatrixXd& x, const std::string& what) const override {
    LATENTPATH_CHECK((x - x.transpose()).norm() <= kOff * x.norm(), kArgument, what, " is no point of ",
                     name_, ": it is not symmetric, by ", (x - x.transpose()).norm());
    const double least = Eigen::SelfAdjointEigenSolver<MatrixXd>(x, Eigen::EigenvaluesOnly).eigenvalues()[0];
    LATENTPATH_CHECK(least > 0, kArgument, what, " is no point of ", name_, ": its smallest eigenvalue is ",
                     least, ", and must be above 0");
  }
  double off_tangent(const MatrixXd&, const MatrixXd& v) const override { return (v - v.transpose()).norm(); }
  std::string tangent_words() const override { return "tangent vectors are symmetric matrices"; }
  double product(const MatrixXd& x, const MatrixXd& u, const MatrixXd& v) const override {
    const Eigen::LLT<MatrixXd> factor(x);
    return (factor.solve(u) * factor.solve(v)).trace();
  }
  std::pair<MatrixXd, MatrixXd> move(const MatrixXd& x, const MatrixXd& v, double t) const override {
    const auto [root, inverse] = roots(x);
    const MatrixXd turned = inverse * v * inverse;
    const MatrixXd grown = of_eigenvalues(turned, [t](double e) { return std::exp(t * e); });
    const MatrixXd speed = of_eigenvalues(turned, [t](double e) { return e * std::exp(t * e); });
    return {symmetric(root * grown * root), symmetric(root * speed * root)};
  }
  MatrixXd direction(const MatrixXd& x, const MatrixXd& y, Logarithm&) const override {
    const auto [root, inverse] = roots(x);
    return symmetric(root * of_eigenvalues(inverse * y * inverse, [](double e) { return std::log(e); }) *
                     root);
  }
  MatrixXd carry(const MatrixXd& x, const MatrixXd& v, const MatrixXd& w, double t, double&) const override {
    const auto [root, inverse] = roots(x);
    const MatrixXd half =
        root * of_eigenvalues(inverse * v * inverse, [t](double e) { return std::exp(t * e / 2); }) * inverse;
    return symmetric(half * w * half.transpose());
  }
  double apart(const MatrixXd& x, const MatrixXd& y) const override {
    const MatrixXd gap = x - y;
    return std::sqrt(std::max(0.0, product(y, gap, gap)));
  }

 private:
  static MatrixXd symmetric(const MatrixXd& x) { return 0.5 * (x + x.transpose()); }
  template <class Function>
  static MatrixXd of_eigenvalues(const MatrixXd& x, const Function& f) {
    const Eigen::SelfAdjointEigenSolver<MatrixXd> eigen(symmetric(x));
    return eigen.eigenvectors() * eigen.eigenvalues().unaryExpr(f).asDiagonal() *
           eigen.eigenvectors().transpose();
  }
  static std::pair<MatrixXd, MatrixXd> roots(const MatrixXd& x) {
    const Eigen::SelfAdjointEigenSolver<MatrixXd> eigen(symmetric(x));
    return {eigen.operatorSqrt(), eigen.operatorInverseSqrt()};
  }
};

class Rotations final : public MatrixMaps {
 public:
  Rotations() : MatrixMaps("SO(3)", "closed forms, by quaternions; lengths are angles", 3, 3) {}
  double convexity_radius(std::span<const double>) const override { return M_PI / 2; }

 protected:
  void check_matrix(const MatrixXd& x, const std::string& what) const override {
    check_orthonormal(x, what);
    LATENTPATH_CHECK(x.determinant() > 0, kArgument, what, " is no point of ", name_,
                     ": its determinant is -1, a reflection");
  }
  double off_tangent(const MatrixXd& x, const MatrixXd& v) const override {
    const MatrixXd turned = x.transpose() * v;
    return (turned + turned.transpose()).norm();
  }
  std::string tangent_words() const override { return "RᵀV is skew for tangent vectors V at R"; }
  double product(const MatrixXd&, const MatrixXd& u, const MatrixXd& v) const override {
    return 0.5 * u.cwiseProduct(v).sum();
  }
  std::pair<MatrixXd, MatrixXd> move(const MatrixXd& x, const MatrixXd& v, double t) const override {
    const MatrixXd skew = x.transpose() * v, end = x * turn(skew, t);
    return {end, end * skew};
  }
  MatrixXd direction(const MatrixXd& x, const MatrixXd& y, Logarithm& found) const override {
    const Eigen::Matrix3d between = x.transpose() * y;
    Eigen::Quaterniond q(between);
    if (q.w() < 0) q.coeffs() = -q.coeffs();
    const double sine = q.vec().norm(), angle = 2 * std::atan2(sine, q.w());
    found.unique = angle < M_PI - kCut;
    const Eigen::Vector3d w = (sine > 0 ? angle / sine : 2.0) * q.vec();
    Eigen::Matrix3d skew;
    skew << 0, -w[2], w[1], w[2], 0, -w[0], -w[1], w[0], 0;
    return x * skew;
  }
  MatrixXd carry(const MatrixXd& x, const MatrixXd& v, const MatrixXd& w, double t, double&) const override {
    // Along R exp(tΩ) the field R exp(tΩ/2) A exp(tΩ/2) is parallel: the metric is bi-invariant.
    const MatrixXd half = turn(x.transpose() * v, t / 2);
    return x * half * (x.transpose() * w) * half;
  }

 private:
  static MatrixXd turn(const MatrixXd& skew, double t) {
    const Eigen::Vector3d w(skew(2, 1), skew(0, 2), skew(1, 0));
    const double size = w.norm();
    if (size == 0) return MatrixXd::Identity(3, 3);
    return Eigen::AngleAxisd(t * size, w / size).toRotationMatrix();
  }
};

class Grassmann final : public MatrixMaps {
 public:
  Grassmann(int n, int p)
      : MatrixMaps(join_message("Gr(", n, ", ", p, "), lengths by principal angles"),
                   "closed forms, by principal angles", n, p) {}
  double convexity_radius(std::span<const double>) const override { return M_PI / 4; }

 protected:
  using Svd = Eigen::JacobiSVD<MatrixXd>;

  void check_matrix(const MatrixXd& x, const std::string& what) const override { check_orthonormal(x, what); }
  double off_tangent(const MatrixXd& x, const MatrixXd& v) const override {
    return (x.transpose() * v).norm();
  }
  std::string tangent_words() const override {
    return "XᵀV is 0 for tangent vectors V at the basis X; subtract X XᵀV";
  }
  double product(const MatrixXd&, const MatrixXd& u, const MatrixXd& v) const override {
    return u.cwiseProduct(v).sum();
  }
  std::pair<MatrixXd, MatrixXd> move(const MatrixXd& x, const MatrixXd& v, double t) const override {
    const Svd svd(v, Eigen::ComputeThinU | Eigen::ComputeThinV);
    const Eigen::ArrayXd s = svd.singularValues().array();
    const MatrixXd along = x * svd.matrixV(), back = svd.matrixV().transpose();
    const auto& across = svd.matrixU();
    const auto mixed = [&](const Eigen::ArrayXd& a, const Eigen::ArrayXd& b) -> MatrixXd {
      // Directions beside the thin factors' stay.
      MatrixXd rest = x - along * back;
      return rest + (along * a.matrix().asDiagonal() + across * b.matrix().asDiagonal()) * back;
    };
    MatrixXd velocity = (across * (s * (t * s).cos()).matrix().asDiagonal() -
                         along * (s * (t * s).sin()).matrix().asDiagonal()) *
                        back;
    return {mixed((t * s).cos(), (t * s).sin()), std::move(velocity)};
  }
  MatrixXd direction(const MatrixXd& x, const MatrixXd& y, Logarithm& found) const override {
    // XA and YB are principal vectors, cosines C; what of YB is not along XA has the sines as norms.
    const Svd svd(x.transpose() * y, Eigen::ComputeFullU | Eigen::ComputeFullV);
    const auto& cosines = svd.singularValues();
    const MatrixXd along = x * svd.matrixU();
    MatrixXd across = y * svd.matrixV() - along * cosines.asDiagonal();
    across -= x * (x.transpose() * across);
    for (Index i = 0; i < across.cols(); ++i) {
      const double sine = across.col(i).norm(), angle = std::atan2(sine, cosines[i]);
      across.col(i) *= sine > 0 ? angle / sine : 0;
      if (angle > M_PI / 2 - kCut) found.unique = false;
    }
    return across * svd.matrixU().transpose();
  }
  MatrixXd carry(const MatrixXd& x, const MatrixXd& v, const MatrixXd& w, double t, double&) const override {
    const Svd svd(v, Eigen::ComputeThinU | Eigen::ComputeThinV);
    const Eigen::ArrayXd s = t * svd.singularValues().array();
    const MatrixXd part = svd.matrixU().transpose() * w;
    return w - svd.matrixU() * part +
           (svd.matrixU() * s.cos().matrix().asDiagonal() -
            x * svd.matrixV() * s.sin().matrix().asDiagonal()) *
               part;
  }
  /// Two bases of one subspace are one point.
  double apart(const MatrixXd& x, const MatrixXd& y) const override {
    return (y - x * (x.transpose() * y)).norm();
  }
};

/// The skew logarithm of a rotation of R^m, by angles in [0, π] in the planes of its real Schur form, and the
/// widest of them: where that is π the logarithm is one of several.
MatrixXd skew_logarithm(const MatrixXd& rotation, double& widest) {
  const Eigen::RealSchur<MatrixXd> schur(rotation);
  const MatrixXd &t = schur.matrixT(), &u = schur.matrixU();
  const Index size = rotation.rows();
  MatrixXd angles = MatrixXd::Zero(size, size);
  const auto turn = [&](Index i, Index j, double angle) {
    angles(j, i) = angle;
    angles(i, j) = -angle;
    widest = std::max(widest, std::abs(angle));
  };
  Index reversed = -1;  // a direction that is turned round, until another one makes a plane with it
  for (Index i = 0; i < size; ++i) {
    if (i + 1 < size && t(i + 1, i) != 0) {
      turn(i, i + 1, std::atan2(t(i + 1, i) - t(i, i + 1), t(i, i) + t(i + 1, i + 1)));
      ++i;
    } else if (t(i, i) < 0 && reversed < 0) {
      reversed = i;
    } else if (t(i, i) < 0) {
      turn(reversed, i, M_PI);
      reversed = -1;
    }
  }
  return u * angles * u.transpose();
}

class Stiefel final : public MatrixMaps {
 public:
  Stiefel(int n, int p)
      : MatrixMaps(join_message("St(", n, ", ", p, ") with the canonical metric"),
                   "exponential map in closed form, logarithms by Zimmermann's iteration", n, p) {}
  /// Half the injectivity radius, which is at least √(4/5) π: curvatures are at most 5/4.
  double convexity_radius(std::span<const double>) const override { return std::sqrt(0.8) * M_PI / 2; }

 protected:
  void check_matrix(const MatrixXd& x, const std::string& what) const override { check_orthonormal(x, what); }
  double off_tangent(const MatrixXd& x, const MatrixXd& v) const override {
    const MatrixXd turned = x.transpose() * v;
    return (turned + turned.transpose()).norm();
  }
  std::string tangent_words() const override { return "XᵀV is skew for tangent vectors V at X"; }
  double product(const MatrixXd& x, const MatrixXd& u, const MatrixXd& v) const override {
    return u.cwiseProduct(v).sum() - 0.5 * (x.transpose() * u).cwiseProduct(x.transpose() * v).sum();
  }
  std::pair<MatrixXd, MatrixXd> move(const MatrixXd& x, const MatrixXd& v, double t) const override {
    const MatrixXd q = complement(x, v), turned = x.transpose() * v, away = q.transpose() * v;
    const Index p = x.cols(), more = q.cols();
    MatrixXd generator = MatrixXd::Zero(p + more, p + more);
    generator.topLeftCorner(p, p) = 0.5 * (turned - turned.transpose());
    generator.bottomLeftCorner(more, p) = away;
    generator.topRightCorner(p, more) = -away.transpose();
    MatrixXd frame(x.rows(), p + more);
    frame << x, q;
    const MatrixXd moved = frame * MatrixXd(t * generator).exp();
    return {moved.leftCols(p), moved * generator.leftCols(p)};
  }
  MatrixXd direction(const MatrixXd& x, const MatrixXd& y, Logarithm& found) const override;
  MatrixXd carry(const MatrixXd& x, const MatrixXd& v, const MatrixXd& w, double t,
                 double& error) const override;

 private:
  /// Orthonormal columns, as many as there is room for, that are orthogonal to x and hold what of y is.
  static MatrixXd complement(const MatrixXd& x, const MatrixXd& y) {
    const Index p = x.cols(), more = std::min(p, x.rows() - p);
    MatrixXd both(x.rows(), 2 * p);
    both << x, y - x * (x.transpose() * y);
    const Eigen::HouseholderQR<MatrixXd> qr(both);
    const MatrixXd q = qr.householderQ();
    return q.middleCols(p, more);
  }
};

/// Zimmermann's algorithm: an orthogonal completion V of [XᵀY; QᵀY] is turned until log V has no lower right
/// block.
MatrixXd Stiefel::direction(const MatrixXd& x, const MatrixXd& y, Logarithm& found) const {
  constexpr int kMostIterations = 500;
  const MatrixXd q = complement(x, y);
  const Index p = x.cols(), more = q.cols();
  MatrixXd ends(p + more, p);
  ends << x.transpose() * y, q.transpose() * y;
  MatrixXd v = Eigen::HouseholderQR<MatrixXd>(ends).householderQ();
  v.leftCols(p) = ends;
  if (more > 0) {
    // By Procrustes, so that the lower right block is as near to the identity as can be, with determinant 1.
    const Eigen::JacobiSVD<MatrixXd> svd(v.bottomRightCorner(more, more),
                                         Eigen::ComputeFullU | Eigen::ComputeFullV);
    MatrixXd fit = svd.matrixV() * svd.matrixU().transpose();
    if (MatrixXd(v).determinant() * fit.determinant() < 0) {
      VectorXd signs = VectorXd::Ones(more);
      signs[more - 1] = -1;
      fit = svd.matrixV() * signs.asDiagonal() * svd.matrixU().transpose();
    }
    v.rightCols(more) *= fit;
  }
  LATENTPATH_CHECK(v.determinant() > 0, kArgument, "no geodesic joins the two points of ", name_,
                   ": one of them is a reflection of the other's component");
  MatrixXd generator;
  for (; found.iterations < kMostIterations; ++found.iterations) {
    double widest = 0;
    generator = skew_logarithm(v, widest);
    found.unique = widest < M_PI - kCut;
    const MatrixXd rest = generator.bottomRightCorner(more, more);
    if (rest.norm() <= 1e-14) break;
    v.rightCols(more) *= MatrixXd(-rest).exp();
  }
  return x * generator.topLeftCorner(p, p) + q * generator.bottomLeftCorner(more, p);
}

/// W' = −Γ(Y', W), Γ(U, W) = sym(UWᵀ)Y + Y sym(YᵀU YᵀW + UᵀW), by integration, twice.
MatrixXd Stiefel::carry(const MatrixXd& x, const MatrixXd& v, const MatrixXd& w, double t,
                        double& error) const {
  struct Field {
    const Stiefel& manifold;
    const MatrixXd &x, &v;
    bool derivative(const VectorXd& state, VectorXd& slope) const {
      const Eigen::Map<const MatrixXd> w(state.data() + 1, x.rows(), x.cols());
      const auto [y, u] = manifold.move(x, v, state[0]);
      const MatrixXd both = y.transpose() * u * (y.transpose() * w) + u.transpose() * w;
      const MatrixXd change =
          -0.5 * ((u * w.transpose() + w * u.transpose()) * y + y * (both + both.transpose()));
      slope[0] = 1;
      slope.tail(change.size()) = Eigen::Map<const VectorXd>(change.data(), change.size());
      return slope.allFinite();
    }
    double size_of(const VectorXd& miss, const VectorXd& state, const VectorXd&) const {
      return miss.tail(miss.size() - 1).norm() / std::max(1e-300, state.tail(state.size() - 1).norm());
    }
  };
  constexpr double kTolerance = 1e-11;
  if (w.norm() == 0) return w;
  const auto carried = [&](double tolerance) -> MatrixXd {
    Field field{*this, x, v};
    VectorXd state(1 + w.size());
    state << 0, Eigen::Map<const VectorXd>(w.data(), w.size());
    detail::BulirschStoer().advance(field, state, t, tolerance);
    return Eigen::Map<const MatrixXd>(state.data() + 1, w.rows(), w.cols());
  };
  const MatrixXd coarse = carried(kTolerance);
  MatrixXd fine = carried(kTolerance / 32);
  error = std::max(error, (fine - coarse).norm() / w.norm());
  return fine;
}

int whole(double number, const std::string& name, const char* what, int least) {
  LATENTPATH_CHECK(number == std::round(number) && number >= least && number <= 1000, kArgument, "manifold ",
                   name, ": ", what, " is ", number, ", and must be a whole number from ", least, " to 1000");
  return static_cast<int>(number);
}

}  // namespace

const std::vector<MatrixManifoldName>& matrix_manifold_names() {
  static const std::vector<MatrixManifoldName> names = {
      {"spd", "n; points are n x n matrices, row after row"},
      {"so3", ""},
      {"grassmann", "n,p; points are orthonormal n x p bases"},
      {"stiefel", "n,p; points are orthonormal n x p matrices"}};
  return names;
}

ManifoldMapsPointer make_matrix_manifold(const std::string& name, const std::vector<double>& parameters) {
  const auto& names = matrix_manifold_names();
  const auto known =
      std::find_if(names.begin(), names.end(), [&](const MatrixManifoldName& n) { return n.name == name; });
  if (known == names.end()) return nullptr;
  const size_t expected = name == "so3" ? 0 : name == "spd" ? 1 : 2;
  LATENTPATH_CHECK(parameters.size() == expected, kArgument, "manifold ", name, " takes ", expected,
                   " parameters", known->parameters.empty() ? "" : " (" + known->parameters + ")", ", not ",
                   parameters.size());
  if (name == "so3") return std::make_shared<Rotations>();
  const int n = whole(parameters[0], name, "n", 1);
  if (name == "spd") return std::make_shared<Spd>(n);
  const int p = whole(parameters[1], name, "p", 1);
  LATENTPATH_CHECK(p <= n - (name == "grassmann" ? 1 : 0), kArgument, "manifold ", name, ": p is ", p,
                   ", and must be ", name == "grassmann" ? "below" : "no more than", " n, ", n);
  if (name == "grassmann") return std::make_shared<Grassmann>(n, p);
  return std::make_shared<Stiefel>(n, p);
}

}  // namespace latentpath
