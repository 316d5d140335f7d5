// A chart and a quality of one's own, each a lambda: a path across a range of hills that avoids the fog.
//
// The code of a point is written once, for any scalar type; the solvers instantiate it with types that carry
// derivatives, so there is no gradient to write, and Newton's method has exact second derivatives.

#include <cmath>
#include <cstdio>

#include "latentpath/path/find_geodesics.h"

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

  const lp::GeodesicProblem problem{
      .metric = lp::WeightedMetric(hills, clear_air, 0.1), .start = {-2, 0}, .end = {2, 0}};
  const lp::Geodesic geodesic = lp::find_geodesics(problem).geodesics[0];
  const double straight = problem.metric.segment_length(problem.start.data(), problem.end.data(), 1000);

  double clearance = 1e9;
  for (std::size_t i = 0; i < geodesic.nodes.size(); i += 2)
    clearance = std::fmin(clearance, std::hypot(geodesic.nodes[i], geodesic.nodes[i + 1] + 0.2));
  std::printf("weighted length %.6f ± %.0e   straight %.6f\n", geodesic.extrapolated_length,
              geodesic.extrapolation_change, straight);
  std::printf("%d Newton steps; residual %.1e; %d negative directions; %.3f from the middle of the fog\n",
              geodesic.iterations, geodesic.certificate.gradient_residual,
              geodesic.certificate.negative_directions, clearance);
  return geodesic.certificate.minimum && geodesic.extrapolated_length < 0.7 * straight && clearance > 0.8 ? 0
                                                                                                          : 1;
}
