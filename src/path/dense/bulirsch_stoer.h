#pragma once
// Bulirsch and Stoer's method with steps and orders of its own, for states that are plain vectors. Internal.
//
// The midpoint rule with 2, 4, 6, … substeps has an error in even powers of their length, and is extrapolated
// to none; as many columns are taken as the tolerance needs. At the tolerances that maps want, near rounding,
// a great circle takes a fourth to a fifth of the evaluations of a Runge–Kutta method of order 5.
//
// A system has   bool derivative(const VectorXd& state, VectorXd& slope);   false where there is none, and
//                double size_of(const VectorXd& error, const VectorXd& state, const VectorXd& slope);
// the error of a step relative to what it is an error of.
//
// Sources: W. Gragg, SIAM J. Numer. Anal. 2 (1965); R. Bulirsch, J. Stoer, Numer. Math. 8 (1966); the choice
// of steps by work: E. Hairer, S. Nørsett, G. Wanner, Solving Ordinary Differential Equations I, section
// II.9.

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>

namespace latentpath::detail {

class BulirschStoer {
 public:
  /// Lets `duration` pass, in place; false where the motion ends before. Steps go on from those of the last
  /// call.
  template <class System>
  bool advance(System& system, Eigen::VectorXd& state, double duration, double tolerance);

 private:
  static constexpr int kColumns = 8, kFewestColumns = 3, kMostSteps = 200'000;
  static constexpr double kFirstStep = 0.1, kLeastStep = 1e-14;
  static constexpr double kSafety = 0.94, kAim = 0.65;  // as Hairer et al. have them
  static constexpr double kShorter = 0.1, kLonger = 4;  // of a step to the next
  static constexpr double kAfterRefusal = 0.5, kUndefined = 0.25;

  static double substeps(int column) { return 2.0 * (column + 1); }

  template <class System>
  bool midpoint(System& system, const Eigen::VectorXd& state, double h, int column);
  void extrapolate(int column);
  /// One step of length h from the state and its slope: whether it was made. `longer` is by what the step is
  /// to be multiplied.
  template <class System>
  bool step(System& system, Eigen::VectorXd& state, double h, double tolerance, double& longer);

  Eigen::VectorXd table_[kColumns];  // of the last row; its first entry is extrapolated the furthest
  Eigen::VectorXd slope_, next_slope_, before_, now_, at_now_, error_;
  double step_ = 0;
};

template <class System>
bool BulirschStoer::midpoint(System& system, const Eigen::VectorXd& state, double h, int column) {
  const double part = h / substeps(column);
  before_ = state;
  now_ = state + part * slope_;
  for (int i = 1; i < static_cast<int>(substeps(column)); ++i) {
    if (!system.derivative(now_, at_now_)) return false;
    before_ += 2 * part * at_now_;
    before_.swap(now_);
  }
  table_[column] = now_;
  return true;
}

inline void BulirschStoer::extrapolate(int column) {
  for (int k = column; k > 0; --k) {
    const double ratio = substeps(column) / substeps(k - 1);
    table_[k - 1] = table_[k] + (table_[k] - table_[k - 1]) / (ratio * ratio - 1);
  }
}

template <class System>
bool BulirschStoer::step(System& system, Eigen::VectorXd& state, double h, double tolerance, double& longer) {
  double evaluations = 1, least_work = std::numeric_limits<double>::infinity();
  longer = kShorter;
  for (int column = 0; column < kColumns; ++column) {
    if (!midpoint(system, state, h, column)) {
      longer = kUndefined;
      return false;
    }
    evaluations += substeps(column) - 1;
    extrapolate(column);
    if (column == 0) continue;
    error_ = table_[0] - table_[1];
    const double size = system.size_of(error_, state, slope_) / tolerance;
    const double factor = std::isfinite(size)
                              ? kSafety * std::pow(kAim / std::max(size, 1e-300), 1.0 / (2 * column + 1))
                              : kShorter;
    const double bounded = std::clamp(factor, kShorter, kLonger);
    if (evaluations / bounded < least_work) {
      least_work = evaluations / bounded;
      longer = bounded;
    }
    if (column + 1 < kFewestColumns || !(size <= 1)) continue;
    if (!system.derivative(table_[0], next_slope_)) {
      longer = kUndefined;
      return false;
    }
    state = table_[0];
    slope_.swap(next_slope_);
    return true;
  }
  longer = std::min(longer, kAfterRefusal);
  return false;
}

template <class System>
bool BulirschStoer::advance(System& system, Eigen::VectorXd& state, double duration, double tolerance) {
  for (Eigen::VectorXd* vector : {&slope_, &next_slope_, &at_now_}) vector->resize(state.size());
  if (!system.derivative(state, slope_)) return false;
  if (step_ == 0) step_ = kFirstStep;
  int steps = 0;
  for (double done = 0; done < duration; ++steps) {
    if (steps == kMostSteps || step_ < kLeastStep) return false;
    const double h = std::min(step_, duration - done);
    double longer = 1;
    const bool made = step(system, state, h, tolerance, longer);
    if (made) done += h;
    if (!made || h == step_) step_ = h * longer;
  }
  return true;
}

}  // namespace latentpath::detail
