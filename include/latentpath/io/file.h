#pragma once
// Whole files in and out, with every step checked: a full disk, a missing folder or a device in a file's
// place is an Error that names the path, never a short file taken for a good one.
//
//   std::string page = read_file("report.html");
//   write_file_atomic("run.json", text);

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace latentpath {

/// The file's bytes. Pipes are read to their end; folders and devices are refused.
/// Throws Error kInput when the path does not exist, is not a file, or cannot be read.
std::string read_file(const std::filesystem::path& path);

/// Creates or replaces the file. A partly written file is removed before the error is thrown.
/// Throws Error kArgument when the file cannot be created or not all bytes can be written.
void write_file(const std::filesystem::path& path, std::string_view bytes);

/// As write_file, but readers see either the old file or the whole new one: writes to a hidden temporary
/// name in the same folder, then renames. What is not a regular file (/dev/stdout) is written directly.
void write_file_atomic(const std::filesystem::path& path, std::string_view bytes);

/// Where a link leads, so that what is renamed over it leaves it a link; any other path as it is.
std::filesystem::path link_target(const std::filesystem::path& path);

/// The same of a file that `write` makes of the name it is given, whose ending is that of `path`; the folder
/// is made where there is none.
void write_atomically(const std::filesystem::path& path,
                      const std::function<void(const std::filesystem::path&)>& write);

}  // namespace latentpath
