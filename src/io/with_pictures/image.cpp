#include "latentpath/io/image.h"

#include <ATen/Functions.h>
#include <zlib.h>

#include <cstdint>
#include <cstring>
#include <iostream>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <sstream>
#include <string_view>
#include <vector>

#include "latentpath/core/error.h"
#include "latentpath/io/file.h"

namespace latentpath {
namespace {

constexpr int64_t kMostPixels = int64_t{1} << 28;

uint32_t big_endian(std::string_view bytes, size_t at) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

uint32_t checksum_of(std::string_view bytes) {
  return static_cast<uint32_t>(
      ::crc32(0, reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

// The decoders behind OpenCV write their complaints to stderr and may return half an image, so a file is
// proved whole before they see it.
void check_png(std::string_view bytes, const std::string& file) {
  size_t at = 8;
  for (bool first = true;; first = false) {
    LATENTPATH_CHECK(bytes.size() - at >= 12 && big_endian(bytes, at) <= bytes.size() - at - 12, kInput, file,
                     " is cut short: the PNG ends after ", bytes.size(), " bytes, in the middle of a chunk");
    const size_t length = big_endian(bytes, at);
    const std::string_view body = bytes.substr(at + 4, 4 + length);
    LATENTPATH_CHECK(checksum_of(body) == big_endian(bytes, at + 8 + length), kInput, file,
                     " is damaged: a PNG checksum does not match at byte ", at);
    if (first) {
      LATENTPATH_CHECK(body.substr(0, 4) == "IHDR" && length == 13, kInput, file,
                       " is damaged: the PNG does not begin with its header");
      const int64_t width = big_endian(body, 4), height = big_endian(body, 8);
      LATENTPATH_CHECK(width > 0 && height > 0 && width <= kMostPixels / height, kInput, file, " is ", width,
                       "×", height, " pixels large; expected at most ", kMostPixels, " pixels");
    }
    if (body.substr(0, 4) == "IEND") return;
    at += 12 + length;
  }
}

void check_jpeg(std::string_view bytes, const std::string& file) {
  const auto byte = [&](size_t i) { return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0u; };
  size_t at = 2;
  while (at + 4 <= bytes.size() && byte(at) == 0xff && byte(at + 1) != 0xda) {
    const unsigned marker = byte(at + 1);
    if (marker >= 0xc0 && marker <= 0xc3) {
      const int64_t height = byte(at + 5) << 8 | byte(at + 6), width = byte(at + 7) << 8 | byte(at + 8);
      LATENTPATH_CHECK(width > 0 && height > 0 && width <= kMostPixels / height, kInput, file, " is ", width,
                       "×", height, " pixels large; expected at most ", kMostPixels, " pixels");
    }
    at += marker == 0xff ? 1 : 2 + (byte(at + 2) << 8 | byte(at + 3));
  }
  LATENTPATH_CHECK(at < bytes.size() && bytes.find("\xff\xd9", at) != std::string_view::npos, kInput, file,
                   " is cut short: the JPEG ends after ", bytes.size(), " bytes, without its end mark");
}

/// OpenCV's decoders write their complaints to std::cerr; whoever reads an image gets a sentence instead.
class SilentDecoders {
 public:
  SilentDecoders() : kept_(std::cerr.rdbuf(complaints_.rdbuf())) {}
  ~SilentDecoders() { std::cerr.rdbuf(kept_); }
  SilentDecoders(const SilentDecoders&) = delete;
  SilentDecoders& operator=(const SilentDecoders&) = delete;

 private:
  std::ostringstream complaints_;
  std::streambuf* kept_;
};

/// What an image has that its bytes of red, green and blue do not.
void note_losses(const cv::Mat& whole, const std::string& file, std::vector<std::string>& notes) {
  if (whole.empty()) return;
  if (whole.depth() != CV_8U) notes.push_back(file + " has more than 8 bits a channel: it is reduced to 8");
  if (whole.channels() != 4) return;
  cv::Mat alpha;
  cv::extractChannel(whole, alpha, 3);
  double least = 0;
  cv::minMaxLoc(alpha, &least);
  if (least < (whole.depth() == CV_8U ? 255 : 65535))
    notes.push_back(
        file +
        " is transparent in places: its alpha channel is ignored, and the colours beneath are taken; "
        "flatten it onto a background if another one is meant");
}

}  // namespace

Tensor read_image(const std::filesystem::path& path, std::vector<std::string>* notes) {
  const std::string file = path.string();
  const std::string bytes = read_file(path);
  const std::string_view view = bytes;
  LATENTPATH_CHECK(!bytes.empty(), kInput, file, " is empty; expected an image");
  if (view.substr(0, 8) == "\x89PNG\r\n\x1a\n") check_png(view, file);
  if (view.substr(0, 3) == "\xff\xd8\xff") check_jpeg(view, file);
  cv::Mat image;
  const SilentDecoders silent;
  try {
    LATENTPATH_CHECK(bytes.size() < (size_t{1} << 31), kInput, file,
                     " is too large for an image: ", bytes.size(), " bytes");
    const cv::Mat buffer(1, static_cast<int>(bytes.size()), CV_8U, const_cast<char*>(bytes.data()));
    image = cv::imdecode(buffer, cv::IMREAD_ANYCOLOR);
    if (notes != nullptr) note_losses(cv::imdecode(buffer, cv::IMREAD_UNCHANGED), file, *notes);
  } catch (const cv::Exception&) {
    image.release();
  }
  LATENTPATH_CHECK(
      !image.empty() && image.depth() == CV_8U && (image.channels() == 1 || image.channels() == 3), kInput,
      file, " is not an image that can be read; expected a PNG or JPEG file");
  if (image.channels() == 3) cv::cvtColor(image, image, cv::COLOR_BGR2RGB);
  Tensor tensor = at::empty({image.rows, image.cols, image.channels()}, at::kByte);
  const cv::Mat target(image.rows, image.cols, image.type(), tensor.data_ptr());
  image.copyTo(target);
  return tensor;
}

std::string encode_png(const Tensor& image) {
  LATENTPATH_CHECK(image.defined() && image.scalar_type() == at::kByte, kArgument,
                   "a PNG needs an image of dtype uint8");
  const bool channels_fit =
      image.dim() == 2 || (image.dim() == 3 && (image.size(2) == 1 || image.size(2) == 3));
  LATENTPATH_CHECK(channels_fit && image.numel() > 0 && image.size(0) <= 100000 && image.size(1) <= 100000,
                   kArgument, "a PNG needs an image of shape [H, W], [H, W, 1] or [H, W, 3], not ",
                   shape_string(image.sizes()));
  const Tensor pixels = image.detach().to(at::kCPU).contiguous();
  const bool colour = pixels.dim() == 3 && pixels.size(2) == 3;
  cv::Mat view(static_cast<int>(pixels.size(0)), static_cast<int>(pixels.size(1)), colour ? CV_8UC3 : CV_8UC1,
               pixels.data_ptr());
  cv::Mat ordered;  // never `view` itself when converted: that is the caller's memory
  if (colour)
    cv::cvtColor(view, ordered, cv::COLOR_RGB2BGR);
  else
    ordered = view;
  std::vector<uchar> bytes;
  bool encoded = false;
  try {
    encoded = cv::imencode(".png", ordered, bytes, {cv::IMWRITE_PNG_COMPRESSION, 6});
  } catch (const cv::Exception&) {
    encoded = false;
  }
  LATENTPATH_CHECK(encoded, kArgument, "an image of shape ", shape_string(image.sizes()),
                   " cannot be encoded as PNG");
  return {bytes.begin(), bytes.end()};
}

void write_png(const std::filesystem::path& path, const Tensor& image) {
  std::string bytes;
  try {
    bytes = encode_png(image);
  } catch (const Error& error) {
    throw Error(error.kind(), join_message("cannot write ", path.string(), ": ", error.what()));
  }
  write_file(path, bytes);
}

}  // namespace latentpath
