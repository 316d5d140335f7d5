// Paper A, Example 3: the plane without the unit disc, given by the distance to what is left:
// Q = ½ exp(−K max(0, 1 − ‖z‖)), K = 5, from (−1.3, 0) to (1.3, 0). The way around is two tangents and an
// arc.
//
// The straight line through the disc is stationary, by symmetry, and no minimum: the solver leaves it, and
// raises the stiffness K by itself from where the first path hardly feels it.

#include <cmath>
#include <cstdio>
#include <numbers>

#include "latentpath/metric/charts.h"
#include "latentpath/path/find_geodesics.h"

namespace lp = latentpath;

int main() {
  const lp::GeodesicProblem problem{
      .metric =
          lp::WeightedMetric(lp::plane_chart(2), lp::cut_out_discs({{.centre = {0, 0}, .radius = 1}}, 5)),
      .start = {-1.3, 0},
      .end = {1.3, 0}};
  lp::GeodesicOptions options;
  options.segments = 200;
  options.keep_stages = true;
  const lp::Geodesic geodesic = lp::find_geodesics(problem, options).geodesics[0];

  for (const lp::GeodesicStage& stage : geodesic.stages)
    std::printf("%-28s length %.6f\n", stage.name.c_str(), problem.metric.length(stage.nodes).length);
  const double exact = std::numbers::ln2 * (2 * std::sqrt(0.69) + std::numbers::pi - 2 * std::acos(1 / 1.3));
  std::printf("length %.6f   exact %.6f   relative error %.1e\n", geodesic.refined_length, exact,
              geodesic.refined_length / exact - 1);
  return geodesic.certificate.minimum && std::abs(geodesic.refined_length / exact - 1) < 1e-3 ? 0 : 1;
}
