#include "sheet.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "latentpath/core/error.h"

namespace latentpath::detail {

Sheet encode_sheet(const Tensor& frames, const SheetFormat& format) {
  const auto count = static_cast<int>(frames.size(0)), h = static_cast<int>(frames.size(1)),
             w = static_cast<int>(frames.size(2));
  Sheet sheet;
  const double scale = std::min(1.0, static_cast<double>(format.side) / std::max(h, w));
  sheet.height = std::max(1, static_cast<int>(std::lround(h * scale)));
  sheet.width = std::max(1, static_cast<int>(std::lround(w * scale)));
  // About square: browsers and WebP limit the length of a side.
  sheet.columns = std::max(
      1, static_cast<int>(std::ceil(std::sqrt(static_cast<double>(count) * sheet.height / sheet.width))));
  const int rows = (count + sheet.columns - 1) / sheet.columns;
  cv::Mat picture(rows * sheet.height, sheet.columns * sheet.width, CV_8UC3, cv::Scalar(0, 0, 0));
  for (int i = 0; i < count; ++i) {
    const cv::Mat frame(h, w, CV_8UC3, frames[i].data_ptr());
    cv::Mat cell = picture(cv::Rect(i % sheet.columns * sheet.width, i / sheet.columns * sheet.height,
                                    sheet.width, sheet.height));
    if (scale < 1)
      cv::resize(frame, cell, cell.size(), 0, 0, cv::INTER_AREA);
    else
      frame.copyTo(cell);
  }
  cv::cvtColor(picture, picture, cv::COLOR_RGB2BGR);
  std::vector<uchar> bytes;
  bool encoded = false;
  try {
    encoded = cv::imencode(".webp", picture, bytes, {cv::IMWRITE_WEBP_QUALITY, format.quality});
  } catch (const cv::Exception&) {
    encoded = false;
  }
  LATENTPATH_CHECK(encoded, kArgument, "the frames of the report, ", picture.cols, " x ", picture.rows,
                   " pixels, cannot be encoded as WebP");
  sheet.bytes.assign(bytes.begin(), bytes.end());
  return sheet;
}

}  // namespace latentpath::detail
