// Jobs from C++, without the program.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "latentpath/core/error.h"
#include "latentpath/io/file.h"
#include "latentpath/io/npy.h"
#include "latentpath/run/evaluate_job.h"
#include "latentpath/run/geodesic_job.h"
#include "latentpath/run/interpolate_job.h"
#include "latentpath/run/measures_job.h"
#include "latentpath/run/run_folder.h"

namespace latentpath::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Jobs : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("latentpath-jobs-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  InterpolateJob digits() const {
    InterpolateJob job;
    job.models.decoder = "mnist-dcgan-2";
    job.models.classifier = "mnist-classifier";
    job.models.folders = {LATENTPATH_TEST_MODELS};
    job.ends.from = "seed:23";
    job.ends.to = "seed:30";
    job.favor = {"8"};
    job.path.segments = 8;
    job.path.max_iterations = 3;
    job.threads = 1;
    return job;
  }

  std::filesystem::path folder_;
};

template <class Job>
std::string refusal(const Job& job) {
  try {
    execute(job);
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

TEST_F(Jobs, InterpolateGivesWhatTheProgramGives) {
  const InterpolateRun run = execute(digits());
  const auto out = folder_ / "program";
  const std::string command =
      std::string(LATENTPATH_TEST_PROGRAM) +
      " interpolate --decoder mnist-dcgan-2 --classifier mnist-classifier --from seed:23 --to "
      "seed:30 --favor 8 --segments 8 --max-iterations 3 --threads 1 --strips 0 --quiet --out " +
      out.string() + " > /dev/null";
  ASSERT_EQ(std::system(("LATENTPATH_MODELS=" LATENTPATH_TEST_MODELS " " + command).c_str()), 0);
  EXPECT_TRUE(at::equal(read_npy(out / "path.npy"), run.result.nodes));
  const auto theirs = nlohmann::json::parse(read_file(out / "run.json"));
  for (const char* curve : {"path", "linear", "spherical"})
    for (const char* figure : {"cost", "cost_refined", "length", "mean_class_probability"})
      EXPECT_EQ(theirs["summary"]["pairs"][0][curve][figure], run.summary["pairs"][0][curve][figure])
          << curve << " " << figure;
  EXPECT_EQ(theirs["feature"], "P(8)");
  EXPECT_EQ(run.feature, "P(8)");
  EXPECT_EQ(theirs["options"]["segments"], run.options["segments"]);
  EXPECT_EQ(theirs["threads"], run.threads);
}

TEST_F(Jobs, WritesARunFolderWithoutPictures) {
  const InterpolateRun run = execute(digits());
  RunFolder folder(folder_ / "run");
  write_run(run, folder.path());
  folder.commit();
  EXPECT_TRUE(at::equal(read_npy(folder_ / "run" / "path.npy"), run.result.nodes));
  const auto document = nlohmann::json::parse(read_file(folder_ / "run" / "run.json"));
  EXPECT_EQ(document["summary"], run.summary);
  EXPECT_EQ(document["options"]["favor"], nlohmann::json({"8"}));
  EXPECT_TRUE(document["options"]["time-weight"].is_null());
  EXPECT_FALSE(document["interrupted"].get<bool>());
  EXPECT_THAT(run.text, HasSubstr("cost"));
}

TEST_F(Jobs, SpeaksOfFieldsAndTellsTheObserver) {
  InterpolateJob job = digits();
  job.path.epsilon = 0.7;
  EXPECT_EQ(refusal(job), "`epsilon` must lie between 0 and 0.5, not at 0.7");
  job = digits();
  job.certify = true;
  EXPECT_THAT(refusal(job), HasSubstr("`ramp` off"));
  job = digits();
  job.ends.to = "class:3";
  std::vector<std::string> notes;
  int64_t steps = 0;
  RunObserver observer;
  observer.note = [&](const std::string& sentence) { notes.push_back(sentence); };
  observer.progress = [&](const Progress&) { ++steps; };
  const InterpolateRun run = execute(job, observer);
  EXPECT_EQ(notes, run.assumptions);
  EXPECT_GT(steps, 0);
}

TEST_F(Jobs, ACancelledSearchIsARecordWithAFailure) {
  InterpolateJob job = digits();
  const CancellationToken token;
  RunObserver observer;
  observer.progress = [&](const Progress&) { token.cancel(); };
  const InterpolateRun run = execute(job, observer, token);
  ASSERT_TRUE(run.failure);
  EXPECT_TRUE(run.interrupted());
  EXPECT_THAT(run.failure->sentence, HasSubstr("best ones reached"));
}

TEST_F(Jobs, GeodesicKnowsThePapersExample) {
  GeodesicJob job;
  job.example = 2;
  job.search.threads = 1;
  const GeodesicRun run = execute(job);
  ASSERT_EQ(run.answers.size(), 1u);
  // (π/3) ln 2; the extrapolation's own error estimate is far below 1e-6.
  EXPECT_NEAR(*run.answers[0].extrapolated, 0.725862, 1e-6);
  EXPECT_THAT(run.text, HasSubstr("exact: (π/3) ln 2"));
  job.search.method = "banana";
  EXPECT_THAT(refusal(job), HasSubstr("`method` 'banana' is not one of auto, lbfgs"));
}

TEST_F(Jobs, MeasuresReadsSamplesAndSaysWhatIsWrong) {
  std::ofstream(folder_ / "a.csv") << "0,0\n1,0\n0,1\n";
  std::ofstream(folder_ / "b.csv") << "4,4\n5,4\n4,5\n";
  MeasuresJob job;
  job.from = (folder_ / "a.csv").string();
  job.to = (folder_ / "b.csv").string();
  job.search.method = "displacement";
  job.search.steps = 4;
  const MeasuresRun run = execute(job);
  EXPECT_THAT(run.result.path.points.sizes().vec(), ElementsAre(5, 3, 2));
  EXPECT_EQ(run.summary["method"], "displacement");
  job.width = {1};
  job.gamma = {1};
  EXPECT_THAT(refusal(job), HasSubstr("`width`, `gamma` and `c` say the same thing"));
}

TEST_F(Jobs, EvaluateMakesATable) {
  EvaluateJob job;
  job.models = digits().models;
  job.favor = {"8"};
  job.pairs = "2";
  job.methods = {"linear,spherical"};
  job.threads = 1;
  job.frames = 5;
  const EvaluateRun run = execute(job);
  ASSERT_EQ(run.sets.size(), 2u);
  EXPECT_EQ(run.sets[1].method, "spherical");
  EXPECT_EQ(run.summary["rows"].size(), 2u);
  EXPECT_TRUE(run.kept.empty());  // no `out`
  job.resume = true;
  EXPECT_THAT(refusal(job), HasSubstr("`resume` goes on"));
}

}  // namespace
}  // namespace latentpath::testing
