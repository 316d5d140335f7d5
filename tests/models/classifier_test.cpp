// What a classifier's outputs are compared by.

#include "latentpath/models/classifier.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <utility>

#include "contract/test_models.h"
#include "latentpath/models/model_function.h"
#include "latentpath/models/torchscript_decoder.h"

namespace latentpath::testing {
namespace {

ModelFunction plane() {
  return {.name = "Plane",
          .forward = [](const Tensor& z) { return 1.0 * z; },
          .attributes = {{"latent_dim", 2}, {"output_range", {0, 1}}}};
}

/// Three classes, each a direction of the plane, by sixty times the share of it.
Tensor logits(const Tensor& x) {
  return 60 * at::stack({x.select(1, 0), 0.9 * x.select(1, 1) - 0.5 * x.select(1, 0),
                         -0.9 * x.select(1, 1) - 0.5 * x.select(1, 0)},
                        1);
}

std::shared_ptr<Classifier> connected(std::function<Tensor(const Tensor&)> forward) {
  const TorchScriptDecoder decoder(TorchScriptModule(plane(), "decoder"), {});
  ClassifierOptions options;
  options.input_range = ValueRange{0, 1};
  const ModelFunction function{.name = "Sure", .forward = std::move(forward)};
  auto classifier = std::make_shared<Classifier>(TorchScriptModule(function, "classifier"), options);
  classifier->connect(decoder, random_normal({64, 2}, 1), decoder.output_range());
  return classifier;
}

}  // namespace

// Two images of one class, of which a classifier is as sure as float32 can say: as probabilities they are the
// same.
TEST(Classifier, FeaturesOfASureOneAreWhatItsProbabilitiesWere) {
  const auto classifier = connected([](const Tensor& x) { return at::softmax(logits(x), 1); });
  const Tensor images = at::tensor({0.5f, 0.0f, 0.7f, 0.1f}).reshape({2, 2});
  ASSERT_TRUE(at::equal(classifier->probabilities(images).select(1, 0), at::ones({2})));
  const Tensor expected = at::log_softmax(logits(images), 1);
  EXPECT_TRUE(at::allclose(classifier->features(images), expected, 1e-3, 1e-3))
      << classifier->features(images);
  EXPECT_GT((expected[0] - expected[1]).norm().item<double>(), 5);
}

TEST(Classifier, FeaturesOfSureAttributesAreTheirLogits) {
  const auto two = [](const Tensor& x) { return 20 * x; };
  const auto classifier = connected([two](const Tensor& x) { return at::sigmoid(two(x)); });
  ASSERT_FALSE(classifier->exclusive());
  const Tensor images = at::tensor({0.5f, -0.4f, -0.3f, 0.7f}).reshape({2, 2});
  EXPECT_TRUE(at::allclose(classifier->features(images), two(images), 1e-2, 0.1))
      << classifier->features(images);
}

// What is no probability, or no output, is left as it is.
TEST(Classifier, FeaturesOfLogitsAreThemselves) {
  const auto classifier = connected([](const Tensor& x) { return logits(x); });
  const Tensor images = random_normal({5, 2}, 2).to(at::kFloat);
  EXPECT_TRUE(at::allclose(classifier->features(images), logits(images)));
}

}  // namespace latentpath::testing
