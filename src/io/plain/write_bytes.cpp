#include "io/write_bytes.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace latentpath {

int write_bytes(int descriptor, std::string_view bytes) {
  constexpr size_t kMostAtOnce = size_t{1} << 30;  // Linux writes no more than 2 GB in one call
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor, bytes.data(), std::min(bytes.size(), kMostAtOnce));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return 0;
}

}  // namespace latentpath
