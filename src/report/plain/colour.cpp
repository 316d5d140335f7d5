#include "latentpath/report/colour.h"

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

namespace latentpath {

Colour mix(Colour a, Colour b, double share) {
  const auto channel = [&](uint8_t x, uint8_t y) {
    return static_cast<uint8_t>(std::lround(x + share * (static_cast<double>(y) - x)));
  };
  return {channel(a.red, b.red), channel(a.green, b.green), channel(a.blue, b.blue)};
}

Colour bar_colour(double value) {
  if (std::isnan(value)) return kLightGrey;
  const double t = std::clamp(value, 0.0, 1.0);
  constexpr Colour middle{190, 190, 190};
  return t < 0.5 ? mix(kVermillion, middle, 2 * t) : mix(middle, kBlue, 2 * t - 1);
}

Colour heat_colour(double value, double lightness) {
  if (std::isnan(value)) return kLightGrey;
  static const cv::Mat table = [] {
    cv::Mat ramp(1, 256, CV_8UC1), colours;
    for (int i = 0; i < 256; ++i) ramp.at<uint8_t>(0, i) = static_cast<uint8_t>(i);
    cv::applyColorMap(ramp, colours, cv::COLORMAP_CIVIDIS);
    return colours;
  }();
  const auto& bgr = table.at<cv::Vec3b>(0, static_cast<int>(std::lround(std::clamp(value, 0.0, 1.0) * 255)));
  return mix({bgr[2], bgr[1], bgr[0]}, kWhite, std::clamp(lightness, 0.0, 1.0));
}

}  // namespace latentpath
