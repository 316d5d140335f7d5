#include "path/dense/laplacian_preconditioner.h"

#include <algorithm>
#include <cmath>

namespace latentpath::detail {
namespace {

using Vector = std::vector<double>;
using RowMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// A mean metric whose off-diagonal part, or whose spread along the diagonal, is below this share of it is
/// taken for diagonal, or for a multiple of the identity: a preconditioner need not be exact, and those are
/// cheap to invert.
constexpr double kNegligible = 0.2;
/// A direction that costs less than this share of the mean one would be amplified without bound: then the
/// full metric is inverted, with so much of the mean added.
constexpr double kLeastDiagonal = 1e-10, kAddedDiagonal = 1e-8;
/// The softest segment, as a share of the stiffest: where an end of the path lies where nothing costs.
constexpr double kSoftest = 1e-6;
constexpr double kTiny = 1e-300;  // no division by 0

}  // namespace

void LaplacianPreconditioner::build(const WeightedMetric& metric, const std::vector<double>& knots,
                                    const std::vector<double>& weighted_chords_squared) {
  set_mean_metric(metric, knots);
  update(knots, weighted_chords_squared);
}

void LaplacianPreconditioner::set_mean_metric(const WeightedMetric& metric,
                                              const std::vector<double>& knots) {
  const auto d = static_cast<std::size_t>(metric.latent_dim());
  const std::size_t n = knots.size() / d - 1;
  dim_ = d;
  const auto size = static_cast<Eigen::Index>(d),
             outputs = static_cast<Eigen::Index>(metric.chart().output_dim());
  // The mean metric of a few nodes: its shape matters, its changes along the path are left to T.
  constexpr std::size_t kSamples = 5;
  Vector points(kSamples * d);
  for (std::size_t k = 0; k < kSamples; ++k)
    std::copy_n(knots.begin() + static_cast<std::ptrdiff_t>(k * n / (kSamples - 1) * d), d,
                points.begin() + static_cast<std::ptrdiff_t>(k * d));
  const auto expansion = metric.chart().make_expansion();
  expansion->expand(kSamples, points.data(), nullptr);
  metric_ = Eigen::MatrixXd::Zero(size, size);
  for (std::size_t k = 0; k < kSamples; ++k) {
    const Eigen::Map<const RowMatrix> j(expansion->jacobians() + k * d * static_cast<std::size_t>(outputs),
                                        outputs, size);
    metric_.selfadjointView<Eigen::Lower>().rankUpdate(j.transpose(), 1.0 / kSamples);
  }
  metric_ = metric_.selfadjointView<Eigen::Lower>();
  const double mean = metric_.trace() / static_cast<double>(d);
  const Eigen::VectorXd diagonal = metric_.diagonal();
  const double off_diagonal = (metric_ - Eigen::MatrixXd(diagonal.asDiagonal())).norm();
  const double spread = (diagonal.array() - mean).matrix().norm();
  const double negligible = kNegligible * metric_.norm();
  if (!(mean > 0) || (off_diagonal < negligible && spread < negligible))
    kind_ = Kind::kScalar;
  else if (off_diagonal < negligible && diagonal.minCoeff() > kLeastDiagonal * mean)
    kind_ = Kind::kDiagonal;
  else
    kind_ = Kind::kFull;
  scale_.assign(d, 1);
  if (kind_ == Kind::kScalar) {
    metric_.setIdentity();
  } else if (kind_ == Kind::kDiagonal) {
    for (std::size_t j = 0; j < d; ++j) scale_[j] = diagonal[static_cast<Eigen::Index>(j)];
  } else {
    metric_.diagonal().array() += kAddedDiagonal * mean;
    factor_.compute(metric_);
  }
}

void LaplacianPreconditioner::update(const std::vector<double>& knots,
                                     const std::vector<double>& weighted_chords_squared) {
  const std::size_t d = dim_, n = weighted_chords_squared.size();
  const auto size = static_cast<Eigen::Index>(d);
  Vector stiffness(n);
  double largest = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const Eigen::Map<const Eigen::VectorXd> a(knots.data() + i * d, size),
        b(knots.data() + (i + 1) * d, size);
    const Eigen::VectorXd step = b - a;
    double square = 0;
    if (kind_ == Kind::kFull)
      square = step.dot(metric_ * step);
    else
      for (std::size_t j = 0; j < d; ++j)
        square += scale_[j] * step[static_cast<Eigen::Index>(j)] * step[static_cast<Eigen::Index>(j)];
    stiffness[i] = square > 0 ? 2 * static_cast<double>(n) * weighted_chords_squared[i] / square : 0;
    largest = std::max(largest, stiffness[i]);
  }
  for (double& k : stiffness) k = std::max(k, kSoftest * std::max(largest, kTiny));
  diagonal_.resize(n - 1);
  off_.resize(n - 1);
  pivot_.resize(n - 1);
  for (std::size_t i = 0; i + 1 < n; ++i) {
    diagonal_[i] = stiffness[i] + stiffness[i + 1];
    off_[i] = -stiffness[i + 1];
    pivot_[i] = i == 0 ? diagonal_[i] : diagonal_[i] - off_[i - 1] * off_[i - 1] / pivot_[i - 1];
  }
}

void LaplacianPreconditioner::solve(double* x) const {
  const std::size_t m = diagonal_.size(), d = dim_;
  for (std::size_t i = 1; i < m; ++i) {
    const double factor = off_[i - 1] / pivot_[i - 1];
    for (std::size_t j = 0; j < d; ++j) x[i * d + j] -= factor * x[(i - 1) * d + j];
  }
  for (std::size_t i = m; i-- > 0;) {
    const double inverse = 1 / pivot_[i];
    for (std::size_t j = 0; j < d; ++j) x[i * d + j] *= inverse;
    if (i + 1 < m) {
      const double factor = off_[i] * inverse;
      for (std::size_t j = 0; j < d; ++j) x[i * d + j] -= factor * x[(i + 1) * d + j];
    }
  }
  if (kind_ == Kind::kDiagonal) {
    for (std::size_t i = 0; i < m; ++i)
      for (std::size_t j = 0; j < d; ++j) x[i * d + j] /= scale_[j];
  } else if (kind_ == Kind::kFull) {
    Eigen::Map<Eigen::MatrixXd> columns(x, static_cast<Eigen::Index>(d), static_cast<Eigen::Index>(m));
    factor_.solveInPlace(columns);
  }
}

void LaplacianPreconditioner::multiply(const double* x, double* y) const {
  const std::size_t m = diagonal_.size(), d = dim_;
  for (std::size_t i = 0; i < m; ++i)
    for (std::size_t j = 0; j < d; ++j) {
      double sum = diagonal_[i] * x[i * d + j];
      if (i > 0) sum += off_[i - 1] * x[(i - 1) * d + j];
      if (i + 1 < m) sum += off_[i] * x[(i + 1) * d + j];
      y[i * d + j] = sum * (kind_ == Kind::kDiagonal ? scale_[j] : 1);
    }
  if (kind_ == Kind::kFull) {
    Eigen::Map<Eigen::MatrixXd> columns(y, static_cast<Eigen::Index>(d), static_cast<Eigen::Index>(m));
    columns = (metric_ * columns).eval();
  }
}

}  // namespace latentpath::detail
