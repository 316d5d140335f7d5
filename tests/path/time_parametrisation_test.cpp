#include "latentpath/path/time_parametrisation.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "contract/test_models.h"
#include "latentpath/curve/curve.h"
#include "latentpath/path/initial_path.h"

namespace latentpath::testing {
namespace {

/// Good near (0, 0) only.
QualityPointer hill() {
  return function_quality([](const Tensor& z) { return at::exp(-z.square().sum(1)); }, "hill");
}

PathEnergy energy_of(const QualityPointer& quality, const CostPointer& cost) {
  EnergyOptions options;
  options.cost = cost;
  return {identity_embedding(2), quality, options};
}

Tensor straight(const Tensor& times) {
  const Tensor start = at::tensor({-3.0, 1.0, -2.0, 0.0}, at::kDouble).view({2, 2});
  return linear_path(start, -start, times);
}

}  // namespace

TEST(TimeParametrisation, IsAQuestionOfItsOwnForEnergiesOnly) {
  const QualityPointer still = hill(), timed = time_ramp(hill());
  EXPECT_FALSE(has_optimal_times(energy_of(still, chord_cost())));  // constant weighted speed
  EXPECT_TRUE(has_optimal_times(energy_of(timed, chord_cost())));
  EXPECT_TRUE(has_optimal_times(energy_of(still, dynamic_cost(1))));
  EXPECT_TRUE(has_optimal_times(energy_of(timed, dynamic_cost(1))));
  EXPECT_FALSE(has_optimal_times(energy_of(timed, length_cost(1))));
}

TEST(TimeParametrisation, ItsCostIsThatOfTheMovedNodes) {
  const PathEnergy energy = energy_of(time_ramp(hill()), dynamic_cost(20));
  const Tensor curves = straight(uniform_times(256)), times = graded_times(64, 0.8);
  const TimeParametrisations best = optimal_times(energy, curves, times);
  ASSERT_EQ(best.positions.sizes(), (std::vector<int64_t>{2, 65}));
  const auto cost = [&](const Tensor& nodes) {
    const Tensor middles = 0.5 * (nodes.narrow(1, 0, 64) + nodes.narrow(1, 1, 64));
    return energy.cost(CurvePoints{nodes, middles, times});
  };
  const Tensor moved = cost(interpolate_polyline(curves, at::arange(257, at::kDouble), best.positions)),
               unmoved = cost(straight(times));
  for (int64_t row = 0; row < 2; ++row) {
    EXPECT_NEAR(best.cost[row].item<double>(), moved[row].item<double>(), 0.02 * moved[row].item<double>());
    EXPECT_LT(moved[row].item<double>(), 0.9 * unmoved[row].item<double>());
    EXPECT_EQ(best.positions[row][0].item<double>(), 0);
    EXPECT_EQ(best.positions[row][64].item<double>(), 256);
  }
}

TEST(TimeParametrisation, ARowWithNaNLosesToAllOthers) {
  const auto broken = function_quality(
      [](const Tensor& z) {
        return at::where(z.select(1, 1) > 0.5, std::numeric_limits<double>::quiet_NaN(),
                         at::exp(-z.square().sum(1)));
      },
      "broken above");
  const TimeParametrisations best = optimal_times(energy_of(time_ramp(broken), dynamic_cost(1)),
                                                  straight(uniform_times(16)), uniform_times(8));
  EXPECT_EQ(best.cost[0].item<double>(), 1e300);
  EXPECT_LT(best.cost[1].item<double>(), 1e3);
}

}  // namespace latentpath::testing
