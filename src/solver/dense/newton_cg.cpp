#include "solver/dense/newton_cg.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace latentpath::detail {
namespace {

using Vector = std::vector<double>;
using RowMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

double dot(const Vector& a, const Vector& b) {
  return Eigen::Map<const Eigen::VectorXd>(a.data(), static_cast<Eigen::Index>(a.size()))
      .dot(Eigen::Map<const Eigen::VectorXd>(b.data(), static_cast<Eigen::Index>(b.size())));
}
void add(Vector& a, double s, const Vector& b) {
  for (std::size_t k = 0; k < a.size(); ++k) a[k] += s * b[k];
}

}  // namespace

void LaplacianPreconditioner::build(const WeightedMetric& metric, const ChordObjective& objective) {
  set_mean_metric(metric, objective);
  update(objective);
}

void LaplacianPreconditioner::set_mean_metric(const WeightedMetric& metric, const ChordObjective& objective) {
  const std::size_t n = objective.segments(), d = objective.dim();
  dim_ = d;
  const auto size = static_cast<Eigen::Index>(d),
             outputs = static_cast<Eigen::Index>(metric.chart().output_dim());
  // The mean metric of a few nodes: its shape matters, its changes along the path are left to T.
  constexpr std::size_t kSamples = 5;
  Vector points(kSamples * d);
  for (std::size_t k = 0; k < kSamples; ++k)
    std::copy_n(objective.knots().begin() + static_cast<std::ptrdiff_t>(k * n / (kSamples - 1) * d), d,
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
  if (!(mean > 0) || (off_diagonal < 0.2 * metric_.norm() && spread < 0.2 * metric_.norm()))
    kind_ = Kind::kScalar;
  else if (off_diagonal < 0.2 * metric_.norm() && diagonal.minCoeff() > 1e-10 * mean)
    kind_ = Kind::kDiagonal;
  else
    kind_ = Kind::kFull;
  scale_.assign(d, 1);
  if (kind_ == Kind::kScalar) {
    metric_.setIdentity();
  } else if (kind_ == Kind::kDiagonal) {
    for (std::size_t j = 0; j < d; ++j) scale_[j] = diagonal[static_cast<Eigen::Index>(j)];
  } else {
    metric_.diagonal().array() += 1e-8 * mean;
    factor_.compute(metric_);
  }
}

void LaplacianPreconditioner::update(const ChordObjective& objective) {
  const std::size_t n = objective.segments(), d = objective.dim();
  const auto size = static_cast<Eigen::Index>(d);
  const Vector chords = objective.weighted_chords_squared();
  Vector stiffness(n);
  double largest = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const Eigen::Map<const Eigen::VectorXd> a(objective.knots().data() + i * d, size),
        b(objective.knots().data() + (i + 1) * d, size);
    const Eigen::VectorXd step = b - a;
    double square = 0;
    if (kind_ == Kind::kFull)
      square = step.dot(metric_ * step);
    else
      for (std::size_t j = 0; j < d; ++j)
        square += scale_[j] * step[static_cast<Eigen::Index>(j)] * step[static_cast<Eigen::Index>(j)];
    stiffness[i] = square > 0 ? 2 * static_cast<double>(n) * chords[i] / square : 0;
    largest = std::max(largest, stiffness[i]);
  }
  for (double& k : stiffness) k = std::max(k, 1e-6 * std::max(largest, 1e-300));
  diagonal_.resize(n - 1);
  off_.resize(n - 1);
  pivot_.resize(n - 1);
  for (std::size_t i = 0; i + 1 < n; ++i) {
    diagonal_[i] = stiffness[i] + stiffness[i + 1];
    off_[i] = -stiffness[i + 1];
    pivot_[i] = i == 0 ? diagonal_[i] : diagonal_[i] - off_[i - 1] * off_[i - 1] / pivot_[i - 1];
  }
}

void LaplacianPreconditioner::solve(Vector& x) const {
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
    Eigen::Map<Eigen::MatrixXd> columns(x.data(), static_cast<Eigen::Index>(d), static_cast<Eigen::Index>(m));
    factor_.solveInPlace(columns);
  }
}

