// Shards of a table, and their merge, from C++: the files of one run, byte for byte.

#include "latentpath/run/merge_job.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <numeric>

#include "latentpath/core/error.h"
#include "latentpath/io/file.h"
#include "latentpath/run/run_folder.h"
#include "latentpath/run/shard.h"

namespace latentpath::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class MergeJobs : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("latentpath-merge-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  EvaluateJob table() const {
    EvaluateJob job;
    job.models.decoder = "mnist-dcgan-2";
    job.models.folders = {LATENTPATH_TEST_MODELS};
    job.pairs = "5";
    job.batch = 2;
    job.methods = {"linear,spherical:3"};
    job.frames = 4;
    job.curves = 3;
    job.threads = 1;
    job.seconds = "off";
    return job;
  }
  std::filesystem::path write(const std::string& name, const RunRecord& run) const {
    RunFolder folder(folder_ / name);
    write_run(run, folder.path());
    folder.commit();
    return folder.target();
  }
  std::string computed(const std::string& shard, const std::string& name) const {
    EvaluateJob job = table();
    job.shard = shard;
    job.out = (folder_ / name).string();
    const EvaluateRun run = execute(job);
    const std::string written = write(name, run).string();
    forget_batches(run);
    return written;
  }

  std::filesystem::path folder_;
};

}  // namespace

TEST(Shard, KOfNIsReadAndAnythingElseRefused) {
  const Shard shard = Shard::parse("3/7");
  EXPECT_EQ(shard.index, 3);
  EXPECT_EQ(shard.of, 7);
  for (const char* text :
       {"", "3", "/", "0/7", "8/7", "3/", "/7", "3/7/1", "-3/7", " 3/7", "1e0/2", "1/9999999999"})
    EXPECT_THROW(Shard::parse(text), Error) << text;
}

TEST(Shard, EveryPairIsInOneShardAndBatchesStayWhole) {
  EXPECT_THAT((Shard{3, 7}.pairs(100, 10)),
              ElementsAre(20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99));
  for (const int64_t count : {1, 2, 9, 10, 101})
    for (const int64_t batch : {1, 3, 10, 1000})
      for (const int64_t of : {1, 2, 7, 150}) {
        std::vector<int64_t> all;
        for (int64_t index = 1; index <= of; ++index)
          for (const int64_t pair : Shard{index, of}.pairs(count, batch)) {
            EXPECT_TRUE((Shard{index, of}.has(pair / batch)));
            all.push_back(pair);
          }
        std::sort(all.begin(), all.end());
        std::vector<int64_t> expected(static_cast<size_t>(count));
        std::iota(expected.begin(), expected.end(), 0);
        EXPECT_EQ(all, expected) << count << " pairs, batches of " << batch << ", " << of << " shards";
      }
}

TEST_F(MergeJobs, TheFilesOfOneRun) {
  const std::filesystem::path one = write("one", execute(table()));
  std::vector<std::string> shards;
  for (const char* shard : {"1/4", "2/4", "3/4", "4/4"})  // three batches: the last one is empty
    shards.insert(shards.begin(), computed(shard, std::string("shard-") + shard[0]));
  MergeJob job;
  job.shards = shards;
  RunFolder folder(folder_ / "all");
  const EvaluateRun run = merge_shards(job, folder.path());
  write_run(run, folder.path());
  folder.commit();
  for (const char* name : {"run.json", "table.csv", "paths.csv", "frames.csv", "ends.npy"})
    EXPECT_EQ(read_file(folder.path() / name), read_file(one / name)) << name;
  EXPECT_TRUE(run.sets.empty());
  EXPECT_EQ(run.rows.size(), 2u);
  const CancellationToken token;
  token.cancel();
  try {
    merge_shards(job, folder_, {}, token);
    FAIL() << "a cancelled merge gave a table";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInterrupted);
  }
  EXPECT_FALSE(std::filesystem::exists(folder_ / "paths.csv"));
}

}  // namespace latentpath::testing
