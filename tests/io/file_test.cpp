#include "latentpath/io/file.h"

#include <gmock/gmock.h>

#include <stdexcept>

#include "io/io_test_folder.h"

namespace latentpath {
namespace {

using test::error_of;
using ::testing::HasSubstr;
class FileTest : public test::FolderTest {};

TEST_F(FileTest, RoundTripKeepsAllBytes) {
  std::string bytes;
  for (int i = 0; i < 300000; ++i) bytes.push_back(static_cast<char>(i * 7));
  write_file(folder_ / "a.bin", bytes);
  EXPECT_EQ(read_file(folder_ / "a.bin"), bytes);
  write_file(folder_ / "a.bin", "short");
  EXPECT_EQ(read_file(folder_ / "a.bin"), "short");
  write_file(folder_ / "empty", "");
  EXPECT_EQ(read_file(folder_ / "empty"), "");
}

TEST_F(FileTest, ReadingNamesWhatIsWrong) {
  EXPECT_THAT(error_of(ErrorKind::kInput, [&] { read_file(folder_ / "absent"); }),
              HasSubstr("absent: No such file"));
  EXPECT_THAT(error_of(ErrorKind::kInput, [&] { read_file(folder_); }), HasSubstr("it is a folder"));
  EXPECT_THAT(error_of(ErrorKind::kInput, [&] { read_file("/dev/zero"); }), HasSubstr("it is a device"));
}

TEST_F(FileTest, AFileThatIsMadeByNameIsWholeOrAbsent) {
  const auto file = folder_ / "new" / "picture.png";
  std::filesystem::path seen;
  const auto make = [&](const std::filesystem::path& temporary) {
    seen = temporary;
    write_file(temporary, "whole");
  };
  write_atomically(file, make);  // the folder, too
  EXPECT_EQ(read_file(file), "whole");
  EXPECT_EQ(seen.extension(), ".png");
  EXPECT_FALSE(std::filesystem::exists(seen));
  EXPECT_THAT(error_of(ErrorKind::kArgument,
                       [&] {
                         write_atomically(file, [&](const std::filesystem::path& temporary) {
                           make(temporary);
                           throw std::runtime_error("no ink");
                         });
                       }),
              HasSubstr("picture.png: no ink"));
  EXPECT_FALSE(std::filesystem::exists(seen));
  EXPECT_EQ(read_file(file), "whole");
  write_file(folder_ / "blob", "old");
  std::filesystem::create_symlink("blob", folder_ / "link.png");
  write_atomically(folder_ / "link.png", make);
  EXPECT_EQ(seen.extension(), ".png");
  EXPECT_TRUE(std::filesystem::is_symlink(folder_ / "link.png"));
  EXPECT_EQ(read_file(folder_ / "blob"), "whole");
}

TEST_F(FileTest, WritingNamesWhatIsWrong) {
  EXPECT_THAT(error_of(ErrorKind::kArgument, [&] { write_file("/dev/full", "abc"); }),
              HasSubstr("/dev/full: No space left"));
  EXPECT_TRUE(std::filesystem::exists("/dev/full"));
  EXPECT_THAT(error_of(ErrorKind::kArgument, [&] { write_file(folder_ / "no" / "a", "abc"); }),
              HasSubstr("does not exist"));
  EXPECT_THAT(error_of(ErrorKind::kArgument, [&] { write_file(folder_, "abc"); }), HasSubstr("directory"));
}

TEST_F(FileTest, AtomicWriteReplacesAndLeavesNothingBehind) {
  write_file_atomic(folder_ / "a", "old");
  write_file_atomic(folder_ / "a", "new");
  EXPECT_EQ(read_file(folder_ / "a"), "new");
  EXPECT_EQ(entry_count(), 1u);
  error_of(ErrorKind::kArgument, [&] { write_file_atomic(folder_ / "no" / "a", "abc"); });
  error_of(ErrorKind::kArgument, [&] { write_file_atomic("/dev/full", "abc"); });
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/full"));
  EXPECT_EQ(entry_count(), 1u);
}

TEST_F(FileTest, AtomicWriteFollowsALink) {
  write_file(folder_ / "a", "old");
  std::filesystem::create_symlink(folder_ / "a", folder_ / "link");
  write_file_atomic(folder_ / "link", "new");
  EXPECT_TRUE(std::filesystem::is_symlink(folder_ / "link"));
  EXPECT_EQ(read_file(folder_ / "a"), "new");
}

}  // namespace
}  // namespace latentpath
