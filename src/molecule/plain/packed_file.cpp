#include "molecule/packed_file.h"

#include <zlib.h>

#include <optional>

#include "latentpath/core/error.h"
#include "latentpath/io/file.h"

namespace latentpath {
namespace {

/// What `packed` unpacks to; none where it is damaged or larger than `most`.
std::optional<std::string> inflate_all(std::string_view packed, size_t most) {
  constexpr int kGzip = 31;
  z_stream stream{};
  if (inflateInit2(&stream, kGzip) != Z_OK) return std::nullopt;
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

}  // namespace

std::string read_gzip(const std::filesystem::path& file, size_t most) {
  return unpack_gzip(read_file(file), file.string(), most);
}

std::string unpack_gzip(std::string_view bytes, const std::string& name, size_t most) {
  auto contents = inflate_all(bytes, most);
  LATENTPATH_CHECK(contents, kInput, name, " is no gzip file, or it is damaged");
  return std::move(*contents);
}

}  // namespace latentpath
