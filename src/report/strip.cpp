#include "latentpath/report/strip.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <cmath>

#include "frames.h"
#include "latentpath/core/error.h"
#include "latentpath/report/picture.h"

namespace latentpath {
namespace {

using detail::kFrameGap;
using detail::kPageMargin;

constexpr double kNarrowestPage = 460;
constexpr double kTitleColumn = 190, kTitleGap = 16;
constexpr double kBarHeight = 5, kBarGap = 3;
constexpr double kRowGap = 16, kLineGap = 8;
constexpr double kScaleWidth = 90;                // of the bars' colour scale
constexpr double kScaleExtra = kScaleWidth + 32;  // with its 0 and 1 and the gaps
constexpr double kSmallestCaption = 7.5;

const TextStyle kTitleStyle{.size = 17, .bold = true};
const TextStyle kRowStyle{.size = 13.5, .bold = true};
const TextStyle kSubtitleStyle{.size = 11, .colour = kGrey};
const TextStyle kCaptionStyle{.size = 11, .align = Align::kCentre};
const TextStyle kSmallStyle{.size = 11, .colour = kGrey};

struct RowLayout {
  Tensor frames;  // uint8 [frames, h, w, 3]
  Box frame;      // its width and height
  std::vector<std::string> title, subtitle;
  int64_t count = 0, per_line = 0, lines = 0;
  bool bars = false, captions = false;
  double caption_size = kCaptionStyle.size;

