// Jobs from C++, without the program.

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
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

/// A decoder and a classifier in memory, ends as tensors, and a quality of one's own.
TEST_F(Jobs, InterpolateTakesWhatACallerHasInMemory) {
  InterpolateJob job;
  job.models.decoder_function = ModelFunction{.name = "Generator",
                                              .forward = [](const Tensor& z) { return at::tanh(z); },
                                              .attributes = {{"output_range", {-1, 1}}}};
  job.models.decoder = "Generator";
  job.ends.start = at::tensor({-1.0, 0.5}, at::kDouble).unsqueeze(0);
  job.ends.end = at::tensor({1.0, 0.5}, at::kDouble).unsqueeze(0);
  job.path.segments = 8;
  job.threads = 1;
  job.judge = "none";
  const auto near_zero = [](const Tensor& z) { return at::exp(-z.square().sum(1)); };
  job.own_feature = [&](Models& models) -> Feature {
    EXPECT_EQ(models.decoder->latent_dim(), 2);  // as the ends have
    return {function_quality(near_zero, "near zero"), "near zero"};
  };
  const InterpolateRun by_function = execute(job);
  EXPECT_TRUE(at::equal(by_function.result.nodes[0][0], job.ends.start[0]));
  EXPECT_EQ(by_function.feature, "near zero");
  EXPECT_LE(by_function.result.path.cost_refined.item<double>(),
            by_function.result.linear.cost_refined.item<double>());

  job.own_feature = {};
  job.models.classifier_function =
      ModelFunction{.name = "Classifier", .forward = [](const Tensor& x) { return 3 * x; }};
  job.models.classifier = "Classifier";
  job.favor = {"1"};
  EXPECT_EQ(execute(job).feature, "P(1)");

  job.ends.from = "seed:1";
  EXPECT_THAT(refusal(job), HasSubstr("given as tensors"));
  job.ends.from.clear();
  job.ends.end = at::zeros({1, 3}, at::kDouble);
  EXPECT_THAT(refusal(job), HasSubstr("`to` must have the shape [pairs, 2]"));
}

TEST_F(Jobs, GeodesicTakesWhatACallerHasInMemory) {
  GeodesicJob job;
  job.own_embedding = function_embedding(
      [](const Tensor& z) {
        return at::cat({z, (1 - z.square().sum(1, true)).sqrt()}, 1);
      },
      2, "half-sphere");
  job.embedding = "half-sphere";
  job.start = at::tensor({0.0, 0.1}, at::kDouble).unsqueeze(0);
  job.end = at::tensor({0.7, 0.2}, at::kDouble).unsqueeze(0);
  job.reference = "off";
  const Tensor a = (*job.own_embedding)(job.start), b = (*job.own_embedding)(job.end);
  const double angle = std::acos((a * b).sum().item<double>());
  EXPECT_NEAR(execute(job).answers[0].length, angle, 1e-4 * angle);  // chords of 100 segments

  GeodesicJob plane;
  plane.own_metric = metric_tensor(
      [](const Tensor& z) {
        return 4 * at::eye(2, z.options()).expand({z.size(0), 2, 2});
      },
      2, "twice");
  plane.metric = "twice";
  plane.start = job.start;
  plane.end = job.end;
  plane.reference = "off";
  const double distance = (job.end - job.start).norm().item<double>();
  EXPECT_NEAR(execute(plane).answers[0].length, 2 * distance, 1e-8);
  plane.own_quality = constant_quality(std::exp(-3));
  plane.quality = "constant";
  EXPECT_NEAR(execute(plane).answers[0].length, 6 * distance, 1e-8);
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
