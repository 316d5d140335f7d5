#include "latentpath/io/tensor_file.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/csrc/jit/serialization/pickle.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "latentpath/core/error.h"
#include "latentpath/io/file.h"
#include "latentpath/io/npy.h"

namespace latentpath {
namespace {

using ::testing::HasSubstr;

class TensorFile : public ::testing::Test {
 protected:
  TensorFile() {
    std::string pattern = (std::filesystem::temp_directory_path() / "latentpath-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~TensorFile() override { std::filesystem::remove_all(folder_); }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string saved(const std::string& name, const c10::IValue& value) const {
    const std::vector<char> bytes = torch::jit::pickle_save(value);
    write_file(path(name), std::string(bytes.begin(), bytes.end()));
    return path(name);
  }
  static std::string refusal(const std::string& text) {
    try {
      read_tensor_file(text);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInput);
      return error.what();
    }
    ADD_FAILURE() << text << " was read";
    return {};
  }

  std::filesystem::path folder_;
  const at::Tensor points_ = at::arange(6, at::kFloat).reshape({2, 3});
};

TEST_F(TensorFile, NamesTellTheFormat) {
  for (const char* text : {"a.npy", "b.NPZ", "c.npz:z", "d.csv", "e.txt", "f.pt", "g.pth"})
    EXPECT_TRUE(names_tensor_file(text)) << text;
  for (const char* text : {"seed:3", "1.0,2.0", "class:8", "image:a.png", ".pt", "a.pt:z"})
    EXPECT_FALSE(names_tensor_file(text)) << text;
  EXPECT_EQ(tensor_file_path("codes.npz:z"), "codes.npz");
}

TEST_F(TensorFile, TensorsThatTorchSaved) {
  EXPECT_TRUE(at::equal(read_tensor_file(saved("a.pt", points_)), points_));
  EXPECT_TRUE(at::equal(read_tensor_file(saved("h.pt", points_.to(at::kBFloat16))), points_));
  c10::impl::GenericDict dict(c10::StringType::get(), c10::AnyType::get());
  dict.insert("step", int64_t{3});
  dict.insert("latent", points_.to(at::kDouble));
  EXPECT_TRUE(at::equal(read_tensor_file(saved("d.pt", dict)), points_.to(at::kDouble)));
  dict.insert("other", points_);
  EXPECT_THAT(refusal(saved("two.pt", dict)), HasSubstr("holds 2 tensors"));
  EXPECT_THAT(refusal(saved("none.pt", int64_t{3})), HasSubstr("holds 0 tensors"));
  write_file(path("text.pt"), "no archive");
  EXPECT_THAT(refusal(path("text.pt")), HasSubstr("no archive of torch.save"));
}

TEST_F(TensorFile, ArraysAndTables) {
  write_npy(path("a.npy"), points_);
  EXPECT_TRUE(at::equal(read_tensor_file(path("a.npy")), points_));
  write_file(path("table.csv"), "0.5,1,2\n3,4.5,5\n");
  EXPECT_EQ(read_tensor_file(path("table.csv")).sizes(), (at::IntArrayRef{2, 3}));
  write_file(path("row.txt"), "1 2 3.5\n");
  write_file(path("column.txt"), "1\n2\n3.5\n");
  for (const char* name : {"row.txt", "column.txt"})
    EXPECT_EQ(read_tensor_file(path(name)).sizes(), (at::IntArrayRef{3}));
  write_file(path("text.npz"), "no archive");
  EXPECT_THAT(refusal(path("text.npz")), HasSubstr("no zip archive"));
}

}  // namespace
}  // namespace latentpath
