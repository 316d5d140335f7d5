#include "palette.h"

#include <algorithm>
#include <map>
#include <opencv2/core.hpp>

namespace latentpath::detail {
namespace {

constexpr int64_t kMostSampled = 1 << 20;  // pixels that are looked at
constexpr size_t kKept = 8;                // of the commonest colours, which stay as they are: backgrounds
constexpr int kIterations = 20;

uint32_t colour_of(const uint8_t* rgb) {
  return uint32_t{rgb[0]} << 16 | uint32_t{rgb[1]} << 8 | uint32_t{rgb[2]};
}

std::map<uint32_t, int64_t> counted(const Tensor& sample) {
  const Tensor bytes = sample.contiguous();
  const auto* rgb = bytes.data_ptr<uint8_t>();
  const int64_t pixels = bytes.numel() / 3;
  const int64_t step = std::max<int64_t>(1, pixels / kMostSampled);
  std::map<uint32_t, int64_t> counts;
  for (int64_t pixel = 0; pixel < pixels; pixel += step) ++counts[colour_of(rgb + 3 * pixel)];
  return counts;
}

std::vector<uint32_t> commonest(const std::map<uint32_t, int64_t>& counts, size_t count) {
  std::vector<std::pair<int64_t, uint32_t>> order;
  for (const auto& [colour, number] : counts) order.emplace_back(-number, colour);
  std::sort(order.begin(), order.end());
  std::vector<uint32_t> colours;
  for (size_t i = 0; i < std::min(count, order.size()); ++i) colours.push_back(order[i].second);
  return colours;
}

/// One colour for each of 32³ boxes that any colour lies in: what is rare counts as much as what is common,
/// so that slow gradients do not break into bands.
cv::Mat spread(const std::map<uint32_t, int64_t>& counts) {
  std::map<uint32_t, std::array<double, 4>> boxes;
  for (const auto& [colour, number] : counts) {
    auto& box = boxes[colour & 0xf8f8f8];
    const auto weight = static_cast<double>(number);
    for (int channel = 0; channel < 3; ++channel)
      box[static_cast<size_t>(channel)] += weight * (colour >> (16 - 8 * channel) & 0xff);
    box[3] += weight;
  }
  cv::Mat points(static_cast<int>(boxes.size()), 3, CV_32F);
  int row = 0;
  for (const auto& [corner, box] : boxes) {
    for (int channel = 0; channel < 3; ++channel)
      points.at<float>(row, channel) = static_cast<float>(box[static_cast<size_t>(channel)] / box[3]);
    ++row;
  }
  return points;
}

std::vector<uint32_t> clusters(const cv::Mat& points, size_t count) {
  cv::Mat labels, centres;
  cv::RNG& generator = cv::theRNG();
  const uint64_t state = generator.state;
  generator.state = 1;  // equal samples, equal colours
  cv::kmeans(points, std::min(static_cast<int>(count), points.rows), labels,
             cv::TermCriteria(cv::TermCriteria::COUNT, kIterations, 0), 1, cv::KMEANS_PP_CENTERS, centres);
  generator.state = state;
  std::vector<uint32_t> colours;
  for (int row = 0; row < centres.rows; ++row) {
    uint32_t colour = 0;
    for (int channel = 0; channel < 3; ++channel)
      colour =
          colour << 8 | static_cast<uint32_t>(cv::saturate_cast<uint8_t>(centres.at<float>(row, channel)));
    colours.push_back(colour);
  }
  return colours;
}

std::vector<uint32_t> chosen(const std::map<uint32_t, int64_t>& counts) {
  std::vector<uint32_t> colours;
  if (counts.size() <= Palette::kColours) {
    for (const auto& [colour, number] : counts) colours.push_back(colour);
    return colours;
  }
  const bool grey = std::all_of(counts.begin(), counts.end(), [](const auto& entry) {
    return (entry.first >> 8 & 0xff) == (entry.first & 0xff) && entry.first >> 16 == (entry.first & 0xff);
  });
  if (grey) {
    for (size_t i = 0; i < Palette::kColours; ++i)
      colours.push_back(static_cast<uint32_t>((255 * i + 127) / (Palette::kColours - 1)) * 0x010101);
    return colours;
  }
  colours = commonest(counts, kKept);
  for (const uint32_t colour : clusters(spread(counts), Palette::kColours - colours.size()))
    colours.push_back(colour);
  return colours;
}

}  // namespace

Palette::Palette(const Tensor& sample) : known_(size_t{1} << 24, 0) {
  for (const uint32_t colour : chosen(counted(sample))) colours_[count_++] = 0xff000000 | colour;
}

uint8_t Palette::nearest(const uint8_t* rgb) {
  uint16_t& known = known_[colour_of(rgb)];
  if (known == 0) {
    int least = 1 << 30;
    for (size_t i = 0; i < count_; ++i) {
      int distance = 0;
      for (int channel = 0; channel < 3; ++channel) {
        const int apart = static_cast<int>(colours_[i] >> (16 - 8 * channel) & 0xff) - rgb[channel];
        distance += apart * apart;
      }
      if (distance < least) least = distance, known = static_cast<uint16_t>(i + 1);
    }
  }
  return static_cast<uint8_t>(known - 1);
}

}  // namespace latentpath::detail