void LaplacianPreconditioner::multiply(const Vector& x, Vector& y) const {
  const std::size_t m = diagonal_.size(), d = dim_;
  y.resize(x.size());
  for (std::size_t i = 0; i < m; ++i)
    for (std::size_t j = 0; j < d; ++j) {
      double sum = diagonal_[i] * x[i * d + j];
      if (i > 0) sum += off_[i - 1] * x[(i - 1) * d + j];
      if (i + 1 < m) sum += off_[i] * x[(i + 1) * d + j];
      y[i * d + j] = sum * (kind_ == Kind::kDiagonal ? scale_[j] : 1);
    }
  if (kind_ == Kind::kFull) {
    Eigen::Map<Eigen::MatrixXd> columns(y.data(), static_cast<Eigen::Index>(d), static_cast<Eigen::Index>(m));
    columns = (metric_ * columns).eval();
  }
}

MinimiseOutcome NewtonCgSolver::minimise(const WeightedMetric& metric, ChordObjective& objective,
                                         Vector& nodes, const MinimiseOptions& options,
                                         const CancellationToken& cancellation) {
  MinimiseOutcome out;
  const std::size_t n = objective.unknowns(), d = objective.dim();
  double cost = objective.expand(nodes.data());
  out.cost = cost;
  out.positive_definite = true;
  if (n == 0) {
    out.termination = GeodesicTermination::kConverged;
    return out;
  }
  Vector gradient(n), step(n), residual(n), solved(n), direction(n), image(n), trial, mode;
  int escapes = 0, polished = 0;
  for (out.iterations = 0;; ++out.iterations) {
    if (cost == 0) {
      out.termination = GeodesicTermination::kConverged;
      break;
    }
    objective.gradient(gradient.data());
    if (out.iterations == 0)
      preconditioner_.build(metric, objective);
    else
      preconditioner_.update(objective);
    solved = gradient;
    preconditioner_.solve(solved);
    const double gradient_square = dot(gradient, solved);
    out.residual = std::sqrt(std::max(0.0, gradient_square) / (2 * cost));
    if (out.residual <= options.tolerance) {
      out.termination = GeodesicTermination::kConverged;
      if (!options.escape_saddles || out.positive_definite || escapes >= 20) break;
      // The last inner iterations met negative curvature: a saddle. Leave along its steepest mode.
      ++escapes;
      if (!(lanczos(objective, 40, mode) < 0)) break;
      Vector best = nodes;
      double best_cost = cost;
      for (const double sign : {1.0, -1.0}) {
        double length = 0.02 * std::sqrt(2 * cost) * sign, before = cost;
        for (int k = 0; k < 12; ++k, length *= 2) {
          trial = nodes;
          for (std::size_t e = 0; e < n; ++e) trial[d + e] += length * mode[e];
          const double trial_cost = objective.cost(trial.data());
          if (!(trial_cost < before)) break;
          before = trial_cost;
          if (trial_cost < best_cost * (1 - 1e-9)) {
            best = trial;
            best_cost = trial_cost;
          }
        }
      }
      nodes = best;
      const bool escaped = best_cost < cost;
      cost = objective.expand(nodes.data());
      if (!escaped) break;
      out.termination = GeodesicTermination::kIterationLimit;
      continue;
    }
    if (out.iterations >= options.max_iterations) break;
    // As in Newton's method: steps that promise less than rounding go round in circles.
    if (out.positive_definite && gradient_square < objective.rounding() * cost && ++polished > 2) {
      out.termination = GeodesicTermination::kConverged;
      break;
    }
    if (cancellation.cancelled()) {
      out.termination = GeodesicTermination::kInterrupted;
      break;
    }
    // H s = −g, to a residual that makes the outer iteration superlinear.
    const double forcing = std::clamp(0.5 * out.residual, 1e-3, 0.1);
    std::fill(step.begin(), step.end(), 0.0);
    residual = gradient;
    for (double& r : residual) r = -r;
    for (double& s : solved) s = -s;
    direction = solved;
    double rz = gradient_square;
    out.positive_definite = true;
    for (int inner = 0; inner < 200; ++inner) {
      objective.hessian_product(direction.data(), image.data());
      const double curvature = dot(direction, image);
      if (!(curvature > 0)) {
        out.positive_definite = false;
        if (inner == 0) step = direction;  // the preconditioned gradient
        break;
      }
      const double alpha = rz / curvature;
      add(step, alpha, direction);
      add(residual, -alpha, image);
      solved = residual;
      preconditioner_.solve(solved);
      const double next = dot(residual, solved);
      if (next <= forcing * forcing * gradient_square) break;
      const double beta = next / rz;
      rz = next;
      for (std::size_t k = 0; k < n; ++k) direction[k] = solved[k] + beta * direction[k];
    }
    const double slope = dot(gradient, step), rounding = objective.rounding() * cost;
    double t = 1;
    bool accepted = false;
    trial = nodes;
    for (int attempt = 0; attempt < 40; ++attempt, t *= 0.5) {
      for (std::size_t k = 0; k < n; ++k) trial[d + k] = nodes[d + k] + t * step[k];
      const double trial_cost = attempt == 0 ? objective.expand(trial.data()) : objective.cost(trial.data());
      if (trial_cost <= cost + 1e-4 * t * slope + rounding) {
        cost = attempt == 0 ? trial_cost : objective.expand(trial.data());
        nodes.swap(trial);
        accepted = true;
        break;
      }
    }
    if (!accepted) {
      objective.expand(nodes.data());
      out.termination = -slope < rounding ? GeodesicTermination::kConverged : GeodesicTermination::kStalled;
      break;
    }
  }
  out.cost = cost;
  return out;
}

