#include "latentpath/report/film.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <opencv2/imgproc.hpp>
#include <system_error>

#include "decoded_images.h"
#include "film_impl.h"
#include "frames.h"
#include "latentpath/core/error.h"
#include "latentpath/core/figure_text.h"
#include "latentpath/curve/curve.h"
#include "latentpath/io/film.h"
#include "latentpath/io/image.h"
#include "latentpath/path/even_frame_times.h"
#include "latentpath/path/initial_path.h"
#include "latentpath/report/picture.h"

namespace latentpath {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kPointsPerBatch = 256;
constexpr int64_t kMostFrames = 100'000;
constexpr int64_t kFewestChords = 256;
constexpr int64_t kSampledFrames =
    8;  // for the colours of a GIF, and the values of a decoder without a range

/// "frames/" is the folder "frames".
fs::path without_slash(const fs::path& path) { return path.has_filename() ? path : path.parent_path(); }

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

/// One curve of one pair, and the times at which its frames stand.
struct FilmedCurve {
  Tensor nodes;       // [1, n + 1, D] float64
  Tensor node_times;  // [n + 1] float64
  Tensor times;       // [frames] float64
};

class FilmMaker {
 public:
  FilmMaker(const FilmedPaths& paths, const FilmOptions& options, const ProgressObserver& progress,
            const CancellationToken& cancellation)
      : paths_(paths),
        options_(options),
        progress_(progress),
        cancellation_(cancellation),
        moving_(options.moving_frames()) {
    look_at_images();
    set_curves();
    find_range();
    draw_background();
  }
  FilmFacts write(int threads);

 private:
  void look_at_images();
  void set_curves();
  void find_range();
  void draw_background();
  Tensor decode(const Tensor& frames) const;
  std::vector<Tensor> draw(const Tensor& frames) const;
  Tensor sample() const { return at::stack(draw(evenly(kSampledFrames))); }
  /// Numbers of so many frames from the first to the last.
  Tensor evenly(int64_t count) const {
    return at::linspace(0, static_cast<double>(moving_ - 1), std::min(count, moving_), at::kDouble)
        .round()
        .to(at::kLong);
  }
  void check_not_cancelled() const {
    LATENTPATH_CHECK(!cancellation_.cancelled(), kInterrupted, "interrupted: there is no film");
  }

