#include "solver/dense/newton.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace latentpath::detail {
namespace {

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

}  // namespace

void NewtonSolver::fill_laplacian(ChordObjective& objective) {
  if (have_laplacian_) return;
  objective.laplacian(laplacian_);
  have_laplacian_ = true;
}

MinimiseOutcome NewtonSolver::minimise(ChordObjective& objective, std::vector<double>& nodes,
                                       const MinimiseOptions& options,
                                       const CancellationToken& cancellation) {
  MinimiseOutcome out;
  const std::size_t n = objective.unknowns(), d = objective.dim();
  double cost = objective.expand(nodes.data());
  out.cost = cost;
  if (n == 0) {
    out.termination = GeodesicTermination::kConverged;
    out.positive_definite = true;
    return out;
  }
  gradient_.resize(n);
  step_.resize(n);
  trial_.resize(nodes.size());
  // Differences of costs below this say nothing.
  const double share_of_rounding = objective.rounding();
  double lambda = 0;
  int escapes = 0, polished = 0;
  for (out.iterations = 0;; ++out.iterations) {
    objective.gradient(gradient_.data());
    objective.hessian(options.kind, hessian_);
    have_laplacian_ = false;
    if (cost == 0) {  // a single point
      out.termination = GeodesicTermination::kConverged;
      break;
    }
    out.positive_definite = factor_.compute(hessian_);
    const bool definite = out.positive_definite;
    step_ = gradient_;
    if (definite) {
      factor_.solve(step_.data());
    } else {
      fill_laplacian(objective);
      if (!factor_.compute(laplacian_)) {
        out.termination = GeodesicTermination::kStalled;
        break;
      }
      factor_.solve(step_.data());
    }
    // The decrease that a full step promises, as a share of the cost: free of units.
    out.residual = std::sqrt(std::max(0.0, dot(gradient_, step_)) / (2 * cost));
    if (out.residual <= options.tolerance) {
      if (!definite && options.escape_saddles && options.kind == HessianKind::kNewton && escapes < 20 &&
          out.iterations < options.max_iterations && escape(objective, nodes, cost)) {
        ++escapes;
        lambda = 0;
        continue;
      }
      out.termination = GeodesicTermination::kConverged;
      break;
    }
    if (out.iterations >= options.max_iterations) break;
    if (cancellation.cancelled()) {
      out.termination = GeodesicTermination::kInterrupted;
      break;
    }
    // Steps that promise less than rounding: one of them may polish, more would go round in circles.
    if (definite && dot(gradient_, step_) < share_of_rounding * cost && ++polished > 2) {
      out.termination = GeodesicTermination::kConverged;
      break;
    }
    // A trial is expanded at once: it is nearly always accepted. H, g and B of the last point are kept here.
    bool accepted = false, at_trial = false, at_rounding = false;
    if (!definite) lambda = std::max(lambda, 0.05);
    for (int attempt = 0; attempt < 60 && !accepted; ++attempt) {
      if (lambda > 0 || !definite) {
        if (!have_laplacian_) {
          if (at_trial) objective.expand(nodes.data());
          at_trial = false;
          fill_laplacian(objective);
        }
        sum_.set_sum(hessian_, lambda, laplacian_);
        if (!factor_.compute(sum_)) {
          lambda *= 2;
          continue;
        }
        step_ = gradient_;
        factor_.solve(step_.data());
      }
      for (std::size_t k = 0; k < nodes.size(); ++k) trial_[k] = nodes[k];
      for (std::size_t k = 0; k < n; ++k) trial_[d + k] -= step_[k];
      const double slope = dot(gradient_, step_);
      const double rounding = share_of_rounding * cost;
      const double trial_cost = objective.expand(trial_.data());
      at_trial = true;
      if (trial_cost <= cost - 1e-4 * slope + rounding) {
        const double ratio = (cost - trial_cost) / (0.5 * slope);
        if (lambda > 0 && ratio > 0.7) lambda = lambda < 1e-2 ? 0 : lambda / 5;
        if (lambda > 0 && ratio < 0.3) lambda *= 2;
        accepted = true;
        cost = trial_cost;
        nodes.swap(trial_);
        if (lambda < 1e-3) lambda = 0;
      } else {
        lambda = lambda == 0 ? 0.3 : 4 * lambda;
        if (slope < rounding) {  // the step promised less than rounding
          at_rounding = true;
          break;
        }
        if (lambda > 1e14) break;
      }
    }
    if (!accepted) {
      objective.expand(nodes.data());
      out.termination = at_rounding ? GeodesicTermination::kConverged : GeodesicTermination::kStalled;
      break;
    }
  }
  out.cost = cost;
  return out;
}

