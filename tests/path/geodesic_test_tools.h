#pragma once
// What several geodesic tests share. No LibTorch here.

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "contract/plain_numbers.h"
#include "latentpath/metric/charts.h"
#include "latentpath/path/find_geodesics.h"

namespace latentpath::testing {

/// Distance on the unit sphere between the images of two points of a chart onto it centred at `centre`
/// height.
inline double arc_between(const AnalyticMap& chart, const double* a, const double* b,
                          double centre_height = 0) {
  const auto m = static_cast<std::size_t>(chart.output_dim());
  std::vector<double> x(m), y(m);
  chart.value(a, x.data());
  chart.value(b, y.data());
  x[m - 1] -= centre_height;
  y[m - 1] -= centre_height;
  double minus = 0, plus = 0;
  for (std::size_t k = 0; k < m; ++k) {
    minus += (x[k] - y[k]) * (x[k] - y[k]);
    plus += (x[k] + y[k]) * (x[k] + y[k]);
  }
  return 2 * std::atan2(std::sqrt(minus), std::sqrt(plus));  // without the cancellation of acos
}

inline Geodesic solve_one(const GeodesicProblem& problem, const GeodesicOptions& options = {}) {
  return find_geodesics(problem, options).geodesics.at(0);
}

inline GeodesicOptions with_segments(int segments) {
  GeodesicOptions options;
  options.segments = segments;
  return options;
}

}  // namespace latentpath::testing
