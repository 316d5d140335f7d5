#include "path/dense/geodesic_motion.h"

#include "latentpath/core/error.h"

namespace latentpath::detail {

Eigen::VectorXd vector_of(std::span<const double> numbers, Eigen::Index dim, const char* what) {
  LATENTPATH_CHECK(static_cast<Eigen::Index>(numbers.size()) == dim, kArgument, what, " has ", numbers.size(),
                   " coordinates, and the chart ", dim);
  Eigen::VectorXd vector = Eigen::Map<const Eigen::VectorXd>(numbers.data(), dim);
  LATENTPATH_CHECK(vector.allFinite(), kArgument, what, " has a coordinate that is NaN or infinite");
  return vector;
}

GeodesicMotion::GeodesicMotion(const WeightedMetric& metric, const char* what)
    : dim_(metric.latent_dim()),
      outputs_(metric.chart().output_dim()),
      chart_(metric.chart().make_expansion()),
      quality_(metric.quality_pointer()),
      weight_(*quality_, metric.epsilon()),
      product_(dim_) {
  LATENTPATH_CHECK(!metric.target(), kArgument, what,
                   " take a chart with a quality, and no metric given directly");
  LATENTPATH_CHECK(!weight_.level_set(), kArgument, what,
                   " are not defined on a level set, whose weight has kinks");
  LATENTPATH_CHECK(metric.chart().has_curvatures() &&
                       (!metric.quality().map() || metric.quality().map()->has_curvatures()),
                   kArgument, what, " need second derivatives, which ", metric.chart().describe(),
                   " or its quality does not have");
}

const Eigen::MatrixXd& GeodesicMotion::metric_at(const VectorXd& z) {
  chart_->expand(1, z.data(), nullptr);
  if (weight_.constant()) {
    square_ = weight_.constant_weight() * weight_.constant_weight();
  } else {
    weight_.expand(1, z.data(), nullptr);
    square_ = weight_.squares()[0];
  }
  g_.noalias() = square_ * (jacobian().transpose() * jacobian());
  return g_;
}

const Eigen::MatrixXd& GeodesicMotion::connection(const VectorXd& u) {
  connection_.resize(dim_, dim_);
  for (Index k = 0; k < dim_; ++k) {
    column_ = square_ * jacobian().col(k);
    chart_->curvature_products(column_.data(), u.data(), product_.data());
    connection_.row(k) = product_.transpose();
  }
  if (!weight_.constant()) {
    // ∂_i(n² h_jk) brings terms of ∇n²; h = g/n².
    const VectorXd lowered = g_ * u / square_;
    connection_ += 0.5 * (weight_gradient().dot(u) / square_ * g_ + lowered * weight_gradient().transpose() -
                          weight_gradient() * lowered.transpose());
  }
  factor_.solveInPlace(connection_);
  return connection_;
}

bool GeodesicMotion::derivative(const VectorXd& state, VectorXd& slope) {
  if (!state.allFinite()) return false;
  z_ = state.head(dim_);
  metric_at(z_);
  if (!factorise()) return false;
  velocity_ = factor_.solve(state.segment(dim_, dim_));
  pushed_.noalias() = jacobian() * velocity_;
  chart_->curvature_products(pushed_.data(), velocity_.data(), product_.data());
  slope.head(dim_) = velocity_;
  slope.segment(dim_, dim_) = square_ * product_;
  if (!weight_.constant()) slope.segment(dim_, dim_) += 0.5 * pushed_.squaredNorm() * weight_gradient();
  return slope.head(2 * dim_).allFinite();
}

double GeodesicMotion::size_of(const VectorXd& error, const VectorXd& state, const VectorXd& slope) const {
  const double positions =
      error.head(dim_).norm() / std::max(1e-300, state.head(dim_).norm() + slope.head(dim_).norm());
  const double momenta =
      error.segment(dim_, dim_).norm() / std::max(1e-300, state.segment(dim_, dim_).norm());
  return std::max(positions, momenta);
}

}  // namespace latentpath::detail
