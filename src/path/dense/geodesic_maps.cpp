#include "latentpath/path/geodesic_maps.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "latentpath/core/error.h"
#include "latentpath/path/find_geodesics.h"
#include "metric/dense/weight_field.h"

namespace latentpath {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// Dormand and Prince's tableau; the last row is the solution of order 5, kError its difference from order 4.
constexpr int kStages = 7;
constexpr double kTableau[kStages][kStages - 1] = {
    {},
    {1.0 / 5},
    {3.0 / 40, 9.0 / 40},
    {44.0 / 45, -56.0 / 15, 32.0 / 9},
    {19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729},
    {9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656},
    {35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84}};
constexpr double kError[kStages] = {71.0 / 57600,      0,          -71.0 / 16695, 71.0 / 1920,
                                    -17253.0 / 339200, 22.0 / 525, -1.0 / 40};
constexpr int kMostSteps = 200'000;

/// Position and momentum of a motion without forces, (z, p) [2D].
class Motion {
 public:
  explicit Motion(const WeightedMetric& metric)
      : metric_(metric),
        dim_(metric.latent_dim()),
        outputs_(metric.chart().output_dim()),
        chart_(metric.chart().make_expansion()),
        weight_(metric.quality(), metric.epsilon()),
        product_(dim_) {
    LATENTPATH_CHECK(
        !metric.target(), kArgument,
        "exponential map and logarithm take a chart with a quality, and no metric given directly");
    LATENTPATH_CHECK(!weight_.level_set(), kArgument,
                     "exponential map and logarithm are not defined on a level set, whose weight has kinks");
    LATENTPATH_CHECK(metric.chart().has_curvatures() &&
                         (!metric.quality().map() || metric.quality().map()->has_curvatures()),
                     kArgument, "exponential map and logarithm need second derivatives, which ",
                     metric.chart().describe(), " or its quality does not have");
  }

  Index dim() const { return dim_; }

  /// g(z).
  const MatrixXd& metric_at(const VectorXd& z) {
    chart_->expand(1, z.data(), nullptr);
    if (weight_.constant()) {
      square_ = weight_.constant_weight() * weight_.constant_weight();
    } else {
      weight_.expand(1, z.data(), nullptr);
      square_ = weight_.squares()[0];
    }
    const Eigen::Map<const RowMajor> jacobian(chart_->jacobians(), outputs_, dim_);
    g_.noalias() = square_ * (jacobian.transpose() * jacobian);
    return g_;
  }

  /// (z', p') at (z, p); false where there is none.
  bool derivative(const VectorXd& state, VectorXd& slope) {
    if (!state.allFinite()) return false;
    z_ = state.head(dim_);
    factor_.compute(metric_at(z_));
    if (factor_.info() != Eigen::Success) return false;
    velocity_ = factor_.solve(state.tail(dim_));
    const Eigen::Map<const RowMajor> jacobian(chart_->jacobians(), outputs_, dim_);
    pushed_.noalias() = jacobian * velocity_;
    chart_->curvature_products(pushed_.data(), velocity_.data(), product_.data());
    slope.head(dim_) = velocity_;
    slope.tail(dim_) = square_ * product_;
    if (!weight_.constant())
      slope.tail(dim_) +=
          0.5 * pushed_.squaredNorm() * Eigen::Map<const VectorXd>(weight_.gradients().data(), dim_);
    return slope.allFinite();
  }

  double speed(const VectorXd& z, const VectorXd& u) { return std::sqrt(u.dot(metric_at(z) * u)); }

  /// From time 0 to 1, in place; false where the motion ends before.
  bool advance(VectorXd& state, double duration, double tolerance) {
    VectorXd k[kStages], next(2 * dim_), trial(2 * dim_), error(2 * dim_);
    for (VectorXd& slope : k) slope.resize(2 * dim_);
    if (!derivative(state, k[0])) return false;
    if (step_ == 0) step_ = 0.01;
    int steps = 0;
    for (double done = 0; done < duration; ++steps) {
      if (steps == kMostSteps || step_ < 1e-14) return false;
      const double h = std::min(step_, duration - done);
      bool defined = true;
      for (int s = 1; s < kStages && defined; ++s) {
        trial = state;
        for (int r = 0; r < s; ++r) trial += h * kTableau[s][r] * k[r];
        defined = derivative(trial, k[s]);
      }
      double size = std::numeric_limits<double>::infinity();
      if (defined) {
        next = trial;  // the last stage is taken at the solution itself
        error.setZero();
        for (int s = 0; s < kStages; ++s) error += h * kError[s] * k[s];
        const double positions =
            error.head(dim_).norm() / std::max(1e-300, scale(state.head(dim_), k[0].head(dim_)));
        const double momenta = error.tail(dim_).norm() / std::max(1e-300, state.tail(dim_).norm());
        size = std::max(positions, momenta) / tolerance;
      }
      if (size <= 1) {
        state = next;
        k[0] = k[kStages - 1];
        done += h;
      }
      const double factor = size > 0 ? 0.9 * std::pow(size, -0.2) : 5;
      if (size > 1 || h == step_) step_ = h * std::clamp(std::isfinite(factor) ? factor : 0.2, 0.2, 5.0);
    }
    return true;
  }

 private:
  static double scale(const VectorXd& z, const VectorXd& u) { return z.norm() + u.norm(); }

