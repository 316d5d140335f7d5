#pragma once
// Files that others packed by gzip; zip archives are read by io/archive.h.

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace latentpath {

/// The bytes that a gzip file holds. Throws Error(kInput) naming the file.
/// @param most  bytes; more are refused
std::string read_gzip(const std::filesystem::path& file, size_t most = size_t{1} << 30);

/// The same of bytes that are in memory; `name` says where they are from.
std::string unpack_gzip(std::string_view bytes, const std::string& name, size_t most = size_t{1} << 30);

}  // namespace latentpath
