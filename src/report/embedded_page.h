#pragma once
// The interactive pages, as the build embedded them (cmake/viewer.cmake).

#include <string_view>

namespace latentpath {

/// The HTML of viewer/index.html, built into one file; empty where Node was absent at build time.
std::string_view embedded_page() noexcept;

/// Likewise viewer/explore.html, the page of `latentpath explore`.
std::string_view embedded_explore_page() noexcept;

}  // namespace latentpath
