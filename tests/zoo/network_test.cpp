#include "latentpath/zoo/network.h"

#include <gtest/gtest.h>
#include <torch/script.h>

#include "latentpath/core/random.h"

namespace latentpath {
namespace {

/// Every kind of layer, each affine one with batch normalisation.
std::vector<Layer> all_layers() {
  return {linear(3, 10),
          batch_norm(10),
          activation("silu"),
          linear(10, 4 * 16),
          batch_norm(64),
          activation("elu"),
          reshape({4, 4, 4}),
          transposed_convolution(4, 6, 4, 2, 1),
          batch_norm(6),
          activation("gelu"),
          convolution(6, 5, 3, 2, 1),
          batch_norm(5),
          activation("leaky_relu"),
          reshape({5 * 16}),
          linear(80, 7),
          activation("tanh")};
}

/// Statistics and scales as training leaves them: neither zero nor one.
Network trained_network() {
  Network network(all_layers(), make_generator(3));
  at::Generator random = make_generator(4);
  torch::NoGradGuard no_grad;
  for (const auto& [name, value] : network.state())
    if (name.rfind("weight", 0) == 0 && value.dim() == 1) value.uniform_(0.5, 1.5, random);
  for (int batch = 0; batch < 20; ++batch) network.forward(at::randn({64, 3}, random, at::kFloat), true);
  return network;
}

TEST(Network, FoldedEqualsUnfolded) {
  torch::NoGradGuard no_grad;
  Network network = trained_network();
  Network folded = network.folded();
  for (const auto& layer : folded.layers()) EXPECT_NE(layer.kind, LayerKind::kBatchNorm);
  const Tensor input = at::randn({50, 3}, make_generator(5), at::kFloat);
  const Tensor expected = network.forward(input);
  EXPECT_GT(expected.std().item<double>(), 0.05);
  // Single precision through five layers; the outputs are of order one.
  EXPECT_TRUE(at::allclose(folded.forward(input), expected, 1e-5, 1e-5));
}

TEST(Network, ScriptEqualsNetwork) {
  torch::NoGradGuard no_grad;
  Network network = trained_network();
  const Tensor input = at::randn({50, 3}, make_generator(5), at::kFloat);
  for (Network* each : {&network}) {
    auto module = each->to_script("some-name");
    EXPECT_TRUE(at::equal(module.forward({input}).toTensor(), each->forward(input)));
    EXPECT_EQ(module.attr("name").toStringRef(), "some-name");
    EXPECT_FALSE(module.is_training());
  }
  Network folded = network.folded();
  EXPECT_TRUE(at::equal(folded.to_script("f").forward({input}).toTensor(), folded.forward(input)));
  // No images at all are a batch too.
  EXPECT_EQ(folded.to_script("f").forward({input.narrow(0, 0, 0)}).toTensor().size(1), 7);
}

TEST(Network, ScriptHasTheDerivativesThatSolversUse) {
  auto module = trained_network().folded().to_script("f");
  module.to(at::kDouble);
  const Tensor at_point = at::randn({2, 3}, make_generator(6), at::kDouble);
  const Tensor direction = at::randn({2, 3}, make_generator(7), at::kDouble);
  const auto value = [&](double step) {
    torch::NoGradGuard no_grad;
    return module.forward({at_point + step * direction}).toTensor();
  };
  const double step = 1e-5;
  // Central differences: an error of order step² ≈ 1e-10 times third derivatives.
  const Tensor expected = (value(step) - value(-step)) / (2 * step);

  const Tensor leaf = at_point.clone().requires_grad_(true);
  const Tensor output = module.forward({leaf}).toTensor();
  const Tensor weights = at::randn(output.sizes(), make_generator(8), at::kDouble);
  const Tensor gradient = torch::autograd::grad({(output * weights).sum()}, {leaf}, {}, true, true)[0];
  EXPECT_NEAR((gradient * direction).sum().item<double>(), (weights * expected).sum().item<double>(), 1e-6);
  // Second derivatives exist.
  const Tensor second = torch::autograd::grad({gradient.square().sum()}, {leaf})[0];
  EXPECT_TRUE(second.isfinite().all().item<bool>());

  torch::autograd::forward_ad::enter_dual_level();
  const Tensor dual = at::_make_dual(at_point, direction, 0);
  const Tensor tangent = std::get<1>(at::_unpack_dual(module.forward({dual}).toTensor(), 0)).clone();
  torch::autograd::forward_ad::exit_dual_level(0);
  EXPECT_TRUE(at::allclose(tangent, expected, 1e-6, 1e-8));
}

TEST(Network, SameSeedSameWeights) {
  const Network first(all_layers(), make_generator(1));
  const Network again(all_layers(), make_generator(1));
  const Network other(all_layers(), make_generator(2));
  for (size_t i = 0; i < first.state().size(); ++i)
    EXPECT_TRUE(at::equal(first.state()[i].second, again.state()[i].second));
  EXPECT_FALSE(at::equal(first.state()[0].second, other.state()[0].second));
}

TEST(Network, CountsMultiplications) {
  const Network dense({linear(8, 256), linear(256, 784)}, make_generator(1));
  EXPECT_EQ(dense.multiply_accumulates({8}), 8 * 256 + 256 * 784);
  // 14×14 windows of 4×4 pixels, then 28×28 outputs from 14×14 inputs.
  const Network images({convolution(1, 3, 4, 2, 1), transposed_convolution(3, 1, 4, 2, 1)},
                       make_generator(1));
  EXPECT_EQ(images.multiply_accumulates({1, 28, 28}), 2 * 14 * 14 * 3 * 16);
}

TEST(Network, FirstOutputsAreThoseOfTheWhole) {
  torch::NoGradGuard no_grad;
  Network whole({linear(3, 5), activation("relu"), linear(5, 4)}, make_generator(1));
  Network part = whole.first_outputs(2);
  const Tensor input = at::randn({6, 3}, make_generator(2), at::kFloat);
  EXPECT_TRUE(at::allclose(part.forward(input), whole.forward(input).narrow(1, 0, 2)));
}

}  // namespace
}  // namespace latentpath