  double line_step() const {
    return frame.height + (bars ? kBarGap + kBarHeight : 0) + (captions ? 16 : 0) + kLineGap;
  }
  double text_height() const {
    return static_cast<double>(title.size()) * line_height(kRowStyle) +
           static_cast<double>(subtitle.size()) * line_height(kSubtitleStyle);
  }
  double height() const {
    return std::max(static_cast<double>(lines) * line_step() - kLineGap, text_height());
  }
  double width() const { return static_cast<double>(per_line) * (frame.width + kFrameGap) - kFrameGap; }
};

double widest(const std::vector<std::string>& lines, const TextStyle& style) {
  double width = 0;
  for (const auto& line : lines) width = std::max(width, text_width(line, style));
  return width;
}

double draw_lines(Canvas& canvas, Point at, const std::vector<std::string>& lines, const TextStyle& style) {
  for (const auto& line : lines) {
    canvas.draw_text({at.x, at.y + style.size}, line, style);
    at.y += line_height(style);
  }
  return at.y;
}

RowLayout lay_out(const StripRow& row, size_t index, const StripOptions& options) {
  const std::string name =
      "strip row " + std::to_string(index + 1) + (row.title.empty() ? "" : " (" + row.title + ")");
  RowLayout layout;
  layout.frames = detail::frames_to_bytes(row.images, name);
  layout.count = layout.frames.size(0);
  const auto count = static_cast<size_t>(layout.count);
  LATENTPATH_CHECK(row.captions.empty() || row.captions.size() == count, kArgument, name, " has ",
                   row.captions.size(), " captions for ", count, " frames");
  LATENTPATH_CHECK(row.caption_values.empty() || row.caption_values.size() == count, kArgument, name, " has ",
                   row.caption_values.size(), " caption values for ", count, " frames");
  layout.frame =
      detail::frame_size(layout.frames.size(1), layout.frames.size(2), options.scale, options.pixel_ratio);
  layout.title = wrap_text(row.title, kRowStyle, kTitleColumn, 4);
  layout.subtitle = wrap_text(row.subtitle, kSubtitleStyle, kTitleColumn, 5);
  layout.bars = !row.caption_values.empty();
  layout.captions = !row.captions.empty();
  // One size for the whole row, so that a long caption does not make its neighbours look unimportant.
  for (const auto& caption : row.captions) {
    const double width = text_width(caption, kCaptionStyle);
    if (width > layout.frame.width)
      layout.caption_size = std::max(
          kSmallestCaption, std::min(layout.caption_size, kCaptionStyle.size * layout.frame.width / width));
  }
  return layout;
}

void draw_bar(Canvas& canvas, const Box& box, double value) {
  canvas.fill_box(box, {236, 236, 236});
  if (std::isnan(value)) return;
  const double filled = std::clamp(value, 0.0, 1.0) * box.width;
  canvas.fill_box({box.x, box.y, std::max(filled, 1.0), box.height}, bar_colour(value));
}

}  // namespace

Tensor draw_strip(const std::vector<StripRow>& rows, const StripOptions& options) {
  LATENTPATH_CHECK(!rows.empty(), kArgument, "a strip needs at least one row");
  LATENTPATH_CHECK(options.pixel_ratio > 0, kArgument, "a strip's pixel_ratio is ", options.pixel_ratio,
                   ": it must be above 0");
  std::vector<RowLayout> layouts;
  double column = 0;
  bool bars = false;
  for (size_t i = 0; i < rows.size(); ++i) {
    layouts.push_back(lay_out(rows[i], i, options));
    column = std::max(
        {column, widest(layouts.back().title, kRowStyle), widest(layouts.back().subtitle, kSubtitleStyle)});
    bars = bars || layouts.back().bars;
  }
  const double left = kPageMargin + (column > 0 ? std::ceil(column) + kTitleGap : 0);
  double frames_width = 0;
  bool aligned = true;  // all rows on one line, with the same number of frames
  for (RowLayout& row : layouts) {
    const double room = options.max_width - left - kPageMargin;
    const auto most =
        std::max<int64_t>(1, static_cast<int64_t>((room + kFrameGap) / (row.frame.width + kFrameGap)));
    row.lines = (row.count + most - 1) / most;
    row.per_line = (row.count + row.lines - 1) / row.lines;
    frames_width = std::max(frames_width, row.width());
    aligned = aligned && row.lines == 1 && row.count == layouts[0].count && row.count > 1 &&
              row.frame.width == layouts[0].frame.width;
  }
  const double first_width = layouts[0].frame.width;
  const double labels_width =
      text_width(options.start_label, kSmallStyle) + text_width(options.end_label, kSmallStyle) + kFrameGap;
  const bool ends =
      aligned && labels_width <= frames_width && !(options.start_label.empty() && options.end_label.empty());
  const double width = std::max(left + frames_width + kPageMargin, kNarrowestPage);
  const double inner = width - 2 * kPageMargin;

  const std::vector<std::string> title = wrap_text(options.title, kTitleStyle, inner, 4);
  const bool scale = bars && !options.bar_label.empty();
  const std::string bar_label = shorten_text(options.bar_label, kSmallStyle, inner - kScaleExtra);
  const double scale_width = scale ? text_width(bar_label, kSmallStyle) + kScaleExtra : 0;
  // The note shares its line with the scale where there is room for both.
  const bool beside = scale && inner - scale_width - 24 > 0.45 * inner;
  const std::vector<std::string> note =
      wrap_text(options.note, kSmallStyle, beside ? inner - scale_width - 24 : inner, 8);

  double height = kPageMargin;
  if (!title.empty()) height += static_cast<double>(title.size()) * line_height(kTitleStyle) + 10;
  if (ends) height += 18;
  for (const RowLayout& row : layouts) height += row.height() + kRowGap;
  const double footer_line = line_height(kSmallStyle);
  const double note_height = static_cast<double>(note.size()) * footer_line;
  height += beside ? std::max(note_height, footer_line) : note_height + (scale ? footer_line + 4 : 0);
  height += kPageMargin - (note.empty() && !scale ? kRowGap : 0);

  Canvas canvas(width, height, options.pixel_ratio);
  double y = kPageMargin;
  if (!title.empty()) y = draw_lines(canvas, {kPageMargin, y}, title, kTitleStyle) + 10;
  if (ends) {
    TextStyle style = kSmallStyle;
    canvas.draw_text({left, y + 10}, options.start_label, style);
    style.align = Align::kRight;
    canvas.draw_text({left + frames_width, y + 10}, options.end_label, style);
    const double from = left + text_width(options.start_label, kSmallStyle) + 8;
    const double to = left + frames_width - text_width(options.end_label, kSmallStyle) - 8;
    if (to - from > 0.5 * first_width) {
      canvas.draw_line({{from, y + 6}, {to - 1, y + 6}}, {.colour = {175, 175, 175}, .width = 1});
      canvas.fill_polygon({{to, y + 6}, {to - 7, y + 3}, {to - 7, y + 9}}, {175, 175, 175});
    }
    y += 18;
  }
  for (size_t r = 0; r < rows.size(); ++r) {
    const RowLayout& row = layouts[r];
    const double text_top = y + std::max(0.0, (row.frame.height - row.text_height()) / 2);
    const double below = draw_lines(canvas, {kPageMargin, text_top}, row.title, kRowStyle);
    draw_lines(canvas, {kPageMargin, below}, row.subtitle, kSubtitleStyle);
    for (int64_t f = 0; f < row.count; ++f) {
      const double x = left + static_cast<double>(f % row.per_line) * (row.frame.width + kFrameGap);
      const double top = y + static_cast<double>(f / row.per_line) * row.line_step();
      const Box box{x, top, row.frame.width, row.frame.height};
      canvas.draw_image(box, row.frames[f]);
      canvas.draw_frame(box, 0.5, {200, 200, 200});
      double under = top + row.frame.height;
      if (row.bars) {
        draw_bar(canvas, {x, under + kBarGap, row.frame.width, kBarHeight},
                 rows[r].caption_values[static_cast<size_t>(f)]);
        under += kBarGap + kBarHeight;
      }
      if (row.captions) {
        TextStyle style = kCaptionStyle;
        style.size = row.caption_size;
        canvas.draw_text({x + row.frame.width / 2, under + 13},
                         shorten_text(rows[r].captions[static_cast<size_t>(f)], style, row.frame.width + 2),
                         style);
      }
    }
    y += row.height() + kRowGap;
  }
  draw_lines(canvas, {kPageMargin, y}, note, kSmallStyle);
  if (scale) {
    if (!beside) y += note_height + (note.empty() ? 0 : 4);
    double x = width - kPageMargin - scale_width;
    if (!beside) x = kPageMargin;
    canvas.draw_text({x, y + 11}, bar_label, kSmallStyle);
    x += text_width(bar_label, kSmallStyle) + 10;
    canvas.draw_text({x, y + 11}, "0", kSmallStyle);
    x += 11;
    for (double u = 0; u < kScaleWidth; u += 1)
      canvas.fill_box({x + u, y + 4, std::min(1.0, kScaleWidth - u), 7}, bar_colour(u / (kScaleWidth - 1)));
    canvas.draw_text({x + kScaleWidth + 4, y + 11}, "1", kSmallStyle);
  }
  return canvas.pixels();
}

}  // namespace latentpath
