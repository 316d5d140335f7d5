// Functions in memory in the place of files: they are read, called and refused alike.

#include "latentpath/models/model_function.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/version.h>

#include "contract/test_models.h"
#include "latentpath/core/error.h"
#include "latentpath/models/classifier.h"
#include "latentpath/models/torchscript_decoder.h"

namespace latentpath::testing {
namespace {

using ::testing::HasSubstr;

ModelFunction generator() {
  return {.name = "Generator",
          .forward =
              [](const Tensor& z) {
                return at::tanh(z).reshape({z.size(0), 1, 1, 3});
              },
          .attributes = {{"latent_dim", 3}, {"output_range", {-1, 1}}, {"prior", "normal"}}};
}

std::string failure(const std::function<void()>& run) {
  try {
    run();
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST(ModelFunction, StatesWhatAFileWouldState) {
  const TorchScriptDecoder decoder(TorchScriptModule(generator(), "decoder"), {});
  EXPECT_EQ(decoder.latent_dim(), 3);
  EXPECT_EQ(decoder.prior(), "normal");
  EXPECT_EQ(decoder.output_range()->low, -1);
  EXPECT_EQ(decoder.describe(), "the decoder Generator");
  EXPECT_FALSE(decoder.concurrent());
  const Tensor z = random_normal({4, 3}, 1);
  EXPECT_TRUE(at::allclose(decoder(z), at::tanh(z.to(at::kFloat)).reshape({4, 1, 1, 3})));
  EXPECT_TRUE(decoder.check(0).empty());
}

TEST(ModelFunction, HasDerivatives) {
  ModelFunction function = generator();
  function.dtype = "float64";
  const TorchScriptDecoder decoder(TorchScriptModule(function, "decoder"), {});
  const Tensor z = random_normal({4, 3}, 1), u = random_normal({4, 3}, 2);
  const Tensor expected = ((1 - at::tanh(z).square()) * u).reshape({4, 1, 1, 3});
  EXPECT_TRUE(at::allclose(decoder.jvp(z, u), expected, 0, 1e-13));  // rounding of some operations
}

TEST(ModelFunction, FailuresHaveTheirText) {
  ModelFunction function = generator();
  function.forward = [](const Tensor&) -> Tensor { throw std::runtime_error("the weights are missing"); };
  const TorchScriptDecoder decoder(TorchScriptModule(function, "decoder"), {});
  EXPECT_THAT(failure([&] {
                decoder(at::zeros({1, 3}));
              }),
              HasSubstr("the decoder Generator failed on its input: the weights are missing"));
  function.forward = nullptr;
  EXPECT_THAT(failure([&] { TorchScriptModule(function, "decoder"); }), HasSubstr("no function to call"));
  function = generator();
  function.dtype = "float16";
  EXPECT_THAT(failure([&] { TorchScriptModule(function, "decoder"); }), HasSubstr("float16"));
}

TEST(ModelFunction, IsAClassifier) {
  const TorchScriptDecoder decoder(TorchScriptModule(generator(), "decoder"), {});
  const ModelFunction function{.name = "Classifier",
                               .forward = [](const Tensor& x) { return 3 * x.flatten(1); },
                               .attributes = {{"input_range", {0, 1}}, {"class_names", {"a", "b", "c"}}}};
  Classifier classifier(TorchScriptModule(function, "classifier"), {});
  classifier.connect(decoder, random_normal({16, 3}, 1), decoder.output_range());
  EXPECT_EQ(classifier.class_index("b"), 1);
  const Tensor x = decoder(random_normal({4, 3}, 2));
  EXPECT_TRUE(
      at::allclose(classifier.probabilities(x), at::softmax(1.5 * (x.flatten(1) + 1), 1), 1e-5, 1e-6));
}

#if TORCH_VERSION_MAJOR >= 2

namespace {

std::filesystem::path save_attention(const std::filesystem::path& file, const std::string& dropout) {
  return save_script(file,
                     R"(
def forward(self, z):
    x = torch.matmul(z, self.first).reshape([z.size(0), 1, 4, 2])
    return torch.scaled_dot_product_attention(x, x, torch.sin(x), None, )" +
                         dropout + ", False)\n",
                     3, 1, at::kDouble);
}

}  // namespace

/// Fused attention has no second derivative: the plain operations are taken where one is asked for.
TEST(Attention, HasJacobians) {
  const TemporaryFolder folder;
  const auto decoder = load_decoder(save_attention(folder / "a.pt", "0.0"), {.latent_dim = 3});
  const Tensor z = random_normal({2, 3}, 1), u = random_normal({2, 3}, 2);
  const double h = 1e-5;
  const Tensor difference = ((*decoder)(z + h * u) - (*decoder)(z - h * u)) / (2 * h);
  // h² times a third derivative of order 10, and rounding over h.
  EXPECT_TRUE(at::allclose(decoder->jvp(z, u), difference, 0, 1e-8));
}

TEST(Attention, WithoutDropoutIsSharedAmongThreads) {
  const TemporaryFolder folder;
  EXPECT_TRUE(load_decoder(save_attention(folder / "a.pt", "0.0"), {.latent_dim = 3})->concurrent());
  EXPECT_FALSE(load_decoder(save_attention(folder / "b.pt", "0.1"), {.latent_dim = 3})->concurrent());
}

#endif

}  // namespace latentpath::testing
