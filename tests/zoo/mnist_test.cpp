#include "latentpath/zoo/mnist.h"

#include <gtest/gtest.h>

#include "latentpath/core/error.h"
#include "synthetic_mnist.h"

namespace latentpath {
namespace {

using test::message_of;
using test::ScratchFolder;

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Idx, ReadsWhatWasWritten) {
  const ScratchFolder folder;
  const Tensor data = at::arange(2 * 3 * 4, at::kByte).view({2, 3, 4});
  test::write_idx(folder / "data", data);
  EXPECT_TRUE(at::equal(read_idx(folder / "data", 3), data));
}

TEST(Idx, NamesTheFileAndTheDamage) {
  const ScratchFolder folder;
  const std::string header = test::idx_header({2, 2, 2});

  EXPECT_TRUE(contains(message_of([&] { read_idx(folder / "absent", 3); }), "cannot open"));

  test::write_bytes(folder / "short", header + "1234567");
  EXPECT_EQ(message_of([&] { read_idx(folder / "short", 3); }),
            (folder / "short").string() + " is truncated: it has 7 of 8 data bytes");

  test::write_bytes(folder / "long", header + "123456789");
  EXPECT_TRUE(contains(message_of([&] { read_idx(folder / "long", 3); }), "1 bytes more than its header"));

  test::write_bytes(folder / "headless", header.substr(0, 9));
  EXPECT_TRUE(
      contains(message_of([&] { read_idx(folder / "headless", 3); }), "its header has 9 of 16 bytes"));

  test::write_bytes(folder / "foreign", "\x89PNG\r\n\x1a\n and so on, for long enough");
  EXPECT_TRUE(contains(message_of([&] { read_idx(folder / "foreign", 3); }), "is not an IDX file"));

  test::write_bytes(folder / "labels", test::idx_header({8}) + "12345678");
  EXPECT_TRUE(contains(message_of([&] { read_idx(folder / "labels", 3); }), "is not an IDX file"));

  test::write_bytes(folder / "empty", "");
  EXPECT_TRUE(contains(message_of([&] { read_idx(folder / "empty", 1); }), "is not an IDX file"));

  test::write_bytes(folder / "vast", test::idx_header({0x7FFFFFFF, 0x7FFFFFFF, 0x7FFFFFFF}) + "1");
  EXPECT_TRUE(contains(message_of([&] { read_idx(folder / "vast", 3); }), "impossible size"));
}

TEST(Mnist, LoadsImagesWithLabels) {
  const ScratchFolder folder;
  test::write_synthetic_mnist(folder.path(), 30, 20);
  const Mnist mnist = load_mnist(folder.path());
  EXPECT_EQ(mnist.train.images.sizes(), (std::vector<int64_t>{30, 28, 28}));
  EXPECT_EQ(mnist.train.images.scalar_type(), at::kByte);
  EXPECT_EQ(mnist.test.labels.sizes(), (std::vector<int64_t>{20}));
  EXPECT_EQ(mnist.test.labels.scalar_type(), at::kLong);
  EXPECT_EQ(mnist.test.labels[13].item<int64_t>(), 3);
}

TEST(Mnist, RefusesWhatIsNotConsistent) {
  const ScratchFolder folder;
  EXPECT_TRUE(contains(message_of([&] { load_mnist(folder / "absent"); }), "there is no folder"));
  test::write_synthetic_mnist(folder.path(), 30, 20);
  test::write_idx(folder / "train-labels-idx1-ubyte", at::zeros({29}));
  EXPECT_TRUE(contains(message_of([&] { load_mnist(folder.path()); }), "29 labels for 30 images"));
  test::write_idx(folder / "train-labels-idx1-ubyte", at::full({30}, 10));
  EXPECT_TRUE(contains(message_of([&] { load_mnist(folder.path()); }), "the label 10"));
  test::write_idx(folder / "train-images-idx3-ubyte", at::zeros({30, 32, 32}));
  EXPECT_TRUE(contains(message_of([&] { load_mnist(folder.path()); }), "[30, 32, 32]"));
}

TEST(Mnist, CheckTellsOtherDataFromTheOriginal) {
  const ScratchFolder folder;
  test::write_synthetic_mnist(folder.path(), 30, 20);
  EXPECT_TRUE(contains(message_of([&] { check_mnist(folder.path()); }), "and not MNIST's [60000, 28, 28]"));
}

}  // namespace
}  // namespace latentpath
