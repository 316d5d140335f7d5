#include "latentpath/core/figure_text.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>

namespace latentpath {
namespace {

/// printf rounds an exact half to the even digit, browsers and people round it up: one step away from zero
/// decides it and changes nothing else that can be seen.
double away_from_zero(double value) {
  return std::nextafter(value, std::copysign(std::numeric_limits<double>::infinity(), value));
}

}  // namespace

std::string figure_text(double value, int digits) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "infinite" : "-infinite";
  if (value == 0) return "0";
  char text[64];
  std::snprintf(text, sizeof text, "%.*e", std::max(0, digits - 1), away_from_zero(value));
  const double size = std::abs(std::strtod(text, nullptr));  // as rounded: 999 999.7 is a million
  if (size >= 1e6 || size < 1e-3) {
    const std::string all = text;
    const size_t e = all.find('e');
    return all.substr(0, e) + "e" + std::to_string(std::stoi(all.substr(e + 1)));
  }
  if (size >= std::pow(10.0, digits)) {
    std::snprintf(text, sizeof text, "%.0f", away_from_zero(value));
  } else {
    std::snprintf(text, sizeof text, "%.15g", std::strtod(text, nullptr));
  }
  return text;
}

std::string fixed_text(double value, int decimals) {
  if (!std::isfinite(value)) return figure_text(value);
  char text[400];  // the largest double has 309 digits
  std::snprintf(text, sizeof text, "%.*f", std::min(decimals, 60), away_from_zero(value));
  const bool zero = std::strtod(text, nullptr) == 0;
  return zero && text[0] == '-' ? text + 1 : text;
}

std::string share_text(double value) { return fixed_text(value, 2); }

std::string percent_text(double share) {
  if (share > 0 && share < 1e-5) return "under 0.001 %";
  return figure_text(100 * share, 2) + " %";
}

std::string compared_text(double ours, double theirs) {
  if (!(ours > 0) || !(theirs > 0)) return ours == theirs ? "the same" : ours < theirs ? "less" : "more";
  const double ratio = theirs / ours;
  if (ratio >= 1.95) return figure_text(ratio, 2) + " times less";
  if (ratio >= 1.005) return percent_text(1 - 1 / ratio) + " less";
  if (ratio > 0.995) return "the same";
  if (ratio > 1 / 1.95) return percent_text(1 / ratio - 1) + " more";
  return figure_text(1 / ratio, 2) + " times as much";
}

double median_of(std::vector<double> values) {
  values.erase(
      std::remove_if(values.begin(), values.end(), [](double value) { return !std::isfinite(value); }),
      values.end());
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::sort(values.begin(), values.end());
  const size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : values[half - 1] + (values[half] - values[half - 1]) / 2;
}

}  // namespace latentpath
