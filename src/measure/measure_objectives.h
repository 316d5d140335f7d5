#pragma once
// Eq. 13 as functions of what a solver may move: the points, the parameters of a curve, smooth motions.
// Internal.

#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include "latentpath/solver/objective.h"
#include "measure/measure_cost.h"

namespace latentpath {

/// The spread of a path's points about their mean, one number of them: what lengths are compared with.
inline double spread_of(const MeasurePath& path) {
  return path.points.flatten(0, 1).std(0, false).mean().item<double>();
}

/// ‖g‖ s √N / cost for N variables in the units of the points, whose spread is s: how far from stationary,
/// wherever the origin lies and however far the points have moved.
inline Tensor stationarity(const MeasurePath& path, const ObjectiveValue& at) {
  const double size = spread_of(path) * std::sqrt(static_cast<double>(at.gradient.size(1)));
  return at.gradient.norm(2, {1}) * size / at.value.abs().clamp_min(1e-300);
}

/// The length of the first step of a descent, as a share of the points' spread in the mean square, whatever
/// the size of the gradient: a step of the gradient itself may throw points to where no kernel reaches them.
/// Later steps are scaled by what L-BFGS learns.
constexpr double kFirstStep = 0.02;

/// What to multiply the gradient at the path itself by for such a step, and every other gradient alike.
inline double first_step_scale(const MeasurePath& path, const Tensor& gradient) {
  const double length = kFirstStep * spread_of(path);
  const double size = (gradient.norm() / std::sqrt(static_cast<double>(gradient.numel()))).item<double>();
  return size > 0 && length > 0 ? length / size : 1;
}

/// Eq. 13 as a function of the points of X¹ … X^{K−1}, flat in one row.
class MeasureObjective final : public Objective {
 public:
  MeasureObjective(const NeighbourDistances& distances, const Quality* quality, double epsilon,
                   MeasurePath path)
      : distances_(distances), quality_(quality), epsilon_(epsilon), path_(std::move(path)) {}
  Tensor precondition(const Tensor& gradient, const Tensor& rows) override {
    if (!scale_)
      scale_ = first_step_scale(
          path_, evaluate(path_.points.narrow(0, 1, nodes() - 2).reshape({1, -1}), rows).gradient);
    return *scale_ * gradient;
  }
  Tensor gradient_residual(const Tensor& /*x*/, const ObjectiveValue& at, const Tensor& /*rows*/) override {
    return stationarity(path_, at);
  }

  int64_t problems() const override { return 1; }
  int64_t variables() const override { return path_.points.numel() / nodes() * (nodes() - 2); }
  int64_t nodes() const { return path_.points.size(0); }

  MeasurePath at(const Tensor& x) const {
    MeasurePath path = path_;
    path.points = path_.points.clone();
    path.points.narrow(0, 1, nodes() - 2)
        .copy_(x.view({nodes() - 2, path_.points.size(1), path_.points.size(2)}));
    return path;
  }

  /// Value and gradient with respect to all nodes, [K + 1, N, d].
  std::pair<double, Tensor> cost(const MeasurePath& path) const {
    return cost_of(path, distances_, quality_, epsilon_);
  }

  ObjectiveValue evaluate(const Tensor& x, const Tensor& /*rows*/) override {
    const auto [value, gradient] = cost(at(x[0]));
    return {at::full({1}, value, at::kDouble), gradient.narrow(0, 1, nodes() - 2).reshape({1, -1})};
  }

 private:
  const NeighbourDistances& distances_;
  const Quality* quality_;
  double epsilon_;
  MeasurePath path_;
  std::optional<double> scale_;
};

/// The same through the parameters of a curve in the space of samples, R^{N d} (paper A, Eq. 9).
class CurveObjective final : public Objective {
 public:
  CurveObjective(const MeasureObjective& nodes, std::shared_ptr<const Curve> curve, const MeasurePath& path)
      : nodes_(nodes),
        curve_(std::move(curve)),
        path_(path),
        times_(uniform_times(path.points.size(0) - 1)) {}

  int64_t problems() const override { return 1; }
  int64_t variables() const override { return curve_->parameter_count(); }

  Tensor points(const Tensor& parameters) const {
    return curve_
        ->at(parameters, path_.points[0].view({1, -1}), path_.points[path_.points.size(0) - 1].view({1, -1}),
             times_)
        .view(path_.points.sizes());
  }
  ObjectiveValue evaluate(const Tensor& x, const Tensor& /*rows*/) override {
    const at::AutoGradMode enabled(true);
    const Tensor leaf = x.detach().requires_grad_(true);
    const Tensor nodes = points(leaf);
    MeasurePath path = path_;
    path.points = nodes.detach().contiguous();
    const auto [value, gradient] = nodes_.cost(path);
    const auto got = torch::autograd::grad({nodes}, {leaf}, {gradient}, false, false, true);
    if (value < best_value_) {
      best_value_ = value;
      best_ = path.points;
    }
    return {at::full({1}, value, at::kDouble), got[0].defined() ? got[0] : at::zeros_like(x)};
  }
  /// The best curve met, not the last.
  const Tensor& best() const { return best_; }

 private:
  const MeasureObjective& nodes_;
  std::shared_ptr<const Curve> curve_;
  MeasurePath path_;
  Tensor times_;
  double best_value_ = std::numeric_limits<double>::infinity();
  Tensor best_;
};

/// The same over the amplitudes a [harmonics, N, d] of sine waves added to a path: motions that stay smooth.
class SmoothObjective final : public Objective {
 public:
  SmoothObjective(const MeasureObjective& nodes, MeasurePath path, int64_t harmonics)
      : nodes_(nodes), path_(std::move(path)), harmonics_(harmonics) {
    const int64_t steps = path_.points.size(0) - 1;
    const Tensor m = at::arange(1, harmonics + 1, at::kDouble);
    // Divided by m: a wave of a given amplitude then costs the same speed whatever its frequency.
    waves_ = at::sin(M_PI * uniform_times(steps).unsqueeze(1) * m) / m;
    waves_[0].zero_();
    waves_[steps].zero_();
  }
  int64_t problems() const override { return 1; }
  Tensor precondition(const Tensor& gradient, const Tensor& rows) override {
    if (!scale_)
      scale_ = first_step_scale(path_, evaluate(at::zeros({1, variables()}, at::kDouble), rows).gradient);
    return *scale_ * gradient;
  }
  Tensor gradient_residual(const Tensor& /*x*/, const ObjectiveValue& at, const Tensor& /*rows*/) override {
    return stationarity(path_, at);
  }
  int64_t variables() const override { return harmonics_ * path_.points[0].numel(); }
  MeasurePath at(const Tensor& a) const {
    MeasurePath path = path_;
    path.points = path_.points + waves_.mm(a.view({harmonics_, -1})).view(path_.points.sizes());
    return path;
  }
  ObjectiveValue evaluate(const Tensor& x, const Tensor& /*rows*/) override {
    const auto [value, gradient] = nodes_.cost(at(x[0]));
    return {at::full({1}, value, at::kDouble), waves_.t().mm(gradient.flatten(1)).reshape({1, -1})};
  }

 private:
  const MeasureObjective& nodes_;
  MeasurePath path_;
  int64_t harmonics_;
  std::optional<double> scale_;
  Tensor waves_;  ///< sin(mπ t_j)/m, [K + 1, harmonics]
};

}  // namespace latentpath
