// The distribution of an autoencoder's codes, against decoders whose posterior is known.

#include "zoo/code_prior.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "latentpath/models/mixture_file.h"
#include "latentpath/zoo/model_store.h"
#include "synthetic_data.h"

namespace latentpath::test {
namespace {

/// σ(z·w) as an image of 28×28 pixels, w [2, 784].
torch::jit::Module decoder_of(const Tensor& weight) {
  torch::jit::Module module("decoder");
  module.register_buffer("weight", weight);
  module.register_attribute("output_range", c10::ListType::ofFloats(), std::vector<double>{0, 1});
  module.define(
      "def forward(self, z):\n  return torch.sigmoid(torch.mm(z, self.weight)).view(-1, 1, 28, 28)\n");
  return module;
}

/// A code that says one thing of the image, its brightness.
torch::jit::Module encoder_of(double scale) {
  torch::jit::Module module("encoder");
  module.register_buffer("scale", at::tensor({scale, 0.0}, at::kFloat));
  module.define("def forward(self, x):\n  return (x.mean([1, 2, 3]) - 0.2).unsqueeze(1) * self.scale\n");
  return module;
}

DataSet digits(const ScratchFolder& folder, int64_t count) {
  write_synthetic_data("mnist", folder / "mnist", count, 20);
  return load_data_set("mnist", folder / "mnist");
}

}  // namespace

TEST(CodePrior, NoiseIsThatOfTheBestPosterior) {
  const ScratchFolder folder;
  const DataSet data = digits(folder, 4000);
  auto generator = at::detail::createCPUGenerator(3);
  const Tensor weight = 0.2 * at::randn({2, 784}, generator, at::kFloat);
  auto decoder = decoder_of(weight), encoder = encoder_of(0);  // all codes 0: what is drawn is the noise
  const Tensor codes = draw_codes(decoder, encoder, data, {});
  ASSERT_EQ(codes.sizes(), (std::vector<int64_t>{4000, 2}));
  // x̂ = σ(0) = ½, ∂x̂/∂z = w/4: 1/σ² = 1 + Σ w²/4.
  const Tensor expected = (1 + weight.square().sum(1) / 4).rsqrt().to(at::kDouble);
  // The deviation of n draws is known to σ/√(2n) = 1.1 %; four of them.
  EXPECT_TRUE(at::allclose(codes.std(0), expected, 0.045)) << codes.std(0) << expected;
  EXPECT_LT((codes.mean(0).abs() / expected).max().item<double>(), 4 / std::sqrt(4000.0));
  EXPECT_TRUE(at::equal(codes, draw_codes(decoder, encoder, data, {})));

  // A latent that the decoder does not look at has the prior's own deviation.
  auto blind = decoder_of(at::stack({weight[0], at::zeros({784})}));
  EXPECT_NEAR(draw_codes(blind, encoder, data, {}).select(1, 1).std().item<double>(), 1, 0.045);

  auto telling = encoder_of(30);
  const Tensor means = draw_codes(decoder, telling, data, {.noise = false});
  EXPECT_EQ(means.select(1, 1).abs().max().item<double>(), 0);
  EXPECT_EQ(draw_codes(decoder, telling, data, {.images = 100}).size(0), 100);
}

TEST(CodePrior, IsWrittenBesideTheModelAndRecorded) {
  const ScratchFolder folder;
  const DataSet data = digits(folder, 600);
  decoder_of(0.2 * at::ones({2, 784})).save((folder / "vae.pt").string());
  encoder_of(30).save((folder / "vae-encoder.pt").string());
  const nlohmann::json card = write_code_prior(folder / "vae.pt", data, {});
  EXPECT_EQ(card["file"], "vae-prior.json");
  EXPECT_EQ(card["sha256"], file_sha256(folder / "vae-prior.json"));
  EXPECT_EQ(card["samples"], 600);
  const auto mixture = read_mixture(folder / "vae-prior.json");
  EXPECT_EQ(mixture->components(), card["components"]);
  // Numbers of five digits, a dozen signs with their comma at most.
  EXPECT_LT(std::filesystem::file_size(folder / "vae-prior.json"), 200 + 12 * 7 * mixture->components());
  auto decoder = torch::jit::load((folder / "vae.pt").string());
  auto encoder = torch::jit::load((folder / "vae-encoder.pt").string());
  const Tensor codes = draw_codes(decoder, encoder, data, {});
  const double own = mixture->log_density(codes).mean().item<double>();
  EXPECT_GT(own, normal_density(2)->log_density(codes).mean().item<double>());
  // What is drawn is like what it was fitted to: means of 600 draws, four standard errors.
  auto generator = at::detail::createCPUGenerator(5);
  const Tensor drawn = mixture->sample(600, generator), error = codes.std(0) * std::sqrt(2 / 600.0);
  EXPECT_TRUE(((drawn.mean(0) - codes.mean(0)).abs() < 4 * error).all().item<bool>());

  // Too few codes tell nothing of their density: an older file does not stay.
  const DataSet few = [&] {
    DataSet part = data;
    part.train.images = data.train.images.narrow(0, 0, 12);
    return part;
  }();
  EXPECT_TRUE(write_code_prior(folder / "vae.pt", few, {}).is_null());
  EXPECT_FALSE(std::filesystem::exists(folder / "vae-prior.json"));
}

}  // namespace latentpath::test
