#pragma once
// What a reader is told a curve is, in pictures, films and pages alike.

#include <string_view>

namespace latentpath::detail {

/// The title of "linear", of "spherical", or of our own path.
inline const char* curve_title(std::string_view curve) {
  if (curve == "linear") return "straight line";
  if (curve == "spherical") return "great circle";
  return "LatentPath";
}

}  // namespace latentpath::detail
