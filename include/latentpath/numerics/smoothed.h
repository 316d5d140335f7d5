#pragma once
// Smoothed<S>: a differentiable scalar S whose kinks are rounded off over a width δ (scalar_functions.h).
//
// The width is the number's own: it comes with the variables, and goes wherever they go. A plain number has
// none, and is what it is.
//
//   Smoothed<Jet<1>> x(Jet<1>::variable(0.01, 0), 0.1);   // δ = 0.1
//   abs(x).plain().value();                               // 0.0005, not 0.01
//
// It stands apart from the scalars themselves, most of whose uses have no kinks: a Jet<2> of six numbers
// would carry a seventh through each operation.

#include <algorithm>

#include "latentpath/numerics/scalar_functions.h"

namespace latentpath {

template <DifferentiableScalar S>
class Smoothed {
 public:
  using DifferentiableScalarTag = void;
  Smoothed() = default;
  Smoothed(double value) : plain_(value) {}  // NOLINT: a plain number has no width
  Smoothed(const S& plain, double kink_width) : plain_(plain), kink_width_(kink_width) {}

  const S& plain() const { return plain_; }
  double kink_width() const { return kink_width_; }
  double value() const { return plain_.value(); }

  Smoothed chain(double f, double f1, double f2) const { return {plain_.chain(f, f1, f2), kink_width_}; }
  static Smoothed chain(const Smoothed& a, const Smoothed& b, double f, double fa, double fb, double faa,
                        double fab, double fbb) {
    return {S::chain(a.plain_, b.plain_, f, fa, fb, faa, fab, fbb), widest(a, b)};
  }
  Smoothed shift(double c) const { return {plain_.shift(c), kink_width_}; }
  Smoothed scale(double c) const { return {plain_.scale(c), kink_width_}; }
  friend Smoothed operator+(const Smoothed& a, const Smoothed& b) {
    return {a.plain_ + b.plain_, widest(a, b)};
  }
  friend Smoothed operator-(const Smoothed& a, const Smoothed& b) {
    return {a.plain_ - b.plain_, widest(a, b)};
  }
  friend Smoothed operator*(const Smoothed& a, const Smoothed& b) {
    return {a.plain_ * b.plain_, widest(a, b)};
  }
  friend Smoothed operator/(const Smoothed& a, const Smoothed& b) {
    return {a.plain_ / b.plain_, widest(a, b)};
  }

 private:
  static double widest(const Smoothed& a, const Smoothed& b) {
    return std::max(a.kink_width_, b.kink_width_);
  }
  S plain_;
  double kink_width_ = 0;
};

}  // namespace latentpath
