#include "latentpath/path/reparametrise.h"

#include <gtest/gtest.h>

#include <ATen/ATen.h>

#include "contract/test_models.h"
#include "latentpath/path/select.h"
#include "latentpath/path/time_parametrisation.h"

namespace latentpath::testing {
namespace {

/// From (0, 0) to (1, 0), waiting at the start for half of the time.
Tensor late_path(const Tensor& times) {
  const Tensor x = (2 * times - 1).clamp_min(0);
  return at::stack({x, at::zeros_like(x)}, 1).unsqueeze(0);
}

}  // namespace

TEST(Reparametrise, ConstantWeightedSpeedWhereTheCostFixesIt) {
  const PathEnergy energy(identity_embedding(2), constant_quality(0.5), {});
  const Tensor times = uniform_times(8), path = late_path(times);
  const Tensor moved = reparametrise_evenly(energy, path, times, times, 2, {});
  const Tensor x = moved[0].select(1, 0);
  EXPECT_TRUE(at::allclose(x, times, 0, 0.02));  // but for the least pace of what stood still
  EXPECT_TRUE(same_bits(moved.select(1, 0), path.select(1, 0)));
  EXPECT_TRUE(same_bits(moved.select(1, 8), path.select(1, 8)));
  EXPECT_LT(polyline_cost(energy, moved, times, times).item<double>(),
            0.6 * polyline_cost(energy, path, times, times).item<double>());
}

TEST(Reparametrise, UnderATimeRampOnlyWithinAWindow) {
  EnergyOptions length;
  length.cost = length_cost(1);
  const PathEnergy energy(identity_embedding(2), time_ramp(constant_quality(0.5)), length);
  const Tensor times = uniform_times(16), path = late_path(times);
  const ReparametriseOptions options;
  const Tensor x = reparametrise_evenly(energy, path, times, times, 2, options)[0].select(1, 0);
  // A point is at most half a window earlier or later than it was: x moves at speed 2.
  EXPECT_LE((x - path[0].select(1, 0)).abs().max().item<double>(), 2 * options.half_window + 0.02);
}

TEST(Reparametrise, OptimalPaceCostsWhatItSays) {
  EnergyOptions dynamic;
  dynamic.cost = dynamic_cost(1);
  const PathEnergy energy(identity_embedding(2), time_ramp(constant_quality(0.5)), dynamic);
  ASSERT_TRUE(has_optimal_times(energy));
  const Tensor times = uniform_times(16), path = late_path(times);
  Tensor cost;
  const Tensor moved = reparametrise_optimally(energy, path, times, times, 8, &cost);
  const double before = polyline_cost(energy, path, times, times).item<double>();
  const double after = polyline_cost(energy, moved, times, times).item<double>();
  EXPECT_LT(after, before);
  EXPECT_NEAR(cost.item<double>() / after, 1, 0.02);  // midpoint rule against the integral, 16 segments
}

}  // namespace latentpath::testing
