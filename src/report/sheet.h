#pragma once
// Many frames as one picture, which a page cuts up again.
//
//   const Sheet sheet = encode_sheet(frames, {25, 256, 90});          // frames uint8 [n, h, w, 3]
//   // frame i stands in row i / sheet.columns and column i % sheet.columns

#include <cstdint>
#include <string>

#include "latentpath/core/tensor.h"

namespace latentpath::detail {

/// How frames are stored.
struct SheetFormat {
  int64_t frames;
  int side;     ///< longer side of a frame, in pixels, at most
  int quality;  ///< of WebP; above 100: without loss
};

/// A picture as the bytes of a WebP file.
struct Sheet {
  std::string bytes;
  int width = 0, height = 0, columns = 0;  ///< of a frame, in pixels; frames a row
};

/// All frames as one picture, row by row: frames uint8 [n, h, w, 3].
Sheet encode_sheet(const Tensor& frames, const SheetFormat& format);

}  // namespace latentpath::detail
