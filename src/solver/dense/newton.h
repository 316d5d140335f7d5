#pragma once
// Newton's and Gauss–Newton's method on a block-tridiagonal Hessian, damped in the metric B. Internal.
//
// (H + λB) s = −g, λ = 0 wherever H is positive definite and the step lowers the cost. Since H and B have the
// same highest-order part, λ is dimensionless: on an arc of angle θ of the unit sphere the smallest
// eigenvalue of B⁻¹H is 1 − (θ/π)².

#include <vector>

#include "latentpath/solver/methods.h"
#include "solver/dense/second_order_method.h"

namespace latentpath::detail {

/// The direction v of the smallest μ in H v = μ B v, and μ, by inverse iteration with H + shift·B.
class LowestMode {
 public:
  /// 0 where H + shift·B is not positive definite.
  double find(const BlockTridiagonal& h, const BlockTridiagonal& b, double shift, int iterations);
  /// The first of shift, 2 shift, 4 shift, … for which H + shift·B is positive definite.
  double definite_shift(const BlockTridiagonal& h, const BlockTridiagonal& b, double shift);
  const std::vector<double>& mode() const { return mode_; }

 private:
  BlockTridiagonal sum_;
  BlockCholesky factor_;
  std::vector<double> mode_, image_;
};

class NewtonMethod final : public SecondOrderMethod {
 public:
  NewtonMethod(HessianKind kind, const NewtonOptions& options)
      : SecondOrderMethod(options.escape_saddles && kind == HessianKind::kNewton), kind_(kind) {}

 private:
  void prepare(std::size_t size) override;
  void approximate() override;
  void iterate() override;
  const std::vector<double>* negative_direction() override;
  bool may_be_saddle() const override { return !definite_; }
  void fill_laplacian();
  enum class Trial { kAccepted, kNoStep, kBelowRounding };
  Trial damped_step();
  bool solve_damped(bool at_trial);

  HessianKind kind_;
  BlockTridiagonal hessian_, laplacian_, sum_;
  BlockCholesky factor_;
  LowestMode lowest_;
  std::vector<double> step_, trial_;
  bool have_laplacian_ = false, definite_ = true;
  double lambda_ = 0;
  int indefinite_steps_ = 0;  ///< one after the other
};

}  // namespace latentpath::detail
