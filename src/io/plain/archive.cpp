#include "latentpath/io/archive.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <functional>
#include <optional>
#include <sstream>

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

/// Takes the contents of a member, piece by piece.
using Sink = std::function<void(const unsigned char*, size_t)>;

std::unique_ptr<std::istream> open_file(const std::filesystem::path& file, const std::string& name) {
  auto stream = std::make_unique<std::ifstream>(file, std::ios::binary);
  LATENTPATH_CHECK(*stream, kInput, name, " cannot be read");
  return stream;
}

}  // namespace

struct ZipArchive::Contents {
  std::unique_ptr<std::istream> stream;
  std::string name, remedy;
  uint64_t size = 0;
  std::vector<Member> directory;
  std::vector<std::string> names;
  bool without_checksums = false;

  void check() {
    uint64_t held = 0;
    size_t sound = 0, filled = 0;
    std::string damaged;
    for (const Member& member : directory) {
      need(held <= size - member.packed, "its members are larger than the file");
      held += member.packed;
      if (member.size == 0) continue;
      ++filled;
      if (pass_on(member, [](const unsigned char*, size_t) {}) == member.checksum)
        ++sound;
      else if (damaged.empty())
        damaged = member.name;
    }
    without_checksums = sound == 0 && filled > 1;
    if (sound == filled || without_checksums) return;
    throw damage_of(damaged);
  }

  std::string read_member(const std::string& wanted, uint64_t most) {
    const auto member = std::find_if(directory.begin(), directory.end(),
                                     [&](const Member& one) { return one.name == wanted; });
    LATENTPATH_CHECK(member != directory.end(), kInput, name, " has no member ", wanted);
    LATENTPATH_CHECK(member->size <= most, kInput, name, ": its member ", wanted, " has ", member->size,
                     " bytes, more than ", most);
    std::string bytes;
    const uLong checksum = pass_on(*member, [&](const unsigned char* piece, size_t count) {
      bytes.append(reinterpret_cast<const char*>(piece), count);
    });
    if (!without_checksums && checksum != member->checksum) throw damage_of(wanted);
    return bytes;
  }

  Error damage_of(const std::string& member) const {
    return {ErrorKind::kInput, name + " is damaged: the contents of '" + member +
                                   "' do not match their checksum; copy or export it anew"};
  }

  void need(bool fits, const char* what) const {
    LATENTPATH_CHECK(fits, kInput, name, " is damaged or no zip archive: ", what, "; ", remedy);
  }

