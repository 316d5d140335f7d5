#include "metric/bend.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include "metric/unfused_attention.h"

namespace latentpath {

Tensor bend(const Embedding& embedding, const Tensor& z, const Tensor& directions, const Tensor& covectors) {
  const at::AutoGradMode enabled(true);
  const UnfusedAttention twice;
  const int64_t n = z.size(0), dim = z.size(1), count = directions.size(1);
  const Tensor none = at::zeros({n, dim}, at::kDouble);
  const Tensor leaf = z.detach().repeat_interleave(count, 0).requires_grad_(true);
  const Tensor image = embedding(leaf);
  if (!image.requires_grad()) return none;
  const Tensor pulled =
      torch::autograd::grad({image}, {leaf}, {covectors.reshape(image.sizes()).to(image.scalar_type())}, true,
                            /*create_graph=*/true, /*allow_unused=*/true)[0];
  if (!pulled.defined() || !pulled.requires_grad()) return none;  // linear
  const Tensor along = directions.reshape({n * count, dim}).to(pulled.scalar_type());
  const Tensor bent = torch::autograd::grad({(pulled * along).sum()}, {leaf}, {}, false, false,
                                            /*allow_unused=*/true)[0];
  return bent.defined() ? bent.to(at::kDouble).view({n, count, dim}).sum(1) : none;
}

}  // namespace latentpath
