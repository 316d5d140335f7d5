#include "latentpath/report/film.h"

#include <algorithm>
#include <cmath>
#include <system_error>

#include "film_impl.h"
#include "latentpath/core/error.h"
#include "latentpath/core/figure_text.h"
#include "latentpath/io/file.h"
#include "latentpath/io/film.h"

namespace latentpath {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMostFrames = 100'000;

using detail::without_slash;

/// Names of a run folder that are its own.
void check_free_in_run(const fs::path& place, const char* field) {
  const std::string first = place.begin()->string();
  LATENTPATH_CHECK(
      first != "frames" && first != "report" && std::next(place.begin()) == place.end(), kArgument, "`",
      field, "` ", place.string(),
      " is no place for a film in a run folder: give a name that lies in it directly, and is not frames "
      "or report, which are the run's own");
}

void check_frames_folder(const fs::path& folder) {
  check_new_file(without_slash(folder).parent_path() / "frame");
  std::error_code ignored;
  LATENTPATH_CHECK(
      !fs::exists(folder, ignored) || (fs::is_directory(folder, ignored) && fs::is_empty(folder, ignored)),
      kArgument, "`frames_dir` ", folder.string(),
      " is there already and is no empty folder: choose another");
}

void check_options(const FilmOptions& options) {
  LATENTPATH_CHECK(!options.rows.empty(), kArgument, "`rows` names no curve: ours, linear or spherical");
  for (auto row = options.rows.begin(); row != options.rows.end(); ++row)
    LATENTPATH_CHECK(std::find(options.rows.begin(), row, *row) == row, kArgument, "`rows` names ", *row,
                     " twice");
  const double frames = options.fps * (options.seconds + 2 * options.hold);
  LATENTPATH_CHECK(options.moving_frames() >= 2, kArgument, "`seconds` ", options.seconds, " at `fps` ",
                   options.fps, " is no film: it needs two frames at least");
  LATENTPATH_CHECK(frames <= static_cast<double>(kMostFrames), kArgument,
                   "`seconds`, `hold` and `fps` ask for ", frames, " frames: ", kMostFrames,
                   " at most can be written");
  if (!options.video.empty()) {
    check_film_format(options.video, options.fps);
    if (const fs::path place = place_in_run(options, options.video); !place.empty())
      check_free_in_run(place, "video");
    else
      check_new_file(options.video);
    LATENTPATH_CHECK(
        options.size % 2 == 0 || !film_needs_even_size(options.video), kArgument,
        "`size` must be even for .mp4 and .webm films, whose colours are stored for 2 x 2 pixels: give ",
        options.size - 1, " or ", options.size + 1, ", not ", options.size);
  }
  if (options.frames_dir.empty()) return;
  if (const fs::path place = place_in_run(options, options.frames_dir); !place.empty())
    check_free_in_run(place, "frames_dir");
  else
    check_frames_folder(options.frames_dir);
}

OptionTable<FilmOptions> make_table() {
  using O = FilmOptions;
  OptionTable<O> t;
  t.group("Film")
      .add("video", &O::video)
      .help("Film of the path: FILE.mp4 (H.264), .webm (VP9), .gif or .apng; what has the name is replaced")
      .names_file()
      .not_recorded()
      .add("frames-dir", &O::frames_dir)
      .help("Folder for the film's frames as single PNGs")
      .names_file()
      .not_recorded()
      .add("fps", &O::fps)
      .help("Frames a second")
      .range(0.1, 240)
      .not_recorded()
      .add("seconds", &O::seconds)
      .help("Time from one end to the other")
      .unit("s")
      .above(0)
      .at_most(36000)
      .not_recorded()
      .add("hold", &O::hold)
      .help("Time that the first and the last frame stand still, besides")
      .unit("s")
      .range(0, 3600)
      .not_recorded()
      .add("size", &O::size)
      .help("Longer side of each image in pixels")
      .range(16, 16384)
      .zero("by how many images there are")
      .not_recorded()
      .add("rows", &O::rows)
      .help("Curves in the film; several: ours,linear,spherical")
      .separated()
      .choices({{"ours"}, {"linear"}, {"spherical"}})
      .not_recorded()
      .add("arrange", &O::arrange)
      .help("Several curves of a pair")
      .choices({{"beside", "each other"}, {"below", "each other"}})
      .not_recorded()
      .add("film-spacing", &O::film_spacing)
      .help("Frames of the film evenly spaced")
      .choices({{"arc", "by arc length in image space"}, {"time", "in time"}})
      .not_recorded()
      .add("film-pairs", &O::film_pairs)
      .help("Pairs that play together in a film, at most")
      .range(1, 10000)
      .not_recorded()
      .rule(check_options);
  return t;
}

}  // namespace

fs::path detail::without_slash(const fs::path& path) {
  return path.has_filename() ? path : path.parent_path();
}

int64_t FilmOptions::moving_frames() const { return std::llround(fps * seconds); }
int64_t FilmOptions::standing_frames() const { return std::llround(fps * hold); }

const OptionTable<FilmOptions>& film_option_table() {
  static const OptionTable<FilmOptions> table = make_table();
  return table;
}

fs::path place_in_run(const FilmOptions& options, const std::string& file) {
  if (options.run_folder.empty() || file.empty()) return {};
  const auto normal = [](const std::string& name) {
    std::error_code code;
    return without_slash(fs::absolute(name, code).lexically_normal());
  };
  const fs::path place = normal(file).lexically_relative(normal(options.run_folder));
  return place.empty() || *place.begin() == ".." || place == "." ? fs::path() : place;
}

std::string FilmFacts::text() const {
  return join_message(frames, " frames of ", width, " x ", height, " pixels, ", figure_text(seconds), " s");
}

void check_film_of_tours(const FilmOptions& options) {
  for (const std::string& row : options.rows)
    LATENTPATH_CHECK(row == "ours", kArgument, "`rows` ", row,
                     " is about paths from one end to the other: the film of a tour shows ours alone");
}

std::vector<fs::path> temporary_files(const FilmOptions& options) {
  std::vector<fs::path> files;
  const auto add = [&](const std::string& name) {
    if (name.empty()) return;
    const fs::path path = without_slash(name);
    files.push_back(temporary_beside(link_target(path)));
  };
  add(options.video);
  add(options.frames_dir);
  return files;
}

}  // namespace latentpath
