#include "latentpath/path/initial_path.h"

#include <ATen/ATen.h>

namespace latentpath {
namespace {

Tensor with_exact_ends(const Tensor& points, const Tensor& start, const Tensor& end, const Tensor& times) {
  const Tensor first = at::where((times == 0).view({1, -1, 1}), start.unsqueeze(1), points);
  return at::where((times == 1).view({1, -1, 1}), end.unsqueeze(1), first);
}

}  // namespace

Tensor linear_path(const Tensor& start, const Tensor& end, const Tensor& times) {
  const Tensor t = times.to(start.options()).view({1, -1, 1});
  return with_exact_ends((1 - t) * start.unsqueeze(1) + t * end.unsqueeze(1), start, end, times);
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
  return with_exact_ends(at::where(defined, curved, (1 - t) * a + t * b), start, end, times);
}

Tensor hold(const Tensor& nodes, const Tensor& held, const Tensor& times) {
  if (!held.defined()) return nodes;
  const Tensor t = times.to(nodes.options()).view({1, -1, 1});
  const Tensor start = nodes.narrow(1, 0, 1), end = nodes.narrow(1, nodes.size(1) - 1, 1);
  // From the nearer end: exact at both, and everywhere where they are equal.
  const Tensor near_start = t < 0.5;
  const Tensor straight = at::where(near_start, start, end) + at::where(near_start, t, t - 1) * (end - start);
  return at::where(held, straight, nodes);
}

}  // namespace latentpath
