#pragma once
// Files that others packed: gzip, and zip archives (Python wheels).

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

/// The contents of one member of a zip archive, its checksum compared. Throws Error(kInput) naming file and
/// member.
std::string read_zip_member(const std::filesystem::path& file, const std::string& member);

}  // namespace latentpath
