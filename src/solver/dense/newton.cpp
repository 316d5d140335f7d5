#include "solver/dense/newton.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "solver/dense/descend_along.h"
#include "solver/dense/sufficient_decrease.h"

namespace latentpath::detail {
namespace {

/// Damping of the first step where H is not positive definite, and of the first one after a refusal.
constexpr double kIndefiniteDamping = 0.05, kRefusedDamping = 0.3;
/// So many damped steps in a row where H is not positive definite: then its negative direction is followed.
constexpr int kMostIndefiniteSteps = 12;
/// No step is shorter than this damping makes it.
constexpr double kMostDamping = 1e14;
/// So many trials of one step, and so many doublings of a shift.
constexpr int kMostTrials = 60;
/// The quadratic model is good where the decrease is above the first share of what it promises, and damping
/// falls; it is poor below the second, and damping grows (likewise, Algorithm 4.1, without a radius).
constexpr double kGoodModel = 0.7, kPoorModel = 0.3;
constexpr double kLessDamping = 5, kMoreDamping = 2, kRefusedGrowth = 4;
/// Damping below these is none: after a good step, and after any.
constexpr double kDampingDropped = 1e-2, kLeastDamping = 1e-3;
/// Shifts, in units of B, with which the search for a negative direction begins: where one is to be followed,
/// and where a certificate asks for the lowest curvature, which must be resolved near 0.
constexpr double kFirstShift = 0.01, kCertificateShift = 1e-3;
/// Inverse iterations: each shrinks what is left of other modes by their distance from the shift. Where H is
/// positive definite none stands before it, and few do.
constexpr int kMostInverse = 40, kDefiniteInverse = 8;
/// The lowest curvature is settled when it moves by less than this share, of itself and of this much more.
constexpr double kSettledCurvature = 1e-3;

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

}  // namespace

void NewtonMethod::prepare(std::size_t size) {
  trial_.resize(size);
  lambda_ = 0;
  indefinite_steps_ = 0;
}

void NewtonMethod::fill_laplacian() {
  if (!have_laplacian_) model_->laplacian(laplacian_);
  have_laplacian_ = true;
}

/// g, H and the step at the point at which the model is linearised.
void NewtonMethod::approximate() {
  model_->gradient(gradient_.data());
  if (!std::isfinite(value_)) return;
  model_->hessian(kind_, hessian_);
  have_laplacian_ = false;
  if (value_ == 0) {  // a single point
    residual_ = 0;
    return end(Termination::kConverged, "the cost is zero");
  }
  definite_ = factor_.compute(hessian_);
  step_ = gradient_;
  if (!definite_) {
    fill_laplacian();
    if (!factor_.compute(laplacian_))
      return end(Termination::kStalled, "the Laplacian is not positive definite");
  }
  factor_.solve(step_.data());
  const double promise = dot(gradient_, step_);
  residual_ = relative(promise);
  if (definite_) count_step(promise);
}

const std::vector<double>* NewtonMethod::negative_direction() {
  lambda_ = 0;
  fill_laplacian();
  const double shift = lowest_.definite_shift(hessian_, laplacian_, kFirstShift);
  return lowest_.find(hessian_, laplacian_, shift, kMostInverse) < 0 ? &lowest_.mode() : nullptr;
}

void NewtonMethod::iterate() {
  // Damping is as strong as the most negative direction demands, and makes the others' steps short: where
  // symmetry keeps that direction out of the gradient, a saddle is approached for ever, and never left.
  indefinite_steps_ = definite_ ? 0 : indefinite_steps_ + 1;
  if (indefinite_steps_ > kMostIndefiniteSteps) {
    indefinite_steps_ = 0;
    if (leaves_saddle() && leave_saddle()) return;
  }
  const Trial trial = damped_step();
  if (trial == Trial::kAccepted) return approximate();
  linearise(x_);
  if (trial == Trial::kBelowRounding)
    end_at_rounding();
  else
    end(Termination::kStalled, "no damped step lowers the cost");
}

/// step_ ← (H + λB)⁻¹ g. False where the sum is not positive definite.
bool NewtonMethod::solve_damped(bool at_trial) {
  if (!have_laplacian_) {
    if (at_trial) model_->linearise(x_.data());
    fill_laplacian();
  }
  sum_.set_sum(hessian_, lambda_, laplacian_);
  if (!factor_.compute(sum_)) return false;
  step_ = gradient_;
  factor_.solve(step_.data());
  return true;
}

NewtonMethod::Trial NewtonMethod::damped_step() {
  // A trial is linearised at once: it is nearly always accepted. H, g and B of the last point are kept here.
  bool at_trial = false;
  if (!definite_) lambda_ = std::max(lambda_, kIndefiniteDamping);
  for (int attempt = 0; attempt < kMostTrials; ++attempt) {
    if (lambda_ > 0 || !definite_) {
      const bool solved = solve_damped(at_trial);
      at_trial = at_trial && have_laplacian_;
      if (!solved) {
        lambda_ *= kMoreDamping;
        continue;
      }
    }
    for (std::size_t k = 0; k < x_.size(); ++k) trial_[k] = x_[k] - step_[k];
    const double slope = dot(gradient_, step_);
    const double trial_value = linearise(trial_);
    at_trial = true;
    if (trial_value <= value_ - kSufficientDecrease * slope + rounding()) {
      const double ratio = (value_ - trial_value) / (0.5 * slope);
      if (lambda_ > 0 && ratio > kGoodModel) lambda_ = lambda_ < kDampingDropped ? 0 : lambda_ / kLessDamping;
      if (lambda_ > 0 && ratio < kPoorModel) lambda_ *= kMoreDamping;
      if (lambda_ < kLeastDamping) lambda_ = 0;
      value_ = trial_value;
      x_.swap(trial_);
      return Trial::kAccepted;
    }
    lambda_ = lambda_ == 0 ? kRefusedDamping : kRefusedGrowth * lambda_;
    if (slope < rounding()) return Trial::kBelowRounding;
    if (lambda_ > kMostDamping) break;
  }
  return Trial::kNoStep;
}

double LowestMode::definite_shift(const BlockTridiagonal& h, const BlockTridiagonal& b, double shift) {
  for (int k = 0; k < kMostTrials; ++k, shift *= 2) {
    sum_.set_sum(h, shift, b);
    if (factor_.compute(sum_)) break;
  }
  return shift;
}

double LowestMode::find(const BlockTridiagonal& h, const BlockTridiagonal& b, double shift, int iterations) {
  fill_long_wave(mode_, h.blocks(), h.size());
  image_.resize(mode_.size());
  if (shift > 0) {
    sum_.set_sum(h, shift, b);
    if (!factor_.compute(sum_)) return 0;
  } else if (!factor_.compute(h)) {
    return 0;
  }
  double mu = 0;
  for (int k = 0; k < iterations; ++k) {
    // v ← (H + σB)⁻¹ B v; with w = Bv before and v after, vᵀ(H + σB)v = vᵀw.
    b.multiply(mode_.data(), image_.data());
    mode_ = image_;
    factor_.solve(mode_.data());
    const double numerator = dot(mode_, image_);
    b.multiply(mode_.data(), image_.data());
    const double norm = dot(mode_, image_);
    if (!(norm > 0)) return 0;
    const double next = numerator / norm - shift;
    for (double& v : mode_) v /= std::sqrt(norm);
    const bool settled =
        k > 0 && std::abs(next - mu) < kSettledCurvature * (std::abs(next) + kSettledCurvature);
    mu = next;
    if (settled) break;
  }
  return mu;
}

}  // namespace latentpath::detail

