#include "latentpath/path/gauss_newton_model.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "latentpath/metric/metric_tensor.h"

namespace latentpath {
namespace {

/// The step of differences, as a share of the path's extent: well above the rounding of float32 models, well
/// below what a path crosses between two nodes.
constexpr double kDifference = 1e-3;
/// A block is lifted by this share of its mean eigenvalue, and of the segment's chord: directions in which
/// images do not change at all have the model's trust for a step, not for a leap. Last, for a block of zeros.
constexpr double kLiftOfTrace = 0.05, kLiftOfChord = 1e-3, kLeastLift = 1e-12;
/// Square of a segment's length in latents below which it has no direction.
constexpr double kNoDirection = 1e-20;

std::vector<double> to_vector(const Tensor& values) {
  const Tensor all = values.to(at::kCPU, at::kDouble).contiguous();
  return {all.data_ptr<double>(), all.data_ptr<double>() + all.numel()};
}

}  // namespace

int64_t GaussNewtonModel::linearise(const PathEnergy& energy, const Tensor& nodes, const Tensor& times) {
  const at::NoGradGuard no_gradient;
  const int64_t count = nodes.size(0), dim = nodes.size(1);
  const double extent = (std::get<0>(nodes.max(0)) - std::get<0>(nodes.min(0))).norm().item<double>();
  if (!(extent > 0)) return 0;
  const double step = kDifference * extent;
  const Tensor shifts = at::cat({at::zeros({1, dim}, at::kDouble), step * at::eye(dim, at::kDouble)});
  const Tensor points = (nodes.to(at::kDouble).unsqueeze(1) + shifts).reshape({-1, dim});
  const Tensor decoded = energy.decode(points);
  const Tensor images = decoded.flatten(1).view({count, dim + 1, -1});
  const Tensor moved = (images.narrow(1, 1, dim) - images.narrow(1, 0, 1)) / step;  // [n + 1, D, M]
  const auto metric = energy.embedding().metric();
  const Tensor lowered =
      metric ? at::bmm(moved, (*metric)(images.select(1, 0)).to(moved.scalar_type())) : moved;
  Tensor metrics = at::bmm(lowered, moved.transpose(1, 2));
  if (energy.options().norm == OutputNorm::kMean) metrics = metrics / moved.size(2);
  // Each node at its own time.
  const Tensor weights = energy.weights_at_times(points, decoded, times.to(at::kDouble))
                             .view({count, dim + 1, count})
                             .diagonal(0, 0, 2);
  metrics_ = to_vector(metrics);
  slopes_ = to_vector(((weights.narrow(0, 1, dim) - weights.narrow(0, 0, 1)) / step).t());
  segments_ = count - 1;
  dim_ = dim;
  return points.size(0);
}

void GaussNewtonModel::update(const Tensor& pull, const Tensor& stiffness, const Tensor& action,
                              const Tensor& nodes) {
  const auto n = static_cast<size_t>(segments_), dim = static_cast<size_t>(dim_), square = dim * dim;
  const std::vector<double> w = to_vector(pull), chord = to_vector(stiffness), a = to_vector(action),
                            z = to_vector(nodes);
  std::vector<double> blocks(n * square);
  for (size_t i = 0; i < n; ++i) {
    double* k = blocks.data() + i * square;
    double trace = 0;
    for (size_t e = 0; e < square; ++e)
      k[e] = 0.5 * w[i] * (metrics_[i * square + e] + metrics_[(i + 1) * square + e]);
    for (size_t r = 0; r < dim; ++r) trace += k[r * dim + r];
    std::vector<double> along(dim);
    double norm = 0;
    for (size_t r = 0; r < dim; ++r) {
      along[r] = z[(i + 1) * dim + r] - z[i * dim + r];
      norm += along[r] * along[r];
    }
    if (norm > kNoDirection) {
      double shown = 0;
      for (size_t r = 0; r < dim; ++r)
        for (size_t c = 0; c < dim; ++c) shown += along[r] * k[r * dim + c] * along[c] / norm;
      const double missing = std::max(0.0, chord[i] - shown);
      for (size_t r = 0; r < dim; ++r)
        for (size_t c = 0; c < dim; ++c) k[r * dim + c] += missing * along[r] * along[c] / norm;
    }
    const double lift =
        kLiftOfTrace * trace / static_cast<double>(dim) + kLiftOfChord * chord[i] + kLeastLift;
    for (size_t r = 0; r < dim; ++r) k[r * dim + r] += lift;
  }
  BlockTridiagonal model(n - 1, dim);
  for (size_t i = 0; i + 1 < n; ++i) {
    const double *left = blocks.data() + i * square, *right = left + square,
                 *slope = slopes_.data() + (i + 1) * dim;
    double* diagonal = model.diagonal(i);
    for (size_t r = 0; r < dim; ++r)
      for (size_t c = 0; c < dim; ++c)
        diagonal[r * dim + c] =
            2 * (left[r * dim + c] + right[r * dim + c]) + (a[i] + a[i + 1]) * slope[r] * slope[c];
    if (i + 2 < n)
      for (size_t e = 0; e < square; ++e) model.upper(i)[e] = -2 * right[e];
  }
  definite_ = factor_.compute(model);
}

bool GaussNewtonModel::solve(double* x) const {
  if (!definite_) return false;
  factor_.solve(x);
  return true;
}

}  // namespace latentpath
