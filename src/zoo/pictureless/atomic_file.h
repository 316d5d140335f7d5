#pragma once
// Writes a file under a temporary name and renames it: readers see the old file or the new one, never half.

#include <filesystem>
#include <functional>

namespace latentpath {

/// @param write  writes the file whose name it is given; the extension is that of `file`
void write_atomically(const std::filesystem::path& file,
                      const std::function<void(const std::filesystem::path&)>& write);

}  // namespace latentpath
