#include "latentpath/zoo/data_set.h"

#include <ATen/Functions.h>

#include <fstream>

#include "latentpath/core/error.h"
#include "latentpath/zoo/model_store.h"
#include "latentpath/zoo/point_data.h"
#include "zoo/original_files.h"

namespace latentpath {
namespace {

uint32_t big_endian(const unsigned char* bytes) {
  return (uint32_t{bytes[0]} << 24) | (uint32_t{bytes[1]} << 16) | (uint32_t{bytes[2]} << 8) | bytes[3];
}

LabelledImages load_part(const DataSetFacts& facts, const std::filesystem::path& folder, bool training) {
  const int64_t side = facts.side;
  const auto image_file = folder / image_file_name(facts, training);
  const auto label_file = folder / label_file_name(facts, training);
  LabelledImages result;
  // Grey images are stored without a dimension for channels.
  result.images = read_idx(image_file, facts.channels == 1 ? 3 : 4);
  result.labels = read_idx(label_file, facts.exclusive ? 1 : 2).to(at::kLong);
  std::vector<int64_t> wanted =
      facts.channels == 1 ? std::vector<int64_t>{side, side} : facts.example_shape();
  const int64_t images = result.images.size(0);
  LATENTPATH_CHECK(images > 0 && result.images.sizes().slice(1) == at::IntArrayRef(wanted), kInput,
                   image_file.string(), " holds images of shape ", shape_string(result.images.sizes()),
                   ", where [n, ", facts.channels == 1 ? "" : std::to_string(facts.channels) + ", ", side,
                   ", ", side, "] is expected");
  LATENTPATH_CHECK(result.labels.size(0) == images, kInput, label_file.string(), " holds ",
                   result.labels.size(0), " labels for ", images, " images");
  LATENTPATH_CHECK(facts.exclusive || result.labels.size(1) == facts.classes(), kInput, label_file.string(),
                   " holds ", facts.exclusive ? 0 : result.labels.size(1),
                   " attributes of each image, where ", facts.classes(), " are expected");
  const int64_t largest = facts.exclusive ? facts.classes() - 1 : 1;
  LATENTPATH_CHECK(result.labels.max().item<int64_t>() <= largest, kInput, label_file.string(),
                   " holds the label ", result.labels.max().item<int64_t>(), ", where 0 to ", largest,
                   " are expected");
  result.images = result.images.view({images, facts.channels, side, side});
  return result;
}

}  // namespace

Tensor read_idx(const std::filesystem::path& file, int64_t dimensions) {
  std::ifstream stream(file, std::ios::binary);
  LATENTPATH_CHECK(stream, kInput, "cannot open ", file.string(), " (latentpath data fetches the data sets)");
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

DataSet load_data_set(const std::string& name, const std::filesystem::path& folder) {
  const DataSetFacts& facts = data_set_facts(name);
  if (facts.of_points()) {
    const auto part = [](const Tensor& points) {
      return LabelledImages{points, at::zeros({points.size(0)}, at::kLong)};
    };
    return {facts, part(circle_points(true)), part(circle_points(false))};
  }
  LATENTPATH_CHECK(std::filesystem::is_directory(folder), kInput, "there is no folder ", folder.string(),
                   " (latentpath data ", name, " --out ", folder.string(), " gets ", facts.title, ")");
  return {facts, load_part(facts, folder, true), load_part(facts, folder, false)};
}

void check_data_set(const std::string& name, const std::filesystem::path& folder) {
  const DataSetFacts& facts = data_set_facts(name);
  for (const OriginalFile& original : original_files(facts)) {
    const auto file = folder / original.name;
    const Tensor data = read_idx(file, static_cast<int64_t>(original.shape.size()));
    LATENTPATH_CHECK(data.sizes() == at::IntArrayRef(original.shape), kInput, file.string(),
                     " has the shape ", shape_string(data.sizes()), " and not that of ", facts.title, ", ",
                     shape_string(original.shape));
    const std::string sum = file_sha256(file);
    LATENTPATH_CHECK(sum == original.sha256, kInput, file.string(), " has the SHA-256 sum ", sum,
                     " and not that of ", facts.title, ", ", original.sha256);
  }
}

}  // namespace latentpath
