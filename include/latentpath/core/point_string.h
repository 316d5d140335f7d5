#pragma once
// A point for people's eyes.
//
//   point_string(std::vector{0.1, 2.0, -3.0});   // "(0.1, 2, -3)"

#include <span>
#include <string>

namespace latentpath {

/// The first eight coordinates, and "…" where there are more.
std::string point_string(std::span<const double> z);

}  // namespace latentpath
