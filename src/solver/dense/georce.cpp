#include "solver/dense/georce.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>

#include "metric/dense/weight_field.h"

namespace latentpath::detail {
namespace {

using Vector = Eigen::VectorXd;
using Matrix = Eigen::MatrixXd;
using RowMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// E and its parts at a polyline.
struct Georce {
  const WeightedMetric& metric;
  WeightField weight;
  std::unique_ptr<MapExpansion> expansion;
  Eigen::Index dim, outputs;
  std::size_t segments;
  std::vector<double> squares, pushed, product;

  Georce(const WeightedMetric& m, std::size_t n)
      : metric(m),
        weight(m.quality(), m.epsilon()),
        expansion(m.chart().make_expansion()),
        dim(m.latent_dim()),
        outputs(m.chart().output_dim()),
        segments(n) {}

  /// E, charged at the left end of each segment.
  double energy(const Matrix& z, const Matrix& u) {
    expansion->expand(segments, z.data(), nullptr);
    squares.assign(segments, weight.constant() ? weight.constant_weight() * weight.constant_weight() : 0);
    if (!weight.constant()) {
      weight.expand(segments, z.data(), nullptr);
      squares = weight.squares();
    }
    pushed.resize(segments * static_cast<std::size_t>(outputs));
    expansion->push(u.data(), pushed.data());
    double sum = 0;
    for (std::size_t i = 0; i < segments; ++i)
      sum += squares[i] *
             Eigen::Map<const Vector>(pushed.data() + static_cast<Eigen::Index>(i) * outputs, outputs)
                 .squaredNorm();
    return sum;
  }

  /// G_i and ν_i = ∂_y[u_iᵀ G(y) u_i] at z_i, for the last energy().
  void metrics(const Matrix& u, std::vector<Matrix>& g, Matrix& nu) {
    product.resize(segments * static_cast<std::size_t>(dim));
    expansion->curvature_products(pushed.data(), u.data(), product.data());
    g.resize(segments);
    nu.resize(dim, static_cast<Eigen::Index>(segments));
    for (std::size_t i = 0; i < segments; ++i) {
      const auto k = static_cast<Eigen::Index>(i);
      const Eigen::Map<const RowMatrix> j(expansion->jacobians() + k * outputs * dim, outputs, dim);
      g[i] = Matrix::Zero(dim, dim);
      g[i].selfadjointView<Eigen::Lower>().rankUpdate(j.transpose(), squares[i]);
      g[i] = g[i].selfadjointView<Eigen::Lower>();
      nu.col(k) = 2 * squares[i] * Eigen::Map<const Vector>(product.data() + k * dim, dim);
      if (!weight.constant())
        nu.col(k) += Eigen::Map<const Vector>(weight.gradients().data() + k * dim, dim) *
                     Eigen::Map<const Vector>(pushed.data() + k * outputs, outputs).squaredNorm();
    }
  }
};

}  // namespace

MinimiseOutcome georce(const WeightedMetric& metric, std::vector<double>& nodes,
                       const MinimiseOptions& options, const CancellationToken& cancellation,
                       double& length) {
  MinimiseOutcome out;
  const Eigen::Index dim = metric.latent_dim();
  const std::size_t n = nodes.size() / static_cast<std::size_t>(dim) - 1;
  const auto last = static_cast<Eigen::Index>(n);
  Georce at(metric, n);
  Matrix z = Eigen::Map<const Matrix>(nodes.data(), dim, last + 1);
  const Vector start = z.col(0), end = z.col(last);
  Matrix u = z.rightCols(last) - z.leftCols(last);
  double energy = at.energy(z, u);
  std::vector<Matrix> g, inverse(n);
  Matrix nu, sums(dim, last), target(dim, last), trial_u, trial_z = z;
  for (out.iterations = 0;; ++out.iterations) {
    at.metrics(u, g, nu);
    // S_i = Σ_{j > i} ν_j.
    sums.col(last - 1).setZero();
    for (Eigen::Index i = last - 1; i > 0; --i) sums.col(i - 1) = sums.col(i) + nu.col(i);
    Matrix total = Matrix::Zero(dim, dim);
    Vector right = 2 * (end - start);
    for (std::size_t i = 0; i < n; ++i) {
      inverse[i] = g[i].llt().solve(Matrix::Identity(dim, dim));
      total += inverse[i];
      right += inverse[i] * sums.col(static_cast<Eigen::Index>(i));
    }
    const Vector mu = -total.llt().solve(right);
    for (std::size_t i = 0; i < n; ++i) {
      const auto k = static_cast<Eigen::Index>(i);
      target.col(k) = -0.5 * (inverse[i] * (mu + sums.col(k)));
    }
    // The slope of E along the step: ∂E/∂z_i = 2G_{i−1}u_{i−1} − 2G_iu_i + ν_i, and δz_i = Σ_{j < i} (û −
    // u)_j.
    double slope = 0;
    Vector moved = Vector::Zero(dim);
    for (Eigen::Index i = 1; i < last; ++i) {
      moved += target.col(i - 1) - u.col(i - 1);
      const auto k = static_cast<std::size_t>(i);
      slope += moved.dot(2 * (g[k - 1] * u.col(i - 1)) - 2 * (g[k] * u.col(i)) + nu.col(i));
    }
    out.residual = std::sqrt(std::max(0.0, -slope) / (2 * energy));
    if (!std::isfinite(out.residual)) {
      out.termination = GeodesicTermination::kStalled;
      break;
    }
    if (out.residual <= options.tolerance) {
      out.termination = GeodesicTermination::kConverged;
      break;
    }
    if (out.iterations >= options.max_iterations) break;
    if (cancellation.cancelled()) {
      out.termination = GeodesicTermination::kInterrupted;
      break;
    }
    double tau = 1;
    bool accepted = false;
    for (int attempt = 0; attempt < 40 && !accepted; ++attempt, tau *= 0.5) {
      trial_u = tau * target + (1 - tau) * u;
      for (Eigen::Index i = 1; i < last; ++i) trial_z.col(i) = trial_z.col(i - 1) + trial_u.col(i - 1);
      trial_u.col(last - 1) = end - trial_z.col(last - 1);
      const double trial = at.energy(trial_z, trial_u);
      if (trial <= energy + 1e-4 * tau * slope + 4e-15 * energy) {
        energy = trial;
        u.swap(trial_u);
        z = trial_z;
        accepted = true;
      }
    }
    if (!accepted) {
      at.energy(z, u);
      out.termination = GeodesicTermination::kStalled;
      break;
    }
  }
  length = 0;
  for (std::size_t i = 0; i < n; ++i)
    length +=
        std::sqrt(at.squares[i]) *
        Eigen::Map<const Vector>(at.pushed.data() + static_cast<Eigen::Index>(i) * at.outputs, at.outputs)
            .norm();
  std::copy_n(z.data() + dim, nodes.size() - 2 * static_cast<std::size_t>(dim),
              nodes.begin() + static_cast<std::ptrdiff_t>(dim));
  out.cost = energy * static_cast<double>(n);
  return out;
}

}  // namespace latentpath::detail
