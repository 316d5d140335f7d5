#include "write_frames.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <system_error>

#include "film_impl.h"
#include "latentpath/core/error.h"
#include "latentpath/io/film.h"
#include "latentpath/io/image.h"

namespace latentpath::detail {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kSampledFrames = 8;  // for the colours of a GIF

/// The film's frames as PNGs in a folder that gets its name when all are there.
class FrameFolder {
 public:
  explicit FrameFolder(const fs::path& folder)
      : folder_(without_slash(folder)), temporary_(temporary_beside(folder_)) {
    std::error_code code;
    fs::create_directory(temporary_, code);
    LATENTPATH_CHECK(!code, kArgument, "cannot write the frames into ", folder_.string(), ": ",
                     code.message());
  }
  ~FrameFolder() {
    std::error_code ignored;
    if (!whole_) fs::remove_all(temporary_, ignored);
  }
  FrameFolder(const FrameFolder&) = delete;
  FrameFolder& operator=(const FrameFolder&) = delete;

  void append(const Tensor& frame) {
    char name[32];
    std::snprintf(name, sizeof name, "frame-%05lld.png", static_cast<long long>(++frames_));
    write_png(temporary_ / name, frame);
  }
  void close() {
    std::error_code code;
    fs::remove(folder_, code);  // an empty one may be there
    fs::rename(temporary_, folder_, code);
    LATENTPATH_CHECK(!code, kArgument, "cannot write the frames into ", folder_.string(), ": ",
                     code.message());
    whole_ = true;
  }

 private:
  fs::path folder_, temporary_;
  int64_t frames_ = 0;
  bool whole_ = false;
};

}  // namespace

void check_film_not_cancelled(const CancellationToken& cancellation) {
  LATENTPATH_CHECK(!cancellation.cancelled(), kInterrupted, "interrupted: there is no film");
}

Tensor evenly(int64_t count, int64_t all) {
  return at::linspace(0, static_cast<double>(all - 1), std::min(count, all), at::kDouble)
      .round()
      .to(at::kLong);
}

FilmFacts write_frames(const FilmFrames& frames, const FilmOptions& options, int threads,
                       const ProgressObserver& progress, const CancellationToken& cancellation) {
  const int64_t moving = options.moving_frames(), hold = options.standing_frames();
  std::optional<FilmWriter> film;
  std::optional<FrameFolder> folder;
  if (!options.video.empty()) {
    FilmSettings settings{.width = frames.width, .height = frames.height, .fps = options.fps};
    if (fs::path(options.video).extension() == ".gif")
      settings.sample = at::stack(frames.draw(evenly(kSampledFrames, moving)));
    settings.threads = threads;
    film.emplace(options.video, settings);
  }
  if (!options.frames_dir.empty()) folder.emplace(options.frames_dir);
  FilmFacts facts{.width = frames.width, .height = frames.height};
  const int64_t step = std::clamp<int64_t>(frames.at_once, 1, moving);
  for (int64_t begin = 0; begin < moving; begin += step) {
    const int64_t count = std::min(step, moving - begin);
    const std::vector<Tensor> drawn = frames.draw(at::arange(begin, begin + count));
    for (int64_t i = 0; i < count; ++i) {
      check_film_not_cancelled(cancellation);
      const int64_t frame = begin + i;
      const int64_t times = 1 + (frame == 0 || frame == moving - 1 ? hold : 0);
      for (int64_t k = 0; k < times; ++k, ++facts.frames) {
        if (film) film->append(drawn[static_cast<size_t>(i)]);
        if (folder) folder->append(drawn[static_cast<size_t>(i)]);
      }
      if (progress)
        progress({.stage = "film", .done = frame + 1, .total = moving, .activity = Activity::kFilm});
    }
  }
  if (film) film->close();
  if (folder) folder->close();
  facts.seconds = static_cast<double>(facts.frames) / options.fps;
  return facts;
}

}  // namespace latentpath::detail
