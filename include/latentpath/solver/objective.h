#pragma once
// Objective: a batch of independent functions R^N → R, minimised together.
//
// What a solver may do follows from what the objective can do: a gradient always; a preconditioner where it
// says so.

#include <cstdint>

#include "latentpath/core/tensor.h"

namespace latentpath {

struct ObjectiveValue {
  Tensor value;     ///< [rows] float64
  Tensor gradient;  ///< [rows, N]
};

class Objective {
 public:
  virtual ~Objective() = default;

  /// The number of independent problems.
  virtual int64_t problems() const = 0;
  /// N.
  virtual int64_t variables() const = 0;

  /// Value and gradient of the problems `rows` [rows] (int64, ascending) at x [rows, N].
  virtual ObjectiveValue evaluate(const Tensor& x, const Tensor& rows) = 0;

  /// Called once before each iteration: a stochastic objective draws its sample here.
  virtual void begin_iteration(int64_t /*iteration*/) {}

  /// H₀ g: an approximation of the inverse Hessian applied to [rows, N], for the last point evaluated.
  virtual Tensor precondition(const Tensor& gradient, const Tensor& /*rows*/) { return gradient; }

  /// A scale-free measure of how far from stationary each problem is: [rows]; 0 at a stationary point.
  virtual Tensor gradient_residual(const Tensor& x, const ObjectiveValue& at, const Tensor& rows);
};

}  // namespace latentpath
