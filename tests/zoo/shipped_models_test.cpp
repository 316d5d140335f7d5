// The models in models/ are what their cards say.

#include <gtest/gtest.h>
#include <torch/script.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "latentpath/core/random.h"
#include "latentpath/zoo/data_set.h"
#include "latentpath/zoo/model_store.h"

namespace latentpath {
namespace {

const std::vector<std::filesystem::path> kFolders{LATENTPATH_TEST_MODELS};

class ShippedModel : public testing::TestWithParam<const char*> {
 protected:
  std::filesystem::path file_ = find_model(GetParam(), kFolders);
  nlohmann::json card_ = read_card(file_);
  torch::jit::Module module_ = torch::jit::load(file_.string());
};

class ShippedDecoder : public ShippedModel {};

TEST_P(ShippedModel, IsTheFileOfItsCard) {
  EXPECT_EQ(card_["name"], GetParam());
  EXPECT_EQ(card_["sha256"], file_sha256(file_));
  EXPECT_LT(std::filesystem::file_size(file_), 4'000'000);
  EXPECT_EQ(module_.attr("name").toStringRef(), GetParam());
  EXPECT_FALSE(module_.is_training());
  EXPECT_EQ(card_["command"].get<std::string>().rfind("latentpath train mnist-", 0), 0);
  for (const char* member : {"kind", "seed", "epochs", "training_seconds", "figures", "data", "data_license"})
    EXPECT_TRUE(card_.contains(member)) << member;
  // Nothing of training is left.
  for (const auto& buffer : module_.named_buffers()) ADD_FAILURE() << "a buffer is left: " << buffer.name;
}

TEST_P(ShippedDecoder, DrawsImagesInItsRange) {
  torch::NoGradGuard no_grad;
  const int64_t latent_dim = module_.attr("latent_dim").toInt();
  EXPECT_EQ(card_["latent_dim"], latent_dim);
  EXPECT_EQ(module_.attr("prior").toStringRef(), "normal");
  const auto range = module_.attr("output_range").toDoubleVector();
  const Tensor images =
      module_.forward({at::randn({256, latent_dim}, make_generator(1), at::kFloat)}).toTensor();
  EXPECT_EQ(images.sizes(), (std::vector<int64_t>{256, 1, 28, 28}));
  EXPECT_GE(images.min().item<double>(), range[0]);
  EXPECT_LE(images.max().item<double>(), range[1]);
  // Both ends of the range are in use: paper and ink.
  EXPECT_LT(images.min().item<double>(), range[0] + 0.05 * (range[1] - range[0]));
  EXPECT_GT(images.max().item<double>(), range[1] - 0.05 * (range[1] - range[0]));
}

TEST_P(ShippedDecoder, DrawsEveryDigit) {
  torch::NoGradGuard no_grad;
  auto classifier = torch::jit::load(find_model("mnist-classifier", kFolders).string());
  const auto range = module_.attr("output_range").toDoubleVector();
  const Tensor latents = at::randn({2000, module_.attr("latent_dim").toInt()}, make_generator(2), at::kFloat);
  const Tensor images = (module_.forward({latents}).toTensor() - range[0]) / (range[1] - range[0]);
  const Tensor label = classifier.forward({images}).toTensor().argmax(1);
  for (int64_t digit = 0; digit < 10; ++digit) {
    const double share = (label == digit).to(at::kDouble).mean().item<double>();
    const double claimed = card_["figures"]["class_shares"][static_cast<size_t>(digit)].get<double>();
    // Four standard deviations of a share of 2000 draws.
    EXPECT_NEAR(share, claimed, 4 * std::sqrt(claimed * (1 - claimed) / 2000) + 0.002) << "digit " << digit;
    EXPECT_GE(claimed, digit == 8 ? 0.06 : 0.04) << "digit " << digit;
  }
}

INSTANTIATE_TEST_SUITE_P(All, ShippedModel,
                         testing::Values("mnist-dcgan-2", "mnist-dcgan-8", "mnist-vae-8",
                                         "mnist-vae-8-encoder", "mnist-classifier"));
INSTANTIATE_TEST_SUITE_P(All, ShippedDecoder,
                         testing::Values("mnist-dcgan-2", "mnist-dcgan-8", "mnist-vae-8"));

TEST(ShippedClassifier, IsNotSureOfNoise) {
  torch::NoGradGuard no_grad;
  auto classifier = torch::jit::load(find_model("mnist-classifier", kFolders).string());
  EXPECT_EQ(classifier.attr("class_names").toListRef().size(), 10);
  const Tensor noise = at::rand({500, 1, 28, 28}, make_generator(3), at::kFloat);
  const Tensor best = std::get<0>(classifier.forward({noise}).toTensor().softmax(1).max(1));
  EXPECT_LT(best.mean().item<double>(), 0.3);
}

TEST(ShippedClassifier, IsAsAccurateAsItsCardSays) {
  const char* chosen = std::getenv("LATENTPATH_TEST_DATA");
  const std::filesystem::path data =
      chosen != nullptr ? chosen : std::filesystem::path(LATENTPATH_TEST_MODELS) / ".." / "data" / "mnist";
  if (!std::filesystem::exists(data / "t10k-images-idx3-ubyte")) GTEST_SKIP() << "MNIST is not in " << data;
  torch::NoGradGuard no_grad;
  const auto file = find_model("mnist-classifier", kFolders);
  auto classifier = torch::jit::load(file.string());
  const LabelledImages test = load_data_set("mnist", data).test;
  const Tensor images = test.images.to(at::kFloat).div(255);
  const Tensor label = classifier.forward({images}).toTensor().argmax(1);
  const double accuracy = (label == test.labels).to(at::kDouble).mean().item<double>();
  EXPECT_GE(accuracy, 0.99);
  // Two of 10 000 images may fall to the other side on another processor.
  EXPECT_NEAR(accuracy, read_card(file)["figures"]["test_accuracy"].get<double>(), 2e-4);
}

}  // namespace
}  // namespace latentpath
