#include "latentpath/run/run_progress.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

namespace latentpath::testing {
namespace {

/// Asserts that no share is below the one before, or outside of [0, 1].
class Watched {
 public:
  explicit Watched(std::vector<RunPhase> phases) : whole_(std::move(phases)) {}
  void operator()(const Progress& progress) {
    const double share = whole_(progress);
    EXPECT_GE(share, last_) << progress.stage;
    EXPECT_LE(share, 1) << progress.stage;
    if (first_ < 0) first_ = share;
    largest_step_ = std::max(largest_step_, share - last_);
    last_ = share;
    ++told_;
  }
  ProgressObserver observer() {
    return [this](const Progress& progress) { (*this)(progress); };
  }
  double first() const { return first_; }
  double last() const { return last_; }
  double largest_step() const { return largest_step_; }
  int64_t told() const { return told_; }

 private:
  RunProgress whole_;
  double first_ = -1, last_ = 0, largest_step_ = 0;
  int64_t told_ = 0;
};

InterpolateJob digits() {
  InterpolateJob job;
  job.models.decoder = "mnist-vae-8";
  job.models.classifier = "mnist-classifier";
  job.models.folders = {LATENTPATH_TEST_MODELS};
  job.ends.from = "seed:23";
  job.ends.to = "seed:30";
  job.favor = {"8"};
  job.path.segments = 32;
  job.threads = 1;
  return job;
}

}  // namespace

TEST(RunProgress, TheShareOfARealRunNeverGoesBackAndEndsAtOne) {
  Watched watched(with_film(run_phases(digits()), 10));
  execute(digits(), {.progress = watched.observer()});
  EXPECT_LT(watched.first(), 0.2);
  EXPECT_GT(watched.last(), 0.8);  // all but the film
  EXPECT_LT(watched.last(), 1);
  EXPECT_LT(watched.largest_step(), 0.4);
  EXPECT_GT(watched.told(), 20);
  for (int64_t frame = 1; frame <= 10; ++frame)
    watched({.stage = "film", .done = frame, .total = 10, .activity = Activity::kFilm});
  EXPECT_EQ(watched.last(), 1);
}

TEST(RunProgress, TablesCountTheirBatchesAndHowFarEachIs) {
  EvaluateJob job;
  job.models = digits().models;
  job.favor = {"8"};
  job.pairs = "4";
  job.batch = 2;
  job.methods = {"linear", "ours"};
  job.path.segments = 16;
  job.threads = 1;
  Watched watched(run_phases(job));
  execute(job, {.progress = watched.observer()});
  EXPECT_GT(watched.last(), 0.95);
  EXPECT_LT(watched.largest_step(), 0.3);
}

TEST(RunProgress, MeasuresAndGeodesicsAreToldAsAWhole) {
  MeasuresJob measures;
  measures.example = 1;
  measures.points = 20;
  measures.threads = 1;
  Watched of_measures(run_phases(measures));
  execute(measures, {.progress = of_measures.observer()});
  EXPECT_GT(of_measures.last(), 0.6);
  GeodesicJob geodesic;
  geodesic.example = 3;
  Watched of_geodesic(run_phases(geodesic));
  execute(geodesic, {.progress = of_geodesic.observer()});
  EXPECT_GT(of_geodesic.last(), 0.839);  // where checks begin, of which its reference is one
}

TEST(RunProgress, LevelsTakeTimeAsTheirNumbersSay) {
  const auto at = [](const char* stage, int64_t segments, int64_t done) {
    return Progress{.stage = stage, .done = done, .total = 10, .segments = segments};
  };
  RunProgress whole({{.weight = 1, .finest = 64}});
  EXPECT_EQ(whole(at("8 segments", 8, 0)), 0);
  EXPECT_NEAR(whole(at("32 segments", 32, 0)), 0.85 / 8, 1e-12);
  EXPECT_NEAR(whole(at("64 segments", 64, 5)), 0.85 * 0.75, 1e-12);
  const double before = whole(at("64 segments, 2 midpoints each", 64, 0));
  EXPECT_NEAR(before, 0.85, 1e-12);
  EXPECT_GT(whole(at("64 segments, 2 midpoints each", 64, 9)), before);
  const double later = whole.share();
  EXPECT_GE(whole(at("8 segments", 8, 0)), later);  // of another pair: not back
  EXPECT_LT(whole.share(), 1);
}

TEST(RunProgress, WithoutPhasesEachStageIsToldByItselfAndNoTimeIsGuessed) {
  RunProgress whole({});
  EXPECT_EQ(whole({"epoch", 3, 4}), 0.75);
  EXPECT_EQ(whole({"card", 0, 4}), 0);
  EXPECT_FALSE(whole.seconds_left());
}

TEST(RunProgress, TimesAreShort) {
  EXPECT_EQ(duration_text(0.2), "1 s");
  EXPECT_EQ(duration_text(89), "89 s");
  EXPECT_EQ(duration_text(300), "5 min");
  EXPECT_EQ(duration_text(7200), "2 h");
}

}  // namespace latentpath::testing
