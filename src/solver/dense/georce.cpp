#include "solver/dense/georce.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>

#include "solver/dense/sufficient_decrease.h"

namespace latentpath::detail {
namespace {

using Vector = Eigen::VectorXd;
using Matrix = Eigen::MatrixXd;

/// Of an energy, a sum of squares: two energies that differ by less are equal.
constexpr double kRounding = 4e-15;
/// Halvings of a step, which then is as good as none.
constexpr int kMostHalvings = 40;

}  // namespace

void GeorceMethod::set_energy(double energy) {
  energy_ = energy;
  value_ = energy * static_cast<double>(metric_->segments());
}

void GeorceMethod::start(const RowCapabilities& row, const std::vector<double>& x) {
  begin(x);
  metric_ = row.curve_metric;
  const auto dim = static_cast<Eigen::Index>(metric_->dim()),
             last = static_cast<Eigen::Index>(metric_->segments());
  z_.resize(dim, last + 1);
  z_.col(0) = Eigen::Map<const Vector>(metric_->start(), dim);
  z_.col(last) = Eigen::Map<const Vector>(metric_->end(), dim);
  z_.middleCols(1, last - 1) = Eigen::Map<const Matrix>(x.data(), dim, last - 1);
  u_ = z_.rightCols(last) - z_.leftCols(last);
  trial_z_ = z_;
  target_.resize(dim, last);
  metrics_.resize(static_cast<std::size_t>(last * dim * dim));
  turning_.resize(static_cast<std::size_t>(last * dim));
  gradient_.assign(x.size(), 0);
  set_energy(metric_->energy(z_.data(), u_.data()));
  ++evaluations_;
  approximate();
}

void GeorceMethod::approximate() {
  if (!std::isfinite(value_)) return;
  metric_->derivatives(u_.data(), metrics_.data(), turning_.data());
  const Eigen::Index dim = u_.rows(), last = u_.cols();
  const auto g = [&](Eigen::Index i) {
    return Eigen::Map<const Matrix>(metrics_.data() + i * dim * dim, dim, dim);
  };
  const Eigen::Map<const Matrix> nu(turning_.data(), dim, last);
  // S_i = Σ_{j > i} ν_j.
  Matrix sums(dim, last);
  sums.col(last - 1).setZero();
  for (Eigen::Index i = last - 1; i > 0; --i) sums.col(i - 1) = sums.col(i) + nu.col(i);
  std::vector<Matrix> inverse(static_cast<std::size_t>(last));
  Matrix total = Matrix::Zero(dim, dim);
  Vector right = 2 * (z_.col(last) - z_.col(0));
  for (Eigen::Index i = 0; i < last; ++i) {
    Matrix& inverted = inverse[static_cast<std::size_t>(i)];
    inverted = g(i).llt().solve(Matrix::Identity(dim, dim));
    total += inverted;
    right += inverted * sums.col(i);
  }
  const Vector mu = -total.llt().solve(right);
  for (Eigen::Index i = 0; i < last; ++i)
    target_.col(i) = -0.5 * (inverse[static_cast<std::size_t>(i)] * (mu + sums.col(i)));
  // The slope of E along the step: ∂E/∂z_i = 2G_{i−1}u_{i−1} − 2G_iu_i + ν_i, and δz_i = Σ_{j < i} (û − u)_j.
  slope_ = 0;
  Vector moved = Vector::Zero(dim);
  for (Eigen::Index i = 1; i < last; ++i) {
    moved += target_.col(i - 1) - u_.col(i - 1);
    const Vector derivative = 2 * (g(i - 1) * u_.col(i - 1)) - 2 * (g(i) * u_.col(i)) + nu.col(i);
    slope_ += moved.dot(derivative);
    Eigen::Map<Vector>(gradient_.data() + (i - 1) * dim, dim) = static_cast<double>(last) * derivative;
  }
  residual_ = std::sqrt(std::max(0.0, -slope_) / (2 * energy_));
  if (energy_ == 0)
    end(Termination::kConverged, "the cost is zero");
  else if (!std::isfinite(residual_) || std::isnan(slope_))
    end(Termination::kStalled, "the metric is singular on the curve");
}

void GeorceMethod::step() {
  const Eigen::Index last = u_.cols();
  double tau = 1;
  for (int attempt = 0; attempt < kMostHalvings; ++attempt, tau *= 0.5) {
    trial_u_ = tau * target_ + (1 - tau) * u_;
    for (Eigen::Index i = 1; i < last; ++i) trial_z_.col(i) = trial_z_.col(i - 1) + trial_u_.col(i - 1);
    trial_u_.col(last - 1) = z_.col(last) - trial_z_.col(last - 1);
    const double trial = metric_->energy(trial_z_.data(), trial_u_.data());
    ++evaluations_;
    if (trial <= energy_ + kSufficientDecrease * tau * slope_ + kRounding * energy_) {
      u_.swap(trial_u_);
      z_ = trial_z_;
      std::copy_n(z_.data() + z_.rows(), x_.size(), x_.begin());
      set_energy(trial);
      return approximate();
    }
  }
  metric_->energy(z_.data(), u_.data());
  end(Termination::kStalled, "no step towards the targets lowers the energy");
}

}  // namespace latentpath::detail
