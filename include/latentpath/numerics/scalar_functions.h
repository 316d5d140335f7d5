#pragma once
// The elementary functions of differentiable scalars, written once for jets and tapes; and kinks.
//
// A differentiable scalar S has value(), chain(f, f′, f″) for functions of one argument, and S::chain(a, b,
// f, f_a, f_b, f_aa, f_ab, f_bb) for those of two. Code that is to be differentiated calls the functions
// unqualified:
//
//   template <class T> T norm(const T* z) { using std::sqrt; return sqrt(z[0] * z[0] + z[1] * z[1]); }
//
// Kinks. abs, max and min have no derivative where they switch, and Newton's method on |x| does not converge.
// A scalar that has a kink_width() δ above 0 (numerics/smoothed.h) has in their place
//   |x| → √(x² + δ²) − δ,     max(a, b) → (a + b + √((a − b)² + δ²))/2,     min(a, b) → −max(−a, −b),
// smooth and within δ of the truth; on jets, tapes and plain double they are what they are. So a solver can
// lower δ to 0 under any function written with abs, max and min, without the function's help.

#include <cmath>

namespace latentpath {

template <class T>
concept DifferentiableScalar = requires {
  typename T::DifferentiableScalarTag;
};

/// δ of a scalar's kinks; 0: sharp.
template <DifferentiableScalar T>
double kink_width(const T& x) {
  if constexpr (requires { x.kink_width(); })
    return x.kink_width();
  else
    return 0;
}

template <DifferentiableScalar T>
T sqrt(const T& x) {
  const double r = std::sqrt(x.value());
  // At 0 the one-sided slope is infinite; 0 is taken, so that norms have a zero subgradient at the origin.
  if (r == 0) return x.chain(0, 0, 0);
  return x.chain(r, 0.5 / r, -0.25 / (r * x.value()));
}
template <DifferentiableScalar T>
T exp(const T& x) {
  const double e = std::exp(x.value());
  return x.chain(e, e, e);
}
template <DifferentiableScalar T>
T expm1(const T& x) {
  const double e = std::exp(x.value());
  return x.chain(std::expm1(x.value()), e, e);
}
template <DifferentiableScalar T>
T log(const T& x) {
  const double r = 1 / x.value();
  return x.chain(std::log(x.value()), r, -r * r);
}
template <DifferentiableScalar T>
T log1p(const T& x) {
  const double r = 1 / (1 + x.value());
  return x.chain(std::log1p(x.value()), r, -r * r);
}
template <DifferentiableScalar T>
T sin(const T& x) {
  const double s = std::sin(x.value()), c = std::cos(x.value());
  return x.chain(s, c, -s);
}
template <DifferentiableScalar T>
T cos(const T& x) {
  const double s = std::sin(x.value()), c = std::cos(x.value());
  return x.chain(c, -s, -c);
}
template <DifferentiableScalar T>
T tan(const T& x) {
  const double t = std::tan(x.value()), d = 1 + t * t;
  return x.chain(t, d, 2 * t * d);
}
template <DifferentiableScalar T>
T asin(const T& x) {
  const double q = 1 / (1 - x.value() * x.value()), d = std::sqrt(q);
  return x.chain(std::asin(x.value()), d, x.value() * q * d);
}
template <DifferentiableScalar T>
T acos(const T& x) {
  const double q = 1 / (1 - x.value() * x.value()), d = std::sqrt(q);
  return x.chain(std::acos(x.value()), -d, -x.value() * q * d);
}
template <DifferentiableScalar T>
T atan(const T& x) {
  const double d = 1 / (1 + x.value() * x.value());
  return x.chain(std::atan(x.value()), d, -2 * x.value() * d * d);
}
template <DifferentiableScalar T>
T sinh(const T& x) {
  const double s = std::sinh(x.value()), c = std::cosh(x.value());
  return x.chain(s, c, s);
}
template <DifferentiableScalar T>
T cosh(const T& x) {
  const double s = std::sinh(x.value()), c = std::cosh(x.value());
  return x.chain(c, s, c);
}
template <DifferentiableScalar T>
T tanh(const T& x) {
  const double t = std::tanh(x.value()), d = 1 - t * t;
  return x.chain(t, d, -2 * t * d);
}
template <DifferentiableScalar T>
T asinh(const T& x) {
  const double q = 1 / (1 + x.value() * x.value()), d = std::sqrt(q);
  return x.chain(std::asinh(x.value()), d, -x.value() * q * d);
}
template <DifferentiableScalar T>
T acosh(const T& x) {
  const double q = 1 / (x.value() * x.value() - 1), d = std::sqrt(q);
  return x.chain(std::acosh(x.value()), d, -x.value() * q * d);
}
template <DifferentiableScalar T>
T atanh(const T& x) {
  const double d = 1 / (1 - x.value() * x.value());
  return x.chain(std::atanh(x.value()), d, 2 * x.value() * d * d);
}
template <DifferentiableScalar T>
T erf(const T& x) {
  constexpr double kTwoOverRootPi = 1.1283791670955126;
  const double d = kTwoOverRootPi * std::exp(-x.value() * x.value());
  return x.chain(std::erf(x.value()), d, -2 * x.value() * d);
}
template <DifferentiableScalar T>
T pow(const T& x, double p) {
  const double v = x.value();
  return x.chain(std::pow(v, p), p == 0 ? 0 : p * std::pow(v, p - 1),
                 p == 0 || p == 1 ? 0 : p * (p - 1) * std::pow(v, p - 2));
}
template <DifferentiableScalar T>
T pow(const T& x, int p) {
  return pow(x, static_cast<double>(p));
}
template <DifferentiableScalar T>
T pow(const T& x, const T& p) {
  return exp(p * log(x));
}
template <DifferentiableScalar T>
T atan2(const T& y, const T& x) {
  const double a = y.value(), b = x.value(), q = 1 / (a * a + b * b);
  return T::chain(y, x, std::atan2(a, b), b * q, -a * q, -2 * a * b * q * q, (a * a - b * b) * q * q,
                  2 * a * b * q * q);
}
template <DifferentiableScalar T>
T hypot(const T& x, const T& y) {
  return sqrt(x * x + y * y);
}

template <DifferentiableScalar T>
T abs(const T& x) {
  const double v = x.value(), w = kink_width(x);
  if (w > 0) {
    const double s = std::sqrt(v * v + w * w);
    return x.chain(v * v / (s + w), v / s, w * w / (s * s * s));  // s − w without cancellation
  }
  return x.chain(std::abs(v), v > 0 ? 1.0 : v < 0 ? -1.0 : 0.0, 0);
}
template <DifferentiableScalar T>
T fabs(const T& x) {
  return abs(x);
}
template <DifferentiableScalar T>
T max(const T& a, const T& b) {
  if (const double w = std::fmax(kink_width(a), kink_width(b)); w > 0) {
    const T difference = a - b;
    const double v = difference.value(), s = std::sqrt(v * v + w * w);
    return 0.5 * (a + b + difference.chain(s, v / s, w * w / (s * s * s)));
  }
  return a.value() >= b.value() ? a : b;
}
template <DifferentiableScalar T>
T min(const T& a, const T& b) {
  return -max(-a, -b);
}
template <DifferentiableScalar T>
T max(const T& a, double b) {
  return max(a, T(b));
}
template <DifferentiableScalar T>
T max(double a, const T& b) {
  return max(T(a), b);
}
template <DifferentiableScalar T>
T min(const T& a, double b) {
  return min(a, T(b));
}
template <DifferentiableScalar T>
T min(double a, const T& b) {
  return min(T(a), b);
}
template <DifferentiableScalar T>
T fmax(const T& a, const T& b) {
  return max(a, b);
}
template <DifferentiableScalar T>
T fmin(const T& a, const T& b) {
  return min(a, b);
}

// Comparisons look at values, so that branches are taken as plain numbers would take them.
#define LATENTPATH_COMPARISON(op)            \
  template <DifferentiableScalar T>          \
  bool operator op(const T& a, const T& b) { \
    return a.value() op b.value();           \
  }                                          \
  template <DifferentiableScalar T>          \
  bool operator op(const T& a, double b) {   \
    return a.value() op b;                   \
  }                                          \
  template <DifferentiableScalar T>          \
  bool operator op(double a, const T& b) {   \
    return a op b.value();                   \
  }
LATENTPATH_COMPARISON(<)
LATENTPATH_COMPARISON(>)
LATENTPATH_COMPARISON(<=)
LATENTPATH_COMPARISON(>=)
#undef LATENTPATH_COMPARISON

// Arithmetic with plain numbers, and compound assignment.
template <DifferentiableScalar T>
T operator+(const T& a, double b) {
  return a.shift(b);
}
template <DifferentiableScalar T>
T operator+(double a, const T& b) {
  return b.shift(a);
}
template <DifferentiableScalar T>
T operator-(const T& a, double b) {
  return a.shift(-b);
}
template <DifferentiableScalar T>
T operator-(double a, const T& b) {
  return b.scale(-1).shift(a);
}
template <DifferentiableScalar T>
T operator*(const T& a, double b) {
  return a.scale(b);
}
template <DifferentiableScalar T>
T operator*(double a, const T& b) {
  return b.scale(a);
}
template <DifferentiableScalar T>
T operator/(const T& a, double b) {
  return a.scale(1 / b);
}
template <DifferentiableScalar T>
T operator/(double a, const T& b) {
  const double r = 1 / b.value(), q = a * r;
  return b.chain(q, -q * r, 2 * q * r * r);
}
template <DifferentiableScalar T>
T operator-(const T& a) {
  return a.scale(-1);
}
template <DifferentiableScalar T>
T operator+(const T& a) {
  return a;
}
template <DifferentiableScalar T, class U>
T& operator+=(T& a, const U& b) {
  return a = a + b;
}
template <DifferentiableScalar T, class U>
T& operator-=(T& a, const U& b) {
  return a = a - b;
}
template <DifferentiableScalar T, class U>
T& operator*=(T& a, const U& b) {
  return a = a * b;
}
template <DifferentiableScalar T, class U>
T& operator/=(T& a, const U& b) {
  return a = a / b;
}

}  // namespace latentpath
