#pragma once
// GeodesicMotion: geodesics of g = n² JᵀJ as motions without forces, and the connection along them. Internal.
//
//   z' = u = g⁻¹ p,    p' = ½ ∂_z(uᵀ g(z) u) = ½ ‖Ju‖² ∇n² + n² Σ_k (Ju)_k ∇²Φ_k u

#include <Eigen/Dense>
#include <memory>
#include <span>

#include "latentpath/metric/weighted_metric.h"
#include "metric/dense/weight_field.h"
#include "path/dense/bulirsch_stoer.h"

namespace latentpath::detail {

/// The coordinates of `what`, "the point": dim finite numbers. Throws Error(kArgument) for others.
Eigen::VectorXd vector_of(std::span<const double> numbers, Eigen::Index dim, const char* what);

class GeodesicMotion {
 public:
  using Index = Eigen::Index;
  using MatrixXd = Eigen::MatrixXd;
  using VectorXd = Eigen::VectorXd;

  /// Throws Error(kArgument), which names `what`, where derivatives do not suffice.
  explicit GeodesicMotion(const WeightedMetric& metric, const char* what = "exponential map and logarithm");

  Index dim() const { return dim_; }

  /// g(z); what follows refers to that point.
  const MatrixXd& metric_at(const VectorXd& z);
  double speed(const VectorXd& z, const VectorXd& u) { return std::sqrt(u.dot(metric_at(z) * u)); }
  /// g⁻¹ Γ(u), Γ(u)_kj = Σ_i Γ_{k,ij} uⁱ: w' = −connection(u) w is parallel transport along z' = u. g must be
  /// factorised, by factorise() or derivative().
  const MatrixXd& connection(const VectorXd& u);
  /// Whether g is positive definite.
  bool factorise() {
    factor_.compute(g_);
    return factor_.info() == Eigen::Success;
  }
  /// z' of the last derivative().
  const VectorXd& velocity() const { return velocity_; }

  /// A system for BulirschStoer: (z, p) [2D] and whatever follows it in the state, which is left alone.
  bool derivative(const VectorXd& state, VectorXd& slope);
  double size_of(const VectorXd& error, const VectorXd& state, const VectorXd& slope) const;

 private:
  using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  Eigen::Map<const RowMajor> jacobian() { return {chart_->jacobians(), outputs_, dim_}; }
  Eigen::Map<const VectorXd> weight_gradient() const { return {weight_.gradients().data(), dim_}; }

  Index dim_, outputs_;
  std::unique_ptr<MapExpansion> chart_;
  AnalyticQualityPointer quality_;
  WeightField weight_;
  MatrixXd g_, connection_;
  Eigen::LLT<MatrixXd> factor_;
  VectorXd z_, velocity_, pushed_, product_, column_;
  double square_ = 1;  ///< n²
};

}  // namespace latentpath::detail
