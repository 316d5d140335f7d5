#pragma once
// RowMethod: a solver that moves one row at a time by what its objective offers beyond a gradient; plain
// numbers, no LibTorch. generic/rowwise.h makes a Solver of it, for any Rows. Internal.

#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "latentpath/solver/second_order.h"
#include "latentpath/solver/termination.h"

namespace latentpath::detail {

/// What the objective offers for one row; null where it does not.
struct RowCapabilities {
  SecondOrderModel* second_order = nullptr;
  CurveMetric* curve_metric = nullptr;
};

class RowMethod {
 public:
  virtual ~RowMethod() = default;

  /// Begins anew at x [N].
  virtual void start(const RowCapabilities& row, const std::vector<double>& x) = 0;
  virtual void step() = 0;
  /// See BasicSolver::leaves_saddle().
  virtual bool leaves_saddle() { return false; }

  const std::vector<double>& x() const { return x_; }
  const std::vector<double>& gradient() const { return gradient_; }
  double value() const { return value_; }
  /// Scale-free: √(decrease that a full step promises / cost).
  double residual() const { return residual_; }
  Termination termination() const { return termination_; }
  const std::string& reason() const { return reason_; }
  /// Evaluations since the last call.
  int64_t take_evaluations() { return std::exchange(evaluations_, 0); }

 protected:
  void begin(const std::vector<double>& x) {
    x_ = x;
    termination_ = Termination::kRunning;
    reason_.clear();
    residual_ = 0;
  }
  void end(Termination why, std::string reason) {
    termination_ = why;
    reason_ = std::move(reason);
  }
  /// √(promise / 2 cost): free of units.
  double relative(double promise) const {
    return std::sqrt(std::fmax(0.0, promise) / (2 * std::abs(value_)));
  }

  std::vector<double> x_, gradient_;
  double value_ = 0, residual_ = 0;
  Termination termination_ = Termination::kRunning;
  std::string reason_;
  int64_t evaluations_ = 0;
};

}  // namespace latentpath::detail
