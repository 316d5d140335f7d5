// Paper A, Example 4: the surface of the cube [−1, 1]³ as a level set, Q = ½ exp(−K |1 − ‖z‖_max|), K = 50,
// from the middle of one face to the middle of the next. The surface's own geodesic is 2 long; the best path
// cuts the edge a little, along a catenary, since inside is not forbidden but dear.

#include <cmath>
#include <cstdio>
#include <numbers>

#include "latentpath/metric/charts.h"
#include "latentpath/path/find_geodesics.h"

namespace lp = latentpath;

int main() {
  const double stiffness = 50, ln2 = std::numbers::ln2;
  const lp::GeodesicProblem problem{
      .metric = lp::WeightedMetric(lp::plane_chart(3), lp::cube_surface(3, stiffness)),
      .start = {0, 0, 1},
      .end = {1, 0, 0}};
  const lp::Geodesic geodesic = lp::find_geodesics(problem, {.segments = 200}).geodesics[0];

  const double exact = 2 * ln2 - ln2 * ln2 * (std::asinh(1) + std::sqrt(2) - 2) / stiffness;
  std::printf("length %.6f   exact %.6f   relative error %.1e   on the surface itself %.6f\n",
              geodesic.refined_length, exact, geodesic.refined_length / exact - 1, 2 * ln2);
  return geodesic.certificate.minimum && std::abs(geodesic.refined_length / exact - 1) < 1e-3 ? 0 : 1;
}
