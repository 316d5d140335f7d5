// write_film(): decoded frames of paths, in the layout of film_layout().

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "decoded_images.h"
#include "film_impl.h"
#include "frames.h"
#include "latentpath/core/error.h"
#include "latentpath/curve/curve.h"
#include "latentpath/path/even_frame_times.h"
#include "latentpath/path/initial_path.h"
#include "latentpath/report/picture.h"
#include "write_frames.h"

namespace latentpath {
namespace {

using detail::evenly;

constexpr int64_t kPointsPerBatch = 256;
constexpr int64_t kFewestChords = 256;
constexpr int64_t kSampledFrames = 8;  // for the values of a decoder without a range

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
  FilmFacts write(int threads) const {
    const auto at_once = kPointsPerBatch / static_cast<int64_t>(curves_.size());
    const auto draw_these = [this](const Tensor& numbers) { return draw(numbers); };
    return detail::write_frames({layout_.width, layout_.height, at_once, draw_these}, options_, threads,
                                progress_, cancellation_);
  }

 private:
  void look_at_images();
  void set_curves();
  void find_range();
  void draw_background();
  Tensor decode(const Tensor& frames) const;
  std::vector<Tensor> draw(const Tensor& frames) const;

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
    detail::check_film_not_cancelled(cancellation_);
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
  const Tensor images = decode(evenly(kSampledFrames, moving_));
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

}  // namespace

FilmFacts write_film(const FilmedPaths& paths, const FilmOptions& options, int threads,
                     const ProgressObserver& progress, const CancellationToken& cancellation) {
  film_option_table().validate(options);
  const at::NoGradGuard no_gradient;
  return FilmMaker(paths, options, progress, cancellation).write(threads);
}

}  // namespace latentpath
