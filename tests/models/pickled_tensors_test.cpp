#include "latentpath/models/pickled_tensors.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <random>

#include "latentpath/core/error.h"
#include "latentpath/io/file.h"

namespace latentpath {
namespace {

/// torch.save(…, _use_new_zipfile_serialization=False) of torch 1.13.
std::string checkpoint(const char* name = "legacy_checkpoint.pt") {
  return read_file(std::filesystem::path(LATENTPATH_TEST_SOURCE) / "tests" / "models" / name);
}

TEST(PickledTensors, IsReadAsTorchWroteIt) {
  const auto tensors = read_pickled_tensors(checkpoint(), "a checkpoint");
  ASSERT_EQ(tensors.size(), 5U);
  EXPECT_TRUE(at::equal(tensors.at("a"), at::tensor({1.5F, 2.0F, 3.0F, 4.0F, 5.0F, -6.0F}).view({3, 2})));
  EXPECT_TRUE(at::equal(tensors.at("b"), at::tensor({1.0F, 2.0F})));  // a part of a storage
  EXPECT_TRUE(at::equal(tensors.at("c"), at::tensor({1.0F, 3.0F, 2.0F, 4.0F}).view({2, 2})));  // transposed
  EXPECT_EQ(tensors.at("d").sizes(), at::IntArrayRef({0, 3}));
  EXPECT_EQ(tensors.at("e").item<float>(), 7);
}

/// Written by hand after the authors' own file: sizes as long integers, the dictionary as a list of pairs.
TEST(PickledTensors, IsReadAsPython2WroteIt) {
  const auto tensors = read_pickled_tensors(checkpoint("legacy_checkpoint_python2.pt"), "a checkpoint");
  ASSERT_EQ(tensors.size(), 2U);
  EXPECT_TRUE(at::equal(tensors.at("w"), at::tensor({1.0F, 2.0F, 3.0F, 4.0F, 5.0F, 6.0F}).view({3, 2})));
  EXPECT_TRUE(at::equal(tensors.at("b"), at::tensor({298.0F, 299.0F})));
}

TEST(PickledTensors, WholeNumbersKeepTheirType) {
  for (const auto& [name, tensor] :
       read_pickled_tensors(checkpoint("legacy_checkpoint_of_integers.pt"), "it"))
    EXPECT_EQ(tensor.scalar_type(), at::kLong) << name;
}

TEST(PickledTensors, WhatIsNoneIsRefused) {
  for (const std::string& bytes : {std::string(), std::string("hello"),
                                   read_file(std::filesystem::path(LATENTPATH_TEST_SOURCE) / "README.md")}) {
    try {
      read_pickled_tensors(bytes, "a checkpoint");
      ADD_FAILURE();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInput);
      EXPECT_THAT(error.what(), testing::HasSubstr("a checkpoint is no checkpoint"));
    }
  }
}

TEST(PickledTensors, DamageIsAnErrorAndNeverMore) {
  const std::string whole = checkpoint();
  for (size_t length = 0; length < whole.size(); ++length)
    EXPECT_THROW(read_pickled_tensors(whole.substr(0, length), "a checkpoint"), Error) << length;
  std::mt19937 random(1);
  int refused = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string bytes = whole;
    for (int flips = 0; flips <= i % 3; ++flips) bytes[random() % bytes.size()] = static_cast<char>(random());
    try {
      read_pickled_tensors(bytes, "a checkpoint");  // in numbers and names a change may go unseen
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 5000);
}

}  // namespace
}  // namespace latentpath
