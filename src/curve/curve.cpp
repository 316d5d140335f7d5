#include "latentpath/curve/curve.h"

#include <ATen/ATen.h>

#include "latentpath/core/error.h"

namespace latentpath {

Tensor uniform_times(int64_t segments) {
  LATENTPATH_CHECK(segments >= 1, kArgument, "a path needs at least 1 segment, not ", segments);
  Tensor times = at::arange(segments + 1, at::kDouble) / static_cast<double>(segments);
  times[segments] = 1.0;
  return times;
}

Tensor graded_times(int64_t segments, double grading) {
  LATENTPATH_CHECK(grading >= 0 && grading <= 1, kArgument,
                   "the grading of times must lie in [0, 1], not at ", grading);
  const Tensor u = uniform_times(segments);
  Tensor times = (1 - grading) * u + grading * u.square() * (3 - 2 * u);
  times[segments] = 1.0;
  return times;
}

Tensor middle_times(const Tensor& times) {
  const int64_t n = times.size(0) - 1;
  return 0.5 * (times.narrow(0, 0, n) + times.narrow(0, 1, n));
}

Tensor Curve::at(const Tensor& parameters, const Tensor& start, const Tensor& end,
                 const Tensor& times) const {
  Tensor points = evaluate(parameters, start, end, times);
  // The ends are data, not results: rounding in the interpolation formula must not touch them.
  const Tensor at_start = (times == 0).view({1, -1, 1});
  const Tensor at_end = (times == 1).view({1, -1, 1});
  points = at::where(at_start, start.to(points.scalar_type()).unsqueeze(1), points);
  return at::where(at_end, end.to(points.scalar_type()).unsqueeze(1), points);
}

CurvePoints Curve::points(const Tensor& parameters, const Tensor& start, const Tensor& end,
                          const Tensor& times) const {
  const int64_t n = times.size(0) - 1;
  const Tensor all = at(parameters, start, end, at::cat({times, middle_times(times)}));
  return {all.narrow(1, 0, n + 1), all.narrow(1, n + 1, n), times};
}

namespace {

/// a + s (b − a), from the nearer of both: exact at s = 0 and 1, and everywhere where a = b, so that a path
/// that stays where it is has no length.
Tensor between(const Tensor& a, const Tensor& b, const Tensor& s) {
  const Tensor near_a = s < 0.5;
  return at::where(near_a, a, b) + at::where(near_a, s, s - 1) * (b - a);
}

/// interpolate_polyline() where every polyline has times and queries of its own, [pairs, n + 1] and
/// [pairs, T].
Tensor interpolate_each(const Tensor& nodes, const Tensor& times, const Tensor& query) {
  const int64_t n = times.size(1) - 1;
  const Tensor right =
      at::searchsorted(times.contiguous(), query.contiguous(), false, /*right=*/true).clamp(1, n);
  const Tensor t_left = times.gather(1, right - 1), t_right = times.gather(1, right);
  const Tensor fraction = ((query - t_left) / (t_right - t_left).clamp_min(1e-300))
                              .clamp(0, 1)
                              .unsqueeze(2)
                              .to(nodes.scalar_type());
  const auto pick = [&](const Tensor& index) {
    return nodes.gather(1, index.unsqueeze(2).expand({-1, -1, nodes.size(2)}));
  };
  return between(pick(right - 1), pick(right), fraction);
}

}  // namespace

Tensor interpolate_polyline(const Tensor& nodes, const Tensor& times, const Tensor& query) {
  const bool shared = times.dim() == 1 && query.dim() == 1;
  if (shared && query.size(0) == times.size(0) && at::equal(query, times)) return nodes;
  if (!shared) {
    const auto for_each_pair = [&](const Tensor& t) {
      return t.dim() == 2 ? t : t.expand({nodes.size(0), -1});
    };
    return interpolate_each(nodes, for_each_pair(times), for_each_pair(query));
  }
  // Two rows picked, not a product with a matrix of weights: BLAS rounds a pair's rows otherwise in a batch
  // of another size, or on another number of threads.
  const Tensor right =
      at::searchsorted(times, query.contiguous(), false, /*right=*/true).clamp(1, times.size(0) - 1);
  const Tensor left = right - 1;
  const Tensor t_left = times.index_select(0, left), t_right = times.index_select(0, right);
  const Tensor fraction =
      ((query - t_left) / (t_right - t_left)).unsqueeze(1).to(nodes.options().requires_grad(false));
  return between(nodes.index_select(1, left), nodes.index_select(1, right), fraction);
}

}  // namespace latentpath
