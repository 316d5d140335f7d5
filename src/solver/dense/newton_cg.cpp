#include "solver/dense/newton_cg.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>

#include "solver/dense/descend_along.h"
#include "solver/dense/sufficient_decrease.h"

namespace latentpath::detail {
namespace {

using Vector = std::vector<double>;

/// The residual of the inner system, as a share of the gradient: half of the outer residual makes the outer
/// iteration superlinear (Nocedal and Wright, Numerical Optimization, 2nd ed., section 7.1), within bounds
/// between which products with H pay.
constexpr double kForcing = 0.5, kLeastForcing = 1e-3, kMostForcing = 0.1;
constexpr int kMostInner = 200;
constexpr int kMostHalvings = 40;
/// Lanczos' steps: a basis vector shorter than the first spans nothing new, and the lowest curvature is
/// settled when it moves by less than this share of itself and a little more, after the first few.
constexpr double kNothingNew = 1e-10, kSettledCurvature = 1e-2, kSmallCurvature = 0.1;
constexpr int kFewestLanczos = 3, kMostLanczos = 40;

double dot(const Vector& a, const Vector& b) {
  return Eigen::Map<const Eigen::VectorXd>(a.data(), static_cast<Eigen::Index>(a.size()))
      .dot(Eigen::Map<const Eigen::VectorXd>(b.data(), static_cast<Eigen::Index>(b.size())));
}
void add(Vector& a, double s, const Vector& b) {
  for (std::size_t k = 0; k < a.size(); ++k) a[k] += s * b[k];
}

/// The smallest μ of H v = μ M v, from above, and v, by Lanczos' method in M's inner product. A basis v_k
/// with v_iᵀ M v_j = δ_ij, orthogonalised in full: few steps, so the memory is small.
double lanczos(SecondOrderModel& model, int steps, std::size_t block, Vector& mode) {
  const std::size_t n = model.size();
  Vector w, mv(n), hv(n);
  fill_long_wave(w, n / block, block);
  std::vector<Vector> basis, images;
  std::vector<double> alpha, beta;
  double ritz = 0;
  Eigen::VectorXd weights;
  for (int k = 0; k < steps; ++k) {
    model.multiply_preconditioner(w.data(), mv.data());
    const double norm = std::sqrt(std::max(0.0, dot(w, mv)));
    if (!(norm > kNothingNew)) break;
    if (k > 0) beta.push_back(norm);
    for (double& v : w) v /= norm;
    for (double& v : mv) v /= norm;
    basis.push_back(w);
    images.push_back(mv);
    model.hessian_product(w.data(), hv.data());
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
    if (k > kFewestLanczos &&
        std::abs(ritz - before) < kSettledCurvature * (std::abs(ritz) + kSmallCurvature))
      break;
    w = hv;
    model.solve_preconditioner(w.data());
    for (std::size_t i = 0; i < basis.size(); ++i) add(w, -dot(w, images[i]), basis[i]);
  }
  mode.assign(n, 0);
  for (std::size_t i = 0; i < basis.size() && static_cast<Eigen::Index>(i) < weights.size(); ++i)
    add(mode, weights[static_cast<Eigen::Index>(i)], basis[i]);
  return ritz;
}

}  // namespace

void NewtonCgMethod::prepare(std::size_t size) {
  for (Vector* v : {&step_, &rest_, &solved_, &direction_, &image_}) v->resize(size);
  have_preconditioner_ = false;
  definite_ = true;
}

/// g, M and the residual at the point at which the model is linearised.
void NewtonCgMethod::approximate() {
  model_->gradient(gradient_.data());
  if (!std::isfinite(value_)) return;
  if (value_ == 0) {
    residual_ = 0;
    return end(Termination::kConverged, "the cost is zero");
  }
  if (have_preconditioner_)
    model_->update_preconditioner();
  else
    model_->build_preconditioner();
  have_preconditioner_ = true;
  solved_ = gradient_;
  model_->solve_preconditioner(solved_.data());
  gradient_square_ = dot(gradient_, solved_);
  residual_ = relative(gradient_square_);
  if (definite_) count_step(gradient_square_);
}

const Vector* NewtonCgMethod::negative_direction() {
  // A few products tell whether there is one among the long waves, more find the steepest.
  if (definite_ && lanczos(*model_, 8, model_->block_size(), mode_) >= 0) return nullptr;
  return lanczos(*model_, kMostLanczos, model_->block_size(), mode_) < 0 ? &mode_ : nullptr;
}

/// H s = −g, to a residual that makes the outer iteration superlinear.
void NewtonCgMethod::conjugate_gradients() {
  const double forcing = std::clamp(kForcing * residual_, kLeastForcing, kMostForcing);
  std::fill(step_.begin(), step_.end(), 0.0);
  rest_ = gradient_;
  for (double& r : rest_) r = -r;
  for (double& s : solved_) s = -s;
  direction_ = solved_;
  double rz = gradient_square_;
  definite_ = true;
  for (int inner = 0; inner < kMostInner; ++inner) {
    model_->hessian_product(direction_.data(), image_.data());
    const double curvature = dot(direction_, image_);
    if (!(curvature > 0)) {
      definite_ = false;
      if (inner == 0) step_ = direction_;  // the preconditioned gradient
      break;
    }
    const double alpha = rz / curvature;
    add(step_, alpha, direction_);
    add(rest_, -alpha, image_);
    solved_ = rest_;
    model_->solve_preconditioner(solved_.data());
    const double next = dot(rest_, solved_);
    if (next <= forcing * forcing * gradient_square_) break;
    const double beta = next / rz;
    rz = next;
    for (std::size_t k = 0; k < direction_.size(); ++k) direction_[k] = solved_[k] + beta * direction_[k];
  }
}

bool NewtonCgMethod::line_search() {
  const double slope = dot(gradient_, step_);
  double t = 1;
  trial_ = x_;
  for (int attempt = 0; attempt < kMostHalvings; ++attempt, t *= 0.5) {
    for (std::size_t k = 0; k < x_.size(); ++k) trial_[k] = x_[k] + t * step_[k];
    const double trial_value =
        attempt == 0 ? model_->linearise(trial_.data()) : model_->evaluate(trial_.data());
    ++evaluations_;
    if (trial_value <= value_ + kSufficientDecrease * t * slope + rounding()) {
      value_ = attempt == 0 ? trial_value : model_->linearise(trial_.data());
      x_.swap(trial_);
      return true;
    }
  }
  model_->linearise(x_.data());
  if (-slope < rounding())
    end_at_rounding();
  else
    end(Termination::kStalled, "no step along the Newton direction lowers the cost");
  return false;
}

void NewtonCgMethod::iterate() {
  conjugate_gradients();
  if (line_search()) approximate();
}

}  // namespace latentpath::detail

namespace latentpath {

StationaryCertificate certify_by_products(SecondOrderModel& model, double cost) {
  StationaryCertificate certificate;
  if (model.size() == 0 || cost == 0) {
    certificate.negative_directions = 0;
    certificate.least_curvature = 1;
    return certificate;
  }
  std::vector<double> gradient(model.size()), mode;
  model.gradient(gradient.data());
  model.build_preconditioner();
  std::vector<double> solved = gradient;
  model.solve_preconditioner(solved.data());
  certificate.gradient_residual =
      std::sqrt(std::max(0.0, detail::dot(gradient, solved)) / (2 * std::abs(cost)));
  certificate.least_curvature = detail::lanczos(model, 30, model.block_size(), mode);
  return certificate;
}

}  // namespace latentpath
