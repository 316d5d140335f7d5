#include "latentpath/metric/convex_set.h"

#include <ATen/ATen.h>

#include "latentpath/core/error.h"

namespace latentpath {
namespace {

/// `squared_distance` maps z [n, D] float64 to d² [n].
QualityPointer softened(std::function<Tensor(const Tensor&)> squared_distance, int64_t dim, double softness,
                        const char* set) {
  LATENTPATH_CHECK(softness > 0, kArgument, "the softness of a convex set's boundary must be positive, not ",
                   softness);
  const std::string name = join_message("uniform on a ", set, ", D = ", dim);
  return function_quality(
      [squared_distance = std::move(squared_distance), dim, softness, name](const Tensor& z) {
        LATENTPATH_CHECK(z.dim() == 2 && z.size(1) == dim, kArgument, "the quality '", name,
                         "' takes points of shape [n, ", dim, "], not ", shape_string(z.sizes()));
        const Tensor relative = squared_distance(z.to(at::kDouble)) / (softness * softness);
        return (1 / (1 + relative)).to(z.scalar_type());
      },
      name);
}

Tensor checked_vector(const char* what, const Tensor& vector) {
  LATENTPATH_CHECK(vector.dim() == 1 && vector.size(0) >= 1 && at::isfinite(vector).all().item<bool>(),
                   kArgument, what, " must be finite numbers of shape [D], not of shape ",
                   shape_string(vector.sizes()));
  return vector.detach().to(at::kDouble).contiguous();
}

}  // namespace

QualityPointer uniform_ball(const Tensor& centre, double radius, double softness) {
  const Tensor middle = checked_vector("the centre of a ball", centre);
  LATENTPATH_CHECK(radius > 0, kArgument, "the radius of a ball must be positive, not ", radius);
  return softened(
      [middle, radius](const Tensor& z) {
        // The floor under the root counts only inside, where the distance is 0 whatever the norm.
        const Tensor norm = (z - middle).square().sum(1).clamp_min(0.25 * radius * radius).sqrt();
        return (norm - radius).clamp_min(0).square();
      },
      middle.size(0), softness, "ball");
}

QualityPointer uniform_box(const Tensor& low, const Tensor& high, double softness) {
  const Tensor lower = checked_vector("the lower corner of a box", low),
               upper = checked_vector("the upper corner of a box", high);
  LATENTPATH_CHECK(lower.sizes() == upper.sizes() && (lower < upper).all().item<bool>(), kArgument,
                   "the corners of a box must satisfy low < high in each of the same coordinates");
  return softened(
      [lower, upper](const Tensor& z) {
        return ((lower - z).clamp_min(0) + (z - upper).clamp_min(0)).square().sum(1);
      },
      lower.size(0), softness, "box");
}

QualityPointer uniform_half_spaces(const Tensor& a, const Tensor& b, double softness) {
  LATENTPATH_CHECK(a.dim() == 2 && a.numel() > 0 && at::isfinite(a).all().item<bool>(), kArgument,
                   "the matrix of half-spaces must be finite numbers of shape [m, D], not of shape ",
                   shape_string(a.sizes()));
  const Tensor norm = a.detach().to(at::kDouble).norm(2, {1}, true);
  LATENTPATH_CHECK((norm > 0).all().item<bool>(), kArgument, "a half-space needs a normal that is not zero");
  const Tensor offset = checked_vector("the right-hand side of half-spaces", b);
  LATENTPATH_CHECK(offset.size(0) == a.size(0), kArgument, a.size(0),
                   " half-spaces need as many offsets, not ", offset.size(0));
  const Tensor normals = (a.detach().to(at::kDouble) / norm).t().contiguous(),
               limit = offset / norm.squeeze(1);
  return softened(
      [normals, limit](const Tensor& z) { return (z.matmul(normals) - limit).clamp_min(0).square().sum(1); },
      a.size(1), softness, "polyhedron");
}

}  // namespace latentpath
