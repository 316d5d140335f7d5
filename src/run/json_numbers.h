#pragma once
// Numbers for JSON that people's browsers read: as many digits as a plot can show.

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

namespace latentpath::detail {

/// `value` to that many significant digits; NaN and infinity, which JSON cannot hold, as null.
inline nlohmann::json short_number(double value, int digits = 4) {
  if (!std::isfinite(value)) return nullptr;
  char text[40];
  std::snprintf(text, sizeof text, "%.*g", digits, value);
  const double rounded = std::strtod(text, nullptr);
  if (rounded == std::floor(rounded) && std::abs(rounded) < 1e15) return static_cast<int64_t>(rounded);
  return rounded;
}

/// `value` with all its digits; NaN and infinity as null.
inline nlohmann::json number_or_null(double value) {
  if (!std::isfinite(value)) return nullptr;
  return value;
}

}  // namespace latentpath::detail
