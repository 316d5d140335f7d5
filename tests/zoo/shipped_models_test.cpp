// The models in models/ are what their cards say.

#include <gtest/gtest.h>
#include <torch/script.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>

#include "latentpath/core/random.h"
#include "latentpath/metric/density.h"
#include "latentpath/models/mixture_file.h"
#include "latentpath/zoo/data_set.h"
#include "latentpath/zoo/model_store.h"
#include "latentpath/zoo/point_data.h"
#include "latentpath/zoo/training.h"

namespace latentpath {
namespace {

const std::vector<std::filesystem::path> kFolders{LATENTPATH_TEST_MODELS};

std::vector<std::string> names_of_kinds(const std::set<std::string>& kinds) {
  std::vector<std::string> names;
  for (const auto& file : list_models(kFolders))
    if (kinds.contains(read_card(file)["kind"])) names.push_back(file.stem().string());
  return names;
}

/// Those of images and points; those of molecules have tests of their own (tests/molecule).
const std::set<std::string> kOfImages{"decoder", "encoder", "classifier"};

class ShippedModel : public testing::TestWithParam<std::string> {
 protected:
  /// It makes points, of which nothing is read and nothing classified.
  bool of_points() const { return card_["trained_as"].get<std::string>().rfind("circle-", 0) == 0; }

