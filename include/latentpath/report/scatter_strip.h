#pragma once
// Samples that change over time as rows of scatter pictures, in the style of Fig. 9 of paper A: a frame a
// moment, all frames on the same axes.
//
//   // [frames, N, 2] and [frames, N]
//   ScatterRow row{.title = "mmd", .points = points, .weights = weights};
//   write_picture("strip", draw_scatter_strip({row}, {.title = "From one sample to the other"}));

#include <string>
#include <vector>

#include "latentpath/core/tensor.h"
#include "latentpath/report/picture.h"

namespace latentpath {

struct ScatterRow {
  std::string title = {};     ///< at the left, bold
  std::string subtitle = {};  ///< below it, small
  Tensor points = {};         ///< [frames, N, d], floating
  Tensor weights = {};        ///< [frames, N], not negative: the discs' areas; undefined: all alike
  std::vector<std::string> captions = {};  ///< under each frame; empty or one per frame
};

struct ScatterStripOptions {
  std::string title = {};  ///< above all rows
  std::string note = {};   ///< below all rows
  /// Shade of every frame: quality [rows, columns] in [0, 1] over the axes' extent as scatter_extent() gives
  /// it, row 0 at the bottom; undefined: none. Dark where it is low.
  Tensor shade = {};
  double frame_size = 92;  ///< side of a frame
  double pixel_ratio = 2;  ///< pixels per unit of length
};

/// The square that holds every point that has weight, with a margin; of the coordinates as they are drawn.
/// Points further out than the first and last frames' own width again are left out, there and in the picture.
Box scatter_extent(const std::vector<ScatterRow>& rows);

/// d = 2 is drawn as it is; d = 1 with heights that only keep discs apart; more dimensions
/// on the first two principal axes of all rows' first and last frames together. Throws Error kArgument when
/// shapes do not fit.
Picture draw_scatter_strip(const std::vector<ScatterRow>& rows, const ScatterStripOptions& options = {});

/// One row moment by moment, each a square picture, all on the same axes: the sample of that time over those
/// of the first and the last frame, pale. Between two frames points move straight and weights change evenly.
class ScatterMoments {
 public:
  /// `times`: [frames] of the row's frames, ascending; `side`: of the square, in units and pixels. Dimensions
  /// are drawn as by draw_scatter_strip(), and more than two said to be. Throws Error kArgument as that does.
  ScatterMoments(const ScatterRow& row, const Tensor& times, double side);
  Picture at(double time) const;

 private:
  Picture background(int64_t dimension) const;
  void draw_sample(Picture& picture, double time, Colour colour) const;

  double side_ = 0, text_size_ = 0;
  Tensor points_, weights_, times_;  // [frames, N, 2], [frames, N] or undefined, [frames]
  Box box_, extent_;
  Tensor background_;  // its pixels
};

}  // namespace latentpath