  const FilmedPaths& paths_;
  const FilmOptions& options_;
  const ProgressObserver& progress_;
  const CancellationToken& cancellation_;
  int64_t moving_ = 0;
  int64_t height_ = 0, width_ = 0;  // of an image
  detail::FilmLayout layout_;
  std::vector<FilmedCurve> curves_;  // a cell of the layout each
  ValueRange range_{0, 1};
  Tensor background_;  // uint8 [H, W, 3]
};

void FilmMaker::look_at_images() {
  const Tensor one = (*paths_.embedding)(paths_.nodes.select(1, 0).narrow(0, 0, 1).to(at::kDouble));
  LATENTPATH_CHECK(detail::are_images(one), kArgument, "the decoder makes no images, but outputs of shape ",
                   shape_string(one.sizes().slice(1)), ": there is no film of them");
  height_ = one.size(-2), width_ = one.size(-1);
  layout_ =
      detail::film_layout(options_, std::min(paths_.nodes.size(0), options_.film_pairs), height_, width_);
}

void FilmMaker::set_curves() {
  if (paths_.tours) check_film_of_tours(options_);
  const Tensor all_times = paths_.times.to(at::kDouble);
  // Lengths are those of chords: of enough of them for the frames to be even.
  const int64_t segments = all_times.size(-1) - 1, chords = std::max(kFewestChords, 2 * moving_);
  const int64_t subdivisions = std::max<int64_t>(4, (chords + segments - 1) / segments);
  for (const detail::FilmCell& cell : layout_.cells) {
    const Tensor nodes = paths_.nodes.narrow(0, cell.pair, 1).to(at::kDouble);
    const Tensor times = all_times.dim() == 2 ? all_times[cell.pair] : all_times;
    const Tensor start = nodes.select(1, 0), end = nodes.select(1, nodes.size(1) - 1);
    FilmedCurve curve;
    curve.nodes = cell.row == "linear"      ? linear_path(start, end, times)
                  : cell.row == "spherical" ? spherical_path(start, end, times)
                                            : nodes;
    curve.node_times = times;
    check_not_cancelled();
    curve.times = options_.film_spacing == "arc" && !paths_.tours
                      ? even_frame_times(*paths_.embedding, curve.nodes[0], times, moving_, subdivisions)
                      : uniform_times(moving_ - 1);
    curves_.push_back(std::move(curve));
  }
}

/// What the decoder makes of these frames of every curve, frame by frame: [frames · cells, C, h, w].
Tensor FilmMaker::decode(const Tensor& frames) const {
  std::vector<Tensor> points;
  for (const FilmedCurve& curve : curves_)
    points.push_back(
        interpolate_polyline(curve.nodes, curve.node_times, curve.times.index_select(0, frames))[0]);
  const Tensor all = at::stack(points, 1).flatten(0, 1);  // [frames, cells, D]
  std::vector<Tensor> decoded;
  for (const Tensor& part : all.split(kPointsPerBatch))
    decoded.push_back(detail::as_images((*paths_.embedding)(part)).to(at::kCPU, at::kFloat));
  return at::cat(decoded);
}

void FilmMaker::find_range() {
  if (paths_.output_range) {
    range_ = *paths_.output_range;
    return;
  }
  const Tensor images = decode(evenly(kSampledFrames));
  const Tensor finite = images.masked_select(at::isfinite(images));
  if (finite.numel() > 0) range_ = {finite.min().item<double>(), finite.max().item<double>()};
}

void FilmMaker::draw_background() {
  Picture picture(static_cast<double>(layout_.width), static_cast<double>(layout_.height), 1);
  TextStyle style{.size = layout_.label_size, .bold = true, .align = Align::kCentre};
  for (const detail::FilmCell& cell : layout_.cells)
    if (!cell.label.empty())
      picture.draw_text({static_cast<double>(cell.x) + static_cast<double>(layout_.cell_width) / 2,
                         static_cast<double>(cell.y) - 0.4 * layout_.label_size},
                        shorten_text(cell.label, style, static_cast<double>(layout_.cell_width)), style);
  background_ = picture.pixels();
}

/// Whole frames of the film, uint8 [H, W, 3] each.
std::vector<Tensor> FilmMaker::draw(const Tensor& frames) const {
  const Tensor decoded = decode(frames);
  const Tensor bytes =
      detail::frames_to_bytes((decoded - range_.low) / std::max(range_.high - range_.low, 1e-12), "the film");
  const auto h = static_cast<int>(height_), w = static_cast<int>(width_);
  const cv::Size shown(static_cast<int>(layout_.cell_width), static_cast<int>(layout_.cell_height));
  // As in strips: pixels stay sharp squares when enlarged and are averaged when reduced.
  const int how = shown.width < w || shown.height < h ? cv::INTER_AREA : cv::INTER_NEAREST;
  std::vector<Tensor> drawn;
  int64_t next = 0;
  for (int64_t frame = 0; frame < frames.size(0); ++frame) {
    Tensor whole = background_.clone();
    const cv::Mat canvas(static_cast<int>(layout_.height), static_cast<int>(layout_.width), CV_8UC3,
                         whole.data_ptr());
    for (const detail::FilmCell& cell : layout_.cells) {
      const cv::Mat image(h, w, CV_8UC3, bytes[next++].data_ptr());
      cv::Mat place = canvas(cv::Rect({static_cast<int>(cell.x), static_cast<int>(cell.y)}, shown));
      cv::resize(image, place, shown, 0, 0, how);
    }
    drawn.push_back(std::move(whole));
  }
  return drawn;
}

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

FilmFacts FilmMaker::write(int threads) {
  std::optional<FilmWriter> film;
  std::optional<FrameFolder> folder;
  if (!options_.video.empty()) {
    FilmSettings settings{.width = layout_.width, .height = layout_.height, .fps = options_.fps};
    if (fs::path(options_.video).extension() == ".gif") settings.sample = sample();
    settings.threads = threads;
    film.emplace(options_.video, settings);
  }
  if (!options_.frames_dir.empty()) folder.emplace(options_.frames_dir);
  FilmFacts facts{.width = layout_.width, .height = layout_.height};
  const int64_t hold = options_.standing_frames();
  const int64_t step =
      std::clamp<int64_t>(kPointsPerBatch / static_cast<int64_t>(curves_.size()), 1, moving_);
  for (int64_t begin = 0; begin < moving_; begin += step) {
    const int64_t count = std::min(step, moving_ - begin);
    const std::vector<Tensor> frames = draw(at::arange(begin, begin + count));
    for (int64_t i = 0; i < count; ++i) {
      check_not_cancelled();
      const int64_t frame = begin + i;
      const int64_t times = 1 + (frame == 0 || frame == moving_ - 1 ? hold : 0);
      for (int64_t k = 0; k < times; ++k, ++facts.frames) {
        if (film) film->append(frames[static_cast<size_t>(i)]);
        if (folder) folder->append(frames[static_cast<size_t>(i)]);
      }
      if (progress_) progress_({"film", frame + 1, moving_, 0});
    }
  }
  if (film) film->close();
  if (folder) folder->close();
  facts.seconds = static_cast<double>(facts.frames) / options_.fps;
  return facts;
}

}  // namespace

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

FilmFacts write_film(const FilmedPaths& paths, const FilmOptions& options, int threads,
                     const ProgressObserver& progress, const CancellationToken& cancellation) {
  film_option_table().validate(options);
  const at::NoGradGuard no_gradient;
  return FilmMaker(paths, options, progress, cancellation).write(threads);
}

std::vector<fs::path> temporary_files(const FilmOptions& options) {
  std::vector<fs::path> files;
  std::error_code ignored;
  const auto add = [&](const std::string& name) {
    if (name.empty()) return;
    const fs::path path = without_slash(name);
    files.push_back(
        temporary_beside(fs::is_symlink(path, ignored) ? fs::weakly_canonical(path, ignored) : path));
  };
  add(options.video);
  add(options.frames_dir);
  return files;
}

}  // namespace latentpath
