#include "latentpath/report/projection.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "latentpath/core/error.h"
#include "latentpath/core/random.h"
#include "latentpath/path/initial_path.h"
#include "report/curve_title.h"

namespace latentpath {
namespace {

/// `vector` without its part along the unit vector `direction`.
Tensor without(const Tensor& vector, const Tensor& direction) {
  return vector - vector.matmul(direction).unsqueeze(-1) * direction;
}

/// The unit direction in which the rows vary most, orthogonal to `direction` where that is given.
Tensor principal_direction(const Tensor& rows, const Tensor& direction) {
  Tensor away = rows - rows.mean(0);
  if (direction.defined()) away = without(away, direction);
  const Tensor vectors = std::get<1>(at::linalg_eigh(away.t().matmul(away)));
  Tensor axis = vectors.select(1, vectors.size(1) - 1);
  // Rows that do not vary give any direction at all: it must not be the forbidden one.
  if (direction.defined()) axis = without(axis, direction);
  if (direction.defined() && axis.norm().item<double>() < 0.5) {
    const int64_t smallest = direction.abs().argmin().item<int64_t>();
    axis = at::zeros_like(direction);
    axis[smallest] = 1;
    axis = without(axis, direction);
  }
  // Equal data give equal pictures: the largest component is positive.
  const int64_t largest = axis.abs().argmax().item<int64_t>();
  return (axis[largest].item<double>() < 0 ? -axis : axis) / axis.norm();
}

}  // namespace

EndPlane::EndPlane(const Tensor& start, const Tensor& end, const Tensor& path) {
  LATENTPATH_CHECK(start.dim() == 1 && start.sizes() == end.sizes() && start.size(0) >= 2, kArgument,
                   "the ends of a projection must both have the shape [D], D >= 2, not ",
                   shape_string(start.sizes()), " and ", shape_string(end.sizes()));
  const Tensor z0 = start.detach().to(at::kDouble), z1 = end.detach().to(at::kDouble);
  LATENTPATH_CHECK(!path.defined() || (path.dim() == 2 && path.size(1) == z0.size(0)), kArgument,
                   "the path of a projection must have the shape [n, ", z0.size(0), "]");
  ends_ = at::stack({z0, z1}, 1);
  const Tensor rows = path.defined() ? path.detach().to(at::kDouble) : ends_.t();
  const double scale = std::max(z0.norm().item<double>(), z1.norm().item<double>());
  const Tensor step = z1 - z0;
  const double length = step.norm().item<double>();
  Tensor first = length > 1e-9 * scale ? step / length
                 : scale > 0           ? principal_direction(rows, z0 / z0.norm())
                                       : principal_direction(rows, {});
  Tensor second = without(z0, first);
  const double height = second.norm().item<double>();
  spanned_ = length > 1e-9 * scale && height > 1e-9 * scale;
  second = height > 1e-9 * scale ? second / height : principal_direction(rows, first);
  axes_ = at::stack({first, second}, 1);
}

Tensor EndPlane::coefficients(const Tensor& points) const {
  LATENTPATH_CHECK(
      spanned_, kArgument,
      "the ends and the origin lie on one line: there are no coefficients of a plane through them");
  const Tensor gram = ends_.t().matmul(ends_);
  const Tensor right = points.detach().to(at::kDouble).matmul(ends_).t();  // [2, n]
  return at::linalg_solve(gram, right).t().contiguous();
}

Tensor EndPlane::to_scale(const Tensor& points) const {
  return points.detach().to(at::kDouble).matmul(axes_).contiguous();
}

Picture draw_path_projection(const PathProblem& problem, const PathResult& result, int64_t pair,
                             const Density& prior, const Quality& rank, uint64_t seed) {
  const at::NoGradGuard no_gradient;
  const Tensor start = problem.start.narrow(0, pair, 1).to(at::kDouble),
               end = problem.end.narrow(0, pair, 1).to(at::kDouble);
  const Tensor ours = result.nodes[pair].to(at::kDouble);
  const EndPlane ends(start[0], end[0], ours);
  auto generator = make_generator(seed);
  const Tensor samples = prior.sample(2500, generator);

  LatentPlane plane;
  plane.title = ends.spanned_by_ends() ? "Projection on the plane of both ends and the origin"
                                       : "Projection on the plane of the ends and the path's main direction";
  plane.samples = ends.to_scale(samples);
  plane.sample_values = rank.evaluate({samples, {}, {}});
  plane.sample_label = "samples of the prior";
  plane.value_label = "share of the prior in less likely places";
  plane.x_label = ends.spanned_by_ends() ? "along end − start" : "first direction";
  plane.y_label = ends.spanned_by_ends() ? "away from the origin" : "second direction";
  plane.curves = {{detail::curve_title("linear"), kLinearColour,
                   ends.to_scale(linear_path(start, end, result.times)[0]), true},
                  {detail::curve_title("spherical"), kSphericalColour,
                   ends.to_scale(spherical_path(start, end, result.times)[0]), true},
                  {detail::curve_title("ours"), kPathColour, ends.to_scale(ours), false}};

  // The frame holds all curves and nearly all samples; a stray sample must not shrink the rest.
  const Tensor share = at::tensor({0.002, 0.998}, at::kDouble);
  const Tensor spread = at::quantile(plane.samples, share, 0);  // [2, coordinate]
  Tensor low = spread[0], high = spread[1];
  for (const PlaneCurve& curve : plane.curves) {
    low = at::minimum(low, std::get<0>(curve.points.min(0)));
    high = at::maximum(high, std::get<0>(curve.points.max(0)));
  }
  const Tensor margin = 0.05 * (high - low).max();
  low = low - margin;
  high = high + margin;
  plane.x0 = low[0].item<double>();
  plane.y0 = low[1].item<double>();
  plane.x1 = high[0].item<double>();
  plane.y1 = high[1].item<double>();
  return draw_latent_plane(plane);
}

}  // namespace latentpath
