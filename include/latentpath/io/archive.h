#pragma once
// Zip archives, the format of TorchScript files: are they whole?
//
// Whoever unpacks a damaged model may crash: LibTorch does not look at the checksums, and 1 of 300 files with
// one bit flipped ended its unpickler in a segmentation fault. Each member carries the CRC-32 of its
// contents; here they are compared, and every offset and size of the directory with the size of the file.
//
//   check_archive("decoder.pt", "the decoder file decoder.pt");

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace latentpath {

/// Reads the archive once, in pieces; memory does not grow with its size, nor with what it claims to hold.
/// Throws Error(kInput) naming `name` and what does not fit: no zip archive, cut short, members outside of
/// it, a checksum that is not that of the contents. An archive none of whose checksums fits was written
/// without any (torch.serialization.set_crc32_options(False)) and passes.
void check_archive(const std::filesystem::path& file, const std::string& name);

/// The names of its members, from the directory alone. Throws Error(kInput) as check_archive().
std::vector<std::string> archive_members(const std::filesystem::path& file, const std::string& name);

/// The contents of one member, at most `most_bytes`; its checksum must fit. Throws Error(kInput).
std::string read_archive_member(const std::filesystem::path& file, const std::string& member,
                                const std::string& name, uint64_t most_bytes = uint64_t{1} << 32);

}  // namespace latentpath
