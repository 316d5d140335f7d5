// A geodesic on the sphere, found in a chart of it, against the length that is known exactly.
//
// The chart (Example 2 of Struski et al., arXiv 1904.03445) projects the plane to the unit sphere around
// c = (0, 0, 1): Φ(z) = c + ((z, 0) − c) / ‖(z, 0) − c‖. It maps straight lines to great circles. From (0, 1)
// to (1, 0) the arc is π/3 long, and with the constant quality ½ every length is weighted by ln 2.

#include <ATen/ATen.h>

#include <cmath>
#include <cstdio>
#include <numbers>

#include "latentpath/path/find_path.h"

namespace lp = latentpath;

int main() {
  const auto sphere = lp::function_embedding(
      [](const lp::Tensor& z) {  // [n, 2] → [n, 3]
        const lp::Tensor below = at::cat({z, at::full({z.size(0), 1}, -1.0, z.options())}, 1);
        return below / below.norm(2, {1}, true) + at::tensor({0.0, 0.0, 1.0}, z.options());
      },
      2, "half-sphere");

  lp::PathProblem problem;
  problem.embedding = sphere;
  problem.quality = lp::constant_quality(0.5);
  problem.start = at::tensor({0.0, 1.0}, at::kDouble).unsqueeze(0);  // [1, 2]
  problem.end = at::tensor({1.0, 0.0}, at::kDouble).unsqueeze(0);

  const lp::PathResult result = lp::find_path(problem);

  const double exact = std::numbers::pi / 3 * std::numbers::ln2;
  const double length = result.path.length.item<double>();
  const double cost = result.path.cost_refined.item<double>();
  // x + y = 1 along the whole geodesic.
  const double off_line = (result.nodes[0].sum(1) - 1).abs().max().item<double>();
  std::printf("length        %.6f   exact %.6f\n", length, exact);
  std::printf("cost          %.6f   length squared %.6f, equal at constant speed\n", cost, length * length);
  std::printf("off the line  %.1e\n", off_line);

  // A chord of an arc θ/n is short by (θ/n)²/24 of itself, and the refined grid has 256 segments: 7e-7. The
  // solver, which stops when the cost changes by less than a thousandth, moves the nodes along the line.
  const bool right = std::abs(length / exact - 1) < 1e-5 && std::abs(cost / (length * length) - 1) < 1e-3;
  return right ? 0 : 1;
}
