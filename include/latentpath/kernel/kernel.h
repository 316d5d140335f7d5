#pragma once
// Kernels: a metric on a space without its coordinates (paper A, §2).
//
// A kernel k(x, y) = ⟨Φ(x), Φ(y)⟩ measures distances by ‖Φ(x) − Φ(y)‖² = k(x,x) − 2k(x,y) + k(y,y) (Eq. 6).
//
//   auto kernel = latentpath::gaussian_kernel(0.125);
//   Tensor d2 = kernel->squared_distance(x, y);   // x, y [n, d] → [n]

#include <memory>
#include <string>

#include "latentpath/core/tensor.h"

namespace latentpath {

class Kernel {
 public:
  virtual ~Kernel() = default;
  /// k(x_i, y_i): x, y [n, d] → [n].
  virtual Tensor operator()(const Tensor& x, const Tensor& y) const = 0;
  /// ‖Φ(x_i) − Φ(y_i)‖², [n] ≥ 0. Implementations override it where cancellation can be avoided.
  virtual Tensor squared_distance(const Tensor& x, const Tensor& y) const;
  virtual std::string describe() const = 0;
};

/// k(x, y) = ⟨x, y⟩; Φ is the identity.
std::shared_ptr<Kernel> linear_kernel();

/// k(x, y) = exp(−γ‖x − y‖²) (paper A, Eq. 14). Throws Error(kArgument) unless γ > 0.
std::shared_ptr<Kernel> gaussian_kernel(double gamma);

}  // namespace latentpath
