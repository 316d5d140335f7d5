#include "molecule/packed_file.h"

#include <zlib.h>

#include <optional>

#include "latentpath/core/error.h"
#include "latentpath/io/archive.h"
#include "latentpath/io/file.h"

namespace latentpath {
namespace {

/// What `packed` unpacks to; none where it is damaged or larger than `most`.
/// @param window  zlib's: 31 for gzip, −15 for the members of a zip archive
std::optional<std::string> inflate_all(std::string_view packed, int window, size_t most) {
  z_stream stream{};
  if (inflateInit2(&stream, window) != Z_OK) return std::nullopt;
  std::string result;
  std::string block(size_t{1} << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  int status = Z_OK;
  while (status == Z_OK && result.size() <= most) {
    stream.next_out = reinterpret_cast<Bytef*>(block.data());
    stream.avail_out = static_cast<uInt>(block.size());
    status = inflate(&stream, Z_NO_FLUSH);
    result.append(block, 0, block.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  if (status != Z_STREAM_END || result.size() > most) return std::nullopt;
  return result;
}

uint32_t little_endian(std::string_view bytes, size_t at, size_t count) {
  uint32_t value = 0;
  for (size_t i = 0; i < count; ++i)
    value |= static_cast<uint32_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  return value;
}

}  // namespace

std::string read_gzip(const std::filesystem::path& file, size_t most) {
  return unpack_gzip(read_file(file), file.string(), most);
}

std::string unpack_gzip(std::string_view bytes, const std::string& name, size_t most) {
  auto contents = inflate_all(bytes, 31, most);
  LATENTPATH_CHECK(contents, kInput, name, " is no gzip file, or it is damaged");
  return std::move(*contents);
}

std::string read_zip_member(const std::filesystem::path& file, const std::string& member) {
  // Offsets, sizes and checksums are those of the file from here on.
  check_archive(file, file.string());
  const std::string bytes = read_file(file);
  constexpr std::string_view kDirectoryEntry("PK\1\2", 4);
  for (size_t at = bytes.find(kDirectoryEntry); at != std::string::npos;
       at = bytes.find(kDirectoryEntry, at + 1)) {
    if (at + 46 > bytes.size()) break;
    const size_t name_size = little_endian(bytes, at + 28, 2);
    if (bytes.compare(at + 46, name_size, member) != 0 || name_size != member.size()) continue;
    const uint32_t method = little_endian(bytes, at + 10, 2);
    const size_t packed_size = little_endian(bytes, at + 20, 4), size = little_endian(bytes, at + 24, 4);
    const size_t local = little_endian(bytes, at + 42, 4);
    if (local + 30 > bytes.size() || bytes.compare(local, 4, "PK\3\4", 4) != 0) continue;
    const size_t start =
        local + 30 + little_endian(bytes, local + 26, 2) + little_endian(bytes, local + 28, 2);
    if (start + packed_size > bytes.size() || (method != 0 && method != 8)) continue;
    const std::string_view packed = std::string_view(bytes).substr(start, packed_size);
    auto contents = method == 0 ? std::optional(std::string(packed)) : inflate_all(packed, -15, size);
    const bool whole = contents && contents->size() == size &&
                       crc32(0, reinterpret_cast<const Bytef*>(contents->data()), static_cast<uInt>(size)) ==
                           little_endian(bytes, at + 16, 4);
    LATENTPATH_CHECK(whole, kInput, file.string(), ": its member ", member, " is damaged");
    return std::move(*contents);
  }
  throw Error(ErrorKind::kInput, file.string() + " has no member " + member);
}

}  // namespace latentpath
