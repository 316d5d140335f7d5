#pragma once
// Films: H.264 in .mp4, VP9 in .webm, .gif and .apng, frame by frame from tensors of bytes, channels last.
//
//   FilmWriter film("morph.mp4", {.width = 512, .height = 512, .fps = 30});
//   for (const Tensor& frame : frames) film.append(frame);   // uint8 [512, 512, 3]
//   film.close();                                            // before that there is no morph.mp4
//
// FFmpeg's libraries encode them. In a library that was built without (LATENTPATH_FILMS), all of it is
// refused.

#include <cstdint>
#include <filesystem>
#include <memory>

#include "latentpath/core/tensor.h"

namespace latentpath {

struct FilmSettings {
  int64_t width = 0, height = 0;  ///< in pixels; even for .mp4 and .webm
  double fps = 30;                ///< frames a second
  /// uint8 [n, H, W, 3]: frames like those to come, from which the 255 colours of a .gif are chosen; none:
  /// the first frame's.
  Tensor sample = {};
  int threads = 1;  ///< of the encoder; the same number gives the same bytes
};

/// Whether the ending says a film whose colours are stored for 2 × 2 pixels: width and height must be even.
bool film_needs_even_size(const std::filesystem::path& path);

/// What can be known of a film before its frames: the ending, the folder, frames a second. Throws Error
/// kArgument, as FilmWriter would.
void check_film(const std::filesystem::path& path, double fps);
/// The same without the folder, which may not be there yet.
void check_film_format(const std::filesystem::path& path, double fps);

/// Throws Error kArgument where no file can be made: the folder does not exist or must not be written, or a
/// folder has the name.
void check_new_file(const std::filesystem::path& path);

/// Where a file is written before it is whole: a hidden name beside it.
std::filesystem::path temporary_beside(const std::filesystem::path& path);

class FilmWriter {
 public:
  /// Begins the film under a temporary name beside `path`. Throws Error kArgument: another ending, a size or
  /// rate that the format has not, a file that cannot be made.
  FilmWriter(const std::filesystem::path& path, const FilmSettings& settings);
  /// Without close() nothing is left.
  ~FilmWriter();
  FilmWriter(const FilmWriter&) = delete;
  FilmWriter& operator=(const FilmWriter&) = delete;

  /// The next frame, uint8 [H, W, 3].
  void append(const Tensor& frame);
  /// Ends the film and gives it its name; what had it is replaced.
  void close();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct Film {
  Tensor frames;       ///< uint8 [n, H, W, 3]
  double fps = 0;      ///< as the file says, on average
  double seconds = 0;  ///< as the file says
};

/// Decodes a whole film. Throws Error kInput where it is none.
Film read_film(const std::filesystem::path& path);

}  // namespace latentpath
