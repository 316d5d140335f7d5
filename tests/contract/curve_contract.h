#pragma once
// What every Curve promises: ends exact to the last bit, times that do not see each other, a fit that
// reproduces a polyline, and derivatives with respect to its parameters.

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "contract/test_models.h"
#include "latentpath/curve/curve.h"
#include "latentpath/metric/derivative_check.h"

namespace latentpath::testing {

struct CurveCase {
  std::string name;
  std::function<std::shared_ptr<Curve>(int64_t latent_dim)> make;
  Tensor fit_times;          ///< grid on which polylines are fitted
  double fit_tolerance = 0;  ///< per coordinate, for polylines of order 1
};
inline void PrintTo(const CurveCase& value, std::ostream* out) { *out << value.name; }

class CurveContract : public ::testing::TestWithParam<CurveCase> {
 protected:
  /// Bent polylines between random ends, [pairs, m + 1, D].
  static Tensor bent(int64_t pairs, int64_t dim, const Tensor& times, uint64_t seed = 3) {
    const Tensor start = random_normal({pairs, 1, dim}, seed), end = random_normal({pairs, 1, dim}, seed + 1);
    const Tensor bow = random_normal({pairs, 1, dim}, seed + 2);
    const Tensor t = times.view({1, -1, 1});
    return (1 - t) * start + t * end + at::sin(M_PI * t) * bow;
  }
  /// Parameters of a curve that has left the place where it was fitted.
  static Tensor moved(const Tensor& parameters, double scale = 0.3) {
    return parameters + scale * random_normal(parameters.sizes(), 8).to(parameters.scalar_type());
  }
};

TEST_P(CurveContract, EndsAreExactToTheLastBit) {
  const double awkward[2][6] = {{0.1, 1.0 / 3, -1e-30, 3e7 + 1.0 / 7, -0.0, 16777217.0},
                                {-0.7, 1e-12, 123456.789, -1.0 / 9, 5e-324, 1e-38}};
  for (const auto dtype : {at::kFloat, at::kDouble}) {
    const Tensor start = at::from_blob(const_cast<double*>(awkward[0]), {2, 3}, at::kDouble).to(dtype);
    const Tensor end = at::from_blob(const_cast<double*>(awkward[1]), {2, 3}, at::kDouble).to(dtype);
    const auto curve = GetParam().make(3);
    const Tensor grid = GetParam().fit_times;
    const Tensor t = grid.to(dtype).view({1, -1, 1});
    const Tensor straight = (1 - t) * start.unsqueeze(1) + t * end.unsqueeze(1);
    const Tensor parameters = moved(curve->fit(straight, grid));
    for (const Tensor& times : {grid, uniform_times(7), at::tensor({1.0, 0.5, 0.0, 1.0, 0.0}, at::kDouble),
                                at::tensor({0.0}, at::kDouble), at::tensor({1.0}, at::kDouble)}) {
      const Tensor points = curve->at(parameters, start, end, times);
      ASSERT_EQ(points.sizes(), (std::vector<int64_t>{2, times.size(0), 3}));
      EXPECT_EQ(points.scalar_type(), dtype);
      for (int64_t i = 0; i < times.size(0); ++i) {
        if (times[i].item<double>() == 0) {
          EXPECT_TRUE(same_bits(points.select(1, i), start)) << dtype;
        }
        if (times[i].item<double>() == 1) {
          EXPECT_TRUE(same_bits(points.select(1, i), end)) << dtype;
        }
      }
    }
  }
}

TEST_P(CurveContract, TimesDoNotSeeEachOther) {
  const auto curve = GetParam().make(3);
  const Tensor nodes = bent(2, 3, GetParam().fit_times);
  const Tensor parameters = moved(curve->fit(nodes, GetParam().fit_times));
  const Tensor start = nodes.select(1, 0), end = nodes.select(1, nodes.size(1) - 1);
  const Tensor times = at::tensor({0.93, 0.0, 0.37, 1.0, 0.11, 0.372}, at::kDouble);
  const Tensor together = curve->at(parameters, start, end, times);
  for (int64_t i = 0; i < times.size(0); ++i) {
    const Tensor alone = curve->at(parameters, start, end, times.narrow(0, i, 1));
    // A matrix product may sum in another order for another size.
    EXPECT_LT((alone.select(1, 0) - together.select(1, i)).abs().max().item<double>(), 1e-13);
  }
}

TEST_P(CurveContract, PairsDoNotSeeEachOther) {
  const auto curve = GetParam().make(3);
  const Tensor nodes = bent(4, 3, GetParam().fit_times);
  const Tensor parameters = moved(curve->fit(nodes, GetParam().fit_times));
  const Tensor start = nodes.select(1, 0), end = nodes.select(1, nodes.size(1) - 1);
  const Tensor together = curve->at(parameters, start, end, uniform_times(5));
  for (int64_t p = 0; p < 4; ++p) {
    const Tensor alone =
        curve->at(parameters.narrow(0, p, 1), start.narrow(0, p, 1), end.narrow(0, p, 1), uniform_times(5));
    EXPECT_LT((alone[0] - together[p]).abs().max().item<double>(), 1e-13);
  }
}

TEST_P(CurveContract, FitRunsThroughThePolyline) {
  const auto curve = GetParam().make(3);
  const Tensor grid = GetParam().fit_times;
  const Tensor t = grid.view({1, -1, 1});
  const Tensor bow = bent(2, 3, grid);
  const Tensor straight = (1 - t) * bow.narrow(1, 0, 1) + t * bow.narrow(1, grid.size(0) - 1, 1);
  for (const Tensor& nodes : {straight, bow}) {
    const Tensor parameters = curve->fit(nodes, grid);
    const Tensor back = curve->at(parameters, nodes.select(1, 0), nodes.select(1, grid.size(0) - 1), grid);
    const double error = (back - nodes).abs().max().item<double>();
    EXPECT_LE(error, GetParam().fit_tolerance);
  }
  EXPECT_GT((bow - straight).abs().max().item<double>(), 0.5);  // or the fit had nothing to show
}

TEST_P(CurveContract, CountsItsParameters) {
  const auto curve = GetParam().make(3);
  const Tensor nodes = bent(2, 3, GetParam().fit_times);
  const Tensor parameters = curve->fit(nodes, GetParam().fit_times);
  EXPECT_EQ(parameters.sizes(), (std::vector<int64_t>{2, curve->parameter_count()}));
}

TEST_P(CurveContract, GradientPassesTheTaylorTest) {
  const auto curve = GetParam().make(3);
  // Fitted to a straight line: what a neural curve keeps of a bent one is constant by definition.
  const Tensor ends = uniform_times(1), nodes = bent(2, 3, ends);
  const Tensor start = nodes.select(1, 0), end = nodes.select(1, 1);
  const Tensor parameters = moved(curve->fit(nodes, ends), 0.1);
  const Tensor times = at::tensor({0.03, 0.2, 0.41, 0.5, 0.77, 0.98}, at::kDouble);
  const Tensor weights = random_normal({2, 6, 3}, 5);
  const auto f = [&](const Tensor& x) { return (weights * at::sin(curve->at(x, start, end, times))).sum(); };
  const Tensor leaf = parameters.clone().requires_grad_(true);
  const Tensor gradient = torch::autograd::grad({f(leaf)}, {leaf})[0];
  EXPECT_GT(gradient.abs().max().item<double>(), 1e-2);
  // Small steps: a ReLU network is smooth only as long as no unit switches.
  EXPECT_NEAR(taylor_slope(f, parameters, gradient, random_normal(parameters.sizes(), 6), 1e-4), 2, 0.1);
}

TEST_P(CurveContract, NodesAndMiddlesLieOnOneCurve) {
  const auto curve = GetParam().make(3);
  const Tensor nodes = bent(2, 3, GetParam().fit_times);
  const Tensor parameters = moved(curve->fit(nodes, GetParam().fit_times));
  const Tensor start = nodes.select(1, 0), end = nodes.select(1, nodes.size(1) - 1);
  const Tensor times = at::tensor({0.0, 0.1, 0.45, 1.0}, at::kDouble);
  const CurvePoints points = curve->points(parameters, start, end, times);
  // Matrix products of another size may sum in another order.
  EXPECT_LT((points.nodes - curve->at(parameters, start, end, times)).abs().max().item<double>(), 1e-13);
  EXPECT_LT(
      (points.middles - curve->at(parameters, start, end, middle_times(times))).abs().max().item<double>(),
      1e-13);
  EXPECT_TRUE(same_bits(points.nodes.select(1, 0), start));
  EXPECT_TRUE(same_bits(points.nodes.select(1, 3), end));
}

inline std::string curve_case_name(const ::testing::TestParamInfo<CurveCase>& info) {
  return info.param.name;
}

}  // namespace latentpath::testing
