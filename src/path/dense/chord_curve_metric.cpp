#include "path/dense/chord_curve_metric.h"

#include <Eigen/Core>
#include <cmath>

namespace latentpath::detail {
namespace {

using Vector = Eigen::VectorXd;
using Matrix = Eigen::MatrixXd;
using RowMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

}  // namespace

ChordCurveMetric::ChordCurveMetric(const WeightedMetric& metric, std::size_t segments, const double* start,
                                   const double* end)
    : weight_(metric.quality(), metric.epsilon()),
      expansion_(metric.chart().make_expansion()),
      dim_(static_cast<std::size_t>(metric.latent_dim())),
      outputs_(static_cast<std::size_t>(metric.chart().output_dim())),
      segments_(segments),
      ends_(start, start + dim_) {
  ends_.insert(ends_.end(), end, end + dim_);
}

double ChordCurveMetric::energy(const double* z, const double* u) {
  expansion_->expand(segments_, z, nullptr);
  squares_.assign(segments_, weight_.constant() ? weight_.constant_weight() * weight_.constant_weight() : 0);
  if (!weight_.constant()) {
    weight_.expand(segments_, z, nullptr);
    squares_ = weight_.squares();
  }
  pushed_.resize(segments_ * outputs_);
  expansion_->push(u, pushed_.data());
  double sum = 0;
  for (std::size_t i = 0; i < segments_; ++i)
    sum += squares_[i] *
           Eigen::Map<const Vector>(pushed_.data() + i * outputs_, static_cast<Eigen::Index>(outputs_))
               .squaredNorm();
  return sum;
}

void ChordCurveMetric::derivatives(const double* u, double* g, double* nu) {
  product_.resize(segments_ * dim_);
  expansion_->curvature_products(pushed_.data(), u, product_.data());
  const auto dim = static_cast<Eigen::Index>(dim_), outputs = static_cast<Eigen::Index>(outputs_);
  for (std::size_t i = 0; i < segments_; ++i) {
    const Eigen::Map<const RowMatrix> j(expansion_->jacobians() + i * outputs_ * dim_, outputs, dim);
    Matrix metric = Matrix::Zero(dim, dim);
    metric.selfadjointView<Eigen::Lower>().rankUpdate(j.transpose(), squares_[i]);
    Eigen::Map<Matrix>(g + i * dim_ * dim_, dim, dim) = metric.selfadjointView<Eigen::Lower>();
    Eigen::Map<Vector> turning(nu + i * dim_, dim);
    turning = 2 * squares_[i] * Eigen::Map<const Vector>(product_.data() + i * dim_, dim);
    if (!weight_.constant())
      turning += Eigen::Map<const Vector>(weight_.gradients().data() + i * dim_, dim) *
                 Eigen::Map<const Vector>(pushed_.data() + i * outputs_, outputs).squaredNorm();
  }
}

double ChordCurveMetric::length() const {
  double sum = 0;
  for (std::size_t i = 0; i < segments_; ++i)
    sum +=
        std::sqrt(squares_[i]) *
        Eigen::Map<const Vector>(pushed_.data() + i * outputs_, static_cast<Eigen::Index>(outputs_)).norm();
  return sum;
}

}  // namespace latentpath::detail
