#pragma once
// The colours of a GIF, at most 255 and a transparent one.

#include <array>
#include <cstdint>
#include <vector>

#include "latentpath/core/tensor.h"

namespace latentpath::detail {

class Palette {
 public:
  static constexpr size_t kColours = 255;  ///< the 256th is transparent: "as in the frame before"

  /// Chosen from uint8 [n, H, W, 3]: the colours themselves where they are no more than 255, greys for grey
  /// frames, else the means of clusters of them.
  explicit Palette(const Tensor& sample);

  /// 0xAARRGGBB, [256].
  const std::array<uint32_t, 256>& colours() const { return colours_; }
  /// The nearest colour's number.
  uint8_t nearest(const uint8_t* rgb);

 private:
  std::array<uint32_t, 256> colours_{};
  size_t count_ = 0;
  std::vector<uint16_t> known_;  ///< by 0xRRGGBB: number + 1; 0: not asked yet
};

}  // namespace latentpath::detail
