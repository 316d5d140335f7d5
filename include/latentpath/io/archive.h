#pragma once
// Zip archives, the format of model files: are they whole, and what do they hold?
//
// Whoever unpacks a damaged model may crash: LibTorch does not look at the checksums, and 1 of 300 files with
// one bit flipped ended its unpickler in a segmentation fault. Each member carries the CRC-32 of its
// contents; here they are compared, and every offset and size of the directory with the size of the file.
//
//   ZipArchive archive("decoder.pt2", "the decoder file decoder.pt2");
//   archive.check();
//   const std::string graph = archive.read("decoder/models/model.json");

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace latentpath {

class ZipArchive {
 public:
  /// Opens the file and reads its directory. Throws Error(kInput) naming `name` and what does not fit: no zip
  /// archive, cut short, members outside of it; `remedy` ends the sentence.
  explicit ZipArchive(const std::filesystem::path& file, std::string name,
                      std::string remedy = "copy or export it anew");
  /// An archive in memory: one that is a member of another.
  static ZipArchive in_memory(const std::string& bytes, std::string name);
  ~ZipArchive();
  ZipArchive(ZipArchive&&) noexcept;

  const std::string& name() const;
  /// The members' names, in the order of the directory.
  const std::vector<std::string>& members() const;
  bool has(const std::string& member) const;
  /// The contents of a member, stored or deflated. Throws Error(kInput) for one that is missing, larger than
  /// `most` bytes, or does not match its checksum.
  std::string read(const std::string& member, uint64_t most = uint64_t{1} << 40);
  /// Reads all members once, in pieces; memory does not grow with the file's size, nor with what it claims to
  /// hold. Throws Error(kInput) for a checksum that is not that of the contents. An archive none of whose
  /// checksums fits was written without any (torch.serialization.set_crc32_options(False)) and passes.
  void check();

 private:
  struct Contents;
  explicit ZipArchive(std::unique_ptr<Contents> contents);
  std::unique_ptr<Contents> contents_;
};

/// ZipArchive::check() of a model's file: the remedy is to export the model.
void check_archive(const std::filesystem::path& file, const std::string& name);

/// ZipArchive::members() and ZipArchive::read() of a file that is opened for it alone.
std::vector<std::string> archive_members(const std::filesystem::path& file, const std::string& name);
std::string read_archive_member(const std::filesystem::path& file, const std::string& member,
                                const std::string& name, uint64_t most_bytes = uint64_t{1} << 32);

}  // namespace latentpath
