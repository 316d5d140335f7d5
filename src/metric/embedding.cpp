#include "latentpath/metric/embedding.h"

#include <torch/csrc/autograd/autograd.h>

#include "latentpath/core/error.h"
#include "latentpath/metric/charts.h"
#include "metric/unfused_attention.h"

namespace latentpath {

Tensor Embedding::operator()(const Tensor& z) const {
  LATENTPATH_CHECK(z.dim() == 2, kInput, describe(), " takes latents of shape [n, D], not ",
                   shape_string(z.sizes()));
  LATENTPATH_CHECK(latent_dim() < 0 || z.size(1) == latent_dim(), kInput, describe(),
                   " takes latents of size ", latent_dim(), ", not ", z.size(1));
  evaluations_ += z.size(0);
  return map(z);
}

Tensor Embedding::vjp(const Tensor& z, const Tensor& v) const {
  const at::AutoGradMode enabled(true);
  const Tensor leaf = z.detach().requires_grad_(true);
  const Tensor image = (*this)(leaf);
  if (!image.requires_grad()) return at::zeros_like(z);
  const Tensor gradient = torch::autograd::grad({image}, {leaf}, {v.to(image.scalar_type())}, false, false,
                                                /*allow_unused=*/true)[0];
  return gradient.defined() ? gradient : at::zeros_like(z);
}

Tensor Embedding::jvp(const Tensor& z, const Tensor& u) const {
  const at::AutoGradMode enabled(true);
  const UnfusedAttention twice;
  const Tensor leaf = z.detach().requires_grad_(true);
  const Tensor image = (*this)(leaf);
  if (!image.requires_grad()) return at::zeros_like(image).to(z.scalar_type());
  const Tensor dummy = at::zeros_like(image).requires_grad_(true);
  const Tensor pulled = torch::autograd::grad({image}, {leaf}, {dummy}, true, /*create_graph=*/true, true)[0];
  if (!pulled.defined()) return at::zeros_like(image);
  const Tensor pushed = torch::autograd::grad({pulled}, {dummy}, {u}, false, false, true)[0];
  // Differentials come in the caller's precision, whatever the model's.
  return pushed.defined() ? pushed.detach().to(z.scalar_type()) : at::zeros_like(image).to(z.scalar_type());
}

Tensor Embedding::jacobian(const Tensor& z) const {
  const int64_t n = z.size(0), dim = z.size(1);
  // One batch of n·D points: the direction e_k is pushed forward at every z.
  const Tensor points = z.repeat_interleave(dim, 0);
  const Tensor directions = at::eye(dim, z.options()).repeat({n, 1});
  const Tensor columns = jvp(points, directions);
  return columns.reshape({n, dim, -1}).transpose(1, 2).contiguous();
}

namespace {

class FunctionEmbedding final : public Embedding {
 public:
  FunctionEmbedding(std::function<Tensor(const Tensor&)> function, int64_t dim, std::string name)
      : function_(std::move(function)), dim_(dim), name_(std::move(name)) {}
  int64_t latent_dim() const override { return dim_; }
  std::string describe() const override { return name_; }

 protected:
  Tensor map(const Tensor& z) const override { return function_(z); }

 private:
  std::function<Tensor(const Tensor&)> function_;
  int64_t dim_;
  std::string name_;
};

class IdentityEmbedding final : public Embedding {
 public:
  explicit IdentityEmbedding(int64_t dim) : dim_(dim) {}
  int64_t latent_dim() const override { return dim_; }
  bool is_identity() const override { return true; }
  ChartPointer analytic() const override { return dim_ > 0 ? plane_chart(static_cast<int>(dim_)) : nullptr; }
  std::string describe() const override { return "the identity"; }

 protected:
  Tensor map(const Tensor& z) const override { return z; }

 private:
  int64_t dim_;
};

}  // namespace

std::shared_ptr<Embedding> identity_embedding(int64_t latent_dim) {
  return std::make_shared<IdentityEmbedding>(latent_dim);
}

std::shared_ptr<Embedding> function_embedding(std::function<Tensor(const Tensor&)> function,
                                              int64_t latent_dim, std::string name) {
  return std::make_shared<FunctionEmbedding>(std::move(function), latent_dim, std::move(name));
}

}  // namespace latentpath
