#pragma once
// Matrix-free Newton–CG for many variables: Hessian products only, conjugate gradients preconditioned by the
// model's M. Internal.
//
// Truncated as in Steihaug (1983) and Dembo, Eisenstat & Steihaug (1982): inner iterations stop at a residual
// that shrinks with the gradient, or at negative curvature.

#include <vector>

#include "latentpath/solver/methods.h"
#include "solver/dense/row_method.h"

namespace latentpath::detail {

class NewtonCgMethod final : public RowMethod {
 public:
  explicit NewtonCgMethod(const NewtonOptions& options) : options_(options) {}

  void start(const RowCapabilities& row, const std::vector<double>& x) override;
  void step() override;
  bool leaves_saddle() override;

 private:
  void approximate(bool first);
  void leave_saddle();
  void conjugate_gradients();
  bool line_search();

  NewtonOptions options_;
  SecondOrderModel* model_ = nullptr;
  std::vector<double> step_, rest_, solved_, direction_, image_, trial_, mode_;
  double gradient_square_ = 0;  ///< gᵀM⁻¹g
  bool definite_ = true, leaving_ = false;
  int saddles_left_ = 0, steps_at_rounding_ = 0;
};

}  // namespace latentpath::detail
