#include "latentpath/models/torchscript_decoder.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <fstream>

#include "contract/test_models.h"
#include "latentpath/core/error.h"

namespace latentpath::testing {
namespace {

DecoderOptions of_size(int64_t latent_dim) {
  DecoderOptions options;
  options.latent_dim = latent_dim;
  return options;
}

/// The error that loading and decoding one point gives; the test fails where there is none.
Error failure(const std::filesystem::path& file, const DecoderOptions& options) {
  try {
    (*load_decoder(file, options))(at::zeros({1, options.latent_dim.value_or(3)}, at::kDouble));
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << file << " was accepted";
  return {ErrorKind::kNumerical, ""};
}

}  // namespace

TEST(TorchScriptDecoder, ComputesWhatTheFileSays) {
  const TemporaryFolder folder;
  const auto file = save_script(folder / "decoder.pt", kFlatDecoder, 3, 6, at::kDouble);
  const auto decoder = load_decoder(file, of_size(3));
  const Tensor z = random_normal({4, 3}, 1);
  const Tensor first = random_normal({3, 8}, 11, 0.6), second = random_normal({8, 6}, 12, 0.6);
  const Tensor expected = at::tanh(at::matmul(at::tanh(at::matmul(z, first)), second)).reshape({4, 1, 2, 3});
  EXPECT_TRUE(at::allclose((*decoder)(z), expected, 0, 1e-14));  // the same operations
  EXPECT_EQ(decoder->dtype(), "float64");
  EXPECT_TRUE(decoder->check(0).empty());
}

TEST(TorchScriptDecoder, ListOfTensorsIsSplitInOrder) {
  const TemporaryFolder folder;
  const auto file = save_script(folder / "decoder.pt", kListDecoder, 7, 5, at::kDouble);
  DecoderOptions options;
  options.layout = LatentLayout({{2, 2}, {3}});
  const auto decoder = load_decoder(file, options);
  const Tensor z = random_normal({4, 7}, 1);
  const Tensor first = random_normal({7, 8}, 11, 0.6), second = random_normal({8, 5}, 12, 0.6);
  const Tensor expected = at::tanh(at::matmul(at::tanh(at::matmul(z, first)), second));
  EXPECT_TRUE(at::allclose((*decoder)(z), expected, 0, 1e-14));
}

TEST(TorchScriptDecoder, PrecisionCanBeChosen) {
  const TemporaryFolder folder;
  const auto file = save_script(folder / "decoder.pt", kFlatDecoder, 3, 6, at::kFloat);
  EXPECT_EQ(load_decoder(file, {})->dtype(), "float32");
  DecoderOptions options;
  options.dtype = "float64";
  EXPECT_EQ(load_decoder(file, options)->dtype(), "float64");
}

TEST(TorchScriptDecoder, FilesThatCannotServeAreInputErrors) {
  const TemporaryFolder folder;
  const auto missing = folder / "missing.pt";
  EXPECT_EQ(failure(missing, {}).kind(), ErrorKind::kInput);
  EXPECT_NE(std::string(failure(missing, {}).what()).find("missing.pt"), std::string::npos);

  const auto not_an_archive = folder / "not_an_archive.pt";
  std::ofstream(not_an_archive) << "this is no archive";
  EXPECT_EQ(failure(not_an_archive, {}).kind(), ErrorKind::kInput);

  // Half of a good file.
  const auto good = save_script(folder / "good.pt", kFlatDecoder, 3, 6, at::kFloat);
  const auto half = folder / "half.pt";
  std::filesystem::copy_file(good, half);
  std::filesystem::resize_file(half, std::filesystem::file_size(good) / 2);
  EXPECT_EQ(failure(half, {}).kind(), ErrorKind::kInput);

  const auto list = save_script(folder / "list.pt", kListDecoder, 7, 5, at::kFloat);
  EXPECT_EQ(failure(list, {}).kind(), ErrorKind::kInput);  // nobody says the shapes

  const auto flat_sum =
      save_script(folder / "sum.pt", "def forward(self, z):\n    return torch.sum(z)\n", 3, 6, at::kFloat);
  EXPECT_EQ(failure(flat_sum, {}).kind(), ErrorKind::kInput);

  const auto wrong = failure(good, of_size(4));  // a matrix of 3 rows fails inside the model
  EXPECT_EQ(wrong.kind(), ErrorKind::kInput);
  EXPECT_NE(std::string(wrong.what()).find("good.pt"), std::string::npos) << wrong.what();
}

TEST(TorchScriptDecoder, CheckFindsTypesShapesAndInfinity) {
  const TemporaryFolder folder;
  const auto check = [&](const char* source) {
    return load_decoder(save_script(folder / "d.pt", source, 3, 6, at::kFloat), of_size(3))->check(0);
  };
  const auto refusal = [&](const char* source) {
    try {
      check(source);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    ADD_FAILURE() << source;
    return std::string();
  };
  EXPECT_TRUE(check("def forward(self, z):\n    return 2 * z\n").empty());
  // Half precision is widened, so that sums over it are sums; probe_problem() says how coarse it is.
  const auto half = load_decoder(
      save_script(folder / "h.pt", "def forward(self, z):\n    return z.half()\n", 3, 6, at::kFloat),
      of_size(3));
  EXPECT_EQ((*half)(at::ones({2, 3})).scalar_type(), at::kFloat);
  EXPECT_THROW(check("def forward(self, z):\n    return torch.log(-torch.abs(z))\n"), Error);
  EXPECT_NE(refusal("def forward(self, z):\n    return z > 0\n").find("truth values"), std::string::npos);
  EXPECT_NE(refusal("def forward(self, z):\n    return z.byte()\n").find("whole numbers"), std::string::npos);
  EXPECT_NE(refusal("def forward(self, z):\n    return torch.complex(z, z)\n").find("view_as_real"),
            std::string::npos);
  EXPECT_NE(refusal("def forward(self, z):\n    return z, z\n").find("`output`"), std::string::npos);
  EXPECT_NE(refusal("def forward(self, z):\n    return z.reshape([2, 3])\n").find("takes batches of 2 only"),
            std::string::npos);
}

TEST(TorchScriptDecoder, SaysWhetherAnybodyKnowsThePrecision) {
  const TemporaryFolder folder;
  torch::jit::Module formula("Formula");
  formula.define("def forward(self, z):\n    return torch.sin(z)\n");
  formula.save((folder / "formula.pt").string());
  EXPECT_FALSE(load_decoder(folder / "formula.pt", of_size(3))->dtype_known());
  DecoderOptions chosen = of_size(3);
  chosen.dtype = "float64";
  const auto decoder = load_decoder(folder / "formula.pt", chosen);
  EXPECT_TRUE(decoder->dtype_known());
  EXPECT_EQ((*decoder)(at::ones({1, 3})).scalar_type(), at::kDouble);
  EXPECT_TRUE(
      load_decoder(save_script(folder / "d.pt", kFlatDecoder, 3, 6, at::kFloat), of_size(3))->dtype_known());
}

TEST(TorchScriptDecoder, FlippedBitsEndInASentence) {
  const TemporaryFolder folder;
  const auto sound = save_script(folder / "sound.pt", kFlatDecoder, 3, 6, at::kFloat);
  std::ifstream stream(sound, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  int refused = 0;
  for (size_t i = 0; i < 300; ++i) {
    std::string flipped = bytes;
    const size_t at = i * 7919 % bytes.size();
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << i % 8));
    const auto file = folder / "flipped.pt";
    std::ofstream(file, std::ios::binary) << flipped;
    try {
      load_decoder(file, of_size(3))->check(0);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInput) << error.what();
      ++refused;
    }
  }
  EXPECT_GT(refused, 50);  // most of a small archive is padding and names that nobody needs
}

}  // namespace latentpath::testing
