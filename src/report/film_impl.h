#pragma once
// Where the images of a film stand, and its files.

#include <cstdint>
#include <string>
#include <vector>

#include "latentpath/report/film.h"

namespace latentpath::detail {

struct FilmCell {
  int64_t pair = 0;
  std::string row = {};
  std::string label = {};  ///< above it; empty in a film of one image
  int64_t x = 0, y = 0;    ///< of the image's corner, in pixels
};

struct FilmLayout {
  int64_t width = 0, height = 0;            ///< of the film
  int64_t cell_width = 0, cell_height = 0;  ///< of each image
  double label_size = 0;                    ///< the em of labels
  std::vector<FilmCell> cells;
};

/// One image fills the film. Of several, the curves of a pair stand beside or below each other, and pairs in
/// the grid that comes nearest to a screen's shape. `height`, `width`: of a decoded image. Throws
/// Error(kArgument) where the film would be too large.
FilmLayout film_layout(const FilmOptions& options, int64_t pairs, int64_t height, int64_t width);

/// "frames/" is the folder "frames".
std::filesystem::path without_slash(const std::filesystem::path& path);

}  // namespace latentpath::detail
