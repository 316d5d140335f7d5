#include "latentpath/io/archive.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "latentpath/core/error.h"

namespace latentpath {
namespace {

// Records of the format (PKWARE, APPNOTE 6.3): their signatures and lengths without names and extra fields.
constexpr uint32_t kEnd = 0x06054b50, kEnd64 = 0x06064b50, kLocator64 = 0x07064b50;
constexpr uint32_t kEntry = 0x02014b50, kLocal = 0x04034b50;
constexpr uint64_t kEndSize = 22, kEnd64Size = 56, kLocator64Size = 20, kEntrySize = 46, kLocalSize = 30;
constexpr uint64_t kLongestComment = 0xffff;
constexpr size_t kPiece = 1 << 20;

uint64_t little_endian(const unsigned char* bytes, int count) {
  uint64_t value = 0;
  for (int i = count - 1; i >= 0; --i) value = value << 8 | bytes[i];
  return value;
}

struct Member {
  std::string name;
  uint64_t flags = 0, method = 0, checksum = 0, packed = 0, size = 0, offset = 0;
};

class Archive {
 public:
  Archive(const std::filesystem::path& file, std::string name, bool model)
      : stream_(file, std::ios::binary),
        name_(std::move(name)),
        what_for_(model ? "no TorchScript archive" : "no zip archive"),
        remedy_(model ? "; export the model with torch.jit.script or torch.jit.trace" : "; write it anew") {
    std::error_code failure;
    size_ = std::filesystem::file_size(file, failure);
    LATENTPATH_CHECK(stream_ && !failure, kInput, name_, " cannot be read");
  }

  std::vector<std::string> member_names() {
    std::vector<std::string> names;
    for (const Member& member : read_directory()) names.push_back(member.name);
    return names;
  }

  std::string contents(const std::string& wanted, uint64_t most_bytes) {
    for (const Member& member : read_directory()) {
      if (member.name != wanted) continue;
      LATENTPATH_CHECK(member.size <= most_bytes, kInput, name_, " holds ", member.size, " bytes in '",
                       wanted, "', more than the ", most_bytes, " that are read");
      std::string bytes;
      const uint64_t checksum = contents_checksum(member, [&bytes](const unsigned char* piece, size_t count) {
        bytes.append(reinterpret_cast<const char*>(piece), count);
      });
      LATENTPATH_CHECK(checksum == member.checksum, kInput, name_, " is damaged: the contents of '", wanted,
                       "' do not match their checksum; copy or export it anew");
      return bytes;
    }
    throw Error(ErrorKind::kInput, join_message(name_, " holds no '", wanted, "'"));
  }

  void check() {
    const std::vector<Member> members = read_directory();
    uint64_t held = 0;
    size_t sound = 0, filled = 0;
    std::string damaged;
    for (const Member& member : members) {
      need(held <= size_ - member.packed, "its members are larger than the file");
      held += member.packed;
      if (member.size == 0) continue;
      ++filled;
      if (contents_checksum(member) == member.checksum)
        ++sound;
      else if (damaged.empty())
        damaged = member.name;
    }
    if (sound == filled || (sound == 0 && filled > 1)) return;
    throw Error(ErrorKind::kInput, name_ + " is damaged: the contents of '" + damaged +
                                       "' do not match their checksum; copy or export it anew");
  }

 private:
  void need(bool fits, const char* what) const {
    LATENTPATH_CHECK(fits, kInput, name_, " is damaged or ", what_for_, ": ", what, remedy_);
  }

  std::vector<unsigned char> read(uint64_t offset, uint64_t count) {
    need(offset <= size_ && count <= size_ - offset, "it is cut short");
    std::vector<unsigned char> bytes(count);
    stream_.clear();
    stream_.seekg(static_cast<std::streamoff>(offset));
    stream_.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(count));
    LATENTPATH_CHECK(stream_.gcount() == static_cast<std::streamsize>(count), kInput, name_,
                     " cannot be read");
    return bytes;
  }

  std::vector<Member> read_directory() {
    need(size_ >= kEndSize, "it is no zip archive");
    const uint64_t tail = std::min(size_, kEndSize + kLongestComment + kLocator64Size);
    const auto last = read(size_ - tail, tail);
    size_t at = last.size() - kEndSize;
    while (at > 0 && little_endian(&last[at], 4) != kEnd) --at;
    need(little_endian(&last[at], 4) == kEnd, "it is no zip archive, or cut short");
    uint64_t entries = little_endian(&last[at + 10], 2);
    uint64_t length = little_endian(&last[at + 12], 4), offset = little_endian(&last[at + 16], 4);
    if (at >= kLocator64Size && little_endian(&last[at - kLocator64Size], 4) == kLocator64) {
      const auto large = read(little_endian(&last[at - kLocator64Size + 8], 8), kEnd64Size);
      need(little_endian(large.data(), 4) == kEnd64, "its directory is not where it should be");
      entries = little_endian(&large[32], 8);
      length = little_endian(&large[40], 8);
      offset = little_endian(&large[48], 8);
    }
    need(entries > 0 && entries <= length / kEntrySize, "its directory is shorter than it says");
    const auto directory = read(offset, length);
    std::vector<Member> members;
    size_t place = 0;
    for (uint64_t i = 0; i < entries; ++i) members.push_back(read_entry(directory, place));
    return members;
  }

