#include "latentpath/io/film.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include "io/io_test_folder.h"
#include "latentpath/io/file.h"

namespace latentpath {
namespace {

using test::error_of;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int64_t kHeight = 48, kWidth = 64, kFrames = 13;

/// A square that moves over a gradient: few colours, or more than a GIF has.
std::vector<Tensor> moving_square(bool many_colours) {
  std::vector<Tensor> frames;
  for (int64_t k = 0; k < kFrames; ++k) {
    Tensor frame = torch::full({kHeight, kWidth, 3}, 200, torch::kByte);
    if (many_colours) {
      frame.select(2, 0).copy_(torch::arange(kWidth).mul(4).expand({kHeight, kWidth}));
      frame.select(2, 1).copy_(torch::arange(kHeight).mul(5).unsqueeze(1).expand({kHeight, kWidth}));
      frame.select(2, 2).fill_(10 * k);
    }
    frame.slice(0, 16, 32).slice(1, 3 * k, 3 * k + 16).copy_(torch::tensor({30, 60, 120}, torch::kByte));
    frames.push_back(frame);
  }
  return frames;
}

class FilmTest : public test::FolderTest {
 protected:
  void SetUp() override {
    FolderTest::SetUp();
    try {
      check_film(folder_ / "x.gif", 25);
    } catch (const Error& error) {
      GTEST_SKIP() << error.what();  // a build without FFmpeg
    }
  }
  void write(const std::string& name, const std::vector<Tensor>& frames, double fps = 25) const {
    FilmWriter film(folder_ / name,
                    {.width = kWidth, .height = kHeight, .fps = fps, .sample = torch::stack(frames)});
    for (const Tensor& frame : frames) film.append(frame);
    film.close();
  }
  /// The largest difference of any byte, and the mean.
  static std::pair<double, double> difference(const Film& film, const std::vector<Tensor>& frames) {
    const Tensor apart = (film.frames.to(torch::kFloat) - torch::stack(frames).to(torch::kFloat)).abs();
    return {apart.max().item<double>(), apart.mean().item<double>()};
  }
};

TEST_F(FilmTest, WhatIsReadIsWhatWasWritten) {
  for (const bool many : {false, true})
    for (const std::string ending : {"mp4", "webm", "gif", "apng"}) {
      SCOPED_TRACE(ending + (many ? ", many colours" : ", few colours"));
      const auto frames = moving_square(many);
      write("film." + ending, frames);
      const Film film = read_film(folder_ / ("film." + ending));
      EXPECT_EQ(film.frames.sizes(), (std::vector<int64_t>{kFrames, kHeight, kWidth, 3}));
      EXPECT_NEAR(film.fps, 25, 0.01);
      EXPECT_NEAR(film.seconds, kFrames / 25.0, 0.011);  // a GIF counts hundredths
      const auto [largest, mean] = difference(film, frames);
      const bool lossless = ending == "apng" || (ending == "gif" && !many);
      EXPECT_LE(largest, lossless ? 0 : 255);
      // Colours at half resolution are wrong along the square's edge, and there alone. 255 colours share a
      // cube of 252 × 235 × 120, 30 steps apart: on average a byte is off by a quarter of that.
      EXPECT_LT(mean, ending == "gif" ? 30.0 / 4 : 3);
    }
}

TEST_F(FilmTest, RedIsRedAndWhiteIsWhite) {
  const Tensor frame = torch::full({kHeight, kWidth, 3}, 255, torch::kByte);
  frame.slice(1, 0, 32).copy_(torch::tensor({220, 20, 30}, torch::kByte));
  write("red.mp4", {frame, frame, frame, frame, frame, frame, frame});
  const Film film = read_film(folder_ / "red.mp4");
  const Tensor last = film.frames[-1].to(torch::kInt);
  EXPECT_LE((last[20][8] - torch::tensor({220, 20, 30})).abs().max().item<int>(), 4);
  EXPECT_LE((last[20][56] - 255).abs().max().item<int>(), 2);
}

TEST_F(FilmTest, EqualFramesAreEqualBytes) {
  const auto frames = moving_square(true);
  for (const std::string ending : {"mp4", "webm", "gif", "apng"}) {
    write("first." + ending, frames);
    const std::string first = read_file(folder_ / ("first." + ending));
    for (int again = 0; again < 5;
         ++again) {  // an encoder that reads what it did not write differs now and then
      write("again." + ending, frames);
      EXPECT_TRUE(read_file(folder_ / ("again." + ending)) == first) << ending;
    }
  }
}

TEST_F(FilmTest, WhatIsNotClosedIsNotThere) {
  write_file(folder_ / "old.mp4", "what was there");
  {
    FilmWriter film(folder_ / "old.mp4", {.width = kWidth, .height = kHeight});
    film.append(moving_square(false)[0]);
    EXPECT_EQ(entry_count(), 2u);  // the hidden one beside it
  }
  EXPECT_EQ(entry_count(), 1u);
  EXPECT_EQ(read_file(folder_ / "old.mp4"), "what was there");
  write("old.mp4", moving_square(false));
  EXPECT_EQ(read_film(folder_ / "old.mp4").frames.size(0), kFrames);
  EXPECT_EQ(entry_count(), 1u);
}

TEST_F(FilmTest, RefusalsNameTheFileAndTheRemedy) {
  const auto refusal = [&](const std::string& name, const FilmSettings& settings) {
    return error_of(ErrorKind::kArgument, [&] { FilmWriter(folder_ / name, settings); });
  };
  EXPECT_THAT(refusal("x.avi", {.width = 64, .height = 48}), AllOf(HasSubstr("x.avi"), HasSubstr(".webm")));
  EXPECT_THAT(refusal("x.mp4", {.width = 63, .height = 48}), AllOf(HasSubstr("even"), HasSubstr("63 x 48")));
  EXPECT_THAT(refusal("x.gif", {.width = 63, .height = 47, .fps = 60}),
              AllOf(HasSubstr("50"), HasSubstr("60")));
  EXPECT_THAT(refusal("none/x.gif", {.width = 64, .height = 48}), HasSubstr("does not exist"));
  EXPECT_THAT(refusal("x.mp4", {}), HasSubstr("0 x 0"));
  EXPECT_EQ(entry_count(), 0u);
  FilmWriter film(folder_ / "x.apng", {.width = 63, .height = 47});
  EXPECT_THAT(error_of(ErrorKind::kArgument,
                       [&] {
                         film.append(torch::zeros({47, 64, 3}, torch::kByte));
                       }),
              HasSubstr("[47, 63, 3]"));
  EXPECT_THAT(error_of(ErrorKind::kArgument, [&] { film.close(); }), HasSubstr("no frames"));
  write_file(folder_ / "text.mp4", "no film");
  EXPECT_THAT(error_of(ErrorKind::kInput, [&] { read_film(folder_ / "text.mp4"); }), HasSubstr("text.mp4"));
}

}  // namespace
}  // namespace latentpath
