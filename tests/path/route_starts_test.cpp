#include "latentpath/path/route_starts.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "contract/test_models.h"
#include "latentpath/core/error.h"
#include "latentpath/metric/density_regularisation.h"
#include "latentpath/path/evaluation_counter.h"
#include "latentpath/path/initial_path.h"

namespace latentpath {
namespace {

/// A wall at x = 0 that ends at y = 1: the way from left to right leads over it.
QualityPointer wall() {
  return function_quality(
      [](const Tensor& z) {
        const Tensor in_wall =
            at::exp(-z.select(1, 0).square() / 0.02) * at::sigmoid(20 * (1 - z.select(1, 1)));
        return 0.9 - 0.89 * in_wall;
      },
      "wall");
}

PathEnergy energy_of(QualityPointer quality) {
  EnergyOptions options;
  options.epsilon = 1e-3;
  return {identity_embedding(2), std::move(quality), options};
}

Tensor samples() {
  auto generator = make_generator(4);
  return 4 * at::rand({600, 2}, generator, at::kDouble) - 2;
}

}  // namespace

TEST(RouteStarts, LeadRoundWhatTheStraightLineCrosses) {
  const PathEnergy energy = energy_of(wall());
  RouteStarts starts(energy, samples());
  const Tensor from = at::tensor({-1.0, 0.0, -1.0, -0.5}, at::kDouble).view({2, 2}),
               to = at::tensor({1.0, 0.0, 1.0, 0.5}, at::kDouble).view({2, 2});
  const Tensor times = uniform_times(64);
  const Tensor paths = starts.paths(from, to, times, 2);
  ASSERT_EQ(paths.sizes(), (std::vector<int64_t>{2, 2, 65, 2}));
  for (int64_t k = 0; k < 2; ++k) {
    EXPECT_TRUE(testing::same_bits(paths.select(1, k).select(1, 0).contiguous(), from));
    EXPECT_TRUE(testing::same_bits(paths.select(1, k).select(1, 64).contiguous(), to));
  }
  const auto length = [&](const Tensor& nodes) {
    return energy
        .measure([&](const Tensor& t) { return interpolate_polyline(nodes, times, t); }, 2, times, {})
        .length;
  };
  const Tensor straight = length(linear_path(from, to, times)),
               best = length(paths.select(1, 0).contiguous());
  EXPECT_TRUE((best < 0.8 * straight).all().item<bool>()) << best << straight;
  // The first route is the shortest, to what edges decoded at nine points say.
  EXPECT_TRUE((best <= 1.05 * length(paths.select(1, 1).contiguous())).all().item<bool>());
  // Every path crosses above the wall's end.
  const Tensor crossing =
      paths.select(1, 0).select(2, 1).masked_select(paths.select(1, 0).select(2, 0).abs() < 0.1);
  EXPECT_GT(crossing.min().item<double>(), 0.7);
}

TEST(RouteStarts, SamplesAreDecodedOnceForAllWeightsOfDensityRegularisation) {
  const auto decoder = function_embedding(
      [](const Tensor& z) {
        return at::stack({z.select(1, 0), z.select(1, 1) + 0.3 * z.select(1, 0).sin(), z.square().sum(1)}, 1);
      },
      2, "dented bowl");
  EvaluationCounter counter(decoder, 1);
  const Tensor nodes = samples();
  EnergyOptions options;
  options.potential = density_potential(
      make_data_density(counter.map(), normal_density(2), nodes.narrow(0, 0, 64), 1), nodes.narrow(0, 0, 64));
  options.density_scale = 10;
  const QualityPointer same = constant_quality(0.5);
  const auto energy = [&](double weight) {
    options.density_weight = weight;
    return PathEnergy(counter.map(), same, options);
  };
  const Tensor from = at::tensor({-1.5, -1.5}, at::kDouble).view({1, 2}),
               to = at::tensor({1.5, -1.2}, at::kDouble).view({1, 2}), times = uniform_times(32);
  RouteStarts light(energy(0.1), nodes, {}, &counter);
  light.paths(from, to, times, 2);
  RouteStarts fresh(energy(100), nodes, {}, &counter);
  const Tensor wanted = fresh.paths(from, to, times, 2);
  EXPECT_FALSE(testing::same_bits(wanted, light.paths(from, to, times, 2)));  // the weight matters

  const int64_t before = counter.shared() + counter.verification();
  RouteStarts heavy(energy(100), light);
  EXPECT_TRUE(at::allclose(heavy.paths(from, to, times, 2), wanted, 0, 1e-9));
  EXPECT_LT(counter.shared() + counter.verification() - before, nodes.size(0));

  EXPECT_FALSE(light.measures_quality_of(PathEnergy(counter.map(), constant_quality(0.4), options)));
  options.potential = nullptr;
  EXPECT_THROW(RouteStarts(energy(0), light), Error);
}

TEST(RouteStarts, AQualityThatDependsOnTimeHasNoRoutes) {
  const PathEnergy energy = energy_of(time_ramp(wall()));
  try {
    const RouteStarts starts(energy, samples());
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kArgument);
    EXPECT_NE(std::string(error.what()).find("does not depend on time"), std::string::npos);
  }
}

}  // namespace latentpath
