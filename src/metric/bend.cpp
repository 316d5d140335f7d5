#include "metric/bend.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include "metric/unfused_attention.h"

namespace latentpath {

Tensor bend(const Embedding& embedding, const Tensor& z, const Tensor& directions, const Tensor& covectors) {
  const at::AutoGradMode enabled(true);
  const UnfusedAttention twice;
  const Tensor leaf = z.detach().clone().requires_grad_(true);
  const Tensor image = embedding(leaf);
  Tensor sum;  // Σ_k ⟨a_k, J u_k⟩ of all points
  for (int64_t k = 0; image.requires_grad() && k < directions.size(1); ++k) {
    const Tensor covector =
        covectors.select(1, k).reshape(image.sizes()).to(image.device(), image.scalar_type());
    const Tensor pulled = torch::autograd::grad({image}, {leaf}, {covector}, /*retain_graph=*/true,
                                                /*create_graph=*/true, /*allow_unused=*/true)[0];
    if (!pulled.defined() || !pulled.requires_grad()) continue;  // linear
    const Tensor along = (pulled * directions.select(1, k).to(pulled.scalar_type())).sum();
    sum = sum.defined() ? sum + along : along;
  }
  if (!sum.defined()) return at::zeros_like(z, at::kDouble);
  const Tensor bent = torch::autograd::grad({sum}, {leaf}, {}, false, false, /*allow_unused=*/true)[0];
  return bent.defined() ? bent.to(at::kDouble) : at::zeros_like(z, at::kDouble);
}

}  // namespace latentpath
