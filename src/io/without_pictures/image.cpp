// What stands in for image.cpp in a library without OpenCV (LATENTPATH_PICTURES=OFF): pictures are refused.
#include "latentpath/io/image.h"

#include "latentpath/core/error.h"

namespace latentpath {

Tensor read_image(const std::filesystem::path& path, std::vector<std::string>*) {
  throw Error(ErrorKind::kArgument,
              path.string() + " cannot be read: this build of LatentPath has no OpenCV; give it as a tensor");
}

std::string encode_png(const Tensor&) {
  throw Error(ErrorKind::kArgument, "no picture can be written: this build of LatentPath has no OpenCV");
}

void write_png(const std::filesystem::path&, const Tensor& image) { encode_png(image); }

}  // namespace latentpath
