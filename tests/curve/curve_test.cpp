#include "latentpath/curve/curve.h"

#include "contract/curve_contract.h"
#include "latentpath/core/error.h"

namespace latentpath::testing {

std::shared_ptr<Curve> polyline_of_nine(int64_t dim) { return polyline_curve(uniform_times(9), dim); }

// A neural curve starts within last_layer_scale (1e-3) times the sum of 64 units of order 1 / 8.
INSTANTIATE_TEST_SUITE_P(
    Curves, CurveContract,
    ::testing::Values(
        CurveCase{"Polyline", polyline_of_nine, uniform_times(9), 0},
        CurveCase{"GradedPolyline", [](int64_t dim) { return polyline_curve(graded_times(8, 0.8), dim); },
                  graded_times(8, 0.8), 0},
        CurveCase{"Neural", [](int64_t dim) { return neural_curve(dim); }, uniform_times(9), 2e-2},
        CurveCase{"DeepNeural",
                  [](int64_t dim) { return neural_curve(dim, {.hidden = 16, .layers = 3, .seed = 4}); },
                  graded_times(12, 0.5), 2e-2}),
    curve_case_name);

TEST(Times, RunFromZeroToOneAndIncrease) {
  for (const int64_t n : {1, 2, 3, 7, 49, 64, 1000}) {
    for (const Tensor& t : {uniform_times(n), graded_times(n, 0.8), graded_times(n, 1), graded_times(n, 0)}) {
      ASSERT_EQ(t.size(0), n + 1);
      EXPECT_EQ(t[0].item<double>(), 0);
      EXPECT_EQ(t[n].item<double>(), 1);
      EXPECT_GT((t.narrow(0, 1, n) - t.narrow(0, 0, n)).min().item<double>(), 0);
      // Symmetric under t → 1 − t, up to rounding.
      EXPECT_LT((t + t.flip(0) - 1).abs().max().item<double>(), 1e-15);
    }
  }
  EXPECT_TRUE(at::equal(graded_times(8, 0), uniform_times(8)));
  EXPECT_THROW(uniform_times(0), Error);
  EXPECT_THROW(graded_times(8, 1.5), Error);
  EXPECT_THROW(graded_times(8, -0.1), Error);
}

TEST(Times, MiddlesLieHalfway) {
  const Tensor t = at::tensor({0.0, 0.2, 1.0}, at::kDouble);
  EXPECT_TRUE(at::allclose(middle_times(t), at::tensor({0.1, 0.6}, at::kDouble), 0, 1e-16));
}

TEST(InterpolatePolyline, IsLinearBetweenNodes) {
  const Tensor times = at::tensor({0.0, 0.25, 1.0}, at::kDouble);
  const Tensor nodes = at::tensor({0.0, 1.0, -2.0}, at::kDouble).view({1, 3, 1});
  const Tensor query = at::tensor({0.125, 0.25, 0.5, 1.0, 0.0}, at::kDouble);
  const Tensor expected = at::tensor({0.5, 1.0, 0.0, -2.0, 0.0}, at::kDouble).view({1, 5, 1});
  EXPECT_TRUE(at::allclose(interpolate_polyline(nodes, times, query), expected, 0, 1e-15));
}

TEST(InterpolatePolyline, IsExactAtNodesAndWhereAPathStays) {
  const Tensor times = at::tensor({0.0, 0.3, 0.7, 1.0}, at::kDouble);
  const Tensor query = at::cat({times, at::linspace(0, 1, 97, at::kDouble)});
  const Tensor moving = at::randn({2, 4, 3}, at::kDouble);
  const Tensor staying = moving.narrow(1, 0, 1).expand({2, 4, 3}).contiguous();
  const Tensor of_pairs = times.expand({2, 4}), asked = query.expand({2, query.size(0)});
  for (const bool shared : {true, false}) {
    const auto points = [&](const Tensor& nodes) {
      return shared ? interpolate_polyline(nodes, times, query)
                    : interpolate_polyline(nodes, of_pairs, asked);
    };
    EXPECT_TRUE(at::equal(points(moving).narrow(1, 0, 4), moving)) << shared;
    EXPECT_TRUE(at::equal(points(staying), staying.narrow(1, 0, 1).expand_as(points(staying)))) << shared;
  }
}

TEST(Polyline, RefusesTimesThatDoNotRunFromZeroToOne) {
  EXPECT_THROW(polyline_curve(at::tensor({0.1, 0.5, 1.0}, at::kDouble), 2), Error);
  EXPECT_THROW(polyline_curve(at::tensor({0.0, 0.5, 0.9}, at::kDouble), 2), Error);
  EXPECT_THROW(polyline_curve(at::tensor({0.0, 0.5, 0.5, 1.0}, at::kDouble), 2), Error);
  EXPECT_THROW(polyline_curve(at::tensor({0.0}, at::kDouble), 2), Error);
}

TEST(NeuralCurve, SeedDecidesItAndFormulaHolds) {
  const Tensor nodes = random_normal({1, 2, 3}, 1), ends = uniform_times(1);
  const auto curve = neural_curve(3, {.seed = 1});
  const Tensor parameters = curve->fit(nodes, ends);
  EXPECT_TRUE(at::equal(parameters, neural_curve(3, {.seed = 1})->fit(nodes, ends)));
  EXPECT_FALSE(at::equal(parameters, neural_curve(3, {.seed = 2})->fit(nodes, ends)));
  // g(t) = (1 − t)(z0 − f(0)) + t(z1 − f(1)) + f(t): moving an end by v moves g(t) by (1 − t) v or t v.
  const Tensor start = nodes.select(1, 0), end = nodes.select(1, 1), v = random_normal({1, 3}, 2);
  const Tensor t = at::tensor({0.3}, at::kDouble);
  const Tensor here = curve->at(parameters, start, end, t);
  EXPECT_TRUE(at::allclose(curve->at(parameters, start + v, end, t) - here, 0.7 * v.unsqueeze(1), 0, 1e-13));
  EXPECT_TRUE(at::allclose(curve->at(parameters, start, end + v, t) - here, 0.3 * v.unsqueeze(1), 0, 1e-13));
}

TEST(NeuralCurve, RefusesNetworksThatCannotBe) {
  EXPECT_THROW(neural_curve(3, {.hidden = 1}), Error);
  EXPECT_THROW(neural_curve(3, {.layers = 0}), Error);
}

}  // namespace latentpath::testing
