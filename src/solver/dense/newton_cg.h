#pragma once
// Matrix-free Newton–CG for many variables: Hessian products only, conjugate gradients preconditioned by the
// model's M. Internal.
//
// Truncated as in Steihaug (1983) and Dembo, Eisenstat & Steihaug (1982): inner iterations stop at a residual
// that shrinks with the gradient, or at negative curvature.

#include <vector>

#include "latentpath/solver/methods.h"
#include "solver/dense/second_order_method.h"

namespace latentpath::detail {

class NewtonCgMethod final : public SecondOrderMethod {
 public:
  explicit NewtonCgMethod(const NewtonOptions& options) : SecondOrderMethod(options.escape_saddles) {}

 private:
  void prepare(std::size_t size) override;
  void approximate() override;
  void iterate() override;
  const std::vector<double>* negative_direction() override;
  /// Conjugate gradients see what the gradient leads to; by symmetry it may never lead off a saddle.
  bool may_be_saddle() const override { return true; }
  void conjugate_gradients();
  bool line_search();

  std::vector<double> step_, rest_, solved_, direction_, image_, trial_, mode_;
  double gradient_square_ = 0;  ///< gᵀM⁻¹g
  bool have_preconditioner_ = false, definite_ = true;
};

}  // namespace latentpath::detail
