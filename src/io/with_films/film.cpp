#include "latentpath/io/film.h"

#include <cmath>
#include <optional>
#include <system_error>
#include <vector>

#include "ffmpeg.h"
#include "latentpath/core/error.h"
#include "latentpath/io/file.h"
#include "palette.h"

extern "C" {
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
}

namespace latentpath {
namespace {

namespace fs = std::filesystem;
using detail::Ffmpeg;
using detail::ffmpeg_message;

struct Setting {
  const char *name, *value;
};

/// What a file's ending says.
struct Format {
  const char *ending, *muxer;
  std::vector<const char*> encoders;  ///< the first that is there
  AVPixelFormat pixels;
  double most_fps;
  int64_t largest_side;
  std::vector<Setting> encoder_settings, muxer_settings;
};

const std::vector<Format>& formats() {
  // Qualities at which no difference is seen to single frames. A key frame a second (set below) lets players
  // go to any place at once. x264 without `mbtree`: its vector code for it (AVX-512) reads beyond the rows of
  // a film whose width is no multiple of 128 pixels, and equal frames became unequal bytes.
  static const std::vector<Format> list{
      {".mp4",
       "mp4",
       {"libx264", "libopenh264"},
       AV_PIX_FMT_YUV420P,
       240,
       16384,
       {{"preset", "medium"}, {"crf", "17"}, {"mbtree", "0"}},
       {{"movflags", "+faststart"}}},
      {".webm",
       "webm",
       {"libvpx-vp9"},
       AV_PIX_FMT_YUV420P,
       240,
       16384,
       {{"crf", "24"}, {"b", "0"}, {"deadline", "good"}, {"cpu-used", "5"}, {"row-mt", "1"}},
       {}},
      // Its delays are hundredths of a second, and players slow down what asks for less than two.
      {".gif", "gif", {"gif"}, AV_PIX_FMT_PAL8, 50, 65535, {}, {{"loop", "0"}}},
      {".apng",
       "apng",
       {"apng"},
       AV_PIX_FMT_RGB24,
       240,
       65535,
       {{"pred", "up"}, {"compression_level", "4"}},
       {{"plays", "0"}}},
  };
  return list;
}

const Format& format_of(const fs::path& path) {
  for (const Format& format : formats())
    if (path.extension() == format.ending) return format;
  throw Error(ErrorKind::kArgument, join_message(path.string(), " is no film by its ending, which must be ",
                                                 ".mp4, .webm, .gif or .apng"));
}

const AVCodec* encoder_of(const Format& format, const fs::path& path) {
  for (const char* name : format.encoders)
    if (const AVCodec* codec = avcodec_find_encoder_by_name(name)) return codec;
  throw Error(ErrorKind::kArgument,
              join_message("cannot write ", path.string(), ": the FFmpeg that is installed has no encoder ",
                           format.encoders[0], "; choose another ending"));
}

}  // namespace

void check_film(const fs::path& path, double fps) {
  check_film_format(path, fps);
  check_new_file(path);
}

void check_film_format(const fs::path& path, double fps) {
  const Format& format = format_of(path);
  LATENTPATH_CHECK(fps > 0 && fps <= format.most_fps, kArgument, "a ", format.ending, " film has at most ",
                   format.most_fps, " frames a second, not ", fps, ": lower `fps`",
                   format.most_fps < 60 ? ", or choose .mp4, .webm or .apng" : "");
  encoder_of(format, path);
}

struct FilmWriter::Impl {
  Impl(const fs::path& path, const FilmSettings& settings);
  ~Impl();

  void check(int code, const char* what) const {
    LATENTPATH_CHECK(code >= 0, kArgument, "cannot write ", path.string(), ": ", what, ": ",
                     ffmpeg_message(code));
  }
  void open_codec();
  void open_file();
  void fill(const Tensor& frame);
  void encode(const AVFrame* picture);

