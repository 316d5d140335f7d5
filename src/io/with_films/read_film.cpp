#include <ATen/Functions.h>

#include <algorithm>
#include <vector>

#include "ffmpeg.h"
#include "latentpath/core/error.h"
#include "latentpath/io/film.h"

namespace latentpath {
namespace {

using detail::Ffmpeg;
using detail::ffmpeg_message;

constexpr int64_t kMostBytes = int64_t{1} << 33;  // of decoded frames

class Reader {
 public:
  explicit Reader(std::string path) : path_(std::move(path)) { open(); }
  ~Reader() { avformat_close_input(&file_); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  Film read();

 private:
  void check(int code, const char* what) const {
    LATENTPATH_CHECK(code >= 0, kInput, "cannot read ", path_, ": ", what, ": ", ffmpeg_message(code));
  }
  void open();
  void receive();
  Tensor bytes_of(const AVFrame& frame);

  detail::SilentFfmpeg silent_;
  std::string path_;
  AVFormatContext* file_ = nullptr;
  AVStream* stream_ = nullptr;
  Ffmpeg<AVCodecContext> codec_;
  std::vector<Tensor> frames_;
};

void Reader::open() {
  check(avformat_open_input(&file_, detail::ffmpeg_name(path_).c_str(), nullptr, nullptr), "it is no film");
  check(avformat_find_stream_info(file_, nullptr), "it is no film");
  const int index = av_find_best_stream(file_, AVMEDIA_TYPE_VIDEO, -1, -1, nullptr, 0);
  check(index, "it shows no pictures");
  stream_ = file_->streams[index];
  const AVCodec* decoder = avcodec_find_decoder(stream_->codecpar->codec_id);
  LATENTPATH_CHECK(decoder != nullptr, kInput, "cannot read ", path_, ": this FFmpeg does not decode it");
  codec_.reset(avcodec_alloc_context3(decoder));
  check(avcodec_parameters_to_context(codec_.get(), stream_->codecpar), "no memory");
  check(avcodec_open2(codec_.get(), decoder, nullptr), "its decoder does not start");
}

Tensor Reader::bytes_of(const AVFrame& frame) {
  const Ffmpeg<SwsContext> conversion(sws_getContext(
      frame.width, frame.height, static_cast<AVPixelFormat>(frame.format), frame.width, frame.height,
      AV_PIX_FMT_RGB24, SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT, nullptr, nullptr, nullptr));
  LATENTPATH_CHECK(conversion, kInput, "cannot read ", path_, ": its colours are not known");
  const Ffmpeg<AVFrame> pixels = detail::rgb_frame(frame.width, frame.height);
  LATENTPATH_CHECK(pixels, kInput, "cannot read ", path_, ": no memory");
  if (frame.colorspace == AVCOL_SPC_BT709) detail::set_film_colours(conversion.get(), false);
  sws_scale(conversion.get(), frame.data, frame.linesize, 0, frame.height, pixels->data, pixels->linesize);
  Tensor bytes = at::empty({frame.height, frame.width, 3}, at::kByte);
  for (int y = 0; y < frame.height; ++y)
    std::copy_n(detail::row_of(*pixels, y), ptrdiff_t{3} * frame.width, bytes[y].data_ptr<uint8_t>());
  return bytes;
}

/// The frames that the decoder has now.
void Reader::receive() {
  const Ffmpeg<AVFrame> frame(av_frame_alloc());
  for (;;) {
    const int received = avcodec_receive_frame(codec_.get(), frame.get());
    if (received == AVERROR(EAGAIN) || received == AVERROR_EOF) return;
    check(received, "it is damaged");
    frames_.push_back(bytes_of(*frame));
    LATENTPATH_CHECK(frames_[0].numel() * static_cast<int64_t>(frames_.size()) <= kMostBytes, kInput,
                     "cannot read ", path_, ": it has more frames than go into memory");
  }
}

Film Reader::read() {
  const Ffmpeg<AVPacket> packet(av_packet_alloc());
  int next = 0;
  while ((next = av_read_frame(file_, packet.get())) >= 0) {
    if (packet->stream_index == stream_->index) {
      check(avcodec_send_packet(codec_.get(), packet.get()), "it is damaged");
      receive();
    }
    av_packet_unref(packet.get());
  }
  if (next != AVERROR_EOF) check(next, "it is damaged");
  check(avcodec_send_packet(codec_.get(), nullptr), "it is damaged");
  receive();
  LATENTPATH_CHECK(!frames_.empty(), kInput, "cannot read ", path_, ": it shows no pictures");
  Film film;
  film.frames = at::stack(frames_);
  film.fps = av_q2d(stream_->avg_frame_rate);
  if (file_->duration > 0)
    film.seconds = static_cast<double>(file_->duration) / AV_TIME_BASE;
  else if (film.fps > 0)
    film.seconds = static_cast<double>(film.frames.size(0)) / film.fps;
  return film;
}

}  // namespace

Film read_film(const std::filesystem::path& path) { return Reader(path.string()).read(); }

}  // namespace latentpath
