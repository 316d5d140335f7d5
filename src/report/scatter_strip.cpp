#include "latentpath/report/scatter_strip.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "frames.h"
#include "latentpath/core/error.h"
#include "ticks.h"

namespace latentpath {
namespace {

using detail::kPageMargin;

constexpr double kGap = 5, kCaptionHeight = 16, kRowGap = 14, kTitleWidth = 172;
constexpr double kSmallestWithText = 160;  // pixels of a moment that has axes and time told
constexpr double kDiscsOfMoments = 0.55;
constexpr Colour kPointColour = kBlue, kFirstColour = kOrange, kLastColour = kReddishPurple;
const TextStyle kTitleStyle{.size = 16, .bold = true};
const TextStyle kRowStyle{.size = 13, .bold = true};
const TextStyle kSubtitleStyle{.size = 11, .colour = kGrey};
const TextStyle kCaptionStyle{.size = 10.5, .colour = kGrey, .align = Align::kCentre};
const TextStyle kNoteStyle{.size = 11, .colour = kGrey};

void check(const std::vector<ScatterRow>& rows) {
  LATENTPATH_CHECK(!rows.empty(), kArgument, "a scatter strip needs at least one row");
  for (const ScatterRow& row : rows) {
    LATENTPATH_CHECK(row.points.defined() && row.points.dim() == 3 && row.points.numel() > 0 &&
                         row.points.is_floating_point() && row.points.size(2) == rows[0].points.size(2),
                     kArgument, "the row '", row.title, "' has points of shape ",
                     row.points.defined() ? shape_string(row.points.sizes()) : std::string("none"),
                     "; expected floating [frames, points, dimension], the same dimension in all rows");
    LATENTPATH_CHECK(!row.weights.defined() || row.weights.sizes() == row.points.sizes().slice(0, 2),
                     kArgument, "the row '", row.title,
                     "' has weights of another shape than [frames, points]");
    LATENTPATH_CHECK(row.captions.empty() || static_cast<int64_t>(row.captions.size()) == row.points.size(0),
                     kArgument, "the row '", row.title, "' has ", row.captions.size(), " captions for ",
                     row.points.size(0), " frames");
  }
}

/// [frames, N, 2] of every row, as drawn.
std::vector<Tensor> flatten(const std::vector<ScatterRow>& rows) {
  check(rows);
  std::vector<Tensor> flat;
  const int64_t dim = rows[0].points.size(2);
  Tensor centre, axes;
  if (dim > 2) {
    std::vector<Tensor> ends;
    for (const ScatterRow& row : rows) {
      ends.push_back(row.points[0]);
      ends.push_back(row.points[row.points.size(0) - 1]);
    }
    const Tensor all = at::cat(ends).to(at::kDouble);
    centre = all.mean(0);
    // Eigenvectors come in ascending order of variance; the sign is fixed so that equal data give equal
    // pictures.
    const Tensor vectors = std::get<1>(at::linalg_eigh((all - centre).t().mm(all - centre)));
    axes = at::stack({vectors.select(1, dim - 1), vectors.select(1, dim - 2)}, 1);
    axes =
        axes * at::sign(std::get<0>((axes * axes.abs().ge(axes.abs().amax(0))).sum(0).unsqueeze(0).max(0)));
  }
  for (const ScatterRow& row : rows) {
    const Tensor points = row.points.detach().to(at::kCPU, at::kDouble);
    if (dim == 2) {
      flat.push_back(points.contiguous());
    } else if (dim > 2) {
      flat.push_back((points - centre).matmul(axes).contiguous());
    } else {
      // The radical inverse spreads heights evenly in the order of the points.
      Tensor height = at::empty({points.size(1)}, at::kDouble);
      const double span = (points.max() - points.min()).item<double>();
      for (int64_t i = 0; i < points.size(1); ++i) {
        double value = 0, digit = 0.5;
        for (int64_t k = i + 1; k > 0; k /= 2, digit /= 2) value += digit * static_cast<double>(k % 2);
        height[i] = (value - 0.5) * 0.8 * (span > 0 ? span : 1);
      }
      flat.push_back(
          at::cat({points, height.view({1, -1, 1}).expand({points.size(0), -1, 1})}, 2).contiguous());
    }
  }
  return flat;
}

struct Range {
  double low = INFINITY, high = -INFINITY;
  void cover(double from, double to) {
    low = std::min(low, from);
    high = std::max(high, to);
  }
};

Box extent_of(const std::vector<ScatterRow>& rows, const std::vector<Tensor>& flat) {
  // A stray point must not shrink all others to a dot: frames reach at most as far again beyond the first and
  // last frames as these are wide.
  Range all[2], ends[2];
  for (size_t r = 0; r < rows.size(); ++r) {
    const int64_t last = flat[r].size(0) - 1;
    for (int64_t f = 0; f <= last; ++f) {
      Tensor points = flat[r][f];
      if (rows[r].weights.defined()) points = points.index({rows[r].weights[f].to(at::kCPU) > 0});
      points = points.index({at::isfinite(points).all(1)});
      if (points.size(0) == 0) continue;
      const Tensor low = std::get<0>(points.min(0)), high = std::get<0>(points.max(0));
      for (int64_t k = 0; k < 2; ++k) {
        all[k].cover(low[k].item<double>(), high[k].item<double>());
        if (f == 0 || f == last) ends[k].cover(low[k].item<double>(), high[k].item<double>());
      }
    }
  }
  LATENTPATH_CHECK(all[0].low <= all[0].high, kArgument, "a scatter strip has no finite point with weight");
  const double reach = std::max(ends[0].high - ends[0].low, ends[1].high - ends[1].low);
  if (reach > 0)
    for (int k = 0; k < 2; ++k) {
      all[k].low = std::max(all[k].low, ends[k].low - reach);
      all[k].high = std::min(all[k].high, ends[k].high + reach);
    }
  double side = 1.08 * std::max(all[0].high - all[0].low, all[1].high - all[1].low);
  if (!(side > 0)) side = 1;
  return {(all[0].low + all[0].high - side) / 2, (all[1].low + all[1].high - side) / 2, side, side};
}

Tensor shade_picture(const Tensor& shade) {
  const Tensor quality = shade.detach().to(at::kCPU, at::kDouble).clamp(0, 1).flip(0).contiguous();
  const Tensor grey = 255 - 95 * (1 - quality);  // pale, so that the points stand out
  return grey.round().to(at::kByte).unsqueeze(2).expand({-1, -1, 3}).contiguous();
}

/// How many equal points would be as uneven as these weights: (Σ w)² / Σ w² (Kish's effective sample size).
double effective_count(const double* weights, int64_t count) {
  double square = 0, total = 0;
  for (int64_t i = 0; i < count; ++i) total += weights[i], square += weights[i] * weights[i];
  return total * total / square;
}

/// The points [N, 2] of one frame as discs whose areas follow the weights (null: all alike), small enough for
/// hundreds of them to show a shape, `size` times those of a strip. Those outside of the box are left out.
void draw_points(Picture& picture, const Box& box, const Box& extent, const double* points,
                 const double* weights, int64_t count, Colour colour, double size = 1) {
  const double effective = weights != nullptr ? effective_count(weights, count) : static_cast<double>(count);
  const double radius = size * std::clamp(16 / std::sqrt(effective), 0.7, 3.0) * box.width / 92;
  for (int64_t i = 0; i < count; ++i) {
    const double x = points[2 * i], y = points[2 * i + 1];
    if (!std::isfinite(x) || !std::isfinite(y) || (weights != nullptr && weights[i] <= 0)) continue;
    const double share = weights != nullptr ? std::sqrt(std::min(weights[i] * effective, 9.0)) : 1;
    const Point centre{box.x + (x - extent.x) / extent.width * box.width,
                       box.y + box.height - (y - extent.y) / extent.height * box.height};
    if (centre.x < box.x || centre.x > box.x + box.width || centre.y < box.y || centre.y > box.y + box.height)
      continue;
    picture.fill_disc(centre, std::max(radius * share, 0.25), colour);
  }
}

void draw_row(Picture& picture, const ScatterRow& row, const Tensor& flat, double y, double side,
              const Box& extent, const Tensor& background) {
  double text_y = y + kRowStyle.size + 4;
  for (const std::string& line : wrap_text(row.title, kRowStyle, kTitleWidth - 12, 2)) {
    picture.draw_text({kPageMargin, text_y}, line, kRowStyle);
    text_y += line_height(kRowStyle);
  }
  for (const std::string& line : wrap_text(row.subtitle, kSubtitleStyle, kTitleWidth - 12, 5)) {
    picture.draw_text({kPageMargin, text_y}, line, kSubtitleStyle);
    text_y += line_height(kSubtitleStyle);
  }
  const int64_t count = flat.size(1);
  const Tensor weights =
      row.weights.defined() ? row.weights.detach().to(at::kCPU, at::kDouble).contiguous() : Tensor();
  for (int64_t f = 0; f < flat.size(0); ++f) {
    const Box box{kPageMargin + kTitleWidth + static_cast<double>(f) * (side + kGap), y, side, side};
    if (background.defined()) picture.draw_image(box, background);
    picture.draw_frame(box, 0.6, {190, 190, 190});
    draw_points(picture, box, extent, flat.data_ptr<double>() + f * count * 2,
                weights.defined() ? weights.data_ptr<double>() + f * count : nullptr, count, kPointColour);
    if (!row.captions.empty())
      picture.draw_text({box.x + side / 2, box.y + side + 12},
                        shorten_text(row.captions[static_cast<size_t>(f)], kCaptionStyle, side + 2),
                        kCaptionStyle);
  }
}

}  // namespace

Box scatter_extent(const std::vector<ScatterRow>& rows) { return extent_of(rows, flatten(rows)); }

Picture draw_scatter_strip(const std::vector<ScatterRow>& rows, const ScatterStripOptions& options) {
  const std::vector<Tensor> flat = flatten(rows);
  LATENTPATH_CHECK(options.pixel_ratio > 0 && options.frame_size >= 20, kArgument,
                   "a scatter strip's frames must be at least 20 units wide, with a pixel_ratio above 0");
  LATENTPATH_CHECK(!options.shade.defined() || (options.shade.dim() == 2 && options.shade.numel() > 0),
                   kArgument, "a scatter strip's shade must have the shape [rows, columns]");
  const Box extent = extent_of(rows, flat);
  int64_t frames = 0;
  for (const Tensor& points : flat) frames = std::max(frames, points.size(0));
  const double side = options.frame_size;
  const double width = 2 * kPageMargin + kTitleWidth + static_cast<double>(frames) * (side + kGap) - kGap;
  const std::vector<std::string> title = wrap_text(options.title, kTitleStyle, width - 2 * kPageMargin, 3);
  const std::vector<std::string> note = wrap_text(options.note, kNoteStyle, width - 2 * kPageMargin, 6);
  const double header = title.empty() ? 0 : static_cast<double>(title.size()) * line_height(kTitleStyle) + 8;
  double height = 2 * kPageMargin + header - kRowGap;
  for (const ScatterRow& row : rows) height += side + (row.captions.empty() ? 0 : kCaptionHeight) + kRowGap;
  if (!note.empty()) height += static_cast<double>(note.size()) * line_height(kNoteStyle) + 10;

  Picture picture(width, height, options.pixel_ratio);
  double y = kPageMargin;
  for (const std::string& line : title) {
    picture.draw_text({kPageMargin, y + kTitleStyle.size}, line, kTitleStyle);
    y += line_height(kTitleStyle);
  }
  y = kPageMargin + header;
  const Tensor background = options.shade.defined() ? shade_picture(options.shade) : Tensor();
  for (size_t r = 0; r < rows.size(); ++r) {
    draw_row(picture, rows[r], flat[r], y, side, extent, background);
    y += side + (rows[r].captions.empty() ? 0 : kCaptionHeight) + kRowGap;
  }
  y += 10 - kRowGap + kNoteStyle.size;
  for (const std::string& line : note) {
    picture.draw_text({kPageMargin, y}, line, kNoteStyle);
    y += line_height(kNoteStyle);
  }
  return picture;
}

ScatterMoments::ScatterMoments(const ScatterRow& row, const Tensor& times, double side) : side_(side) {
  points_ = flatten({row})[0];
  if (row.weights.defined()) weights_ = row.weights.detach().to(at::kCPU, at::kDouble).contiguous();
  LATENTPATH_CHECK(times.defined() && times.dim() == 1 && times.size(0) == points_.size(0), kArgument,
                   "the moments of a sample on its way need the time of each of its ", points_.size(0),
                   " frames");
  times_ = times.detach().to(at::kCPU, at::kDouble).contiguous();
  extent_ = extent_of({row}, {points_});
  text_size_ = side >= kSmallestWithText ? std::clamp(side / 34, 9.0, 24.0) : 0;
  const double edge = std::max(2.0, 0.5 * text_size_), width = side - 4.2 * text_size_ - 2 * edge;
  box_ = {side - edge - width, edge + 1.8 * text_size_, width, width};
  background_ = background(row.points.size(2)).pixels();
}

/// Axes, and the first and the last sample.
Picture ScatterMoments::background(int64_t dimension) const {
  Picture picture(side_, side_, 1);
  draw_sample(picture, times_[0].item<double>(), mix(kFirstColour, kWhite, 0.6));
  draw_sample(picture, times_[-1].item<double>(), mix(kLastColour, kWhite, 0.6));
  picture.draw_frame(box_, 1, {190, 190, 190});
  if (text_size_ == 0) return picture;
  const double below = box_.y + box_.height;
  const TextStyle tick{.size = 0.85 * text_size_, .colour = kGrey, .align = Align::kCentre};
  TextStyle beside = tick;
  beside.align = Align::kRight;
  const detail::Ticks x = detail::make_ticks(extent_.x, extent_.x + extent_.width, 5);
  for (size_t i = 0; i < x.values.size(); ++i)
    picture.draw_text(
        {box_.x + (x.values[i] - extent_.x) / extent_.width * box_.width, below + 1.2 * text_size_},
        x.labels[i], tick);
  const detail::Ticks y = detail::make_ticks(extent_.y, extent_.y + extent_.height, 5);
  for (size_t i = 0; i < y.values.size() && dimension > 1; ++i)
    picture.draw_text({box_.x - 0.4 * text_size_,
                       below - (y.values[i] - extent_.y) / extent_.height * box_.height + 0.3 * text_size_},
                      y.labels[i], beside);
  if (dimension > 2)
    picture.draw_text({box_.x + box_.width / 2, below + 2.3 * text_size_},
                      join_message("first two principal axes of ", dimension, " coordinates"), tick);
  TextStyle name{.size = text_size_, .colour = kFirstColour, .bold = true, .align = Align::kRight};
  const double right = box_.x + box_.width, line = box_.y - 0.6 * text_size_;
  picture.draw_text({right - text_width("end", name) - text_size_, line}, "start", name);
  name.colour = kLastColour;
  picture.draw_text({right, line}, "end", name);
  return picture;
}

void ScatterMoments::draw_sample(Picture& picture, double time, Colour colour) const {
  const int64_t last = times_.size(0) - 1;
  const double* t = times_.data_ptr<double>();
  const int64_t frame =
      std::clamp<int64_t>(std::upper_bound(t, t + last + 1, time) - t - 1, 0, std::max<int64_t>(last - 1, 0));
  const int64_t next = std::min(frame + 1, last);
  const double share = next > frame ? std::clamp((time - t[frame]) / (t[next] - t[frame]), 0.0, 1.0) : 0;
  const auto between = [&](const Tensor& values) {
    return at::lerp(values[frame], values[next], share).contiguous();
  };
  const Tensor points = between(points_), weights = weights_.defined() ? between(weights_) : Tensor();
  draw_points(picture, box_, extent_, points.data_ptr<double>(),
              weights.defined() ? weights.data_ptr<double>() : nullptr, points.size(0), colour,
              kDiscsOfMoments);
}

Picture ScatterMoments::at(double time) const {
  Picture picture(side_, side_, 1);
  picture.draw_image({0, 0, side_, side_}, background_);
  draw_sample(picture, time, kPointColour);
  if (text_size_ > 0) {
    char label[32];  // of one width, so that it does not tremble
    std::snprintf(label, sizeof label, "t = %.2f", time);
    picture.draw_text({box_.x, box_.y - 0.6 * text_size_}, label, {.size = text_size_, .bold = true});
  }
  return picture;
}

}  // namespace latentpath
