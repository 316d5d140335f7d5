#include "latentpath/metric/curve_figures.h"

#include <gtest/gtest.h>

#include <ATen/ATen.h>

#include <cmath>
#include <vector>

#include "latentpath/curve/curve.h"
#include "latentpath/metric/charts.h"
#include "latentpath/metric/path_energy.h"
#include "latentpath/metric/weighted_metric.h"

namespace latentpath::testing {

TEST(CurveFigures, BothEnginesMeasureTheSame) {
  const int64_t n = 12;
  std::vector<double> nodes;
  for (int64_t i = 0; i <= n; ++i) {
    const double angle = M_PI * static_cast<double>(i) / static_cast<double>(n);
    nodes.insert(nodes.end(), {std::cos(angle), 2 * std::sin(angle)});
  }
  const double epsilon = 0.05;
  const WeightedMetric metric(plane_chart(2), analytic_constant(0.4), epsilon);
  const CurveFigures<double> one = metric.measure(nodes);

  EnergyOptions options;
  options.epsilon = epsilon;
  const PathEnergy energy(identity_embedding(2), constant_quality(0.4), options);
  const Tensor polyline = at::tensor(nodes, at::kDouble).view({1, n + 1, 2}), times = uniform_times(n);
  const CurveFigures<Tensor> batch = energy.measure(
      [&](const Tensor& t) { return interpolate_polyline(polyline, times, t); }, 1, times, nullptr);

  for (size_t i = 0; i < std::size(kCurveFigures<double>); ++i) {
    const auto& figure = kCurveFigures<double>[i];
    const Tensor other = batch.*kCurveFigures<Tensor>[i].value;
    if (figure.of == FigureOf::kFeature) {  // without a feature: absent
      EXPECT_TRUE(std::isnan(one.*figure.value) && !other.defined()) << figure.name;
      continue;
    }
    // Straight segments and a constant weight: finer grids add nothing but rounding.
    EXPECT_NEAR(one.*figure.value, other.item<double>(), 1e-12 * std::abs(one.*figure.value)) << figure.name;
  }
  EXPECT_EQ(one.subdivisions, batch.subdivisions.item<int64_t>());
  EXPECT_NEAR(one.length, one.min_weight * one.embedding_length, 1e-12);
}

// A figure that is measured and not listed would be in no record and lost where batches are put together.
TEST(CurveFigures, AreListedEachOnce) {
  int64_t count = 0;
  for_each_figure<Tensor>([&](auto) { ++count; });
  EXPECT_EQ(static_cast<size_t>(count) * sizeof(Tensor), sizeof(CurveFigures<Tensor>));
}

}  // namespace latentpath::testing
