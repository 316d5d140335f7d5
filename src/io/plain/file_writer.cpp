#include "latentpath/io/file_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "io/write_bytes.h"
#include "latentpath/core/error.h"

namespace latentpath {
namespace {

constexpr size_t kPiece = 1 << 18;

[[noreturn]] void refuse(const std::filesystem::path& path, int code) {
  throw Error(ErrorKind::kArgument, join_message("cannot write ", path.string(), ": ", std::strerror(code)));
}

}  // namespace

FileWriter::FileWriter(std::filesystem::path path)
    : path_(std::move(path)),
      descriptor_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) {
  if (descriptor_ < 0) refuse(path_, errno);
}

FileWriter::~FileWriter() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  std::error_code ignored;
  if (std::filesystem::is_regular_file(path_, ignored)) std::filesystem::remove(path_, ignored);
}

void FileWriter::append(std::string_view bytes) {
  pending_ += bytes;
  if (pending_.size() >= kPiece) flush();
}

void FileWriter::flush() {
  if (const int code = write_bytes(descriptor_, pending_)) refuse(path_, code);
  pending_.clear();
}

void FileWriter::close() {
  flush();
  if (::close(std::exchange(descriptor_, -1)) != 0) refuse(path_, errno);
}

}  // namespace latentpath
