#pragma once
// A quality that a straight search cannot see a way round.

#include <ATen/ATen.h>

#include "latentpath/metric/quality.h"

namespace latentpath::testing {

/// In the plane: 0.9, and all but 0 in a wall along z1 = 0 from z2 = -1 to 1. Beside it all is equally good,
/// so nothing tells a line through the middle which way the wall's end lies.
inline QualityPointer wall() {
  return function_quality(
      [](const Tensor& z) {
        return 0.9 -
               0.89 * at::exp(-z.select(1, 0).square() / 0.02) * at::sigmoid(20 * (1 - z.select(1, 1).abs()));
      },
      "wall");
}

}  // namespace latentpath::testing