double NewtonCgSolver::lanczos(ChordObjective& objective, int steps, Vector& mode) {
  const std::size_t n = objective.unknowns(), d = objective.dim(), m = n / d;
  Vector w(n), mv(n), hv(n);
  for (std::size_t i = 0; i < m; ++i) {
    const double t = static_cast<double>(i + 1) / static_cast<double>(m + 1);
    for (std::size_t j = 0; j < d; ++j) {
      const double phase = 2.399963 * static_cast<double>(j);
      w[i * d + j] = std::sin(std::numbers::pi * t) * std::cos(phase + 0.3) +
                     0.4 * std::sin(2 * std::numbers::pi * t) * std::sin(phase + 1.1);
    }
  }
  // A basis v_k with v_iᵀ M v_j = δ_ij, orthogonalised in full: few steps, so the memory is small.
  std::vector<Vector> basis, images;
  std::vector<double> alpha, beta;
  double ritz = 0;
  Eigen::VectorXd weights;
  for (int k = 0; k < steps; ++k) {
    preconditioner_.multiply(w, mv);
    const double norm = std::sqrt(std::max(0.0, dot(w, mv)));
    if (!(norm > 1e-10)) break;
    if (k > 0) beta.push_back(norm);
    for (double& v : w) v /= norm;
    for (double& v : mv) v /= norm;
    basis.push_back(w);
    images.push_back(mv);
    objective.hessian_product(w.data(), hv.data());
    alpha.push_back(dot(w, hv));
    const auto size = static_cast<Eigen::Index>(basis.size());
    Eigen::MatrixXd small = Eigen::MatrixXd::Zero(size, size);
    for (Eigen::Index i = 0; i < size; ++i) {
      small(i, i) = alpha[static_cast<std::size_t>(i)];
      if (i > 0) small(i, i - 1) = small(i - 1, i) = beta[static_cast<std::size_t>(i - 1)];
    }
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(small);
    const double before = ritz;
    ritz = eigen.eigenvalues()[0];
    weights = eigen.eigenvectors().col(0);
    if (k > 3 && std::abs(ritz - before) < 1e-2 * (std::abs(ritz) + 0.1)) break;
    w = hv;
    preconditioner_.solve(w);
    for (std::size_t i = 0; i < basis.size(); ++i) add(w, -dot(w, images[i]), basis[i]);
  }
  mode.assign(n, 0);
  for (std::size_t i = 0; i < basis.size() && static_cast<Eigen::Index>(i) < weights.size(); ++i)
    add(mode, weights[static_cast<Eigen::Index>(i)], basis[i]);
  return ritz;
}

void NewtonCgSolver::certify(const WeightedMetric& metric, ChordObjective& objective, double cost,
                             Certificate& certificate) {
  const std::size_t n = objective.unknowns();
  if (n == 0 || cost == 0) {
    certificate.negative_directions = 0;
    certificate.least_curvature = 1;
    return;
  }
  Vector gradient(n), mode;
  objective.gradient(gradient.data());
  preconditioner_.build(metric, objective);
  Vector solved = gradient;
  preconditioner_.solve(solved);
  certificate.gradient_residual = std::sqrt(std::max(0.0, dot(gradient, solved)) / (2 * cost));
  certificate.least_curvature = lanczos(objective, 30, mode);
}

}  // namespace latentpath::detail
