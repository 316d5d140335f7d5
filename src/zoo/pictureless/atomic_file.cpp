#include "zoo/pictureless/atomic_file.h"

#include <unistd.h>

#include <string>
#include <system_error>

#include "latentpath/core/error.h"

namespace latentpath {

void write_atomically(const std::filesystem::path& file,
                      const std::function<void(const std::filesystem::path&)>& write) {
  const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  LATENTPATH_CHECK(!failure, kInput, "cannot create the folder ", folder.string(), ": ", failure.message());
  const auto temporary = folder / ("." + file.stem().string() + "." + std::to_string(getpid()) + ".part" +
                                   file.extension().string());
  try {
    write(temporary);
    std::filesystem::rename(temporary, file);
  } catch (const Error&) {
    std::filesystem::remove(temporary, failure);
    throw;
  } catch (const std::exception& error) {
    std::filesystem::remove(temporary, failure);
    throw Error(ErrorKind::kInput, join_message("cannot write ", file.string(), ": ", error.what()));
  }
}

}  // namespace latentpath
