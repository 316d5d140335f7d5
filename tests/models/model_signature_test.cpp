#include "latentpath/models/model_signature.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/test_models.h"
#include "latentpath/core/error.h"
#include "latentpath/io/npy.h"
#include "latentpath/models/classifier.h"
#include "latentpath/models/torchscript_decoder.h"

namespace latentpath::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

DecoderOptions called(const ModelSignature& signature, std::optional<int64_t> latent_dim = 4) {
  DecoderOptions options;
  options.latent_dim = latent_dim;
  options.signature = signature;
  return options;
}

/// A model of these methods with a weight [4, 6], saved.
class Signatures : public ::testing::Test {
 protected:
  std::filesystem::path save(const std::string& source, at::ScalarType dtype = at::kFloat) {
    torch::jit::Module module("TestModel");
    module.register_parameter("w", weight_.to(dtype), false);
    module.define(source);
    auto file = folder_ / ("model" + std::to_string(++saved_) + ".pt");
    module.save(file.string());
    return file;
  }
  std::shared_ptr<TorchScriptDecoder> load(const std::string& source, const ModelSignature& signature,
                                           int64_t latent_dim = 4) {
    auto decoder = load_decoder(save(source), called(signature, latent_dim));
    decoder->check(0);
    return decoder;
  }
  std::string refusal(const std::string& source, const ModelSignature& signature) {
    try {
      load(source, signature);
    } catch (const Error& error) {
      return error.what();
    }
    ADD_FAILURE() << source << " was accepted";
    return {};
  }
  Tensor expected() const { return at::matmul(z_, weight_); }
  /// The same numbers, by the same float32 product.
  void expect_equal(const Tensor& found, const Tensor& wanted) {
    ASSERT_EQ(found.sizes(), wanted.sizes());
    EXPECT_TRUE(at::allclose(found, wanted, 1e-5, 1e-6)) << found << wanted;
  }

  TemporaryFolder folder_;
  int saved_ = 0;
  const Tensor weight_ = random_normal({4, 6}, 5).to(at::kFloat);
  const Tensor z_ = random_normal({5, 4}, 6).to(at::kFloat);
};

TEST_F(Signatures, InputsBesideTheLatentAreGivenForEveryPoint) {
  const Tensor twice = 2 * expected();
  // A label, whole numbers for an embedding; a scale by name and type; a vector; a file.
  expect_equal(
      (*load("def forward(self, label, z):\n"
             "    return torch.embedding(torch.tensor([[1.0], [2.0]]), label) * torch.matmul(z, self.w)\n",
             {.latent_input = "z", .inputs = {"label=1"}}))(z_),
      twice);
  expect_equal((*load("def forward(self, z, psi: float, flag: bool=False):\n"
                      "    return (psi if flag else 0.0) * torch.matmul(z, self.w)\n",
                      {.inputs = {"psi=2", "flag=true"}}))(z_),
               twice);
  expect_equal((*load("def forward(self, z, c):\n"
                      "    return torch.cat([torch.matmul(z, self.w), c], 1).narrow(1, 0, 6) * c[:, 1:2]\n",
                      {.inputs = {"c=0,2,0"}}))(z_),
               twice);
  // One number that multiplies latents is [n, 1]: [n] fits at three points of three numbers alone.
  expect_equal((*load("def forward(self, z, t):\n    return torch.matmul(z * t, self.w)\n",
                      {.inputs = {"t=2.0"}}))(z_),
               twice);
  const auto file = folder_ / "noise.npy";
  write_npy(file, at::full({1, 6}, 0.5));
  const auto decoder = load(
      "def forward(self, z, noise):\n"
      "    return torch.matmul(z, self.w) + noise.reshape([z.size(0), 6])\n",
      {.inputs = {"1=" + file.string()}});
  expect_equal((*decoder)(z_), expected() + 0.5);
  EXPECT_THAT(decoder->assumptions(), Contains(HasSubstr("'noise'")));
}

