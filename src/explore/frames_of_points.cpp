#include "frames_of_points.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "report/decoded_images.h"
#include "report/frames.h"
#include "report/pictureless/plain_report.h"
#include "report/sheet.h"
#include "run/json_numbers.h"

namespace latentpath::detail {
namespace {

constexpr int64_t kMostComponents = 64;  // of a decoded vector that are shown, as in reports

}  // namespace

nlohmann::json short_rows(const Tensor& points, int digits) {
  const Tensor rows = points.to(at::kDouble).contiguous();
  nlohmann::json list = nlohmann::json::array();
  for (int64_t i = 0; i < rows.size(0); ++i) {
    nlohmann::json row = nlohmann::json::array();
    const double* const data = rows.data_ptr<double>() + i * rows.size(1);
    for (int64_t k = 0; k < rows.size(1); ++k) row.push_back(short_number(data[k], digits));
    list.push_back(std::move(row));
  }
  return list;
}

nlohmann::json FrameMaker::operator()(const Tensor& points, const Tensor& times, const Quality* value,
                                      int side, bool lossless) const {
  const at::NoGradGuard no_gradient;
  const Tensor decoded = (*decoder)(points).to(at::kCPU);
  nlohmann::json frames{{"count", points.size(0)},
                        {"times", short_rows(times.reshape({1, -1}))[0]},
                        {"latents", short_rows(points)}};
  if (value != nullptr) {
    const Tensor values = value->evaluate({points, times.to(points.options()), decoded});
    frames["values"] = short_rows(values.reshape({1, -1}), 4)[0];
  }
  if (!images) {
    const Tensor flat = decoded.flatten(1);
    frames["vectors"] = short_rows(flat.narrow(1, 0, std::min(flat.size(1), kMostComponents)), 3);
    return frames;
  }
  const Tensor pictures = as_images(decoded).to(at::kFloat);
  const Sheet sheet = encode_sheet(
      frames_to_bytes(in_unit_range(pictures, output_range, pictures), "the page"),
      {points.size(0), side, lossless && std::max(pictures.size(2), pictures.size(3)) <= 128 ? 101 : 85});
  frames["picture"] = "data:image/webp;base64," + base64(sheet.bytes);
  frames["columns"] = sheet.columns;
  frames["width"] = sheet.width;
  frames["height"] = sheet.height;
  return frames;
}

}  // namespace latentpath::detail