  const WeightedMetric& metric_;
  Index dim_, outputs_;
  std::unique_ptr<MapExpansion> chart_;
  detail::WeightField weight_;
  MatrixXd g_;
  Eigen::LLT<MatrixXd> factor_;
  VectorXd z_, velocity_, pushed_, product_;
  double square_ = 1;  ///< n²
  double step_ = 0;
};

Exponential move(Motion& motion, const VectorXd& z, const VectorXd& v, int segments, double tolerance) {
  const Index dim = motion.dim();
  Exponential found;
  found.nodes.assign(z.data(), z.data() + dim);
  found.length = motion.speed(z, v);
  VectorXd state(2 * dim), slope(2 * dim);
  state << z, motion.metric_at(z) * v;
  LATENTPATH_CHECK(state.allFinite(), kNumerical,
                   "the metric is NaN or infinite where a geodesic is to start");
  for (int s = 0; s < segments && found.complete; ++s) {
    found.complete = found.length == 0 || motion.advance(state, 1.0 / segments, tolerance);
    found.nodes.insert(found.nodes.end(), state.data(), state.data() + dim);
  }
  found.velocity.assign(static_cast<size_t>(dim), 0.0);
  if (motion.derivative(state, slope)) {
    std::copy_n(slope.data(), dim, found.velocity.begin());
    if (found.length > 0)
      found.drift = std::abs(motion.speed(state.head(dim), slope.head(dim)) / found.length - 1);
  } else {
    found.complete = false;
  }
  return found;
}

VectorXd vector_of(std::span<const double> numbers, Index dim, const char* what) {
  LATENTPATH_CHECK(static_cast<Index>(numbers.size()) == dim, kArgument, what, " has ", numbers.size(),
                   " coordinates, and the chart ", dim);
  return Eigen::Map<const VectorXd>(numbers.data(), dim);
}

/// The velocity with which a path of even speed starts, by the first nodes of it.
VectorXd first_velocity(std::span<const double> nodes, Index dim) {
  constexpr double kStencil[5] = {-25.0 / 12, 4, -3, 4.0 / 3, -1.0 / 4};
  const Index count = static_cast<Index>(nodes.size()) / dim;
  const Eigen::Map<const MatrixXd> columns(nodes.data(), dim, count);
  if (count < 5) return columns.col(count - 1) - columns.col(0);
  VectorXd slope = VectorXd::Zero(dim);
  for (Index k = 0; k < 5; ++k) slope += kStencil[k] * columns.col(k);
  return static_cast<double>(count - 1) * slope;
}

}  // namespace

Exponential exponential_map(const WeightedMetric& metric, std::span<const double> z,
                            std::span<const double> v, int segments, double tolerance) {
  LATENTPATH_CHECK(segments >= 1, kArgument, "an exponential map takes 1 segment or more, not ", segments);
  LATENTPATH_CHECK(tolerance > 0, kArgument, "the tolerance of an exponential map must be above 0, not ",
                   tolerance);
  Motion motion(metric);
  return move(motion, vector_of(z, motion.dim(), "the point"),
              vector_of(v, motion.dim(), "the tangent vector"), segments, tolerance);
}

Logarithm logarithm_map(const WeightedMetric& metric, std::span<const double> a, std::span<const double> b,
                        std::span<const double> nodes) {
  constexpr double kMiss = 1e-10, kDifference = 1e-6;
  constexpr int kMostIterations = 30;
  Motion motion(metric);
  const Index dim = motion.dim();
  const VectorXd start = vector_of(a, dim, "the start"), end = vector_of(b, dim, "the end");
  Logarithm found;
  found.velocity.assign(static_cast<size_t>(dim), 0.0);
  if (start == end) {
    found.converged = true;
    return found;
  }
  std::vector<double> path(nodes.begin(), nodes.end());
  if (path.empty())
    path = find_geodesics({.metric = metric, .start = {a.begin(), a.end()}, .end = {b.begin(), b.end()}})
               .geodesics[0]
               .nodes;
  const auto shoot = [&](const VectorXd& v) { return move(motion, start, v, 1, 1e-13); };
  const auto missed = [&](const Exponential& moved) -> VectorXd {
    return Eigen::Map<const VectorXd>(moved.nodes.data() + dim, dim) - end;
  };
  const auto size_of = [&](const VectorXd& gap) { return motion.speed(end, gap); };
  VectorXd v = first_velocity(path, dim);
  Exponential moved = shoot(v);
  double miss = moved.complete ? size_of(missed(moved)) : std::numeric_limits<double>::infinity();
  for (; found.iterations < kMostIterations && std::isfinite(miss) && miss > 1e-13 * moved.length;
       ++found.iterations) {
    MatrixXd slopes(dim, dim);
    for (Index d = 0; d < dim; ++d) {
      const double h = kDifference * std::max(v.norm(), 1e-300);
      VectorXd ahead = v, behind = v;
      ahead[d] += h;
      behind[d] -= h;
      slopes.col(d) = (missed(shoot(ahead)) - missed(shoot(behind))) / (2 * h);
    }
    const VectorXd step = slopes.fullPivLu().solve(missed(moved));
    // Halved until it is nearer: far from the solution a whole step may lead out of the chart.
    double share = 1;
    bool nearer = false;
    for (; share > 1e-3 && !nearer; share /= 2) {
      const Exponential other = shoot(v - share * step);
      const double at = other.complete ? size_of(missed(other)) : std::numeric_limits<double>::infinity();
      nearer = at < miss;
      if (nearer) v -= share * step, moved = other, miss = at;
    }
    if (!nearer) break;
  }
  std::copy_n(v.data(), dim, found.velocity.begin());
  found.length = motion.speed(start, v);
  found.miss = miss / found.length;
  found.converged = found.miss <= kMiss;
  return found;
}

}  // namespace latentpath