namespace latentpath {

StationaryCertificate certify_by_blocks(SecondOrderModel& model, double cost) {
  StationaryCertificate certificate;
  if (model.size() == 0 || cost == 0) {
    certificate.negative_directions = 0;
    certificate.least_curvature = 1;
    return certificate;
  }
  std::vector<double> gradient(model.size());
  model.gradient(gradient.data());
  BlockTridiagonal hessian, laplacian;
  BlockCholesky factor;
  const bool curved = model.has_curvatures();
  if (curved) model.hessian(HessianKind::kNewton, hessian);
  model.laplacian(laplacian);
  std::vector<double> step = gradient;
  if (factor.compute(laplacian)) {
    factor.solve(step.data());
    certificate.gradient_residual =
        std::sqrt(std::max(0.0, detail::dot(gradient, step)) / (2 * std::abs(cost)));
  }
  if (!curved) return certificate;  // without second derivatives there is no inertia to count
  detail::LowestMode lowest;
  if (factor.compute(hessian)) {
    certificate.negative_directions = 0;
    certificate.least_curvature = lowest.find(hessian, laplacian, 0, detail::kDefiniteInverse);
  } else {
    certificate.negative_directions = negative_eigenvalues(hessian);
    const double shift = lowest.definite_shift(hessian, laplacian, detail::kCertificateShift);
    certificate.least_curvature = lowest.find(hessian, laplacian, shift, detail::kMostInverse);
  }
  return certificate;
}

}  // namespace latentpath