  Member read_entry(const std::vector<unsigned char>& directory, size_t& place) const {
    need(directory.size() - place >= kEntrySize, "its directory is cut short");
    const unsigned char* entry = &directory[place];
    need(little_endian(entry, 4) == kEntry, "its directory is not where it should be");
    const size_t name = little_endian(entry + 28, 2), extra = little_endian(entry + 30, 2);
    const size_t whole = kEntrySize + name + extra + little_endian(entry + 32, 2);
    need(directory.size() - place >= whole, "its directory is cut short");
    Member member;
    member.flags = little_endian(entry + 8, 2);
    member.method = little_endian(entry + 10, 2);
    member.checksum = little_endian(entry + 16, 4);
    member.packed = little_endian(entry + 20, 4);
    member.size = little_endian(entry + 24, 4);
    member.offset = little_endian(entry + 42, 4);
    member.name.assign(reinterpret_cast<const char*>(entry) + kEntrySize, name);
    read_large_sizes(entry + kEntrySize + name, extra, member);
    place += whole;
    need(member.packed <= size_ && member.offset <= size_, "a member lies outside of it");
    return member;
  }

  /// Sizes beyond 4 GiB stand in an extra field, in this order, each only where it does not fit.
  void read_large_sizes(const unsigned char* extra, size_t length, Member& member) const {
    constexpr uint64_t kElsewhere = 0xffffffff;
    while (length >= 4) {
      const size_t body = little_endian(extra + 2, 2);
      need(body <= length - 4, "a field of its directory is cut short");
      if (little_endian(extra, 2) == 1) {
        size_t at = 0;
        for (uint64_t* value : {&member.size, &member.packed, &member.offset}) {
          if (*value != kElsewhere) continue;
          need(at + 8 <= body, "a field of its directory is cut short");
          *value = little_endian(extra + 4 + at, 8);
          at += 8;
        }
      }
      extra += 4 + body;
      length -= 4 + body;
    }
  }

  using Taker = std::function<void(const unsigned char*, size_t)>;

  uint64_t contents_checksum(const Member& member, const Taker& take = {}) {
    constexpr uint64_t kEncrypted = 1, kStored = 0, kDeflated = 8;
    need((member.flags & kEncrypted) == 0, "a member is encrypted");
    need(member.method == kStored || member.method == kDeflated, "a member is packed in an unknown way");
    const auto local = read(member.offset, kLocalSize);
    need(little_endian(local.data(), 4) == kLocal, "a member is not where the directory says");
    const uint64_t begin =
        member.offset + kLocalSize + little_endian(&local[26], 2) + little_endian(&local[28], 2);
    need(begin <= size_ && member.packed <= size_ - begin, "a member lies outside of it");
    if (member.method == kDeflated) return inflated_checksum(begin, member, take);
    need(member.packed == member.size, "a member is of another size than the directory says");
    uLong checksum = ::crc32(0, nullptr, 0);
    for (uint64_t done = 0; done < member.size; done += kPiece) {
      const auto piece = read(begin + done, std::min<uint64_t>(kPiece, member.size - done));
      checksum = ::crc32(checksum, piece.data(), static_cast<uInt>(piece.size()));
      if (take) take(piece.data(), piece.size());
    }
    return checksum;
  }

  uint64_t inflated_checksum(uint64_t begin, const Member& member, const Taker& take) {
    z_stream inflater{};
    need(::inflateInit2(&inflater, -MAX_WBITS) == Z_OK, "it cannot be unpacked");
    std::vector<unsigned char> output(kPiece);
    uLong checksum = ::crc32(0, nullptr, 0);
    uint64_t unpacked = 0;
    int state = Z_OK;
    for (uint64_t done = 0; done < member.packed && state == Z_OK; done += kPiece) {
      auto piece = read(begin + done, std::min<uint64_t>(kPiece, member.packed - done));
      inflater.next_in = piece.data();
      inflater.avail_in = static_cast<uInt>(piece.size());
      do {
        inflater.next_out = output.data();
        inflater.avail_out = static_cast<uInt>(output.size());
        state = ::inflate(&inflater, Z_NO_FLUSH);
        const size_t count = output.size() - inflater.avail_out;
        checksum = ::crc32(checksum, output.data(), static_cast<uInt>(count));
        unpacked += count;
        if (take && unpacked <= member.size) take(output.data(), count);
      } while (state == Z_OK && inflater.avail_out == 0 && unpacked <= member.size);
    }
    ::inflateEnd(&inflater);
    need(state == Z_STREAM_END && unpacked == member.size,
         "a member cannot be unpacked to the size it states");
    return checksum;
  }

  std::ifstream stream_;
  std::string name_, what_for_, remedy_;
  uint64_t size_ = 0;
};

}  // namespace

void check_archive(const std::filesystem::path& file, const std::string& name) {
  Archive(file, name, true).check();
}

std::vector<std::string> archive_members(const std::filesystem::path& file, const std::string& name) {
  return Archive(file, name, false).member_names();
}

std::string read_archive_member(const std::filesystem::path& file, const std::string& member,
                                const std::string& name, uint64_t most_bytes) {
  return Archive(file, name, false).contents(member, most_bytes);
}

}  // namespace latentpath
