#include "latentpath/report/film.h"

#include <gmock/gmock.h>
#include <torch/types.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "latentpath/core/error.h"
#include "latentpath/io/film.h"
#include "latentpath/io/image.h"
#include "latentpath/report/measure_film.h"
#include "report/film_impl.h"

namespace latentpath {
namespace {

using ::testing::HasSubstr;

/// Images of one brightness, 8 × 10 pixels: z[0] of [0, 1].
std::shared_ptr<Embedding> brightness() {
  return function_embedding(
      [](const Tensor& z) {
        return z.narrow(1, 0, 1).view({-1, 1, 1, 1}).expand({z.size(0), 1, 8, 10});
      },
      2);
}

/// A path that hurries to half brightness, then crawls; the straight line between its ends is even.
FilmedPaths hurried(int64_t pairs = 1) {
  const Tensor one = torch::tensor({{0.0, 0.0}, {0.5, 1.0}, {1.0, 0.0}}, torch::kDouble);
  return {brightness(), one.expand({pairs, 3, 2}).contiguous(),
          torch::tensor({0.0, 0.1, 1.0}, torch::kDouble), ValueRange{0, 1}};
}

class FilmOfPaths : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("latentpath-film-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  /// The single frames that were written, uint8 [n, H, W, 3].
  static Tensor frames_of(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> files(std::filesystem::directory_iterator{folder}, {});
    std::sort(files.begin(), files.end());
    std::vector<Tensor> frames;
    for (const auto& file : files) frames.push_back(read_image(file).expand({-1, -1, 3}));
    return torch::stack(frames);
  }

  std::filesystem::path folder_;
};

TEST_F(FilmOfPaths, FramesAreEvenInImageSpaceAndFillTheFilm) {
  FilmOptions options{.frames_dir = (folder_ / "frames").string(), .fps = 10, .seconds = 1.1, .size = 20};
  const FilmFacts facts = write_film(hurried(), options);
  EXPECT_EQ(facts.frames, 11);
  EXPECT_NEAR(facts.seconds, 1.1, 1e-9);
  const Tensor frames = frames_of(folder_ / "frames");
  ASSERT_EQ(frames.sizes(), (std::vector<int64_t>{11, 16, 20, 3}));
  for (int64_t k = 0; k < 11; ++k) {
    EXPECT_NEAR(frames[k].to(torch::kFloat).mean().item<double>(), 25.5 * static_cast<double>(k), 1) << k;
    EXPECT_EQ(frames[k].max().item<int>(), frames[k].min().item<int>());  // nothing but the image
  }
  options.frames_dir = (folder_ / "in-time").string();
  options.film_spacing = "time";
  write_film(hurried(), options);
  // At t = 0.1 the path is half way.
  EXPECT_NEAR(frames_of(folder_ / "in-time")[1].to(torch::kFloat).mean().item<double>(), 127.5, 1);
}

TEST_F(FilmOfPaths, AFilmOfMeasuresDecodesToItsFrames) {
  const Tensor start = torch::randn({30, 2}, torch::kDouble);
  FilmedMeasures measures;
  measures.path.points = torch::stack({start, start + 2, start + 4});
  measures.path.uniform = true;
  measures.times = torch::tensor({0.0, 0.5, 1.0}, torch::kDouble);
  const FilmOptions options{.video = (folder_ / "points.mp4").string(),
                            .frames_dir = (folder_ / "frames").string(),
                            .fps = 10,
                            .seconds = 0.6,
                            .hold = 0.1,
                            .size = 200};
  const FilmFacts facts = write_measure_film(measures, options);
  EXPECT_EQ(facts.frames, 8);
  const Film film = read_film(folder_ / "points.mp4");
  EXPECT_NEAR(film.fps, 10, 1e-6);
  const Tensor frames = frames_of(folder_ / "frames");
  ASSERT_EQ(film.frames.sizes(), frames.sizes());
  ASSERT_EQ(frames.sizes(), (std::vector<int64_t>{8, 200, 200, 3}));
  const Tensor off = (film.frames.to(torch::kFloat) - frames.to(torch::kFloat)).abs();
  EXPECT_LT(off.mean().item<double>(), 3);  // colours at half resolution, and compressed
  EXPECT_TRUE(torch::equal(frames[0], frames[1]));
  EXPECT_GT((frames[1].to(torch::kFloat) - frames[2].to(torch::kFloat)).abs().mean().item<double>(), 1);
  FilmOptions rows = options;
  rows.rows = {"linear"};
  EXPECT_THROW(write_measure_film(measures, rows), Error);
}

TEST_F(FilmOfPaths, HoldsRepeatTheEnds) {
  const FilmFacts facts = write_film(
      hurried(), {.frames_dir = (folder_ / "frames").string(), .fps = 10, .seconds = 0.5, .hold = 0.3});
  EXPECT_EQ(facts.frames, 3 + 5 + 3);
  const Tensor frames = frames_of(folder_ / "frames");
  for (int64_t k = 1; k <= 3; ++k) {
    EXPECT_TRUE(torch::equal(frames[k], frames[0]));
    EXPECT_TRUE(torch::equal(frames[10 - k], frames[10]));
  }
  EXPECT_FALSE(torch::equal(frames[4], frames[3]));
}

TEST_F(FilmOfPaths, AFilmShowsWhatItsFramesShow) {
  const FilmOptions options{.video = (folder_ / "grid.mp4").string(),
                            .frames_dir = (folder_ / "frames").string(),
                            .fps = 20,
                            .seconds = 0.5,
                            .rows = {"ours", "linear", "spherical"}};
  FilmFacts facts;
  try {
    facts = write_film(hurried(3), options);
  } catch (const Error& error) {
    GTEST_SKIP() << error.what();  // a build without FFmpeg
  }
  const Film film = read_film(options.video);
  const Tensor frames = frames_of(folder_ / "frames");
  ASSERT_EQ(film.frames.sizes(), frames.sizes());
  EXPECT_EQ(film.frames.size(0), 10);
  EXPECT_EQ(film.frames.size(2), facts.width);
  EXPECT_LT((film.frames.to(torch::kFloat) - frames.to(torch::kFloat)).abs().mean().item<double>(), 2);
}

TEST_F(FilmOfPaths, CancelledOrImpossibleLeavesNothing) {
  const CancellationToken cancelled;
  cancelled.cancel();
  const FilmOptions options{.frames_dir = (folder_ / "frames").string()};
  EXPECT_THROW(write_film(hurried(), options, 1, {}, cancelled), Error);
  FilmedPaths vectors = hurried();
  vectors.embedding = identity_embedding(2);
  try {
    write_film(vectors, options);
    ADD_FAILURE() << "a film of points";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("makes no images"));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

/// Images lie inside the film, none over another.
void check_layout(const detail::FilmLayout& layout) {
  for (size_t i = 0; i < layout.cells.size(); ++i) {
    const auto& a = layout.cells[i];
    EXPECT_GE(std::min(a.x, a.y), 0);
    EXPECT_LE(a.x + layout.cell_width, layout.width);
    EXPECT_LE(a.y + layout.cell_height, layout.height);
    for (size_t j = 0; j < i; ++j) {
      const auto& b = layout.cells[j];
      EXPECT_TRUE(a.x + layout.cell_width <= b.x || b.x + layout.cell_width <= a.x ||
                  a.y + layout.cell_height <= b.y || b.y + layout.cell_height <= a.y);
    }
  }
}

TEST(FilmLayout, OneImageFillsTheFilmAndManyStandInAGrid) {
  const auto one = detail::film_layout({.video = "x.mp4", .size = 512}, 1, 32, 32);
  EXPECT_EQ(one.width, 512);
  EXPECT_EQ(one.height, 512);
  EXPECT_EQ(one.cells.at(0).label, "");
  for (const int64_t pairs : {1, 2, 7, 16, 100})
    for (const char* arrange : {"beside", "below"}) {
      const auto many = detail::film_layout(
          {.video = "x.mp4", .rows = {"ours", "linear", "spherical"}, .arrange = arrange}, pairs, 28, 21);
      ASSERT_EQ(many.cells.size(), static_cast<size_t>(3 * pairs));
      EXPECT_EQ(many.width % 2 + many.height % 2, 0);
      const double shape = static_cast<double>(many.width) / static_cast<double>(many.height);
      EXPECT_TRUE(pairs < 7 || (shape > 0.8 && shape < 3.5)) << shape;
      check_layout(many);
    }
  EXPECT_THROW(detail::film_layout({.size = 4096}, 100, 32, 32), Error);
}

}  // namespace
}  // namespace latentpath
