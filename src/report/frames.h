#pragma once
// What strips and grids share: frames as bytes, and the size at which they are shown.

#include <string>

#include "latentpath/core/tensor.h"
#include "latentpath/report/picture.h"

namespace latentpath::detail {

constexpr double kFrameGap = 4;     ///< between neighbouring frames
constexpr double kPageMargin = 18;  ///< around the whole picture

/// [n, C, h, w] floating in [0, 1] → uint8 [n, h, w, 3]; NaN is shown as 0. `name` begins the error's
/// sentence.
Tensor frames_to_bytes(const Tensor& images, const std::string& name);

/// Width and height in units of frames of h × w pixels. `scale` as in StripOptions.
Box frame_size(int64_t h, int64_t w, int scale, double pixel_ratio);

}  // namespace latentpath::detail
