#include "latentpath/kernel/kernel.h"

#include <ATen/ATen.h>

#include "latentpath/core/error.h"

namespace latentpath {

Tensor Kernel::squared_distance(const Tensor& x, const Tensor& y) const {
  return ((*this)(x, x) - 2 * (*this)(x, y) + (*this)(y, y)).clamp_min(0);
}

namespace {

class LinearKernel final : public Kernel {
 public:
  Tensor operator()(const Tensor& x, const Tensor& y) const override { return (x * y).sum(-1); }
  Tensor squared_distance(const Tensor& x, const Tensor& y) const override {
    return (x - y).square().sum(-1);
  }
  std::string describe() const override { return "linear"; }
};

class GaussianKernel final : public Kernel {
 public:
  explicit GaussianKernel(double gamma) : gamma_(gamma) {}
  Tensor operator()(const Tensor& x, const Tensor& y) const override {
    return at::exp(-gamma_ * (x - y).square().sum(-1));
  }
  Tensor squared_distance(const Tensor& x, const Tensor& y) const override {
    return -2 * at::expm1(-gamma_ * (x - y).square().sum(-1));  // 2 − 2k without cancellation
  }
  std::string describe() const override { return join_message("gaussian(gamma=", gamma_, ")"); }

 private:
  double gamma_;
};

}  // namespace

std::shared_ptr<Kernel> linear_kernel() { return std::make_shared<LinearKernel>(); }

std::shared_ptr<Kernel> gaussian_kernel(double gamma) {
  LATENTPATH_CHECK(gamma > 0, kArgument, "the Gaussian kernel's gamma must be positive, not ", gamma);
  return std::make_shared<GaussianKernel>(gamma);
}

}  // namespace latentpath