  std::filesystem::path file_ = find_model(GetParam(), kFolders);
  nlohmann::json card_ = read_card(file_);
  torch::jit::Module module_ = torch::jit::load(file_.string());
};

class ShippedDecoder : public ShippedModel {
 protected:
  /// float [count, latent_dim], from the prior that the file states
  Tensor latents(int64_t count, uint64_t seed) const {
    const auto prior =
        density_by_name(module_.attr("prior").toStringRef(), module_.attr("latent_dim").toInt());
    at::Generator random = make_generator(seed);
    return prior->sample(count, random).to(at::kFloat);
  }
};

class ShippedClassifier : public ShippedModel {};

TEST_P(ShippedModel, IsTheFileOfItsCard) {
  EXPECT_EQ(card_["name"], GetParam());
  EXPECT_EQ(card_["sha256"], file_sha256(file_));
  EXPECT_LT(std::filesystem::file_size(file_), 4'000'000);
  EXPECT_EQ(module_.attr("name").toStringRef(), GetParam());
  EXPECT_FALSE(module_.is_training());
  const std::string recipe = card_["trained_as"];
  const std::string command = "latentpath train " + recipe + (of_points() ? " --out " : " --data data/");
  EXPECT_EQ(card_["command"].get<std::string>().rfind(command, 0), 0);
  const auto recipes = trainable_models();
  EXPECT_NE(std::find(recipes.begin(), recipes.end(), recipe), recipes.end()) << recipe;
  for (const char* member : {"kind", "seed", "epochs", "training_seconds", "figures", "data", "data_license"})
    EXPECT_TRUE(card_.contains(member)) << member;
  // Nothing of training is left: no statistics of batches.
  for (const auto& buffer : module_.named_buffers())
    EXPECT_EQ(buffer.name.find("running_"), std::string::npos) << "a buffer is left: " << buffer.name;
}

TEST_P(ShippedDecoder, DrawsImagesInItsRange) {
  torch::NoGradGuard no_grad;
  EXPECT_EQ(card_["latent_dim"], module_.attr("latent_dim").toInt());
  EXPECT_EQ(card_["prior"], module_.attr("prior").toStringRef());
  EXPECT_TRUE(std::filesystem::exists(std::filesystem::path(file_).replace_extension(".png")));
  if (of_points()) {
    const Tensor points = module_.forward({latents(4096, 1)}).toTensor();
    EXPECT_EQ(points.sizes(), (std::vector<int64_t>{4096, 2}));
    // On the circle all around, and nothing but a bridge in the hole: where the torn prior has to cross.
    const Tensor radius = points.norm(2, 1), angle = at::atan2(points.select(1, 1), points.select(1, 0));
    EXPECT_NEAR(radius.median().item<double>(), 1, 2 * kCircleDeviation);
    EXPECT_LT((radius < 0.5).to(at::kDouble).mean().item<double>(), 0.1);
    EXPECT_GT(at::histc(angle.contiguous(), 12, -M_PI, M_PI).min().item<double>(), 4096 / 48.0);
    return;
  }
  const auto range = module_.attr("output_range").toDoubleVector();
  const Tensor images = module_.forward({latents(256, 1)}).toTensor();
  std::vector<int64_t> shape = card_["output_shape"];
  shape.insert(shape.begin(), 256);
  EXPECT_EQ(images.sizes(), shape);
  EXPECT_GE(images.min().item<double>(), range[0]);
  EXPECT_LE(images.max().item<double>(), range[1]);
  // Both ends of the range are in use: paper and ink. A head without shadows is light and dark on grey.
  if (card_["trained_as"].get<std::string>().rfind("lambertian-", 0) == 0) return;
  EXPECT_LT(images.min().item<double>(), range[0] + 0.05 * (range[1] - range[0]));
  EXPECT_GT(images.max().item<double>(), range[1] - 0.05 * (range[1] - range[0]));
}

TEST_P(ShippedDecoder, DrawsEveryClass) {
  torch::NoGradGuard no_grad;
  if (of_points() || card_["trained_as"].get<std::string>().rfind("lambertian-", 0) == 0) {  // of one class
    EXPECT_FALSE(card_["figures"].contains("judged_by"));
    return;
  }
  ASSERT_TRUE(card_["figures"].contains("judged_by"));
  const auto judge = find_model(card_["figures"]["judged_by"], kFolders);
  auto classifier = torch::jit::load(judge.string());
  const auto range = module_.attr("output_range").toDoubleVector();
  const Tensor images = (module_.forward({latents(2000, 2)}).toTensor() - range[0]) / (range[1] - range[0]);
  const Tensor scores = classifier.forward({images}).toTensor();
  const bool exclusive = classifier.attr("output_kind").toStringRef() != "sigmoid";
  for (int64_t index = 0; index < scores.size(1); ++index) {
    const Tensor has = exclusive ? scores.argmax(1) == index : scores.select(1, index) >= 0;
    const double share = has.to(at::kDouble).mean().item<double>();
    const double claimed = card_["figures"]["class_shares"][static_cast<size_t>(index)].get<double>();
    // Four standard deviations of a share of 2000 draws.
    EXPECT_NEAR(share, claimed, 4 * std::sqrt(claimed * (1 - claimed) / 2000) + 0.002) << "class " << index;
    EXPECT_GE(claimed, 0.04) << "class " << index;
  }
}

TEST_P(ShippedClassifier, IsNotSureOfNoise) {
  torch::NoGradGuard no_grad;
  const auto shape = module_.attr("input_shape").toIntVector();
  const size_t classes = module_.attr("class_names").toListRef().size();
  const Tensor noise = at::rand({500, shape[0], shape[1], shape[2]}, make_generator(3), at::kFloat);
  const Tensor scores = module_.forward({noise}).toTensor();
  ASSERT_EQ(scores.size(1), static_cast<int64_t>(classes));
  if (module_.attr("output_kind").toStringRef() == "sigmoid") {
    // Nothing known is 0.5 here, and 1 / classes below.
    EXPECT_LT((scores.sigmoid() - 0.5).abs().mean().item<double>(), 0.2);
  } else {
    EXPECT_LT(std::get<0>(scores.softmax(1).max(1)).mean().item<double>(), 0.3);
  }
}

// A path may leave the prior: what the decoder makes there must not have an attribute with certainty.
TEST(ShippedModels, FittedPriorsAreThoseOfTheCards) {
  int64_t found = 0;
  for (const auto& file : list_models({LATENTPATH_TEST_MODELS})) {
    const auto prior = file.parent_path() / (file.stem().string() + "-prior.json");
    const auto card = read_card(file);
    EXPECT_EQ(std::filesystem::exists(prior), card.contains("fitted_prior")) << file;
    if (!card.contains("fitted_prior")) continue;
    ++found;
    EXPECT_EQ(card["fitted_prior"]["sha256"], file_sha256(prior));
    EXPECT_EQ(read_mixture(prior)->dim(), card["latent_dim"]);
    EXPECT_LT(std::filesystem::file_size(prior), 100'000u);
  }
  EXPECT_GE(found, 1);
}

TEST(ShippedAttributes, AreUnsureFarOutsideThePrior) {
  torch::NoGradGuard no_grad;
  auto classifier = torch::jit::load(find_model("faces-attributes", kFolders).string());
  auto decoder = torch::jit::load(find_model("faces-dcgan-8", kFolders).string());
  const Tensor latents = at::randn({500, 8}, make_generator(4), at::kFloat);
  const auto certainty = [&](double scale) {
    const Tensor images = decoder.forward({latents * scale}).toTensor() * 0.5 + 0.5;
    return (classifier.forward({images}).toTensor().sigmoid() - 0.5).abs().mean().item<double>();
  };
  EXPECT_GT(certainty(1), 0.4);
  EXPECT_LT(certainty(4), 0.15);
}

std::string test_name(const testing::TestParamInfo<std::string>& parameter) {
  std::string name = parameter.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, ShippedModel, testing::ValuesIn(names_of_kinds(kOfImages)), test_name);
INSTANTIATE_TEST_SUITE_P(All, ShippedDecoder, testing::ValuesIn(names_of_kinds({"decoder"})), test_name);
INSTANTIATE_TEST_SUITE_P(All, ShippedClassifier, testing::ValuesIn(names_of_kinds({"classifier"})),
                         test_name);

TEST(ShippedMnistClassifier, IsAsAccurateAsItsCardSays) {
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
