#pragma once
// Jet<N>: a number with its gradient and Hessian in N variables; forward differentiation, exact to rounding.
//
// The arithmetic of Taylor polynomials of order 2. Fast for few variables: a product costs N² / 2
// multiplications or so. For many variables there is numerics/tape.h.
//
//   Jet<2> x = Jet<2>::variable(0.3, 0), y = Jet<2>::variable(0.7, 1);
//   Jet<2> f = sin(x) * y;
//   f.value(); f.gradient(0); f.hessian(1, 0);

#include <array>
#include <cstddef>

#include "latentpath/numerics/scalar_functions.h"

namespace latentpath {

template <int N>
class Jet {
 public:
  using DifferentiableScalarTag = void;
  static constexpr std::size_t kPacked = static_cast<std::size_t>(N) * (N + 1) / 2;
  /// Where ∂²/∂x_i∂x_j stands among the packed second derivatives, j ≤ i.
  static constexpr std::size_t packed(std::size_t i, std::size_t j) { return i * (i + 1) / 2 + j; }

  Jet() = default;
  Jet(double value) : value_(value) {}  // NOLINT: a plain number is a jet without derivatives
  static Jet variable(double value, int index) {
    Jet jet(value);
    jet.gradient_[static_cast<std::size_t>(index)] = 1;
    return jet;
  }

  double value() const { return value_; }
  double gradient(std::size_t i) const { return gradient_[i]; }
  double hessian(std::size_t i, std::size_t j) const {
    return hessian_[i >= j ? packed(i, j) : packed(j, i)];
  }
  const double* gradient_data() const { return gradient_.data(); }
  const double* hessian_data() const { return hessian_.data(); }

  /// f(x) for this x, given f and its derivatives there.
  Jet chain(double f, double f1, double f2) const {
    Jet r(f);
    for (std::size_t i = 0; i < N; ++i) r.gradient_[i] = f1 * gradient_[i];
    for (std::size_t i = 0, k = 0; i < N; ++i)
      for (std::size_t j = 0; j <= i; ++j, ++k)
        r.hessian_[k] = f1 * hessian_[k] + f2 * gradient_[i] * gradient_[j];
    return r;
  }
  /// f(a, b).
  static Jet chain(const Jet& a, const Jet& b, double f, double fa, double fb, double faa, double fab,
                   double fbb) {
    Jet r(f);
    for (std::size_t i = 0; i < N; ++i) r.gradient_[i] = fa * a.gradient_[i] + fb * b.gradient_[i];
    for (std::size_t i = 0, k = 0; i < N; ++i)
      for (std::size_t j = 0; j <= i; ++j, ++k)
        r.hessian_[k] = fa * a.hessian_[k] + fb * b.hessian_[k] + faa * a.gradient_[i] * a.gradient_[j] +
                        fab * (a.gradient_[i] * b.gradient_[j] + b.gradient_[i] * a.gradient_[j]) +
                        fbb * b.gradient_[i] * b.gradient_[j];
    return r;
  }
  Jet shift(double c) const {
    Jet r = *this;
    r.value_ += c;
    return r;
  }
  Jet scale(double c) const {
    Jet r;
    r.value_ = c * value_;
    for (std::size_t i = 0; i < N; ++i) r.gradient_[i] = c * gradient_[i];
    for (std::size_t k = 0; k < kPacked; ++k) r.hessian_[k] = c * hessian_[k];
    return r;
  }
  friend Jet operator+(const Jet& a, const Jet& b) {
    Jet r;
    r.value_ = a.value_ + b.value_;
    for (std::size_t i = 0; i < N; ++i) r.gradient_[i] = a.gradient_[i] + b.gradient_[i];
    for (std::size_t k = 0; k < kPacked; ++k) r.hessian_[k] = a.hessian_[k] + b.hessian_[k];
    return r;
  }
  friend Jet operator-(const Jet& a, const Jet& b) {
    Jet r;
    r.value_ = a.value_ - b.value_;
    for (std::size_t i = 0; i < N; ++i) r.gradient_[i] = a.gradient_[i] - b.gradient_[i];
    for (std::size_t k = 0; k < kPacked; ++k) r.hessian_[k] = a.hessian_[k] - b.hessian_[k];
    return r;
  }
  friend Jet operator*(const Jet& a, const Jet& b) {
    Jet r;
    r.value_ = a.value_ * b.value_;
    for (std::size_t i = 0; i < N; ++i)
      r.gradient_[i] = b.value_ * a.gradient_[i] + a.value_ * b.gradient_[i];
    for (std::size_t i = 0, k = 0; i < N; ++i)
      for (std::size_t j = 0; j <= i; ++j, ++k)
        r.hessian_[k] = b.value_ * a.hessian_[k] + a.value_ * b.hessian_[k] +
                        (a.gradient_[i] * b.gradient_[j] + b.gradient_[i] * a.gradient_[j]);
    return r;
  }
  friend Jet operator/(const Jet& a, const Jet& b) { return a * (1.0 / b); }

 private:
  double value_ = 0;
  std::array<double, N> gradient_{};
  std::array<double, kPacked> hessian_{};
};

}  // namespace latentpath
