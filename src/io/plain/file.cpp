#include "latentpath/io/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "io/write_bytes.h"
#include "latentpath/core/error.h"

namespace latentpath {
namespace {

namespace fs = std::filesystem;

// A file descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }
  int close() {
    const int number = number_;
    number_ = -1;
    return ::close(number);
  }

 private:
  int number_;
};

// Returns 0, or the errno of the first step that failed.
int write_all(const fs::path& path, std::string_view bytes) {
  Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (file.number() < 0) return errno;
  if (const int code = write_bytes(file.number(), bytes)) return code;
  return file.close() == 0 ? 0 : errno;
}

void throw_write_error(const fs::path& path, int code) {
  std::error_code ignored;
  const fs::path folder = path.parent_path();
  if (code == ENOENT && !folder.empty() && !fs::exists(folder, ignored))
    throw Error(ErrorKind::kArgument, join_message("cannot write ", path.string(), ": the folder ",
                                                   folder.string(), " does not exist"));
  throw Error(ErrorKind::kArgument, join_message("cannot write ", path.string(), ": ", std::strerror(code)));
}

void through_temporary(const fs::path& path, const std::function<void(const fs::path&)>& write) {
  std::error_code ignored;
  const fs::path target = link_target(path);  // a device must not be renamed over
  const fs::file_status status = fs::status(target, ignored);
  if (target.empty() || (fs::exists(status) && !fs::is_regular_file(status))) {
    write(path);
    return;
  }
  const fs::path temporary = target.parent_path() / join_message(".", target.stem().string(), ".partial-",
                                                                 ::getpid(), path.extension().string());
  try {
    write(temporary);
  } catch (const Error&) {
    fs::remove(temporary, ignored);
    throw;
  } catch (const std::exception& error) {
    fs::remove(temporary, ignored);
    throw Error(ErrorKind::kArgument, join_message("cannot write ", path.string(), ": ", error.what()));
  }
  if (::rename(temporary.c_str(), target.c_str()) == 0) return;
  const int code = errno;
  fs::remove(temporary, ignored);
  throw_write_error(path, code);
}

}  // namespace

std::string read_file(const fs::path& path) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  LATENTPATH_CHECK(file.number() >= 0, kInput, "cannot read ", path.string(), ": ", std::strerror(errno));
  struct stat status {};
  LATENTPATH_CHECK(::fstat(file.number(), &status) == 0, kInput, "cannot read ", path.string(), ": ",
                   std::strerror(errno));
  LATENTPATH_CHECK(!S_ISDIR(status.st_mode), kInput, "cannot read ", path.string(),
                   ": it is a folder, not a file");
  LATENTPATH_CHECK(S_ISREG(status.st_mode) || S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode), kInput,
                   "cannot read ", path.string(), ": it is a device, not a file");
  std::string bytes;
  if (S_ISREG(status.st_mode)) bytes.reserve(static_cast<size_t>(status.st_size) + 1);
  std::array<char, 1 << 16> buffer;
  for (;;) {
    const ssize_t count = ::read(file.number(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    LATENTPATH_CHECK(count >= 0, kInput, "cannot read ", path.string(), ": ", std::strerror(errno));
    if (count == 0) return bytes;
    bytes.append(buffer.data(), static_cast<size_t>(count));
  }
}

void write_file(const fs::path& path, std::string_view bytes) {
  const int code = write_all(path, bytes);
  if (code == 0) return;
  std::error_code ignored;
  const bool opened = code != EISDIR && code != EACCES && code != EROFS && code != ENOENT && code != ENOTDIR;
  if (opened && fs::is_regular_file(path, ignored)) fs::remove(path, ignored);
  throw_write_error(path, code);
}

fs::path link_target(const fs::path& path) {
  std::error_code ignored;
  return fs::is_symlink(path, ignored) ? fs::weakly_canonical(path, ignored) : path;
}

void write_file_atomic(const fs::path& path, std::string_view bytes) {
  through_temporary(path, [&](const fs::path& file) {
    if (const int code = write_all(file, bytes)) throw_write_error(path, code);
  });
}

void write_atomically(const fs::path& path, const std::function<void(const fs::path&)>& write) {
  std::error_code failure;
  if (path.has_parent_path()) fs::create_directories(path.parent_path(), failure);
  LATENTPATH_CHECK(!failure, kArgument, "cannot create the folder ", path.parent_path().string(), ": ",
                   failure.message());
  through_temporary(path, write);
}

}  // namespace latentpath
