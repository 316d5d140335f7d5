// A chart and a quality of one's own, each a lambda: a path across a range of hills that avoids the fog.
//
// The code of a point is written once, for any scalar type. So there is no gradient to write, and find_path()
// sees that exact second derivatives are to be had: it solves by Newton's method and says what it knows of
// the minimum. Without LibTorch the same chart and quality are a GeodesicProblem for find_geodesics()
// (examples 04 to 07).

#include <ATen/ATen.h>

#include <cmath>
#include <cstdio>

#include "latentpath/metric/adaptors.h"
#include "latentpath/path/find_path.h"

namespace lp = latentpath;

int main() {
  const auto hills = lp::chart(
      [](const auto* z, auto* x) {
        using std::cos, std::sin;  // for double; for other scalars LatentPath's own are found
        x[0] = z[0];
        x[1] = z[1];
        x[2] = 0.5 * sin(2.0 * z[0]) * cos(1.5 * z[1]);
      },
      2, 3, "hills");
  const auto clear_air = lp::analytic_quality(
      [](const auto* z) {
        using std::exp;
        return 1.0 - 0.9 * exp(-2.0 * (z[0] * z[0] + (z[1] + 0.2) * (z[1] + 0.2)));
      },
      2, "clear air");

  const lp::PathProblem problem{.embedding = lp::as_embedding(hills),
                                .quality = lp::as_quality(clear_air),
                                .start = at::tensor({-2.0, 0.0}, at::kDouble).unsqueeze(0),
                                .end = at::tensor({2.0, 0.0}, at::kDouble).unsqueeze(0)};
  const lp::PathResult result = lp::find_path(problem, {.segments = 100, .epsilon = 0.1});

  const lp::Tensor from_fog = result.nodes[0] - at::tensor({0.0, -0.2}, at::kDouble);  // [101, 2]
  const double clearance = from_fog.norm(2, {1}).min().item<double>();
  const double length = result.path.length.item<double>(), straight = result.linear.length.item<double>();
  std::printf("weighted length %.6f   straight %.6f\n", length, straight);
  if (result.certificates.empty()) return 1;  // not by a second-order method
  const lp::PathCertificate& minimum = result.certificates[0];
  std::printf("%d %s steps; residual %.1e; %d negative directions; %.3f from the middle of the fog\n",
              static_cast<int>(result.iterations[0]), result.method.c_str(), minimum.gradient_residual,
              minimum.negative_directions, clearance);
  return minimum.minimum && length < 0.7 * straight && clearance > 0.8 ? 0 : 1;
}
