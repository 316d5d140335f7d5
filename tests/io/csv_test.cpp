#include "latentpath/io/csv.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/io_test_folder.h"
#include "latentpath/core/error.h"
#include "latentpath/io/file.h"

namespace latentpath::testing {
namespace {

class Csv : public test::FolderTest {
 protected:
  Tensor read(const std::string& text) {
    const auto file = folder_ / "sample.csv";
    write_file(file, text);
    notes_.clear();
    return read_csv(file, &notes_);
  }
  void refused(const std::string& text, const std::vector<std::string>& words) {
    try {
      read(text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInput);
      EXPECT_THAT(error.what(), ::testing::HasSubstr("sample.csv"));
      for (const std::string& word : words) EXPECT_THAT(error.what(), ::testing::HasSubstr(word));
    }
  }
  void reads_with_note(const std::string& text, const Tensor& numbers, const std::string& word) {
    EXPECT_TRUE(at::equal(read(text), numbers)) << text;
    ASSERT_EQ(notes_.size(), 1U) << text << ::testing::PrintToString(notes_);
    EXPECT_THAT(notes_[0], ::testing::HasSubstr(word));
  }
  std::vector<std::string> notes_;
};

const Tensor kExpected = at::tensor({1.0, 2.5, -3e-2, 4.0, 0.0, 6.0}, at::kDouble).view({3, 2});

TEST_F(Csv, ReadsNumbersInEveryCommonForm) {
  for (const char* text :
       {"1,2.5\n-0.03,4\n0,6\n", "1,2.5\n-0.03,4\n0,6", "1, 2.5\r\n-3e-2 ,+4\r\n0,6\r\n",
        "x,y\n1,2.5\n-0.03,4\n0,6\n", "1;2.5\n-0.03;4\n0;6\n", "1\t2.5\n-0.03\t4\n0\t6\n",
        "  1   2.5\n-0.03 4\n0 6  \n", "\xef\xbb\xbf\"x\",\"y\"\n\"1\",2.5\n-0.03,4\n0,6\n",
        "# a comment\n\n1,2.5\n\n-0.03,4\n# another\n0,6\n\n", "name\n1 2.5\n-0.03 4\n0 6\n",
        "1,2.5\r-0.03,4\r0,6", "x,y,\n1,2.5,\n-0.03,4,\n0,6,\n", "1;2.5;\n-0.03;4;\n0;6;\n"}) {
    EXPECT_TRUE(at::equal(read(text), kExpected)) << text;
    EXPECT_TRUE(notes_.empty()) << text;
  }
  EXPECT_EQ(read("5\n6\n7\n").sizes(), at::IntArrayRef({3, 1}));
  EXPECT_EQ(read("1e-400,0.1\n")[0][1].item<double>(), 0.1);
}

TEST_F(Csv, WhatSpreadsheetsAddIsSaid) {
  const Tensor two = at::tensor({0.5, 2.25, -3.0, 4.5}, at::kDouble).view({2, 2});
  const Tensor three = at::tensor({0.5, 2.25, -3.0, 4.5, 1.0, 0.25}, at::kDouble).view({3, 2});
  reads_with_note("x;y\n0,5;2,25\n-3;4,5\n", two, "decimal points");
  reads_with_note("\"x, left\",y\n\"0,5\",\"2,25\"\n-3,\"4,5\"\n", two, "decimal points");
  reads_with_note("x,y\n\"0,500\",\"2,25\"\n-3,\"4,5\"\n", two, "decimal points");
  reads_with_note("0,1\n0.5,2.25\n-3.0,4.5\n", two, "taken as a heading");
  reads_with_note("0\n0.5\n", at::tensor({0.5}, at::kDouble).view({1, 1}), "taken as a heading");
  reads_with_note(",x,y\n0,0.5,2.25\n1,-3,4.5\n2,1,0.25\n", three, "left out");
  reads_with_note(",0,1\n0,0.5,2.25\n1,-3,4.5\n2,1,0.25\n", three, "left out");
  reads_with_note("\"\",\"x\"\n1,0.5\n2,2.5\n", at::tensor({0.5, 2.5}, at::kDouble).view({2, 1}), "left out");
  // Honest points stay points.
  EXPECT_EQ(read("0,1\n1,1\n2,3\n").size(0), 3);
  EXPECT_EQ(read("0,1\n0.5,2\n3,4\n").size(0), 3);
  EXPECT_EQ(read("0.0,1.0\n0.5,2\n").size(0), 2);
  EXPECT_EQ(read("0,1\n").size(0), 1);
  EXPECT_TRUE(notes_.empty());
  reads_with_note("0,0.5\n1,1.5\n2,0.25\n",
                  at::tensor({0.0, 0.5, 1.0, 1.5, 2.0, 0.25}, at::kDouble).view({3, 2}), "counts the lines");
}

TEST_F(Csv, RefusesWithOneSentence) {
  refused("", {"no numbers"});
  refused("x,y\n", {"no numbers"});
  refused("\n# nothing\n", {"no numbers"});
  refused("x,y\n1,2\n3\n", {"line 3", "1 value ", "line 2 has 2"});
  refused("1,2\n3,4,5\n", {"line 2", "3 values", "line 1 has 2"});
  refused("1,2\n3,nan\n", {"line 2", "column 2", "nan", "finite"});
  refused("1,2\n-inf,4\n", {"line 2", "column 1", "inf", "finite"});
  refused("1,2\n1e999,4\n", {"line 2", "column 1", "finite"});
  refused("1,2\n3,banana\n", {"line 2", "column 2", "banana", "number"});
  refused("1,2\n,4\n", {"line 2", "column 1", "empty"});
  refused("1,2\n3,0x10\n", {"line 2", "0x10"});
  refused("x;y\n1,2,5;3\n", {"line 2", "column 1", "1,2,5"});
  refused("x,y\n1,2,\n", {"line 2", "column 3 is empty"});
  refused("x,y\n\"1,234\",2\n", {"line 2", "column 1", "1,234", "thousands"});
  refused(",x\n0.5,1\n7,2\n3,1\n", {"line 1", "column 1 has no name"});
  refused("1\n1D-3\n", {"line 2", "1D-3"});
  refused("ply\nformat ascii 1.0\n", {"line 2", "format"});
  refused(std::string("\xff\xfe"
                      "1\0,\0",
                      6),
          {"UTF-16"});
  refused(std::string("\x93NUMPY\x01\x00v\x00", 10), {"binary"});
}

TEST_F(Csv, RefusesMissingFilesAndFolders) {
  EXPECT_THROW(read_csv(folder_ / "nowhere.csv"), Error);
  EXPECT_THROW(read_csv(folder_), Error);
}

}  // namespace
}  // namespace latentpath::testing
