#pragma once
// Tape: the operations of one evaluation, with their first and second partial derivatives, to be run through
// forwards and backwards.
//
// What jets do for few variables, a tape does for many. With m operations and D variables, J u costs one
// forward sweep, Jᵀv one backward sweep, (Σ_k r_k ∇²f_k) u one of each: O(m), whatever D. J and
// Σ_k r_k ∇²f_k in full cost O(m D). The Hessian sweep is the second-order adjoint of Griewank & Walther,
// Evaluating Derivatives (2008), section 5:
//
//   x̄̇_a += f_a x̄̇ + (f_aa ȧ + f_ab ḃ) x̄.
//
// A number made from a tape's variables knows that tape, so that any thread may record on any tape.
//
//   Tape tape;
//   Tape::Scratch scratch;
//   Taped x = tape.variable(0.3), y = tape.variable(0.7);
//   tape.output(sin(x) * y);
//   double u[2] = {1, 0}, f_u[1];
//   tape.push(u, f_u, scratch);   // f_u = J u

#include <cstddef>
#include <vector>

#include "latentpath/numerics/scalar_functions.h"

namespace latentpath {

class Taped;

class Tape {
 public:
  /// Forgets everything, keeps the memory.
  void clear() {
    operations_.clear();
    outputs_.clear();
    output_values_.clear();
    // Slot 0 stands for all plain numbers: its derivative is 0.
    operations_.push_back({});
    variables_ = 0;
  }
  Tape() { clear(); }

  /// The next variable; all variables come before the first operation.
  inline Taped variable(double value);
  inline void output(const Taped& value);

  std::size_t variables() const { return variables_; }
  std::size_t outputs() const { return outputs_.size(); }
  std::size_t operations() const { return operations_.size() - 1 - variables_; }
  double output_value(std::size_t k) const { return output_values_[k]; }

  /// Scratch memory for sweeps, shared by the tapes of one thread.
  struct Scratch {
    std::vector<double> tangent, adjoint, adjoint_tangent;
  };

  /// J u: u [D] → [M].
  void push(const double* u, double* pushed, Scratch& scratch) const;
  /// Jᵀv: v [M] → [D].
  void pull(const double* v, double* pulled, Scratch& scratch) const;
  /// J [M, D].
  void jacobian(double* jacobian, Scratch& scratch) const;
  /// (Σ_k r_k ∇²f_k) u: [D].
  void curvature_product(const double* r, const double* u, double* product, Scratch& scratch) const {
    pull_change(r, u, nullptr, product, scratch);
  }
  /// Jᵀv + (Σ_k r_k ∇²f_k) u, v null or [M]: [D], for the price of the second term.
  void pull_change(const double* r, const double* u, const double* v, double* product,
                   Scratch& scratch) const;
  /// Σ_k r_k ∇²f_k: [D, D].
  void curvature(const double* r, double* block, Scratch& scratch) const;

 private:
  friend class Taped;
  struct Operation {
    int a = 0, b = 0;  ///< argument slots
    double fa = 0, fb = 0, faa = 0, fab = 0, fbb = 0;
  };
  int record(const Operation& operation) {
    operations_.push_back(operation);
    return static_cast<int>(operations_.size() - 1);
  }

  /// Pushes up to 8 coordinate axes from `first` on through the tape, side by side; how many they are.
  std::size_t push_axes(std::size_t first, std::vector<double>& tangent) const;

  std::vector<Operation> operations_;  ///< slot 0, the variables, the operations
  std::vector<int> outputs_;
  std::vector<double> output_values_;
  std::size_t variables_ = 0;
};

/// A number on a tape, or a plain number.
class Taped {
 public:
  using DifferentiableScalarTag = void;
  Taped() = default;
  Taped(double value) : value_(value) {}  // NOLINT: a plain number is constant
  double value() const { return value_; }

  Taped chain(double f, double f1, double f2) const {
    if (slot_ == 0) return Taped(f);
    return Taped(f, tape_->record({slot_, 0, f1, 0, f2, 0, 0}), tape_);
  }
  static Taped chain(const Taped& a, const Taped& b, double f, double fa, double fb, double faa, double fab,
                     double fbb) {
    if (a.slot_ == 0 && b.slot_ == 0) return Taped(f);
    Tape* tape = a.tape_ != nullptr ? a.tape_ : b.tape_;
    return Taped(f, tape->record({a.slot_, b.slot_, fa, fb, faa, fab, fbb}), tape);
  }
  Taped shift(double c) const { return Taped(value_ + c, slot_, tape_); }
  Taped scale(double c) const { return chain(c * value_, c, 0); }
  friend Taped operator+(const Taped& a, const Taped& b) {
    return chain(a, b, a.value_ + b.value_, 1, 1, 0, 0, 0);
  }
  friend Taped operator-(const Taped& a, const Taped& b) {
    return chain(a, b, a.value_ - b.value_, 1, -1, 0, 0, 0);
  }
  friend Taped operator*(const Taped& a, const Taped& b) {
    return chain(a, b, a.value_ * b.value_, b.value_, a.value_, 0, 1, 0);
  }
  friend Taped operator/(const Taped& a, const Taped& b) {
    const double r = 1 / b.value_, q = a.value_ * r;
    return chain(a, b, q, r, -q * r, 0, -r * r, 2 * q * r * r);
  }

 private:
  friend class Tape;
  Taped(double value, int slot, Tape* tape) : value_(value), tape_(tape), slot_(slot) {}
  double value_ = 0;
  Tape* tape_ = nullptr;  ///< null for a plain number
  int slot_ = 0;          ///< 0: a plain number
};

Taped Tape::variable(double value) {
  ++variables_;
  return {value, record({}), this};
}

void Tape::output(const Taped& value) {
  outputs_.push_back(value.slot_);
  output_values_.push_back(value.value_);
}

}  // namespace latentpath
