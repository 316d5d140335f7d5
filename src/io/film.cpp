#include "latentpath/io/film.h"

#include <unistd.h>

#include <system_error>

#include "latentpath/core/error.h"

namespace latentpath {

namespace fs = std::filesystem;

bool film_needs_even_size(const fs::path& path) {
  return path.extension() == ".mp4" || path.extension() == ".webm";
}

fs::path temporary_beside(const fs::path& path) {
  return path.parent_path() / join_message(".", path.filename().string(), ".partial-", ::getpid());
}

void check_new_file(const fs::path& path) {
  std::error_code ignored;
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  LATENTPATH_CHECK(fs::is_directory(folder, ignored), kArgument, "cannot write ", path.string(),
                   ": the folder ", folder.string(), " does not exist");
  LATENTPATH_CHECK(!fs::is_directory(path, ignored), kArgument, "cannot write ", path.string(),
                   ": a folder has that name");
  LATENTPATH_CHECK(::access(folder.c_str(), W_OK) == 0, kArgument, "cannot write ", path.string(),
                   ": the folder ", folder.string(), " is not yours to write in");
}

}  // namespace latentpath
