#pragma once
// What the writer and the reader of films share of FFmpeg: its objects, released by themselves, and its
// messages.

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/frame.h>
#include <libavutil/log.h>
#include <libswscale/swscale.h>
}

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <string>

namespace latentpath::detail {

struct ReleaseFfmpeg {
  void operator()(AVCodecContext* codec) const { avcodec_free_context(&codec); }
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
  void operator()(SwsContext* conversion) const { sws_freeContext(conversion); }
};
template <class Object>
using Ffmpeg = std::unique_ptr<Object, ReleaseFfmpeg>;

inline std::string ffmpeg_message(int code) {
  std::array<char, AV_ERROR_MAX_STRING_SIZE> text{};
  av_strerror(code, text.data(), text.size());
  return text.data();
}

/// A library prints nothing: FFmpeg is silent while this lives.
class SilentFfmpeg {
 public:
  SilentFfmpeg() : level_(av_log_get_level()) { av_log_set_level(AV_LOG_QUIET); }
  ~SilentFfmpeg() { av_log_set_level(level_); }
  SilentFfmpeg(const SilentFfmpeg&) = delete;
  SilentFfmpeg& operator=(const SilentFfmpeg&) = delete;

 private:
  int level_;
};

/// Between red, green, blue and the colours of a film: BT.709, as players take it, of limited range.
inline void set_film_colours(SwsContext* conversion, bool to_film) {
  const int* table = sws_getCoefficients(SWS_CS_ITU709);
  const int film = 0, bytes = 1;  // range: limited, full
  sws_setColorspaceDetails(conversion, table, to_film ? bytes : film, table, to_film ? film : bytes, 0,
                           1 << 16, 1 << 16);
}

/// A frame of width × height pixels of red, green and blue, all 0: aligned and with room after each row, both
/// of which swscale's vector code takes for granted (it reads up to 16 bytes more than a row has, and its
/// results depend on them). Null without memory.
inline Ffmpeg<AVFrame> rgb_frame(int width, int height) {
  Ffmpeg<AVFrame> frame(av_frame_alloc());
  if (!frame) return frame;
  frame->format = AV_PIX_FMT_RGB24;
  frame->width = width;
  frame->height = height;
  if (av_frame_get_buffer(frame.get(), 0) < 0) return nullptr;
  std::fill_n(frame->buf[0]->data, frame->buf[0]->size, uint8_t{0});
  return frame;
}

/// Row y of the first plane.
inline uint8_t* row_of(const AVFrame& frame, int y) {
  return frame.data[0] + static_cast<ptrdiff_t>(y) * frame.linesize[0];
}

/// FFmpeg takes what stands before a colon in a name for a protocol.
inline std::string ffmpeg_name(const std::string& path) { return "file:" + path; }

}  // namespace latentpath::detail