double NewtonSolver::lowest_mode(double shift, int iterations) {
  const std::size_t m = hessian_.blocks(), d = hessian_.size();
  // A smooth first guess with something of every coordinate and no symmetry: low modes are long waves.
  mode_.resize(m * d);
  image_.resize(m * d);
  for (std::size_t i = 0; i < m; ++i) {
    const double t = static_cast<double>(i + 1) / static_cast<double>(m + 1);
    for (std::size_t j = 0; j < d; ++j) {
      const double phase = 2.399963 * static_cast<double>(j);  // the golden angle: no two coordinates alike
      mode_[i * d + j] = std::sin(std::numbers::pi * t) * std::cos(phase + 0.3) +
                         0.4 * std::sin(2 * std::numbers::pi * t) * std::sin(phase + 1.1);
    }
  }
  if (shift > 0) {
    sum_.set_sum(hessian_, shift, laplacian_);
    if (!factor_.compute(sum_)) return 0;
  } else if (!factor_.compute(hessian_)) {
    return 0;
  }
  double mu = 0;
  for (int k = 0; k < iterations; ++k) {
    // v ← (H + σB)⁻¹ B v; with w = Bv before and v after, vᵀ(H + σB)v = vᵀw.
    laplacian_.multiply(mode_.data(), image_.data());
    mode_ = image_;
    factor_.solve(mode_.data());
    const double numerator = dot(mode_, image_);
    laplacian_.multiply(mode_.data(), image_.data());
    const double norm = dot(mode_, image_);
    if (!(norm > 0)) return 0;
    const double next = numerator / norm - shift;
    for (double& v : mode_) v /= std::sqrt(norm);
    const bool settled = k > 0 && std::abs(next - mu) < 1e-3 * (std::abs(next) + 1e-3);
    mu = next;
    if (settled) break;
  }
  return mu;
}

bool NewtonSolver::escape(ChordObjective& objective, std::vector<double>& nodes, double& cost) {
  fill_laplacian(objective);
  double shift = 0.01;
  for (int k = 0; k < 60; ++k, shift *= 2) {
    sum_.set_sum(hessian_, shift, laplacian_);
    if (factor_.compute(sum_)) break;
  }
  const double mu = lowest_mode(shift, 40);
  if (!(mu < 0)) {
    objective.expand(nodes.data());
    return false;
  }
  // Out along the mode, either way, as far as the cost falls.
  const std::size_t d = objective.dim();
  std::vector<double> best = nodes;
  double best_cost = cost;
  for (const double sign : {1.0, -1.0}) {
    double length = 0.02 * std::sqrt(2 * cost) * sign, before = cost;
    for (int k = 0; k < 12; ++k, length *= 2) {
      trial_ = nodes;
      for (std::size_t e = 0; e < mode_.size(); ++e) trial_[d + e] += length * mode_[e];
      const double trial_cost = objective.cost(trial_.data());
      if (!(trial_cost < before)) break;
      before = trial_cost;
      // The two ways are often mirror images: rounding must not choose between them.
      if (trial_cost < best_cost * (1 - 1e-9)) {
        best = trial_;
        best_cost = trial_cost;
      }
    }
  }
  const bool escaped = best_cost < cost;
  if (escaped) nodes = best;
  cost = objective.expand(nodes.data());
  return escaped;
}

void NewtonSolver::certify(ChordObjective& objective, double cost, Certificate& certificate) {
  const std::size_t n = objective.unknowns();
  if (n == 0 || cost == 0) {
    certificate.negative_directions = 0;
    certificate.least_curvature = 1;
    return;
  }
  gradient_.resize(n);
  objective.gradient(gradient_.data());
  objective.hessian(objective.has_curvatures() ? HessianKind::kNewton : HessianKind::kGaussNewton, hessian_);
  have_laplacian_ = false;
  fill_laplacian(objective);
  step_ = gradient_;
  if (factor_.compute(laplacian_)) {
    factor_.solve(step_.data());
    certificate.gradient_residual = std::sqrt(std::max(0.0, dot(gradient_, step_)) / (2 * cost));
  }
  if (!objective.has_curvatures()) return;  // without second derivatives there is no inertia to count
  if (factor_.compute(hessian_)) {
    certificate.negative_directions = 0;
    certificate.least_curvature = lowest_mode(0, 8);
  } else {
    certificate.negative_directions = negative_eigenvalues(hessian_);
    double shift = 1e-3;
    for (int k = 0; k < 60; ++k, shift *= 2) {
      sum_.set_sum(hessian_, shift, laplacian_);
      if (factor_.compute(sum_)) break;
    }
    certificate.least_curvature = lowest_mode(shift, 40);
  }
}

}  // namespace latentpath::detail
