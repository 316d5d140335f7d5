#pragma once
// Films and figures of a run folder, made afterwards: the job of `latentpath render`. The paths are those
// stored; images are decoded again, by the decoder that the run names.
//
//   Rendered rendered = render({.run = "runs/eights", .film = {.video = "morph.mp4"}});

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "latentpath/report/film.h"
#include "latentpath/run/run_record.h"

namespace latentpath {

struct RenderJob {
  std::string run = {};         ///< folder
  std::string decoder = {};     ///< where it is now; empty: where the run says
  std::string classifier = {};  ///< likewise
  FilmOptions film = {};
  std::string strip = {}, curves = {};                           ///< FILE.png, .svg or .pdf; empty: none
  std::vector<std::string> only{"linear", "spherical", "ours"};  ///< rows of strip and curves
  std::vector<std::string> class_names = {};  ///< for titles, where the run's classes are numbers
  int64_t pair = 1;                           ///< of strip and curves, from 1
  int64_t frames = 12;
  std::string spacing = "time";
  int64_t threads = 0;
  /// Where names of models are sought. Not an option.
  std::vector<std::filesystem::path> folders = {};
};
const OptionTable<RenderJob>& render_option_table();

struct Rendered {
  std::optional<FilmFacts> film;
  std::vector<std::string> files;  ///< the figures that were written
};

/// Throws Error: kInput for what is no run of `interpolate`, and for a decoder that is gone; else as
/// write_film().
Rendered render(const RenderJob& job, const RunObserver& observer = {},
                const CancellationToken& cancellation = {});

}  // namespace latentpath
