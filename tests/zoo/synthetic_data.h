#pragma once
// Small data sets in the formats of the real ones, for tests that must not wait for those.

#include <torch/torch.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "latentpath/zoo/data_set.h"

namespace latentpath::test {

/// A folder that lives as long as the object.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "latentpath-zoo-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = pattern;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline void write_bytes(const std::filesystem::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary) << bytes;
}

/// Magic number and big-endian sizes of an IDX file of bytes.
inline std::string idx_header(const std::vector<int64_t>& shape) {
  std::string bytes{'\0', '\0', '\x08', static_cast<char>(shape.size())};
  for (const int64_t size : shape)
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>((size >> shift) & 0xFF);
  return bytes;
}

inline void write_idx(const std::filesystem::path& file, const at::Tensor& data) {
  const at::Tensor bytes = data.to(at::kByte).contiguous();
  write_bytes(file, idx_header(bytes.sizes().vec()) + std::string(static_cast<const char*>(bytes.data_ptr()),
                                                                  static_cast<size_t>(bytes.numel())));
}

/// Ten classes: an upright bar whose column is the class, with noise. Attributes: coloured squares side by
/// side on white, each there or not.
inline void write_synthetic_part(const DataSetFacts& facts, const std::filesystem::path& folder,
                                 const std::string& part, int64_t count) {
  at::Generator random = at::detail::createCPUGenerator(7);
  at::Tensor labels, images;
  if (facts.exclusive) {
    labels = at::arange(count, at::kLong).remainder(10);
    images = at::randint(40, {count, 28, 28}, random, at::kLong);
    for (int64_t i = 0; i < count; ++i)
      images[i]
          .slice(0, 5, 23)
          .slice(1, 4 + 2 * labels[i].item<int64_t>(), 7 + 2 * labels[i].item<int64_t>())
          .fill_(230);
  } else {
    labels = at::randint(2, {count, 7}, random, at::kLong);
    images = 215 + at::randint(40, {count, 3, 32, 32}, random, at::kLong);
    for (int64_t attribute = 0; attribute < 7; ++attribute) {
      const at::Tensor fade = 1 - labels.select(1, attribute).view({count, 1, 1});
      for (const int64_t channel : {attribute % 3, (attribute + 1) % 3})
        images.select(1, channel).slice(1, 8, 24).slice(2, 2 + 4 * attribute, 6 + 4 * attribute).mul_(fade);
    }
  }
  write_idx(folder / (part + (facts.exclusive ? "-images-idx3-ubyte" : "-images-idx4-ubyte")), images);
  write_idx(folder / (part + (facts.exclusive ? "-labels-idx1-ubyte" : "-labels-idx2-ubyte")), labels);
}

inline void write_synthetic_data(const std::string& name, const std::filesystem::path& folder, int64_t train,
                                 int64_t test) {
  std::filesystem::create_directories(folder);
  write_synthetic_part(data_set_facts(name), folder, "train", train);
  write_synthetic_part(data_set_facts(name), folder, "t10k", test);
}

/// The message of the Error that the call throws, or "" when it throws none.
template <typename Call>
std::string message_of(Call&& call) {
  try {
    call();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

}  // namespace latentpath::test
