// Paper A, Example 1: the plane with the constant quality ½. The geodesic is the straight line, √2 log 2
// long.

#include <cmath>
#include <cstdio>
#include <numbers>

#include "latentpath/metric/charts.h"
#include "latentpath/path/find_geodesics.h"

namespace lp = latentpath;

int main() {
  const lp::GeodesicProblem problem{
      .metric = lp::WeightedMetric(lp::plane_chart(2), lp::analytic_constant(0.5)),
      .start = {0, 1},
      .end = {1, 0}};
  const lp::Geodesic geodesic = lp::find_geodesics(problem).geodesics[0];

  const double exact = std::sqrt(2) * std::numbers::ln2;
  std::printf("length       %.12f   exact %.12f\n", geodesic.length, exact);
  // The bound, least weight times straight distance, is reached: no path whatever is shorter.
  std::printf("lower bound  %.12f\n", geodesic.certificate.lower_bound);
  return std::abs(geodesic.length - exact) < 1e-12 && geodesic.certificate.lower_bound > exact - 1e-12 ? 0
                                                                                                       : 1;
}
