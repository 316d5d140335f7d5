#include "latentpath/path/reparametrise.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "latentpath/path/select.h"
#include "latentpath/path/time_parametrisation.h"

namespace latentpath {
namespace {

/// `moved`, with the first and the last node of `nodes` to the last bit.
Tensor with_ends_of(const Tensor& nodes, const Tensor& moved) {
  return at::cat(
      {nodes.narrow(1, 0, 1), moved.narrow(1, 1, moved.size(1) - 2), nodes.narrow(1, nodes.size(1) - 1, 1)},
      1);
}

/// Lengths [rows, n] of the segments of `curve` [rows, n + 1, D] at `times`: weighted, or of the images
/// alone.
Tensor subdivision_lengths(const PathEnergy& energy, const Tensor& curve, const Tensor& times,
                           bool weighted) {
  const int64_t n = times.size(0) - 1, dim = curve.size(2);
  std::vector<Tensor> lengths;
  for (const Tensor& part :
       curve.split(std::max<int64_t>(1, energy.options().points_per_batch / (2 * n + 1)))) {
    if (weighted) {
      const Tensor middles = 0.5 * (part.narrow(1, 0, n) + part.narrow(1, 1, n));
      const SegmentTerms terms = energy.terms({part, middles, times});
      lengths.push_back(terms.weight * terms.squared_chord.clamp_min(0).sqrt());
    } else {
      const Tensor images =
          energy.embedding()(part.reshape({-1, dim})).flatten(1).view({part.size(0), n + 1, -1});
      lengths.push_back(energy.squared_chords(images).clamp_min(0).sqrt());
    }
  }
  return at::nan_to_num(at::cat(lengths), 0, 0, 0);
}

/// The moving average, at `times`, of `share` [rows, n + 1] given at the times `fine`.
Tensor moving_average(const Tensor& share, const Tensor& fine, const Tensor& times,
                      const ReparametriseOptions& options) {
  const Tensor reach = at::minimum(times, 1 - times).clamp_max(options.half_window);
  Tensor sum;
  const int64_t samples = options.window_samples;
  for (int64_t k = 0; k <= samples; ++k) {
    const double offset = 2.0 * static_cast<double>(k) / static_cast<double>(samples) - 1;
    const Tensor query = (times + offset * reach).clamp(0, 1);
    const Tensor value = interpolate_polyline(share.unsqueeze(2), fine, query).squeeze(2);
    const double gain = (k == 0 || k == samples) ? 0.5 : 1.0;  // trapezium rule
    sum = sum.defined() ? sum + gain * value : gain * value;
  }
  return (sum / samples).contiguous();
}

}  // namespace

Tensor reparametrise_evenly(const PathEnergy& energy, const Tensor& nodes, const Tensor& old_times,
                            const Tensor& times, int64_t subdivisions, const ReparametriseOptions& options) {
  const at::NoGradGuard no_gradient;
  const bool whole = !energy.quality().depends_on_time() && energy.options().cost->fixes_speed() &&
                     !energy.has_potential();  // under which paths hurry through bad places
  const Tensor fine = refine_times(old_times, subdivisions);
  const int64_t n = fine.size(0) - 1;
  const Tensor curve = interpolate_polyline(nodes, old_times, fine);
  Tensor length = subdivision_lengths(energy, curve, fine, whole);
  // No stretch of time vanishes altogether, and a path without length keeps its nodes.
  const Tensor duration = fine.narrow(0, 1, n) - fine.narrow(0, 0, n);
  length = length + (options.least_share * length.sum(1, true) + 1e-12) * duration;
  const Tensor arc = at::constant_pad_nd(length.cumsum(1), {1, 0});
  // From 0 to 1 at the times `fine`, [rows, n + 1]; and what is to be reached at each of `times`.
  const Tensor share = (arc / arc.narrow(1, n, 1)).contiguous();
  const Tensor wanted = whole ? times.unsqueeze(0).expand({nodes.size(0), -1}).contiguous()
                              : moving_average(share, fine, times, options);
  return with_ends_of(nodes, interpolate_polyline(curve, share, wanted));
}

Tensor reparametrise_optimally(const PathEnergy& energy, const Tensor& nodes, const Tensor& old_times,
                               const Tensor& times, int64_t subdivisions, Tensor* cost) {
  const at::NoGradGuard no_gradient;
  const Tensor fine = refine_times(old_times, subdivisions);
  const int64_t segments = fine.size(0) - 1;
  const Tensor curve = interpolate_polyline(nodes, old_times, fine).contiguous();
  const TimeParametrisations best = optimal_times(energy, curve, times);
  if (cost != nullptr) *cost = best.cost;
  return with_ends_of(nodes,
                      interpolate_polyline(curve, at::arange(segments + 1, at::kDouble), best.positions));
}

}  // namespace latentpath
