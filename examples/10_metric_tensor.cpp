// The shortest way from one Gaussian to another in their Fisher-Rao metric, against its closed form.
//
// For N(μ, σ²) the Fisher information in (μ, σ) is G = diag(1/σ², 2/σ²): √2 times the Poincaré half plane in
// (μ/√2, σ). Geodesics rise: on the way from one narrow Gaussian to another it pays to become wide.

#include <ATen/ATen.h>

#include <cmath>
#include <cstdio>

#include "latentpath/metric/metric_tensor.h"
#include "latentpath/path/find_path.h"

namespace lp = latentpath;

int main() {
  const auto fisher_rao = lp::metric_tensor(
      [](const lp::Tensor& z) {  // [n, 2] → [n, 2, 2]
        const lp::Tensor g = 1 / z.select(1, 1).square();
        return at::diag_embed(at::stack({g, 2 * g}, 1));
      },
      2, "Fisher-Rao metric of Gaussians");

  lp::PathProblem problem;
  problem.embedding = lp::riemannian_space(fisher_rao);
  problem.quality = lp::constant_quality(std::exp(-1));  // weight 1: lengths are those of the metric
  problem.start = at::tensor({-1.0, 0.5}, at::kDouble).unsqueeze(0);
  problem.end = at::tensor({1.0, 0.5}, at::kDouble).unsqueeze(0);

  lp::PathOptions options;
  options.epsilon = 0;
  options.tolerance = 1e-6;
  const lp::PathResult result = lp::find_path(problem, options);

  const double step = 2 / std::sqrt(2.0),
               exact = std::sqrt(2.0) * std::acosh(1 + step * step / (2 * 0.5 * 0.5));
  const double length = result.path.length.item<double>(), straight = result.linear.length.item<double>();
  const double widest = result.nodes[0].select(1, 1).max().item<double>();
  std::printf("length         %.6f   exact %.6f\n", length, exact);
  std::printf("straight line  %.6f\n", straight);
  std::printf("widest sigma   %.4f   exact %.4f\n", widest, std::sqrt(0.5 + 0.25));

  // 64 segments: a polyline is longer than its curve by O(1/n²).
  return std::abs(length / exact - 1) < 1e-3 && std::abs(widest - std::sqrt(0.75)) < 5e-3 && straight > exact
             ? 0
             : 1;
}
