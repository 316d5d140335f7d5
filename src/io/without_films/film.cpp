// What stands in for with_films/ in a library without FFmpeg (LATENTPATH_FILMS=OFF): films are refused.
#include "latentpath/io/film.h"

#include "latentpath/core/error.h"

namespace latentpath {
namespace {

[[noreturn]] void refuse(const std::filesystem::path& path) {
  throw Error(
      ErrorKind::kArgument,
      path.string() +
          " is a film, and this build of LatentPath has no FFmpeg: build it where "
          "libavcodec-dev, libavformat-dev and libswscale-dev are installed, or ask for single frames");
}

}  // namespace

struct FilmWriter::Impl {};

void check_film(const std::filesystem::path& path, double) { refuse(path); }
void check_film_format(const std::filesystem::path& path, double) { refuse(path); }
FilmWriter::FilmWriter(const std::filesystem::path& path, const FilmSettings&) { refuse(path); }
FilmWriter::~FilmWriter() = default;
void FilmWriter::append(const Tensor&) {}
void FilmWriter::close() {}
Film read_film(const std::filesystem::path& path) { refuse(path); }

}  // namespace latentpath
