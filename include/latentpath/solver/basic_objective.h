#pragma once
// BasicObjective: a batch of independent functions R^N → R, minimised together.
//
// What a solver may do follows from what the objective can do: a gradient always; a preconditioner, a
// second-order model, the metric of a curve where it says so. A solver asks for them, and never for a kind or
// a name.

#include <cstdint>
#include <string>

#include "latentpath/solver/second_order.h"

namespace latentpath {

template <class Rows>
struct RowTypes;

template <class Rows>
struct BasicObjectiveValue {
  typename RowTypes<Rows>::Values value;  ///< [rows] float64
  Rows gradient;                          ///< [rows, N]
};

template <class Rows>
class BasicObjective {
 public:
  using Values = typename RowTypes<Rows>::Values;
  using Indices = typename RowTypes<Rows>::Indices;
  using Value = BasicObjectiveValue<Rows>;

  virtual ~BasicObjective() = default;

  /// The number of independent problems.
  virtual int64_t problems() const = 0;
  /// N.
  virtual int64_t variables() const = 0;

  /// Value and gradient of the problems `rows` [rows] (int64, ascending) at x [rows, N].
  virtual Value evaluate(const Rows& x, const Indices& rows) = 0;

  /// Called once before each iteration: a stochastic objective draws its sample here.
  virtual void begin_iteration(int64_t /*iteration*/) {}

  /// H₀ g: an approximation of the inverse Hessian applied to [rows, N], for the last point evaluated.
  virtual Rows precondition(const Rows& gradient, const Indices& /*rows*/) { return gradient; }

  /// A scale-free measure of how far from stationary each problem is: [rows]; 0 at a stationary point. By
  /// default ‖g‖ ‖x‖ / |cost|.
  virtual Values gradient_residual(const Rows& x, const Value& at, const Indices& rows);

  /// The second-order model of a row, alive as long as the objective; null: there is none.
  virtual SecondOrderModel* second_order(int64_t /*row*/) { return nullptr; }
  /// The metric along a row's curve, alive as long as the objective; null: there is none.
  virtual CurveMetric* curve_metric(int64_t /*row*/) { return nullptr; }
  /// Why second_order() or curve_metric() is null, to stand after "which this objective does not offer: ".
  virtual std::string why_first_order() const { return "it knows its gradient alone"; }
};

}  // namespace latentpath
