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
    return read_csv(file);
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
};

const Tensor kExpected = at::tensor({1.0, 2.5, -3e-2, 4.0, 0.0, 6.0}, at::kDouble).view({3, 2});

TEST_F(Csv, ReadsNumbersInEveryCommonForm) {
  for (const char* text :
       {"1,2.5\n-0.03,4\n0,6\n", "1,2.5\n-0.03,4\n0,6", "1, 2.5\r\n-3e-2 ,+4\r\n0,6\r\n",
        "x,y\n1,2.5\n-0.03,4\n0,6\n", "1;2.5\n-0.03;4\n0;6\n", "1\t2.5\n-0.03\t4\n0\t6\n",
        "  1   2.5\n-0.03 4\n0 6  \n", "\xef\xbb\xbf\"x\",\"y\"\n\"1\",2.5\n-0.03,4\n0,6\n",
        "# a comment\n\n1,2.5\n\n-0.03,4\n# another\n0,6\n\n", "name\n1 2.5\n-0.03 4\n0 6\n"})
    EXPECT_TRUE(at::equal(read(text), kExpected)) << text;
  EXPECT_EQ(read("5\n6\n7\n").sizes(), at::IntArrayRef({3, 1}));
  EXPECT_EQ(read("1e-400,0.1\n")[0][1].item<double>(), 0.1);
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
  refused(std::string("\x93NUMPY\x01\x00v\x00", 10), {"binary"});
}

TEST_F(Csv, RefusesMissingFilesAndFolders) {
  EXPECT_THROW(read_csv(folder_ / "nowhere.csv"), Error);
  EXPECT_THROW(read_csv(folder_), Error);
}

}  // namespace
}  // namespace latentpath::testing
