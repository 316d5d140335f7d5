#include "latentpath/metric/sectional_curvature.h"

#include <Eigen/Dense>
#include <cmath>

#include "latentpath/core/error.h"
#include "latentpath/core/point_string.h"
#include "metric/dense/weight_field.h"

namespace latentpath {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// The surface at a point: h = JᵀJ, the normal parts of second derivatives, and f = log n.
class Surface {
 public:
  Surface(const WeightedMetric& metric, std::span<const double> z);

  /// Of the plane of u and v.
  double curvature(const VectorXd& u, const VectorXd& v) const;
  /// Columns: an orthonormal frame of h by Gram and Schmidt of the coordinate directions.
  MatrixXd frame() const { return factor_.matrixU().solve(MatrixXd::Identity(dim_, dim_)); }

 private:
  /// Σ_ij ∂_i∂_jΦ uⁱvʲ, [M].
  VectorXd second(const VectorXd& u, const VectorXd& v) const {
    VectorXd bent(outputs_);
    for (Index m = 0; m < outputs_; ++m) bent[m] = u.dot(hessians_[static_cast<size_t>(m)] * v);
    return bent;
  }
  VectorXd normal(const VectorXd& x) const {
    return x - jacobian_ * factor_.solve(jacobian_.transpose() * x);
  }

  Index dim_, outputs_;
  MatrixXd jacobian_, h_;
  std::vector<MatrixXd> hessians_;
  Eigen::LLT<MatrixXd> factor_;
  double square_ = 1;         ///< n²
  VectorXd gradient_, rise_;  ///< ∂f; J h⁻¹ ∂f
  MatrixXd hessian_;          ///< ∂²f
  bool weighted_ = false;
};

Surface::Surface(const WeightedMetric& metric, std::span<const double> z)
    : dim_(metric.latent_dim()), outputs_(metric.chart().output_dim()) {
  LATENTPATH_CHECK(static_cast<Index>(z.size()) == dim_, kArgument, "the point has ", z.size(),
                   " coordinates, and the chart ", dim_);
  LATENTPATH_CHECK(dim_ >= 2, kArgument, "a line has no curvature: it takes 2 coordinates or more");
  detail::WeightField weight(metric.quality(), metric.epsilon());
  LATENTPATH_CHECK(!metric.target() && !weight.level_set() && metric.chart().has_curvatures() &&
                       (!metric.quality().map() || metric.quality().map()->has_curvatures()),
                   kArgument, "curvature takes a chart with second derivatives and a smooth quality, and ",
                   metric.describe(), " is none");
  const auto chart = metric.chart().make_expansion();
  chart->expand(1, z.data(), nullptr);
  jacobian_ = Eigen::Map<const RowMajor>(chart->jacobians(), outputs_, dim_);
  h_ = jacobian_.transpose() * jacobian_;
  factor_.compute(h_);
  VectorXd unit = VectorXd::Zero(outputs_);
  RowMajor block(dim_, dim_);
  for (Index m = 0; m < outputs_; ++m) {
    unit[m] = 1;
    chart->curvatures(unit.data(), block.data());
    hessians_.emplace_back(block);
    unit[m] = 0;
  }
  gradient_ = rise_ = VectorXd::Zero(dim_);
  if (weight.constant()) {
    square_ = weight.constant_weight() * weight.constant_weight();
  } else {
    weighted_ = true;
    weight.expand(1, z.data(), nullptr);
    square_ = weight.squares()[0];
    gradient_ = Eigen::Map<const VectorXd>(weight.gradients().data(), dim_) / (2 * square_);
    hessian_ = Eigen::Map<const RowMajor>(weight.hessians().data(), dim_, dim_) / (2 * square_) -
               2 * gradient_ * gradient_.transpose();
    rise_ = jacobian_ * factor_.solve(gradient_);
  }
  const VectorXd diagonal = VectorXd(MatrixXd(factor_.matrixL()).diagonal());
  LATENTPATH_CHECK(factor_.info() == Eigen::Success && std::isfinite(square_) && square_ > 0 &&
                       diagonal.minCoeff() > 1e-10 * diagonal.maxCoeff(),
                   kNumerical, "the metric is singular, or not finite, at z = ", point_string(z),
                   ": there is no curvature");
}

double Surface::curvature(const VectorXd& u, const VectorXd& v) const {
  const double uu = u.dot(h_ * u), uv = u.dot(h_ * v), vv = v.dot(h_ * v), area = uu * vv - uv * uv;
  LATENTPATH_CHECK(area > 1e-20 * uu * vv && uu > 0 && vv > 0, kArgument,
                   "the two vectors span no plane: curvature takes two directions");
  const VectorXd a = u / std::sqrt(uu), b = std::sqrt(uu / area) * (v - uv / uu * u);
  const VectorXd aa = second(a, a), bb = second(b, b), along = normal(aa), across = normal(bb);
  double k = along.dot(across) - normal(second(a, b)).squaredNorm();
  if (weighted_) {
    // ∇²f(u,u) = ∂²f(u,u) − Γ(u,u)·∂f
    const auto bend = [&](const VectorXd& w, const VectorXd& ww) {
      return w.dot(hessian_ * w) - rise_.dot(ww) - std::pow(w.dot(gradient_), 2);
    };
    k -= bend(a, aa) + bend(b, bb) + rise_.squaredNorm();
  }
  return k / square_;
}

}  // namespace

double sectional_curvature(const WeightedMetric& metric, std::span<const double> z, std::span<const double> u,
                           std::span<const double> v) {
  const Surface surface(metric, z);
  const auto vector_of = [&](std::span<const double> numbers) -> VectorXd {
    LATENTPATH_CHECK(numbers.size() == z.size(), kArgument, "a vector has ", numbers.size(),
                     " coordinates, and the chart ", z.size());
    return Eigen::Map<const VectorXd>(numbers.data(), static_cast<Index>(numbers.size()));
  };
  return surface.curvature(vector_of(u), vector_of(v));
}

Curvature curvature_at(const WeightedMetric& metric, std::span<const double> z) {
  const Surface surface(metric, z);
  const MatrixXd frame = surface.frame();
  const Index dim = frame.cols();
  Curvature found;
  found.sectional.assign(static_cast<size_t>(dim * dim), 0.0);
  for (Index i = 0; i < dim; ++i)
    for (Index j = i + 1; j < dim; ++j) {
      const double k = surface.curvature(frame.col(i), frame.col(j));
      found.sectional[static_cast<size_t>(i * dim + j)] = found.sectional[static_cast<size_t>(j * dim + i)] =
          k;
      found.scalar += 2 * k;
    }
  return found;
}

}  // namespace latentpath
