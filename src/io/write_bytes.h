#pragma once
// All bytes into an open file. Internal.

#include <string_view>

namespace latentpath {

/// Returns 0, or the errno of the write that failed.
int write_bytes(int descriptor, std::string_view bytes);

}  // namespace latentpath