TEST_F(Signatures, WhatIsMissingOrUnknownIsNamed) {
  const char* two = "def forward(self, z, label):\n    return torch.matmul(z, self.w) * label\n";
  EXPECT_THAT(refusal(two, {}), HasSubstr("needs 'label' beside the latent 'z': give each with `input`"));
  EXPECT_THAT(refusal(two, {.inputs = {"class=3"}}), HasSubstr("takes z, label"));
  EXPECT_THAT(refusal(two, {.latent_input = "w", .inputs = {"label=3"}}),
              HasSubstr("`latent_input` names 'w'"));
  EXPECT_THAT(refusal(two, {.inputs = {"label=three"}}), HasSubstr("'three' is not"));
  EXPECT_THAT(refusal(two, {.method = "decode"}), HasSubstr("no decode method; it has forward"));
  EXPECT_THROW(model_signature_option_table().validate({.inputs = {"label"}}), Error);
  EXPECT_THROW(model_signature_option_table().validate({.inputs = {"a=1", "a=2"}}), Error);
  EXPECT_THROW(model_signature_option_table().validate({.latent_shape = "4,0"}), Error);
}

TEST_F(Signatures, AnotherMethodIsCalled) {
  torch::jit::Module module("TestModel");
  module.register_parameter("w", weight_, false);
  module.define("def forward(self, x):\n    return torch.matmul(x, self.w.t())\n");
  module.define("def decode(self, z):\n    return torch.matmul(z, self.w)\n");
  module.save((folder_ / "vae.pt").string());
  const DecoderOptions options = called({.method = "decode"});
  expect_equal((*load_decoder(folder_ / "vae.pt", options))(z_), expected());
  try {
    load_decoder(folder_ / "vae.pt", called({}))->check(0);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(),
                HasSubstr("other methods (decode): if one of them is meant, say so with `decoder_method`"));
  }
}

TEST_F(Signatures, OneOfSeveralOutputsIsTaken) {
  const char* tuple = "def forward(self, z):\n    return torch.matmul(z, self.w), z\n";
  const char* dict = "def forward(self, z):\n    return {'image': torch.matmul(z, self.w), 'w': z}\n";
  expect_equal((*load(tuple, {.output = "0"}))(z_), expected());
  expect_equal((*load(tuple, {.output = "1"}))(z_), z_);
  expect_equal((*load(tuple, {.output = "all"}))(z_), at::cat({expected(), z_}, 1));
  expect_equal((*load(dict, {.output = "image"}))(z_), expected());
  expect_equal((*load("def forward(self, z):\n    return [torch.matmul(z, self.w)]\n", {}))(z_), expected());
  const char* nested = "def forward(self, z):\n    return (torch.matmul(z, self.w), z), 2 * z\n";
  expect_equal((*load(nested, {.output = "0.0"}))(z_), expected());
  EXPECT_THAT(refusal(nested, {}), HasSubstr("(0.0 [3, 6], 0.1 [3, 4], 1 [3, 4])"));
  EXPECT_THAT(refusal(tuple, {}), HasSubstr("returns 2 tensors (0 [3, 6], 1 [3, 4]): say with `output`"));
  EXPECT_THAT(refusal(dict, {.output = "picture"}), HasSubstr("`output` is 'picture'"));
}

