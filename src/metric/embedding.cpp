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
  const int64_t most = batch_limits().points;
  if (z.size(0) <= most || (at::GradMode::is_enabled() && z.requires_grad())) return map(z);
  std::vector<Tensor> images;
  for (const Tensor& part : z.split(most)) images.push_back(map(part));
  return at::cat(images);
}

Tensor Embedding::vjp(const Tensor& z, const Tensor& v) const {
  const at::AutoGradMode enabled(true);
  const Tensor leaf = z.detach().requires_grad_(true);
  const Tensor image = (*this)(leaf);
  if (!image.requires_grad()) return at::zeros_like(z);
  const Tensor gradient =
      torch::autograd::grad({image}, {leaf}, {v.to(image.device(), image.scalar_type())}, false, false,
                            /*allow_unused=*/true)[0];
  return gradient.defined() ? gradient : at::zeros_like(z);
}

namespace {

/// J u_k [n, …] for each of `directions`, [n, D] each: of one pass through the model, forwards and backwards,
/// which makes a function linear in what is pulled back. Its transpose pushes forward.
std::vector<Tensor> push_forward(const Embedding& embedding, const Tensor& z,
                                 const std::vector<Tensor>& directions) {
  const at::AutoGradMode enabled(true);
  const UnfusedAttention twice;
  const Tensor leaf = z.detach().requires_grad_(true);
  const Tensor image = embedding(leaf);
  // Differentials come in the caller's precision, whatever the model's.
  std::vector<Tensor> pushed(directions.size(), at::zeros_like(image).to(z.scalar_type()).detach());
  if (!image.requires_grad()) return pushed;
  const Tensor dummy = at::zeros_like(image).requires_grad_(true);
  const Tensor pulled = torch::autograd::grad({image}, {leaf}, {dummy}, true, /*create_graph=*/true, true)[0];
  if (!pulled.defined()) return pushed;
  for (size_t k = 0; k < directions.size(); ++k) {
    const bool more = k + 1 < directions.size();
    const Tensor column = torch::autograd::grad({pulled}, {dummy}, {directions[k]}, /*retain_graph=*/more,
                                                false, /*allow_unused=*/true)[0];
    if (column.defined()) pushed[k] = column.detach().to(z.scalar_type());
  }
  return pushed;
}

}  // namespace

Tensor Embedding::jvp(const Tensor& z, const Tensor& u) const { return push_forward(*this, z, {u})[0]; }

Tensor Embedding::jacobian(const Tensor& z) const {
  std::vector<Tensor> directions;
  for (const Tensor& e : at::eye(z.size(1), z.options()).unbind()) directions.push_back(e.expand_as(z));
  std::vector<Tensor> columns = push_forward(*this, z, directions);
  for (Tensor& column : columns) column = column.flatten(1);
  return at::stack(columns, 2);
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
