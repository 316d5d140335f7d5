#include "latentpath/solver/second_order.h"

#include "latentpath/core/error.h"

namespace latentpath {

void SecondOrderModel::hessian_product(const double* u, double* product) {
  hessian(has_curvatures() ? HessianKind::kNewton : HessianKind::kGaussNewton, product_blocks_);
  product_blocks_.multiply(u, product);
}

void SecondOrderModel::update_preconditioner() {
  laplacian(preconditioner_blocks_);
  LATENTPATH_CHECK(preconditioner_factor_.compute(preconditioner_blocks_), kNumerical,
                   "the preconditioner of a second-order model is not positive definite");
}

void SecondOrderModel::solve_preconditioner(double* x) const { preconditioner_factor_.solve(x); }

void SecondOrderModel::multiply_preconditioner(const double* x, double* y) const {
  preconditioner_blocks_.multiply(x, y);
}

}  // namespace latentpath