TEST_F(Signatures, LatentsOfOtherShapesAreStatedOrFound) {
  const char* image =
      "def forward(self, z):\n    return torch.matmul(z.permute([0, 2, 3, 1]), self.w).flatten(1)\n";
  const auto found = load(image, {});  // [n, 4, 1, 1]
  expect_equal((*found)(z_), expected());
  EXPECT_EQ(found->latent_shape(), (std::vector<int64_t>{4, 1, 1}));
  EXPECT_THAT(found->assumptions(), Contains(HasSubstr("[n, 4, 1, 1]")));

  const Tensor wide = random_normal({5, 24}, 7).to(at::kFloat);  // [n, 4, 2, 3]
  const Tensor truth = at::matmul(wide.reshape({5, 4, 2, 3}).permute({0, 2, 3, 1}), weight_).flatten(1);
  expect_equal((*load(image, {.latent_shape = "4,2,3"}, 24))(wide), truth);
  EXPECT_THAT(
      refusal("def forward(self, z):\n    return torch.matmul(z.reshape([-1, 2, 4, 5])[:, 0], self.w)\n", {}),
      HasSubstr("`latent_shape` says otherwise"));
  EXPECT_THAT(refusal(image, {.latent_shape = "4,2,3"}), HasSubstr("latent size 24, which contradicts 4"));

  torch::jit::Module stating("TestModel");
  stating.register_parameter("w", weight_, false);
  stating.register_attribute("latent_shape", c10::ListType::ofInts(), std::vector<int64_t>{4, 2, 3});
  stating.define(image);
  stating.save((folder_ / "stating.pt").string());
  const auto stated = load_decoder(folder_ / "stating.pt");
  EXPECT_EQ(stated->latent_dim(), 24);
  expect_equal((*stated)(wide), truth);

  const auto of_ends = load_decoder(save(image), {});  // neither file nor caller knows it; the ends do
  of_ends->set_latent_shape({{3}, {4, 2, 3}});
  EXPECT_EQ(of_ends->latent_dim(), 24);
  expect_equal((*of_ends)(wide), truth);
}

TEST_F(Signatures, LatentsOfSeveralTensorsAreTuplesOrInputs) {
  DecoderOptions options;
  options.layout = LatentLayout({{1, 3}, {1}});
  for (const char* source :
       {"def forward(self, z: Tuple[Tensor, Tensor]):\n    return torch.matmul(torch.cat([z[0][:, 0], z[1]], "
        "1), self.w)\n",
        "def forward(self, a, b):\n    return torch.matmul(torch.cat([a[:, 0], b], 1), self.w)\n"})
    expect_equal((*load_decoder(save(source), options))(z_), expected());
}

TEST_F(Signatures, HalfPrecisionIsWidened) {
  for (const at::ScalarType type : {at::kHalf, at::kBFloat16}) {
    const auto file =
        save("def forward(self, z):\n    return torch.matmul(z.to(self.w.dtype), self.w)\n", type);
    const auto decoder = load_decoder(file, called({}));
    decoder->check(0);
    EXPECT_EQ(decoder->dtype(), "float32");
    EXPECT_THAT(decoder->assumptions(), Contains(HasSubstr(type == at::kHalf ? "float16" : "bfloat16")));
    expect_equal((*decoder)(z_), at::matmul(z_, weight_.to(type).to(at::kFloat)));
  }
}

TEST_F(Signatures, PicturesOfBytesWithChannelsLast) {
  const char* source =
      "def forward(self, z):\n"
      "    return (127.5 * torch.tanh(torch.matmul(z, self.w)) + 127.5).reshape([z.size(0), 2, 1, 3])\n";
  const auto decoder = load(source, {.channels = "last"});
  const Tensor rows = (127.5 * at::tanh(expected()) + 127.5).reshape({5, 2, 1, 3});
  EXPECT_TRUE(at::allclose((*decoder)(z_), rows.permute({0, 3, 1, 2}), 1e-5, 1e-3));  // of 255
  ASSERT_TRUE(decoder->output_range().has_value());
  EXPECT_EQ(decoder->output_range()->high, 255);
  EXPECT_EQ((*load(source, {.channels = "first"}))(z_).sizes(), rows.sizes());
  EXPECT_EQ((*load(source, {}))(z_).sizes(), (at::IntArrayRef{5, 3, 2, 1}));  // found
}

TEST_F(Signatures, OfAClassifierToo) {
  const auto file = save("def forward(self, x):\n    return torch.matmul(x, self.w), x\n");
  const auto decoder = load_decoder(save("def forward(self, z):\n    return torch.tanh(z)\n"), called({}));
  ClassifierOptions options;
  options.signature.output = "0";
  const auto classifier = load_classifier(file, options);
  classifier->connect(*decoder, z_, std::nullopt);
  expect_equal(classifier->probabilities((*decoder)(z_)), at::softmax(at::matmul(at::tanh(z_), weight_), 1));
  try {
    load_classifier(file)->connect(*decoder, z_, std::nullopt);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("`classifier_tensor`"));
  }
}

}  // namespace
}  // namespace latentpath::testing
