#pragma once
// Film strips: the frames of several paths, one below the other, each with its figures; the picture in which
// a path through good images is told from one that is not.
//
//   StripRow row{.title = "LatentPath", .subtitle = "cost 3.9, mean P(8) 0.79",
//                .images = frames, .captions = {"0.97", "0.21"}, .caption_values = {0.97, 0.21}};
//   write_picture("strip", draw_strip({linear_row, row}, {.title = "From 3 to 5", .bar_label = "P(8)"}));

#include <string>
#include <vector>

#include "latentpath/core/tensor.h"
#include "latentpath/report/picture.h"

namespace latentpath {

struct StripRow {
  std::string title = {};                   ///< at the left, bold
  std::string subtitle = {};                ///< below it, small
  Tensor images = {};                       ///< [frames, C, h, w], floating in [0, 1] (clamped), C = 1 or 3
  std::vector<std::string> captions = {};   ///< under each frame; empty or one per frame
  std::vector<double> caption_values = {};  ///< in [0, 1]: a bar under each frame; empty or one per frame
};

struct StripOptions {
  std::string title = {};             ///< above all rows
  std::string note = {};              ///< below all rows
  std::string bar_label = {};         ///< what the bars show, beside their scale; none: no scale
  std::string start_label = "start";  ///< above the first column, when no row needs a second line
  std::string end_label = "end";      ///< above the last column
  int scale = 0;            ///< pixels of the picture per pixel of a frame; 0: chosen for 64 units or more
  double max_width = 1500;  ///< rows that would be wider break into several lines
  double pixel_ratio = 2;   ///< pixels per unit of length
};

/// Rows may differ in frames, channels and size of image.
/// Throws Error kArgument when there are no rows, a shape does not fit, or the number of captions or values
/// is not the number of frames.
Picture draw_strip(const std::vector<StripRow>& rows, const StripOptions& options = {});

}  // namespace latentpath
