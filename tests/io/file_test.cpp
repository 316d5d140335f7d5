#include "latentpath/io/file.h"

#include <gmock/gmock.h>

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
