#include "measure/measure_cost.h"

#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "latentpath/core/error.h"
#include "latentpath/measure/interpolate_measures.h"

namespace latentpath {
namespace {

std::vector<double> to_vector(const Tensor& t) {
  const Tensor c = t.contiguous();
  return {c.data_ptr<double>(), c.data_ptr<double>() + c.numel()};
}
Tensor to_tensor(const std::vector<double>& v, at::IntArrayRef shape) {
  return at::tensor(v, at::kDouble).view(shape);
}

/// Q_ε of every point of a path and what the paper's weight makes of it.
struct PathQuality {
  Tensor weight;   ///< n(X^j) = −Σ_i w_i log Q_ε(x_i), [K + 1]
  Tensor quality;  ///< Q(x) [K + 1, N]
};

PathQuality path_quality(const Quality& quality, const Tensor& points, const Tensor& weights,
                         double epsilon) {
  const int64_t nodes = points.size(0), count = points.size(1);
  const Tensor flat = points.reshape({nodes * count, points.size(2)});
  const Tensor q =
      quality.evaluate({flat, at::zeros({nodes * count}, flat.options().requires_grad(false)), {}})
          .to(at::kDouble)
          .view({nodes, count});
  const Tensor n = -regularise(q, epsilon).log();
  return {(n * weights).sum(1), q};
}

}  // namespace

MeasureFigures figures_of(const MeasurePath& path, const NeighbourDistances& distances,
                          const Quality* quality, double epsilon, double squared_mmd) {
  MeasureFigures figures;
  const std::vector<SquaredMmd> steps = distances.steps(path, false);
  std::vector<double> squares;
  for (const SquaredMmd& step : steps) {
    figures.cost += step.value;
    figures.rounding += step.rounding;
    figures.clamped += step.clamped;
    squares.push_back(step.value);
    figures.steps.push_back(std::sqrt(step.value));
    figures.length += figures.steps.back();
  }
  const auto count = static_cast<double>(steps.size());
  const auto [low, high] = std::minmax_element(figures.steps.begin(), figures.steps.end());
  figures.step_spread = figures.length > 0 ? (*high - *low) * count / figures.length : 0;
  figures.cost_over_bound =
      squared_mmd > 0 ? count * figures.cost / squared_mmd : std::numeric_limits<double>::quiet_NaN();
  if (quality != nullptr) {
    const at::NoGradGuard no_gradient;
    const PathQuality at = path_quality(*quality, path.points, path.weights, epsilon);
    const Tensor n2 = at.weight.square();
    double weighted = 0;
    for (size_t j = 0; j < squares.size(); ++j) {
      const auto k = static_cast<int64_t>(j);
      weighted += 0.5 * (n2[k].item<double>() + n2[k + 1].item<double>()) * squares[j];
    }
    figures.weighted_cost = weighted;
    figures.mean_quality = (at.quality * path.weights).sum(1).mean().item<double>();
    figures.min_quality = at.quality.min().item<double>();
  }
  return figures;
}

std::pair<double, Tensor> cost_of(const MeasurePath& path, const NeighbourDistances& distances,
                                  const Quality* quality, double epsilon) {
  const int64_t nodes = path.points.size(0), steps = nodes - 1;
  const std::vector<SquaredMmd> squares = distances.steps(path, true);
  Tensor gradient = at::zeros_like(path.points);
  std::vector<double> factor(static_cast<size_t>(steps), 1.0), values;
  for (const SquaredMmd& square : squares) values.push_back(square.value);
  if (quality != nullptr) {
    const at::AutoGradMode enabled(true);
    const Tensor leaf = path.points.detach().clone().requires_grad_(true);
    const Tensor weight = path_quality(*quality, leaf, path.weights, epsilon).weight;
    const std::vector<double> n = to_vector(weight.detach());
    // d/dn_j of Σ ½(n_j² + n_{j+1}²) s_j is n_j (s_{j−1} + s_j).
    std::vector<double> pull(n.size(), 0.0);
    for (size_t j = 0; j < values.size(); ++j) {
      factor[j] = 0.5 * (n[j] * n[j] + n[j + 1] * n[j + 1]);
      pull[j] += n[j] * values[j];
      pull[j + 1] += n[j + 1] * values[j];
    }
    if (weight.requires_grad()) {
      const auto got =
          torch::autograd::grad({(weight * to_tensor(pull, {nodes})).sum()}, {leaf}, {}, false, false, true);
      if (got[0].defined()) gradient += got[0];
    }
  }
  double total = 0;
  for (int64_t j = 0; j < steps; ++j) {
    const auto at = static_cast<size_t>(j);
    total += factor[at] * values[at];
    const at::IntArrayRef shape = path.points.sizes().slice(1);
    gradient[j] += factor[at] * to_tensor(squares[at].first_gradient, shape);
    gradient[j + 1] += factor[at] * to_tensor(squares[at].second_gradient, shape);
  }
  return {total, gradient};
}

MeasureFigures measure_figures(const MeasurePath& path, const RadialKernel& kernel) {
  LATENTPATH_CHECK(path.points.dim() == 3 && path.points.size(0) >= 2, kArgument,
                   "a path of samples has the shape [K + 1, points, dimension] with K >= 1, not ",
                   shape_string(path.points.sizes()));
  const NeighbourDistances distances(kernel, true, 2, 0);
  MeasurePath ends = path;
  const int64_t last = path.points.size(0) - 1;
  ends.points = at::stack({path.points[0], path.points[last]});
  if (path.weights.defined()) ends.weights = at::stack({path.weights[0], path.weights[last]});
  return figures_of(path, distances, nullptr, 0.1, distances.steps(ends, false)[0].value);
}

std::pair<double, Tensor> measure_cost(const MeasurePath& path, const RadialKernel& kernel,
                                       const QualityPointer& quality, double epsilon) {
  return cost_of(path, NeighbourDistances(kernel, true, 2, 0), quality.get(), epsilon);
}

}  // namespace latentpath
