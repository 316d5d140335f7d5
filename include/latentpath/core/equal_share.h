#pragma once
// equal_share: what is counted once and serves all, to parts as equal as whole numbers allow, which add up.
//
//   equal_share(10, 0, 3) + equal_share(10, 1, 3) + equal_share(10, 2, 3);   // 10

#include <cstdint>

namespace latentpath {

inline int64_t equal_share(int64_t total, int64_t part, int64_t parts) {
  return total * (part + 1) / parts - total * part / parts;
}

}  // namespace latentpath
