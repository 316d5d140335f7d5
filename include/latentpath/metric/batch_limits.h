#pragma once
// How many points memory allows a map at once; find_batch_limits() in metric/point_memory.h finds it.

#include <algorithm>
#include <cstdint>
#include <limits>

namespace latentpath {

struct BatchLimits {
  static constexpr int64_t kNone = std::numeric_limits<int64_t>::max();
  int64_t points = kNone;  ///< mapped at once, with all that their derivative needs
  int64_t images = kNone;  ///< outputs kept at once, without derivative
  double gigabytes = 0;    ///< of memory in which they fit; 0 without limits
};

/// The lesser of both, each.
inline BatchLimits operator&(const BatchLimits& a, const BatchLimits& b) {
  return {std::min(a.points, b.points), std::min(a.images, b.images), std::max(a.gigabytes, b.gigabytes)};
}

}  // namespace latentpath
