#include "latentpath/report/grid.h"

#include <ATen/Functions.h>

#include <algorithm>

#include "frames.h"
#include "latentpath/core/error.h"
#include "latentpath/report/picture.h"

namespace latentpath {
namespace {

using detail::kFrameGap;
using detail::kPageMargin;

constexpr double kCaptionHeight = 17;
const TextStyle kTitleStyle{.size = 16, .bold = true};
const TextStyle kCaptionStyle{.size = 10.5, .align = Align::kCentre};

}  // namespace

Picture draw_grid(const Tensor& images, int columns, const GridOptions& options) {
  LATENTPATH_CHECK(columns >= 1, kArgument, "a grid of ", columns, " columns: it must have at least 1");
  LATENTPATH_CHECK(options.pixel_ratio > 0, kArgument, "a grid's pixel_ratio is ", options.pixel_ratio,
                   ": it must be above 0");
  const Tensor frames = detail::frames_to_bytes(images, "grid");
  const int64_t count = frames.size(0), across = std::min<int64_t>(columns, count);
  const int64_t down = (count + across - 1) / across;
  LATENTPATH_CHECK(options.captions.empty() || static_cast<int64_t>(options.captions.size()) == count,
                   kArgument, "a grid has ", options.captions.size(), " captions for ", count, " images");
  const Box frame = detail::frame_size(frames.size(1), frames.size(2), options.scale, options.pixel_ratio);
  const double step_x = frame.width + kFrameGap;
  const double step_y = frame.height + kFrameGap + (options.captions.empty() ? 0 : kCaptionHeight);
  const double content = static_cast<double>(across) * step_x - kFrameGap;
  const double width = std::max(content, options.title.empty() ? 0.0 : 240.0) + 2 * kPageMargin;
  const std::vector<std::string> title = wrap_text(options.title, kTitleStyle, width - 2 * kPageMargin, 4);
  const double header = title.empty() ? 0 : static_cast<double>(title.size()) * line_height(kTitleStyle) + 8;

  Picture picture(width, 2 * kPageMargin + header + static_cast<double>(down) * step_y - kFrameGap,
                  options.pixel_ratio);
  double y = kPageMargin;
  for (const auto& line : title) {
    picture.draw_text({kPageMargin, y + kTitleStyle.size}, line, kTitleStyle);
    y += line_height(kTitleStyle);
  }
  for (int64_t i = 0; i < count; ++i) {
    const int64_t row = i / across, column = i % across;
    const Box box{kPageMargin + static_cast<double>(column) * step_x,
                  kPageMargin + header + static_cast<double>(row) * step_y, frame.width, frame.height};
    picture.draw_image(box, frames[i]);
    picture.draw_frame(box, 0.5, {200, 200, 200});
    if (!options.captions.empty())
      picture.draw_text(
          {box.x + box.width / 2, box.y + box.height + 13},
          shorten_text(options.captions[static_cast<size_t>(i)], kCaptionStyle, frame.width + 2),
          kCaptionStyle);
  }
  return picture;
}

}  // namespace latentpath
