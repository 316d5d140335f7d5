#include "latentpath/path/geodesic_maps.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "latentpath/core/error.h"
#include "latentpath/path/find_geodesics.h"
#include "path/dense/geodesic_motion.h"

namespace latentpath {
namespace {

using detail::GeodesicMotion;
using detail::vector_of;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

Exponential move(GeodesicMotion& motion, const VectorXd& z, const VectorXd& v, int segments,
                 double tolerance) {
  const Index dim = motion.dim();
  Exponential found;
  found.nodes.assign(z.data(), z.data() + dim);
  found.length = motion.speed(z, v);
  VectorXd state(2 * dim), slope(2 * dim);
  state << z, motion.metric_at(z) * v;
  LATENTPATH_CHECK(state.allFinite(), kNumerical,
                   "the metric is NaN or infinite where a geodesic is to start");
  detail::BulirschStoer steps;
  for (int s = 0; s < segments && found.complete; ++s) {
    found.complete = found.length == 0 || steps.advance(motion, state, 1.0 / segments, tolerance);
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

/// Newton's method on exp_a(v) = b. Its Jacobian is taken by differences of coarser geodesics, and then kept
/// up by Broyden's formula while the miss falls by much.
class Shooting {
 public:
  Shooting(const WeightedMetric& metric, std::span<const double> a, std::span<const double> b)
      : motion_(metric),
        dim_(motion_.dim()),
        start_(vector_of(a, dim_, "the start")),
        end_(vector_of(b, dim_, "the end")) {}

  Logarithm from(VectorXd v);

 private:
  Exponential shoot(const VectorXd& v, double tolerance) { return move(motion_, start_, v, 1, tolerance); }
  VectorXd gap_of(const Exponential& moved) const {
    return Eigen::Map<const VectorXd>(moved.nodes.data() + dim_, dim_) - end_;
  }
  MatrixXd differences(const VectorXd& v);
  double least_stretch(const MatrixXd& slopes);

  GeodesicMotion motion_;
  Index dim_;
  VectorXd start_, end_;
};

MatrixXd Shooting::differences(const VectorXd& v) {
  constexpr double kDifference = 1e-4, kTolerance = 1e-10;
  MatrixXd slopes(dim_, dim_);
  const double h = kDifference * std::max(v.norm(), 1e-300);
  for (Index d = 0; d < dim_; ++d) {
    VectorXd ahead = v, behind = v;
    ahead[d] += h;
    behind[d] -= h;
    slopes.col(d) = (gap_of(shoot(ahead, kTolerance)) - gap_of(shoot(behind, kTolerance))) / (2 * h);
  }
  return slopes;
}

/// The least singular value of d exp_a at v, in orthonormal frames at both ends.
double Shooting::least_stretch(const MatrixXd& slopes) {
  const Eigen::LLT<MatrixXd> here(motion_.metric_at(start_)), there(motion_.metric_at(end_));
  if (!slopes.allFinite() || here.info() != Eigen::Success || there.info() != Eigen::Success) return 0;
  const MatrixXd lowered = MatrixXd(there.matrixU()) * slopes;
  const MatrixXd framed = here.matrixL().solve(lowered.transpose());
  return framed.jacobiSvd().singularValues()[dim_ - 1];
}

Logarithm Shooting::from(VectorXd v) {
  constexpr double kMiss = 1e-10, kTolerance = 1e-13, kFast = 0.1;
  constexpr int kMostIterations = 30, kPatience = 4;  // iterations within which the miss is to halve
  Logarithm found;
  Exponential moved = shoot(v, kTolerance);
  const auto size_of = [&](const Exponential& other) {
    return other.complete ? motion_.speed(end_, gap_of(other)) : std::numeric_limits<double>::infinity();
  };
  double miss = size_of(moved), miss_before = 2 * miss;
  MatrixXd slopes;
  for (; found.iterations < kMostIterations && std::isfinite(miss) && miss > kTolerance * moved.length;
       ++found.iterations) {
    if (found.iterations % kPatience == 0) {
      if (!(miss <= miss_before / 2)) break;
      miss_before = miss;
    }
    const bool fresh = slopes.size() == 0;
    if (fresh) slopes = differences(v);
    const VectorXd gap = gap_of(moved), step = slopes.fullPivLu().solve(gap);
    // Halved until it is nearer: far from the solution a whole step may lead out of the chart.
    double share = 1;
    bool nearer = false;
    for (; share > 1e-3 && !nearer; share /= 2) {
      const VectorXd change = -share * step;
      const Exponential other = shoot(v + change, kTolerance);
      const double at = size_of(other);
      nearer = at < miss;
      if (!nearer) continue;
      slopes += ((gap_of(other) - gap) - slopes * change) * change.transpose() / change.squaredNorm();
      if (at > kFast * miss) slopes.resize(0, 0);
      v += change, moved = other, miss = at;
    }
    if (!nearer && fresh) break;
    if (!nearer) slopes.resize(0, 0);
  }
  found.velocity.assign(v.data(), v.data() + dim_);
  found.length = motion_.speed(start_, v);
  found.miss = miss / found.length;
  found.converged = found.miss <= kMiss;
  found.least_stretch = least_stretch(slopes.size() == 0 ? differences(v) : slopes);
  return found;
}

Logarithm no_way(size_t dim) {
  Logarithm found;
  found.velocity.assign(dim, 0.0);
  found.converged = true;
  return found;
}

}  // namespace

Exponential exponential_map(const WeightedMetric& metric, std::span<const double> z,
                            std::span<const double> v, int segments, double tolerance) {
  LATENTPATH_CHECK(segments >= 1, kArgument, "an exponential map takes 1 segment or more, not ", segments);
  LATENTPATH_CHECK(tolerance > 0, kArgument, "the tolerance of an exponential map must be above 0, not ",
                   tolerance);
  GeodesicMotion motion(metric);
  return move(motion, vector_of(z, motion.dim(), "the point"),
              vector_of(v, motion.dim(), "the tangent vector"), segments, tolerance);
}

Logarithm logarithm_map(const WeightedMetric& metric, std::span<const double> a, std::span<const double> b,
                        std::span<const double> nodes) {
  Shooting shooting(metric, a, b);
  if (std::equal(a.begin(), a.end(), b.begin())) return no_way(a.size());
  std::vector<double> path(nodes.begin(), nodes.end());
  if (path.empty())
    path = find_geodesics({.metric = metric, .start = {a.begin(), a.end()}, .end = {b.begin(), b.end()}})
               .geodesics[0]
               .nodes;
  return shooting.from(first_velocity(path, metric.latent_dim()));
}

Logarithm logarithm_from_velocity(const WeightedMetric& metric, std::span<const double> a,
                                  std::span<const double> b, std::span<const double> velocity) {
  Shooting shooting(metric, a, b);
  if (std::equal(a.begin(), a.end(), b.begin())) return no_way(a.size());
  return shooting.from(vector_of(velocity, metric.latent_dim(), "the velocity"));
}

}  // namespace latentpath
