// Jobs from C++, without the program.

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <set>

#include "latentpath/core/error.h"
#include "latentpath/core/random.h"
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
using ::testing::StartsWith;

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

std::string refusal(const std::vector<InterpolateJob>& jobs) {
  try {
    execute(jobs, {});
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

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

TEST_F(Jobs, GeodesicTellsExactlyWhatTheModelWasAsked) {
  for (const char* method : {"auto", "newton", "lbfgs", "adam"})
    for (const char* reference : {"off", "on"}) {
      // What the model itself counts, beside Embedding::evaluations().
      const auto asked = std::make_shared<std::atomic<int64_t>>(0);
      GeodesicJob job;
      job.own_embedding = function_embedding(
          [asked](const Tensor& z) {
            *asked += z.size(0);
            return at::cat({z, at::sin(z.sum(1, true))}, 1);
          },
          2, "waves");
      job.embedding = "waves";
      job.start = at::tensor({0.0, 0.1, -0.3, 0.4}, at::kDouble).view({2, 2});
      job.end = at::tensor({0.7, 1.2, 1.1, -0.5}, at::kDouble).view({2, 2});
      job.search.method = method;
      job.search.segments = 20;
      job.search.max_iterations = 40;
      job.samples = 200;
      job.reference = reference;
      const GeodesicRun run = execute(job);
      int64_t told = run.summary["verification_evaluations"].get<int64_t>();
      for (const auto& pair : run.summary["pairs"]) {
        EXPECT_GT(pair["path"]["decoder_evaluations"].get<int64_t>(), 0);
        told += pair["path"]["decoder_evaluations"].get<int64_t>();
      }
      EXPECT_EQ(told, asked->load()) << method << ", reference " << reference;
      EXPECT_GT(run.summary["verification_evaluations"].get<int64_t>(), 0);
    }
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

/// Two eights and a three between three pairs: each as if it were alone.
TEST_F(Jobs, PairsMayAskForDifferentThings) {
  std::vector<InterpolateJob> jobs(2, digits());
  const std::vector<std::vector<int64_t>> pairs{{0, 2}, {1}};
  Tensor start = at::empty({3, 2}), end = at::empty({3, 2});
  for (int64_t pair = 0; pair < 3; ++pair)
    for (int64_t d = 0; d < 2; ++d) {
      start[pair][d] = -1.0 + 0.4 * static_cast<double>(pair) - 0.3 * static_cast<double>(d);
      end[pair][d] = 1.2 - 0.7 * static_cast<double>(pair) + 0.5 * static_cast<double>(d);
    }
  jobs[1].favor = {"3"};
  for (size_t group = 0; group < 2; ++group) {
    const Tensor numbers = at::tensor(pairs[group], at::kLong);
    jobs[group].ends = {};
    jobs[group].ends.start = start.index_select(0, numbers);
    jobs[group].ends.end = end.index_select(0, numbers);
  }
  const InterpolateRun all = execute(jobs, pairs);
  EXPECT_THAT(all.result.nodes.sizes().vec(), ElementsAre(3, 9, 2));
  ASSERT_EQ(all.summary["pairs"].size(), 3u);
  for (const int64_t pair : {1, 2}) {
    InterpolateJob alone = digits();
    alone.favor = {pair == 1 ? "3" : "8"};
    alone.ends = {};
    alone.ends.start = start.slice(0, pair, pair + 1);
    alone.ends.end = end.slice(0, pair, pair + 1);
    const InterpolateRun one = execute(alone);
    // Batches of other sizes round otherwise, and three iterations have not converged.
    EXPECT_TRUE(at::allclose(all.result.nodes[pair], one.result.nodes[0], 0, 1e-3)) << pair;
    const auto& mine = all.summary["pairs"][static_cast<size_t>(pair)];
    const auto& theirs = one.summary["pairs"][0];
    EXPECT_EQ(mine["feature"], one.feature);
    EXPECT_EQ(mine["classifier"], one.summary["classifier"]);
    EXPECT_EQ(mine["path"]["verdict"], theirs["path"]["verdict"]);
    for (const char* curve : {"path", "linear", "spherical"})
      for (const char* figure : {"cost_refined", "length", "mean_class_probability"})
        EXPECT_NEAR(mine[curve][figure].get<double>(), theirs[curve][figure].get<double>(),
                    2e-3 * std::abs(theirs[curve][figure].get<double>()))
            << pair << " " << curve << " " << figure;
  }
  EXPECT_TRUE(all.options["favor"].is_null());
  EXPECT_FALSE(all.summary.contains("feature"));
  EXPECT_THAT(all.text, HasSubstr("probability of what each pair asks for"));
  EXPECT_THAT(refusal(std::vector<InterpolateJob>()), HasSubstr("a job for each group"));

  // What is to be said of one pair is said of it, by its number among all; what is to be said of each, once.
  jobs[1].ends.end = at::full({1, 2}, 4.0);
  jobs[1].ends.any_endpoint = true;
  const InterpolateRun strange = execute(jobs, pairs);
  int64_t of_second = 0;
  for (const Warning& warning : strange.warnings)
    if (warning.find("stranger than 9999") != std::string::npos) {
      EXPECT_THAT(warning, StartsWith("pair 2: "));
      EXPECT_EQ(warning.pair, 1);
      ++of_second;
    }
  EXPECT_EQ(of_second, 1);
  EXPECT_EQ(std::set<std::string>(strange.warnings.begin(), strange.warnings.end()).size(),
            strange.warnings.size());
  jobs[1].ends.end = end.slice(0, 1, 2);

  // Whoever interrupts the first group has the best so far of all.
  const CancellationToken token;
  RunObserver observer;
  observer.progress = [&](const Progress& progress) {
    if (progress.stage.rfind("group 1 of 2", 0) == 0) token.cancel();
  };
  const InterpolateRun cut = execute(jobs, pairs, observer, token);
  EXPECT_TRUE(cut.interrupted());
  EXPECT_TRUE(at::equal(cut.result.nodes.select(1, 0), start));
  EXPECT_TRUE(cut.summary["pairs"][1]["linear"].contains("cost_refined"));
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
  job.search.kind = MeasureKind::kDisplacement;
  job.search.steps = 4;
  const MeasuresRun run = execute(job);
  EXPECT_THAT(run.result.path.points.sizes().vec(), ElementsAre(5, 3, 2));
  EXPECT_EQ(run.summary["kind"], "displacement");
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

TEST_F(Jobs, EvaluateTakesWhatACallerHasInMemory) {
  EvaluateJob job;
  job.models.decoder_function =
      ModelFunction{.name = "Generator", .forward = [](const Tensor& z) { return at::tanh(z); }};
  job.models.decoder = "Generator";
  job.models.classifier_function =
      ModelFunction{.name = "Classifier", .forward = [](const Tensor& x) { return 3 * x; }};
  job.models.classifier = "Classifier";
  job.models.judge_function = job.models.classifier_function;
  job.judge = "Second";
  job.favor = {"1"};
  job.own_pairs = at::randn({5, 2, 3}, make_generator(1), at::kFloat);
  job.pairs.clear();
  job.own_features = [](Models& models) {
    EXPECT_EQ(models.decoder->latent_dim(), 3);  // as the pairs have
    const auto near_zero = [](const Tensor& z) { return at::exp(-z.square().sum(1)); };
    return std::vector<Feature>{{function_quality(near_zero, "near zero"), "near zero"}};
  };
  job.methods = {"linear"};
  job.frames = 5;
  job.batch = 2;
  job.threads = 1;
  const EvaluateRun run = execute(job);
  ASSERT_EQ(run.sets.size(), 2u);
  EXPECT_EQ(run.sets[0].feature, "favor 1");
  EXPECT_EQ(run.sets[1].feature, "near zero");
  EXPECT_TRUE(at::equal(run.arrays[0].second[1], job.own_pairs));
  const EvaluatedPath &asked = run.sets[0].paths[0], &own = run.sets[1].paths[0];
  // The judge is the classifier; it looks at five frames, and the other mean is over a refined grid.
  EXPECT_NEAR(asked[PathFigure::kMeanJudge], asked[PathFigure::kMeanFeature], 0.02);
  EXPECT_TRUE(std::isnan(own[PathFigure::kClassRatio]) && std::isnan(own[PathFigure::kMeanJudge]));
  EXPECT_GT(own[PathFigure::kMeanFeature], 0);

  // Three of six batches: all of the first row, and none of the second.
  const auto interrupted = [&job] {
    const CancellationToken token;
    RunObserver observer;
    observer.progress = [&](const Progress& progress) {
      if (progress.done == 3) token.cancel();
    };
    return execute(job, observer, token);
  };
  EXPECT_THROW(interrupted(), Error);
  job.keep_finished = true;
  const EvaluateRun cut = interrupted();
  EXPECT_TRUE(cut.interrupted());
  ASSERT_EQ(cut.sets.size(), 1u);
  EXPECT_EQ(cut.sets[0].paths.size(), 5u);
  job.resume = true;
  job.out = (folder_ / "table").string();
  EXPECT_THAT(refusal(job), HasSubstr("in memory"));
}

}  // namespace
}  // namespace latentpath::testing