  std::vector<unsigned char> read(uint64_t offset, uint64_t count) {
    need(offset <= size && count <= size - offset, "it is cut short");
    std::vector<unsigned char> bytes(count);
    stream->clear();
    stream->seekg(static_cast<std::streamoff>(offset));
    stream->read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(count));
    LATENTPATH_CHECK(stream->gcount() == static_cast<std::streamsize>(count), kInput, name,
                     " cannot be read");
    return bytes;
  }

  void read_directory() {
    need(size >= kEndSize, "it is no zip archive");
    const uint64_t tail = std::min(size, kEndSize + kLongestComment + kLocator64Size);
    const auto last = read(size - tail, tail);
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
    const auto bytes = read(offset, length);
    size_t place = 0;
    for (uint64_t i = 0; i < entries; ++i) {
      directory.push_back(read_entry(bytes, place));
      names.push_back(directory.back().name);
    }
  }

  Member read_entry(const std::vector<unsigned char>& bytes, size_t& place) const {
    need(bytes.size() - place >= kEntrySize, "its directory is cut short");
    const unsigned char* entry = &bytes[place];
    need(little_endian(entry, 4) == kEntry, "its directory is not where it should be");
    const size_t letters = little_endian(entry + 28, 2), extra = little_endian(entry + 30, 2);
    const size_t whole = kEntrySize + letters + extra + little_endian(entry + 32, 2);
    need(bytes.size() - place >= whole, "its directory is cut short");
    Member member;
    member.flags = little_endian(entry + 8, 2);
    member.method = little_endian(entry + 10, 2);
    member.checksum = little_endian(entry + 16, 4);
    member.packed = little_endian(entry + 20, 4);
    member.size = little_endian(entry + 24, 4);
    member.offset = little_endian(entry + 42, 4);
    member.name.assign(reinterpret_cast<const char*>(entry) + kEntrySize, letters);
    read_large_sizes(entry + kEntrySize + letters, extra, member);
    place += whole;
    need(member.packed <= size && member.offset <= size, "a member lies outside of it");
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

  /// Hands the member's contents to `sink`. @return their checksum
  uLong pass_on(const Member& member, const Sink& sink) {
    constexpr uint64_t kEncrypted = 1, kStored = 0, kDeflated = 8;
    need((member.flags & kEncrypted) == 0, "a member is encrypted");
    need(member.method == kStored || member.method == kDeflated, "a member is packed in an unknown way");
    const auto local = read(member.offset, kLocalSize);
    need(little_endian(local.data(), 4) == kLocal, "a member is not where the directory says");
    const uint64_t begin =
        member.offset + kLocalSize + little_endian(&local[26], 2) + little_endian(&local[28], 2);
    need(begin <= size && member.packed <= size - begin, "a member lies outside of it");
    if (member.method == kDeflated) return inflate(begin, member, sink);
    need(member.packed == member.size, "a member is of another size than the directory says");
    uLong checksum = ::crc32(0, nullptr, 0);
    for (uint64_t done = 0; done < member.size; done += kPiece) {
      const auto piece = read(begin + done, std::min<uint64_t>(kPiece, member.size - done));
      checksum = ::crc32(checksum, piece.data(), static_cast<uInt>(piece.size()));
      sink(piece.data(), piece.size());
    }
    return checksum;
  }

  uLong inflate(uint64_t begin, const Member& member, const Sink& sink) {
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
        if (unpacked <= member.size) sink(output.data(), count);
      } while (state == Z_OK && inflater.avail_out == 0 && unpacked <= member.size);
    }
    ::inflateEnd(&inflater);
    need(state == Z_STREAM_END && unpacked == member.size,
         "a member cannot be unpacked to the size it states");
    return checksum;
  }
};

ZipArchive::ZipArchive(const std::filesystem::path& file, std::string name, std::string remedy)
    : contents_(std::make_unique<Contents>()) {
  contents_->stream = open_file(file, name);
  std::error_code failure;
  contents_->size = std::filesystem::file_size(file, failure);
  LATENTPATH_CHECK(!failure, kInput, name, " cannot be read");
  contents_->name = std::move(name);
  contents_->remedy = std::move(remedy);
  contents_->read_directory();
}

ZipArchive::ZipArchive(std::unique_ptr<Contents> contents) : contents_(std::move(contents)) {
  contents_->read_directory();
}

ZipArchive ZipArchive::in_memory(const std::string& bytes, std::string name) {
  auto contents = std::make_unique<Contents>();
  contents->stream = std::make_unique<std::istringstream>(bytes, std::ios::binary);
  contents->size = bytes.size();
  contents->name = std::move(name);
  contents->remedy = "copy or export it anew";
  return ZipArchive(std::move(contents));
}

ZipArchive::~ZipArchive() = default;
ZipArchive::ZipArchive(ZipArchive&&) noexcept = default;

const std::string& ZipArchive::name() const { return contents_->name; }
const std::vector<std::string>& ZipArchive::members() const { return contents_->names; }
bool ZipArchive::has(const std::string& member) const {
  return std::find(members().begin(), members().end(), member) != members().end();
}
std::string ZipArchive::read(const std::string& member, uint64_t most) {
  return contents_->read_member(member, most);
}
void ZipArchive::check() { contents_->check(); }

void check_archive(const std::filesystem::path& file, const std::string& name) {
  ZipArchive(
      file, name,
      "export the model with torch.export.save, latentpath.export, torch.jit.script or torch.jit.trace")
      .check();
}

std::vector<std::string> archive_members(const std::filesystem::path& file, const std::string& name) {
  return ZipArchive(file, name).members();
}

std::string read_archive_member(const std::filesystem::path& file, const std::string& member,
                                const std::string& name, uint64_t most_bytes) {
  return ZipArchive(file, name).read(member, most_bytes);
}

}  // namespace latentpath
