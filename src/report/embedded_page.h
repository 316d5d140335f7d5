#pragma once
// The interactive page, as the build embedded it (cmake/viewer.cmake).

#include <string_view>

namespace latentpath {

/// The HTML of viewer/, built into one file; empty where Node was absent at build time.
std::string_view embedded_page() noexcept;

}  // namespace latentpath
