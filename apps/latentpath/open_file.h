#pragma once
// Shows a file with the program that the desktop has for it.

#include <filesystem>

namespace latentpath::program {

/// Starts the viewer and returns at once; where there is none, a note on stderr says so. What the viewer
/// prints is dropped: stdout belongs to results.
void open_file(const std::filesystem::path& file);

}  // namespace latentpath::program
