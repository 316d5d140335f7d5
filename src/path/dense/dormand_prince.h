#pragma once
// Dormand and Prince's method of order 5 with steps of its own, for states that are plain vectors. Internal.
//
// A system has   bool derivative(const VectorXd& state, VectorXd& slope);   false where there is none, and
//                double size_of(const VectorXd& error, const VectorXd& state, const VectorXd& slope);
// the error of a step relative to what it is an error of.
//
// Source: J. Dormand, P. Prince, A family of embedded Runge–Kutta formulae, J. Comput. Appl. Math. 6 (1980).

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>

namespace latentpath::detail {

class DormandPrince {
 public:
  /// Lets `duration` pass, in place; false where the motion ends before. Steps go on from those of the last
  /// call.
  template <class System>
  bool advance(System& system, Eigen::VectorXd& state, double duration, double tolerance);

 private:
  static constexpr int kStages = 7, kMostSteps = 200'000;
  // The tableau; its last row is the solution of order 5, kError the difference from order 4.
  static constexpr double kTableau[kStages][kStages - 1] = {
      {},
      {1.0 / 5},
      {3.0 / 40, 9.0 / 40},
      {44.0 / 45, -56.0 / 15, 32.0 / 9},
      {19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729},
      {9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656},
      {35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84}};
  static constexpr double kError[kStages] = {71.0 / 57600,      0,          -71.0 / 16695, 71.0 / 1920,
                                             -17253.0 / 339200, 22.0 / 525, -1.0 / 40};

  Eigen::VectorXd slopes_[kStages], next_, trial_, error_;
  double step_ = 0;
};

template <class System>
bool DormandPrince::advance(System& system, Eigen::VectorXd& state, double duration, double tolerance) {
  for (Eigen::VectorXd& slope : slopes_) slope.resize(state.size());
  if (!system.derivative(state, slopes_[0])) return false;
  if (step_ == 0) step_ = 0.01;
  int steps = 0;
  for (double done = 0; done < duration; ++steps) {
    if (steps == kMostSteps || step_ < 1e-14) return false;
    const double h = std::min(step_, duration - done);
    bool defined = true;
    for (int s = 1; s < kStages && defined; ++s) {
      trial_ = state;
      for (int r = 0; r < s; ++r) trial_ += h * kTableau[s][r] * slopes_[r];
      defined = system.derivative(trial_, slopes_[s]);
    }
    double size = std::numeric_limits<double>::infinity();
    if (defined) {
      next_ = trial_;  // the last stage is taken at the solution itself
      error_ = Eigen::VectorXd::Zero(state.size());
      for (int s = 0; s < kStages; ++s) error_ += h * kError[s] * slopes_[s];
      size = system.size_of(error_, state, slopes_[0]) / tolerance;
    }
    if (size <= 1) {
      state = next_;
      slopes_[0] = slopes_[kStages - 1];
      done += h;
    }
    const double factor = size > 0 ? 0.9 * std::pow(size, -0.2) : 5;
    if (size > 1 || h == step_) step_ = h * std::clamp(std::isfinite(factor) ? factor : 0.2, 0.2, 5.0);
  }
  return true;
}

}  // namespace latentpath::detail
