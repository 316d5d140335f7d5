#include "latentpath/models/mixture_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/test_models.h"
#include "latentpath/core/error.h"
#include "latentpath/io/file.h"

namespace latentpath::testing {
namespace {

std::shared_ptr<const GaussianMixture> parsed(const std::string& text) {
  const TemporaryFolder folder;
  write_file(folder / "prior.json", text);
  return read_mixture(folder / "prior.json");
}

std::string refusal(const std::string& text) {
  try {
    parsed(text);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("prior.json"));
    return error.what();
  }
  ADD_FAILURE() << "accepted: " << text;
  return {};
}

}  // namespace

TEST(MixtureFile, MatricesDiagonalsAndNumbers) {
  const auto mixture = parsed(R"({"weights": [2, 1, 1], "means": [[0, 3], [0, -3], [1, 1]],
                                  "covariances": [[[1, 0.5], [0.5, 1]], [1, 2], 0.25]})");
  EXPECT_EQ(mixture->components(), 3);
  EXPECT_EQ(mixture->dim(), 2);
  EXPECT_EQ(mixture->weights()[0].item<double>(), 0.5);
  EXPECT_EQ(mixture->means()[1][1].item<double>(), -3);
  EXPECT_EQ(mixture->covariances()[0][0][1].item<double>(), 0.5);
  EXPECT_EQ(mixture->covariances()[1][1][1].item<double>(), 2);
  EXPECT_EQ(mixture->covariances()[1][0][1].item<double>(), 0);
  EXPECT_EQ(mixture->covariances()[2][1][1].item<double>(), 0.25);
}

TEST(MixtureFile, WhatIsWrittenIsReadToTheLastBit) {
  const TemporaryFolder folder;
  const auto before = semicircle(3);
  write_mixture(folder / "semicircle.json", *before);
  const auto after = read_mixture(folder / "semicircle.json");
  const Tensor z = random_normal({10, 3}, 1, 3);
  EXPECT_TRUE(same_bits(before->means(), after->means()));
  EXPECT_TRUE(same_bits(before->covariances(), after->covariances()));
  EXPECT_TRUE(at::allclose(before->log_density(z), after->log_density(z), 0, 1e-14));  // weights sum anew
}

TEST(MixtureFile, ARefusalSaysWhatIsWrong) {
  using ::testing::HasSubstr;
  EXPECT_THAT(refusal("nonsense"), HasSubstr("not a JSON object"));
  EXPECT_THAT(refusal("[1]"), HasSubstr("not a JSON object"));
  EXPECT_THAT(refusal(R"({"means": [[0]]})"), HasSubstr("needs a list 'covariances'"));
  EXPECT_THAT(refusal(R"({"means": [[0]], "covariances": [1], "sigma": 1})"),
              HasSubstr("unknown key 'sigma'"));
  EXPECT_THAT(refusal(R"({"means": [[0], [1]], "covariances": [1]})"),
              HasSubstr("2 means and 1 covariances"));
  EXPECT_THAT(refusal(R"({"means": [[0], [1, 2]], "covariances": [1, 1]})"),
              HasSubstr("means of 1 and of 2"));
  EXPECT_THAT(refusal(R"({"means": [["a"]], "covariances": [1]})"),
              HasSubstr("mean 0 must be a list of numbers"));
  EXPECT_THAT(refusal(R"({"means": [[0, 0]], "covariances": [[1, 2, 3]]})"),
              HasSubstr("covariance 0 must be"));
  EXPECT_THAT(refusal(R"({"means": [[0, 0]], "covariances": [[[1, 0], [0]]]})"),
              HasSubstr("must have 2 numbers"));
  EXPECT_THAT(refusal(R"({"means": [[0, 0]], "covariances": [[[1, 2], [2, 1]]]})"),
              HasSubstr("component 0 is not positive definite"));
  EXPECT_THAT(refusal(R"({"means": [[0]], "covariances": [1], "weights": [-1]})"), HasSubstr("positive"));
  EXPECT_THAT(refusal(R"({"means": [[0]], "covariances": [1], "weights": [1, 1]})"),
              HasSubstr("[1], not [2]"));
  EXPECT_THROW(read_mixture("/nowhere/prior.json"), Error);
}

}  // namespace latentpath::testing
