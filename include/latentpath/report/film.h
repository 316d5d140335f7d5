#pragma once
// The film of a path: decoded frames, one after the other, of one pair or of many that play together, along
// our path, the straight line and the great circle. Every frame is decoded, none is a blend of two.
//
//   FilmOptions options{.video = "morph.mp4", .fps = 60, .seconds = 2};
//   write_film({problem.embedding, result.nodes, result.times}, options);
//
// A film is whole or absent: it is written beside its place, and renamed.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "latentpath/core/option_table.h"
#include "latentpath/core/progress.h"
#include "latentpath/core/value_range.h"
#include "latentpath/metric/embedding.h"

namespace latentpath {

struct FilmOptions {
  std::string video = {};       ///< FILE.mp4, .webm, .gif or .apng; empty: no such file
  std::string frames_dir = {};  ///< a folder for single PNGs; empty: none
  double fps = 30;
  double seconds = 4;                     ///< from the first frame to the last
  double hold = 0;                        ///< that either of them stands still besides
  int64_t size = 0;                       ///< longer side of each image, in pixels; 0: by how many there are
  std::vector<std::string> rows{"ours"};  ///< "ours", "linear", "spherical"
  std::string arrange = "beside";         ///< the rows of a pair: beside each other, or below
  std::string film_spacing = "arc";       ///< frames evenly spaced in image space; time
  int64_t film_pairs = 16;                ///< that play together, at most
  /// A folder that will be there when the film is written, and may hold it: that of a run (`out`). No option.
  std::string run_folder = {};

  bool wanted() const { return !video.empty() || !frames_dir.empty(); }
  int64_t moving_frames() const;    ///< without those of `hold`
  int64_t standing_frames() const;  ///< at either end
};
/// Its rules look at the file's ending and folder, so that nothing is computed for a film that cannot be
/// written.
const OptionTable<FilmOptions>& film_option_table();

/// Where in its run folder a file of the film is to lie, "morph.mp4"; empty where it lies elsewhere.
std::filesystem::path place_in_run(const FilmOptions& options, const std::string& file);

/// Refuses what films of tours do not show. Throws Error(kArgument).
void check_film_of_tours(const FilmOptions& options);

/// Paths, and what makes images of their points.
struct FilmedPaths {
  std::shared_ptr<const Embedding> embedding;
  Tensor nodes;                                 ///< [pairs, n + 1, D]
  Tensor times;                                 ///< [n + 1], or [pairs, n + 1] where each has its own
  std::optional<ValueRange> output_range = {};  ///< the decoder's values; none: the extremes of what is shown
  bool tours =
      false;  ///< they are shown in their own times, in which they are smooth at their points, and alone
};

struct FilmFacts {
  int64_t frames = 0, width = 0, height = 0;
  double seconds = 0;
  /// "120 frames of 512 x 512 pixels, 2 s"
  std::string text() const;
};

/// Throws Error kArgument where the decoder makes no images, the film would be too large, or it cannot be
/// written; kInterrupted when cancelled. Then nothing is left.
FilmFacts write_film(const FilmedPaths& paths, const FilmOptions& options, int threads = 1,
                     const ProgressObserver& progress = {}, const CancellationToken& cancellation = {});

/// The names under which its files are written before they are whole.
std::vector<std::filesystem::path> temporary_files(const FilmOptions& options);

}  // namespace latentpath
