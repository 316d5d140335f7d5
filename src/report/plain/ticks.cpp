#include "report/ticks.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace latentpath::detail {

double tick_distance(double low, double high, double wanted) {
  const double least = (high - low) / wanted, power = std::pow(10.0, std::floor(std::log10(least)));
  for (const double multiple : {1.0, 2.0, 5.0})
    if (multiple * power >= least * 0.999) return multiple * power;
  return 10 * power;
}

Ticks make_ticks(double low, double high, double wanted) {
  const double distance = tick_distance(low, high, wanted);
  const int digits = std::max(0, static_cast<int>(-std::floor(std::log10(distance) + 1e-9)));
  const double magnitude = std::max(std::abs(low), std::abs(high));
  Ticks ticks;
  for (double k = std::ceil(low / distance - 1e-6);
       k * distance <= high + 1e-6 * distance && ticks.values.size() < 50; ++k) {
    std::array<char, 64> text{};
    if (magnitude >= 1e6 || magnitude < 1e-4)
      std::snprintf(text.data(), text.size(), "%.3g", std::abs(k * distance));
    else
      std::snprintf(text.data(), text.size(), "%.*f", digits, std::abs(k * distance));
    ticks.values.push_back(k * distance);
    ticks.labels.push_back((k < 0 ? "−" : "") + std::string(text.data()));
  }
  return ticks;
}

}  // namespace latentpath::detail
