// Paper A, Example 2: a geodesic of the sphere in the gnomonic chart, with its certificate. The arc is π/3
// long; the paper's constant quality ½ weighs it by log 2.

#include <cmath>
#include <cstdio>
#include <numbers>

#include "latentpath/metric/charts.h"
#include "latentpath/path/find_geodesics.h"

namespace lp = latentpath;

int main() {
  const lp::GeodesicProblem problem{
      .metric = lp::WeightedMetric(lp::half_sphere_chart(), lp::analytic_constant(0.5)),
      .start = {0, 1},
      .end = {1, 0}};
  const lp::GeodesicResult result = lp::find_geodesics(problem, {.segments = 100});
  const lp::Geodesic& geodesic = result.geodesics[0];
  const lp::Certificate& certificate = geodesic.certificate;

  const double exact = std::numbers::pi / 3 * std::numbers::ln2;
  std::printf("%s, since %s\n", result.method.c_str(), result.method_reason.c_str());
  std::printf("length of the path's own grid  %.12f   error %.1e\n", geodesic.length,
              geodesic.length - exact);
  std::printf("extrapolated                   %.12f   error %.1e, estimated as %.1e\n",
              geodesic.extrapolated_length, geodesic.extrapolated_length - exact,
              geodesic.extrapolation_change);
  std::printf("gradient residual %.1e, negative directions %d: %s\n", certificate.gradient_residual,
              certificate.negative_directions, certificate.minimum ? "a minimum" : "not a minimum");
  // On an arc θ the least curvature is 1 − (θ/π)²: it would be 0 between antipodes.
  std::printf("least curvature %.3f, on this arc exactly %.3f\n", certificate.least_curvature, 1 - 1 / 9.0);
  std::printf("lower bound %.6f\n", certificate.lower_bound);
  return certificate.minimum && std::abs(geodesic.extrapolated_length - exact) < 1e-9 ? 0 : 1;
}
