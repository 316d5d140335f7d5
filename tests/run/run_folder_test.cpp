#include "latentpath/run/run_folder.h"

#include <gmock/gmock.h>

#include "io/io_test_folder.h"
#include "latentpath/io/file.h"

namespace latentpath {
namespace {

namespace fs = std::filesystem;
using test::error_of;
using ::testing::HasSubstr;
class RunFolderTest : public test::FolderTest {};

TEST_F(RunFolderTest, IsAbsentUntilCommittedThenWhole) {
  const fs::path target = folder_ / "out";
  RunFolder run(target);
  EXPECT_FALSE(fs::exists(target));
  EXPECT_EQ(run.path().parent_path(), folder_);
  EXPECT_THAT(run.path().filename().string(), ::testing::StartsWith(".out.partial-"));
  write_file(run.path() / "run.json", "{}");
  run.commit();
  EXPECT_EQ(run.path(), target);
  EXPECT_EQ(read_file(target / "run.json"), "{}");
  EXPECT_EQ(entry_count(), 1u);
}

TEST_F(RunFolderTest, WithoutCommitNothingRemains) {
  {
    RunFolder run(folder_ / "a" / "b" / "out");
    write_file(run.path() / "run.json", "{}");
    EXPECT_TRUE(fs::exists(folder_ / "a" / "b"));
  }
  EXPECT_EQ(entry_count(), 0u);
}

TEST_F(RunFolderTest, ParentsThatOthersUseStay) {
  {
    RunFolder run(folder_ / "a" / "out");
    write_file(folder_ / "a" / "other", "x");
  }
  EXPECT_TRUE(fs::exists(folder_ / "a" / "other"));
}

TEST_F(RunFolderTest, ExistingTargetNeedsOverwrite) {
  fs::create_directory(folder_ / "out");
  write_file(folder_ / "out" / "run.json", "old");
  write_file(folder_ / "out" / "old.npy", "old");
  EXPECT_THAT(error_of(ErrorKind::kArgument, [&] { RunFolder(folder_ / "out"); }),
              HasSubstr("already exists: choose another `out` or pass `overwrite`"));
  { const RunFolder abandoned(folder_ / "out", true); }
  EXPECT_EQ(read_file(folder_ / "out" / "run.json"), "old");
  RunFolder run(folder_ / "out", true);
  write_file(run.path() / "run.json", "new");
  EXPECT_EQ(read_file(folder_ / "out" / "run.json"), "old");
  run.commit();
  EXPECT_EQ(read_file(folder_ / "out" / "run.json"), "new");
  EXPECT_FALSE(fs::exists(folder_ / "out" / "old.npy"));
  EXPECT_EQ(entry_count(), 1u);
}

TEST_F(RunFolderTest, OverwritesNothingButRuns) {
  fs::create_directory(folder_ / "home");
  write_file(folder_ / "home" / "thesis.tex", "x");
  EXPECT_THAT(error_of(ErrorKind::kArgument, [&] { RunFolder(folder_ / "home", true); }),
              HasSubstr("is not a run folder"));
  write_file(folder_ / "file", "x");
  EXPECT_THAT(error_of(ErrorKind::kArgument, [&] { RunFolder(folder_ / "file", true); }),
              HasSubstr("exists and is not a folder"));
  EXPECT_THAT(error_of(ErrorKind::kArgument, [&] { RunFolder(folder_ / "file"); }),
              HasSubstr("is not a folder"));
  fs::create_directory(folder_ / "empty");
  RunFolder run(folder_ / "empty", true);
  run.commit();
  EXPECT_EQ(entry_count(), 3u);
}

TEST_F(RunFolderTest, UnwritableParentsFailEarlyAndLeaveNothing) {
  write_file(folder_ / "file", "x");
  EXPECT_THAT(error_of(ErrorKind::kArgument, [&] { RunFolder(folder_ / "file" / "out"); }),
              HasSubstr("file"));
  EXPECT_THAT(error_of(ErrorKind::kArgument, [&] { RunFolder(folder_ / "file" / "a" / "out"); }),
              HasSubstr("file"));
  EXPECT_THAT(error_of(ErrorKind::kArgument, [&] { RunFolder("/proc/out"); }), HasSubstr("/proc"));
  EXPECT_THAT(error_of(ErrorKind::kArgument, [&] { RunFolder("/proc/a/b/out"); }), HasSubstr("/proc/a"));
  error_of(ErrorKind::kArgument, [&] { RunFolder(""); });
  error_of(ErrorKind::kArgument, [&] { RunFolder("/"); });
  EXPECT_EQ(entry_count(), 1u);
}

TEST_F(RunFolderTest, TwoRunsOfOneTargetDoNotMixAndTheLaterIsKept) {
  RunFolder first(folder_ / "out/");
  fs::path kept;
  {
    RunFolder second(folder_ / "out");
    EXPECT_NE(first.path(), second.path());
    kept = second.path();
    first.commit();
    write_file(second.path() / "path.npy", "second");
    EXPECT_THAT(error_of(ErrorKind::kArgument, [&] { second.commit(); }),
                HasSubstr("the results are in " + kept.string()));
  }
  EXPECT_EQ(read_file(kept / "path.npy"), "second");
  EXPECT_TRUE(fs::exists(folder_ / "out"));
}

}  // namespace
}  // namespace latentpath
