#include "latentpath/metric/point_memory.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "contract/test_models.h"
#include "latentpath/core/error.h"
#include "latentpath/core/memory.h"
#include "latentpath/curve/curve.h"
#include "latentpath/metric/embedding.h"
#include "latentpath/metric/path_energy.h"

namespace latentpath {
namespace {

constexpr int64_t kPixels = 40'000;

/// A decoder whose derivative keeps three copies of its output.
std::shared_ptr<Embedding> large_decoder() {
  const Tensor w = testing::random_normal({2, kPixels}, 3).to(at::kDouble);
  return function_embedding([w](const Tensor& z) { return at::tanh(at::sin(at::mm(z, w))); }, 2,
                            "large decoder");
}

QualityPointer bright() {
  return function_quality([](const Tensor& z) { return 0.5 + 0.4 * at::sin(z.sum(1)); }, "bright");
}

Tensor two_points() { return at::tensor({0.1, 0.2, 0.3, -0.4}, at::kDouble).view({2, 2}); }

struct Evaluated {
  Tensor cost, gradient;
  int64_t peak = 0, points = 0;
};

Evaluated evaluate(const std::shared_ptr<Embedding>& map) {
  const int64_t before = map->evaluations();
  const Tensor times = uniform_times(16);
  const AllocationMeter meter;
  const Tensor nodes = (times.view({1, -1, 1}) * at::tensor({1.5, -0.7}, at::kDouble)).requires_grad_(true);
  const Tensor middles = 0.5 * (nodes.narrow(1, 0, 16) + nodes.narrow(1, 1, 16));
  const PathEnergy energy(map, bright(), {});
  const Tensor cost = energy.cost(CurvePoints{nodes, middles, times}).sum();
  const Tensor gradient = torch::autograd::grad({cost}, {nodes})[0];
  return {cost.detach(), gradient, meter.peak(), map->evaluations() - before};
}

TEST(BatchLimits, CountWhatADerivativeHolds) {
  const BatchLimits limits = find_batch_limits(*large_decoder(), bright().get(), two_points(), 0.1);
  // Half of 0.1 GB for points of 0.32 MB each, held about five times; as much for outputs held eight times.
  EXPECT_GT(limits.points, 20);
  EXPECT_LT(limits.points, 80);
  EXPECT_EQ(limits.images, 100'000'000 / 2 / (8 * 8 * kPixels));
}

TEST(BatchLimits, SharesGiveTheSameCostAndGradientInLessMemory) {
  const auto map = large_decoder();
  const Evaluated whole = evaluate(map);
  map->limit_batches({4, 1000});
  const Evaluated shared = evaluate(map);
  EXPECT_NEAR(shared.cost.item<double>(), whole.cost.item<double>(), 1e-9 * whole.cost.item<double>());
  EXPECT_LT((shared.gradient - whole.gradient).abs().max().item<double>(),
            1e-9 * whole.gradient.abs().max().item<double>());
  // The outputs of the path's nodes stay, and what its chords need.
  EXPECT_LT(shared.peak, 0.75 * whole.peak);
  EXPECT_EQ(shared.points, 2 * whole.points);  // forwards, and again on the way back
}

TEST(BatchLimits, WithoutDerivativeAMapTakesNoMorePointsAtOnce) {
  int64_t most = 0;
  const auto map = function_embedding(
      [&most](const Tensor& z) {
        most = std::max(most, z.size(0));
        return z * 2;
      },
      2, "counting");
  map->limit_batches({3, 1000});
  const Tensor z = testing::random_normal({10, 2}, 1);
  EXPECT_TRUE(at::equal((*map)(z), z * 2));
  EXPECT_EQ(most, 3);
  EXPECT_EQ(map->evaluations(), 10);
}

TEST(BatchLimits, APointThatDoesNotFitIsRefused) {
  try {
    find_batch_limits(*large_decoder(), nullptr, two_points(), 1e-3);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    EXPECT_NE(std::string(error.what()).find("large decoder"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("`memory`"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace latentpath
