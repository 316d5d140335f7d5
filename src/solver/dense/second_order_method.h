#pragma once
// SecondOrderMethod: what Newton's method and Newton–CG share beside their steps. A stationary point ends
// them, unless it is a saddle that can be left along a direction of negative curvature; and so do steps that
// promise less than rounding. Internal.

#include <vector>

#include "solver/dense/row_method.h"

namespace latentpath::detail {

class SecondOrderMethod : public RowMethod {
 public:
  explicit SecondOrderMethod(bool escape_saddles) : escape_saddles_(escape_saddles) {}

  void start(const RowCapabilities& row, const std::vector<double>& x) final;
  void step() final;
  bool leaves_saddle() final;

 protected:
  /// Memory for rows of N numbers, and the state before the first approximation.
  virtual void prepare(std::size_t size) = 0;
  /// g and all else that a step needs, at the point at which the model is linearised.
  virtual void approximate() = 0;
  /// One iteration from there, to the next approximation or to the end.
  virtual void iterate() = 0;
  /// v with vᵀ H v < 0 at the point at which the model is linearised; null where none is found.
  virtual const std::vector<double>* negative_direction() = 0;
  /// Whether a stationary point is to be asked for a negative direction: not where H is known to be definite.
  virtual bool may_be_saddle() const = 0;

  /// Moves the model to x and returns its cost.
  double linearise(const std::vector<double>& x) {
    ++evaluations_;
    return model_->linearise(x.data());
  }
  double rounding() const { return model_->rounding() * std::abs(value_); }
  /// `promise`: the decrease that a full step promises, twice. Below rounding one step may polish, more would
  /// go round in circles.
  void count_step(double promise);
  /// No step lowers the cost by more than rounding: the end, unless this is a saddle to be left.
  void end_at_rounding();

  /// Leaves the point that leaves_saddle() has found a way out of. False, and nothing changed, where the cost
  /// does not fall that way.
  bool leave_saddle();

  SecondOrderModel* model_ = nullptr;

 private:
  bool escape_saddles_;
  const std::vector<double>* way_out_ = nullptr;  ///< of the saddle that the next step leaves
  int saddles_left_ = 0, steps_at_rounding_ = 0;
};

}  // namespace latentpath::detail
