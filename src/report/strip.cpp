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
constexpr double kRowGap = 16, kLineGap = 8, kEndsHeight = 18;
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

double draw_lines(Picture& picture, Point at, const std::vector<std::string>& lines, const TextStyle& style) {
  for (const auto& line : lines) {
    picture.draw_text({at.x, at.y + style.size}, line, style);
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

void draw_bar(Picture& picture, const Box& box, double value) {
  picture.fill_box(box, {236, 236, 236});
  if (std::isnan(value)) return;
  const double filled = std::clamp(value, 0.0, 1.0) * box.width;
  picture.fill_box({box.x, box.y, std::max(filled, 1.0), box.height}, bar_colour(value));
}

/// Where everything stands: worked out once, then drawn from top to bottom.
class StripPainter {
 public:
  StripPainter(const std::vector<StripRow>& rows, const StripOptions& options);
  Picture draw() const;

 private:
  void break_rows_into_lines();
  void lay_out_footer();
  double height() const;
  double draw_ends(Picture& picture, double y) const;
  void draw_row(Picture& picture, size_t index, double y) const;
  void draw_scale(Picture& picture, double y) const;

  const std::vector<StripRow>& rows_;
  const StripOptions& options_;
  std::vector<RowLayout> layouts_;
  bool has_bars_ = false;
  bool has_ends_ = false;  // "start" and "end" stand above the first and the last column
  double left_ = kPageMargin, frames_width_ = 0, width_ = 0;
  std::vector<std::string> title_, note_;
  bool has_scale_ = false;
  bool scale_beside_note_ = false;
  std::string bar_label_;
  double scale_width_ = 0;
};

StripPainter::StripPainter(const std::vector<StripRow>& rows, const StripOptions& options)
    : rows_(rows), options_(options) {
  double column = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    layouts_.push_back(lay_out(rows[i], i, options));
    const RowLayout& row = layouts_.back();
    column = std::max({column, widest(row.title, kRowStyle), widest(row.subtitle, kSubtitleStyle)});
    has_bars_ = has_bars_ || row.bars;
  }
  left_ = kPageMargin + (column > 0 ? std::ceil(column) + kTitleGap : 0);
  break_rows_into_lines();
  width_ = std::max(left_ + frames_width_ + kPageMargin, kNarrowestPage);
  title_ = wrap_text(options.title, kTitleStyle, width_ - 2 * kPageMargin, 4);
  lay_out_footer();
}

void StripPainter::break_rows_into_lines() {
  bool aligned = true;  // all rows on one line, with the same number of frames
  for (RowLayout& row : layouts_) {
    const double room = options_.max_width - left_ - kPageMargin;
    const auto most =
        std::max<int64_t>(1, static_cast<int64_t>((room + kFrameGap) / (row.frame.width + kFrameGap)));
    row.lines = (row.count + most - 1) / most;
    row.per_line = (row.count + row.lines - 1) / row.lines;
    frames_width_ = std::max(frames_width_, row.width());
    aligned = aligned && row.lines == 1 && row.count == layouts_[0].count && row.count > 1 &&
              row.frame.width == layouts_[0].frame.width;
  }
  const double labels_width =
      text_width(options_.start_label, kSmallStyle) + text_width(options_.end_label, kSmallStyle) + kFrameGap;
  has_ends_ = aligned && labels_width <= frames_width_ &&
              !(options_.start_label.empty() && options_.end_label.empty());
}

/// The note and the scale of the bars, which share a line where there is room for both.
void StripPainter::lay_out_footer() {
  const double inner = width_ - 2 * kPageMargin;
  has_scale_ = has_bars_ && !options_.bar_label.empty();
  if (has_scale_) {
    bar_label_ = shorten_text(options_.bar_label, kSmallStyle, inner - kScaleExtra);
    scale_width_ = text_width(bar_label_, kSmallStyle) + kScaleExtra;
  }
  scale_beside_note_ = has_scale_ && inner - scale_width_ - 24 > 0.45 * inner;
  note_ = wrap_text(options_.note, kSmallStyle, scale_beside_note_ ? inner - scale_width_ - 24 : inner, 8);
}

double StripPainter::height() const {
  double height = kPageMargin;
  if (!title_.empty()) height += static_cast<double>(title_.size()) * line_height(kTitleStyle) + 10;
  if (has_ends_) height += kEndsHeight;
  for (const RowLayout& row : layouts_) height += row.height() + kRowGap;
  const double line = line_height(kSmallStyle), note_height = static_cast<double>(note_.size()) * line;
  height += scale_beside_note_ ? std::max(note_height, line) : note_height + (has_scale_ ? line + 4 : 0);
  return height + kPageMargin - (note_.empty() && !has_scale_ ? kRowGap : 0);
}

/// "start ———▸ end" above the frames; the height below it.
double StripPainter::draw_ends(Picture& picture, double y) const {
  TextStyle style = kSmallStyle;
  picture.draw_text({left_, y + 10}, options_.start_label, style);
  style.align = Align::kRight;
  picture.draw_text({left_ + frames_width_, y + 10}, options_.end_label, style);
  const double from = left_ + text_width(options_.start_label, kSmallStyle) + 8;
  const double to = left_ + frames_width_ - text_width(options_.end_label, kSmallStyle) - 8;
  if (to - from > 0.5 * layouts_[0].frame.width) {
    picture.draw_line({{from, y + 6}, {to - 1, y + 6}}, {.colour = {175, 175, 175}, .width = 1});
    picture.fill_polygon({{to, y + 6}, {to - 7, y + 3}, {to - 7, y + 9}}, {175, 175, 175});
  }
  return y + kEndsHeight;
}

void StripPainter::draw_row(Picture& picture, size_t index, double y) const {
  const RowLayout& row = layouts_[index];
  const double text_top = y + std::max(0.0, (row.frame.height - row.text_height()) / 2);
  const double below = draw_lines(picture, {kPageMargin, text_top}, row.title, kRowStyle);
  draw_lines(picture, {kPageMargin, below}, row.subtitle, kSubtitleStyle);
  TextStyle caption_style = kCaptionStyle;
  caption_style.size = row.caption_size;
  for (int64_t f = 0; f < row.count; ++f) {
    const int64_t line = f / row.per_line, place = f % row.per_line;
    const double x = left_ + static_cast<double>(place) * (row.frame.width + kFrameGap);
    const double top = y + static_cast<double>(line) * row.line_step();
    const Box box{x, top, row.frame.width, row.frame.height};
    picture.draw_image(box, row.frames[f]);
    picture.draw_frame(box, 0.5, {200, 200, 200});
    double under = top + row.frame.height;
    if (row.bars) {
      draw_bar(picture, {x, under + kBarGap, row.frame.width, kBarHeight},
               rows_[index].caption_values[static_cast<size_t>(f)]);
      under += kBarGap + kBarHeight;
    }
    if (row.captions)
      picture.draw_text(
          {x + row.frame.width / 2, under + 13},
          shorten_text(rows_[index].captions[static_cast<size_t>(f)], caption_style, row.frame.width + 2),
          caption_style);
  }
}

void StripPainter::draw_scale(Picture& picture, double y) const {
  if (!scale_beside_note_)
    y += static_cast<double>(note_.size()) * line_height(kSmallStyle) + (note_.empty() ? 0 : 4);
  double x = scale_beside_note_ ? width_ - kPageMargin - scale_width_ : kPageMargin;
  picture.draw_text({x, y + 11}, bar_label_, kSmallStyle);
  x += text_width(bar_label_, kSmallStyle) + 10;
  picture.draw_text({x, y + 11}, "0", kSmallStyle);
  x += 11;
  picture.fill_gradient({x, y + 4, kScaleWidth, 7}, {bar_colour(0), bar_colour(0.5), bar_colour(1)});
  picture.draw_text({x + kScaleWidth + 4, y + 11}, "1", kSmallStyle);
}

Picture StripPainter::draw() const {
  Picture picture(width_, height(), options_.pixel_ratio);
  double y = kPageMargin;
  if (!title_.empty()) y = draw_lines(picture, {kPageMargin, y}, title_, kTitleStyle) + 10;
  if (has_ends_) y = draw_ends(picture, y);
  for (size_t i = 0; i < layouts_.size(); ++i) {
    draw_row(picture, i, y);
    y += layouts_[i].height() + kRowGap;
  }
  draw_lines(picture, {kPageMargin, y}, note_, kSmallStyle);
  if (has_scale_) draw_scale(picture, y);
  return picture;
}

}  // namespace

Picture draw_strip(const std::vector<StripRow>& rows, const StripOptions& options) {
  LATENTPATH_CHECK(!rows.empty(), kArgument, "a strip needs at least one row");
  LATENTPATH_CHECK(options.pixel_ratio > 0, kArgument, "a strip's pixel_ratio is ", options.pixel_ratio,
                   ": it must be above 0");
  return StripPainter(rows, options).draw();
}

}  // namespace latentpath