  detail::SilentFfmpeg silent;
  fs::path path, target, temporary;
  FilmSettings settings;
  const Format& format;
  AVFormatContext* file = nullptr;
  AVStream* stream = nullptr;
  Ffmpeg<AVCodecContext> codec;
  Ffmpeg<AVFrame> picture, source;  ///< as the encoder wants it, and as it came where that is converted
  Ffmpeg<AVPacket> packet;
  Ffmpeg<SwsContext> conversion;
  std::optional<detail::Palette> palette;
  int64_t frames = 0;
  bool whole = false;
};

FilmWriter::Impl::Impl(const fs::path& where, const FilmSettings& wanted)
    : path(where), settings(wanted), format(format_of(where)) {
  check_film(path, settings.fps);
  const int64_t width = settings.width, height = settings.height;
  LATENTPATH_CHECK(width >= 1 && height >= 1 && width <= format.largest_side && height <= format.largest_side,
                   kArgument, "cannot write ", path.string(), ": a ", format.ending,
                   " film has sides of 1 to ", format.largest_side, " pixels, not ", width, " x ", height);
  LATENTPATH_CHECK(!film_needs_even_size(path) || (width % 2 == 0 && height % 2 == 0), kArgument,
                   "cannot write ", path.string(), ": the sides of a ", format.ending,
                   " film are even numbers of pixels, not ", width, " x ", height);
  std::error_code ignored;
  target = link_target(path);
  temporary = temporary_beside(target);
  try {
    open_codec();
    open_file();
  } catch (...) {
    if (file != nullptr) avio_closep(&file->pb);
    avformat_free_context(file);
    fs::remove(temporary, ignored);
    throw;
  }
}

FilmWriter::Impl::~Impl() {
  if (file != nullptr) avio_closep(&file->pb);
  avformat_free_context(file);
  std::error_code ignored;
  if (!whole) fs::remove(temporary, ignored);
}

void FilmWriter::Impl::open_codec() {
  check(avformat_alloc_output_context2(&file, nullptr, format.muxer,
                                       detail::ffmpeg_name(temporary.string()).c_str()),
        "this FFmpeg has not its format");
  file->flags |= AVFMT_FLAG_BITEXACT;  // no dates, no versions, no random numbers: equal frames, equal bytes
  const AVCodec* encoder = encoder_of(format, path);
  codec.reset(avcodec_alloc_context3(encoder));
  picture.reset(av_frame_alloc());
  packet.reset(av_packet_alloc());
  stream = avformat_new_stream(file, nullptr);
  LATENTPATH_CHECK(codec && picture && packet && stream, kNumerical, "no memory for the film ",
                   path.string());
  const AVRational rate = av_d2q(settings.fps, 100000);
  codec->width = static_cast<int>(settings.width);
  codec->height = static_cast<int>(settings.height);
  codec->pix_fmt = format.pixels;
  codec->time_base = av_inv_q(rate);
  codec->framerate = rate;
  codec->thread_count = std::max(1, settings.threads);
  codec->flags |= AV_CODEC_FLAG_BITEXACT;
  if ((file->oformat->flags & AVFMT_GLOBALHEADER) != 0) codec->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  if (format.pixels == AV_PIX_FMT_YUV420P) {
    codec->gop_size = std::max(1, static_cast<int>(std::lround(settings.fps)));
    codec->color_range = AVCOL_RANGE_MPEG;
    codec->colorspace = AVCOL_SPC_BT709;
    codec->color_primaries = AVCOL_PRI_BT709;
    codec->color_trc = AVCOL_TRC_BT709;
  }
  AVDictionary* options = nullptr;
  for (const Setting& setting : format.encoder_settings)
    av_dict_set(&options, setting.name, setting.value, 0);
  const int opened = avcodec_open2(codec.get(), encoder, &options);
  av_dict_free(&options);
  check(opened, "the encoder does not start");
  picture->format = codec->pix_fmt;
  picture->width = codec->width;
  picture->height = codec->height;
  picture->color_range = codec->color_range;
  picture->colorspace = codec->colorspace;
  check(av_frame_get_buffer(picture.get(), 0), "no memory");
  if (format.pixels != AV_PIX_FMT_YUV420P) return;
  conversion.reset(sws_getContext(codec->width, codec->height, AV_PIX_FMT_RGB24, codec->width, codec->height,
                                  codec->pix_fmt, SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT,
                                  nullptr, nullptr, nullptr));
  source = detail::rgb_frame(codec->width, codec->height);
  LATENTPATH_CHECK(conversion && source, kNumerical, "no memory for the film ", path.string());
  detail::set_film_colours(conversion.get(), true);
}

void FilmWriter::Impl::open_file() {
  check(avcodec_parameters_from_context(stream->codecpar, codec.get()), "no memory");
  stream->time_base = codec->time_base;
  stream->avg_frame_rate = codec->framerate;
  check(avio_open(&file->pb, detail::ffmpeg_name(temporary.string()).c_str(), AVIO_FLAG_WRITE),
        "no file can be made there");
  AVDictionary* options = nullptr;
  for (const Setting& setting : format.muxer_settings) av_dict_set(&options, setting.name, setting.value, 0);
  const int begun = avformat_write_header(file, &options);
  av_dict_free(&options);
  check(begun, "its beginning cannot be written");
}

/// The frame's pixels as the encoder wants them.
void FilmWriter::Impl::fill(const Tensor& frame) {
  check(av_frame_make_writable(picture.get()), "no memory");
  const auto* bytes = frame.data_ptr<uint8_t>();
  const int width = codec->width, height = codec->height;
  for (int y = 0; y < height; ++y, bytes += ptrdiff_t{3} * width) {
    uint8_t* row = detail::row_of(source ? *source : *picture, y);
    if (palette)
      for (int x = 0; x < width; ++x) row[x] = palette->nearest(bytes + ptrdiff_t{3} * x);
    else
      std::copy_n(bytes, ptrdiff_t{3} * width, row);
  }
  if (conversion)
    sws_scale(conversion.get(), source->data, source->linesize, 0, height, picture->data, picture->linesize);
  if (palette)
    std::copy(palette->colours().begin(), palette->colours().end(),
              reinterpret_cast<uint32_t*>(picture->data[1]));
}

/// Encodes a frame, or, for null, what the encoder still holds.
void FilmWriter::Impl::encode(const AVFrame* shown) {
  check(avcodec_send_frame(codec.get(), shown), "the encoder failed");
  for (;;) {
    const int received = avcodec_receive_packet(codec.get(), packet.get());
    if (received == AVERROR(EAGAIN) || received == AVERROR_EOF) return;
    check(received, "the encoder failed");
    if (packet->duration == 0) packet->duration = 1;
    av_packet_rescale_ts(packet.get(), codec->time_base, stream->time_base);
    packet->stream_index = stream->index;
    check(av_interleaved_write_frame(file, packet.get()), "not all of it could be written");
  }
}

FilmWriter::FilmWriter(const fs::path& path, const FilmSettings& settings)
    : impl_(std::make_unique<Impl>(path, settings)) {}
FilmWriter::~FilmWriter() = default;

void FilmWriter::append(const Tensor& frame) {
  Impl& film = *impl_;
  LATENTPATH_CHECK(frame.defined() && frame.scalar_type() == at::kByte && frame.dim() == 3 &&
                       frame.size(0) == film.settings.height && frame.size(1) == film.settings.width &&
                       frame.size(2) == 3,
                   kArgument, "a frame of ", film.path.string(), " must be uint8 of shape [",
                   film.settings.height, ", ", film.settings.width, ", 3]");
  const Tensor bytes = frame.to(at::kCPU).contiguous();
  if (film.format.pixels == AV_PIX_FMT_PAL8 && !film.palette)
    film.palette.emplace(film.settings.sample.defined() ? film.settings.sample : bytes.unsqueeze(0));
  film.fill(bytes);
  film.picture->pts = film.frames++;
  film.encode(film.picture.get());
}

void FilmWriter::close() {
  Impl& film = *impl_;
  LATENTPATH_CHECK(film.frames > 0, kArgument, "cannot write ", film.path.string(), ": it has no frames");
  film.encode(nullptr);
  film.check(av_write_trailer(film.file), "its end cannot be written");
  const int error = film.file->pb->error;
  const int closed = avio_closep(&film.file->pb);
  film.check(error < 0 ? error : closed, "not all of it could be written");
  std::error_code code;
  fs::rename(film.temporary, film.target, code);
  LATENTPATH_CHECK(!code, kArgument, "cannot write ", film.path.string(), ": ", code.message());
  film.whole = true;
}

}  // namespace latentpath
