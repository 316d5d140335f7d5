#pragma once
// Many images as one table of thumbnails: samples of a model, a data set at a glance.
//
//   write_picture("samples", draw_grid(decoder_output, 10, {.title = "Samples of the prior"}));

#include <string>
#include <vector>

#include "latentpath/core/tensor.h"
#include "latentpath/report/picture.h"

namespace latentpath {

struct GridOptions {
  std::string title = {};
  std::vector<std::string> captions = {};  ///< under each image; empty or one per image
  int scale = 0;           ///< pixels of the picture per pixel of an image; 0: chosen for 64 units or more
  double pixel_ratio = 2;  ///< pixels per unit of length
};

/// `images`: [n, C, h, w], floating in [0, 1] (clamped), C = 1 or 3, row by row.
/// Throws Error kArgument when a shape does not fit or `columns` is below 1.
Picture draw_grid(const Tensor& images, int columns, const GridOptions& options = {});

}  // namespace latentpath
