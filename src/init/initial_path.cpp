#include "latentpath/init/initial_path.h"

#include <ATen/ATen.h>

namespace latentpath {
namespace {

Tensor with_exact_ends(const Tensor& inner, const Tensor& start, const Tensor& end) {
  const int64_t n = inner.size(1) - 1;
  return at::cat({start.unsqueeze(1), inner.narrow(1, 1, n - 1), end.unsqueeze(1)}, 1);
}

}  // namespace

Tensor linear_path(const Tensor& start, const Tensor& end, const Tensor& times) {
  const Tensor t = times.to(start.options()).view({1, -1, 1});
  return with_exact_ends((1 - t) * start.unsqueeze(1) + t * end.unsqueeze(1), start, end);
}

Tensor spherical_path(const Tensor& start, const Tensor& end, const Tensor& times) {
  const Tensor t = times.to(start.options()).view({1, -1, 1});
  const Tensor a = start.unsqueeze(1), b = end.unsqueeze(1);
  const Tensor norms = (a.norm(2, {-1}, true) * b.norm(2, {-1}, true));
  const Tensor cosine = ((a * b).sum(-1, true) / norms.clamp_min(1e-30)).clamp(-1, 1);
  const Tensor angle = at::acos(cosine);
  const Tensor sine = at::sin(angle);
  const Tensor curved = (at::sin((1 - t) * angle) * a + at::sin(t * angle) * b) / sine.clamp_min(1e-12);
  const Tensor defined = (sine > 1e-5).logical_and(norms > 0);
  return with_exact_ends(at::where(defined, curved, (1 - t) * a + t * b), start, end);
}

}  // namespace latentpath
