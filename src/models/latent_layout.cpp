#include "latentpath/models/latent_layout.h"

#include <ATen/ATen.h>

#include <sstream>

#include "latentpath/core/error.h"
#include "latentpath/core/read_number.h"

namespace latentpath {

LatentLayout::LatentLayout(std::vector<std::vector<int64_t>> shapes) : shapes_(std::move(shapes)) {
  for (const auto& shape : shapes_) {
    int64_t count = 1;
    for (const int64_t extent : shape) {
      LATENTPATH_CHECK(extent >= 1, kArgument, "latent shapes must have sizes of at least 1, not ", extent);
      count *= extent;
    }
    size_ += count;
  }
  LATENTPATH_CHECK(size_ > 0, kArgument, "latent shapes must name at least one tensor");
}

LatentLayout LatentLayout::parse(const std::string& text) {
  std::vector<std::vector<int64_t>> shapes;
  // getline() does not see an empty last part.
  LATENTPATH_CHECK(!text.empty() && text.back() != 'x' && text.back() != ',' && text.front() != ',' &&
                       text.find("x,") == std::string::npos && text.find(",,") == std::string::npos,
                   kArgument, "latent shapes are written like 2x3,4; '", text, "' is not");
  std::stringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    std::vector<int64_t> shape;
    std::stringstream extents(part);
    for (std::string extent; std::getline(extents, extent, 'x');) {
      const auto value = read_number<int64_t>(extent);
      LATENTPATH_CHECK(value, kArgument, "latent shapes are written like 2x3,4; '", text, "' is not");
      shape.push_back(*value);
    }
    shapes.push_back(std::move(shape));
  }
  return LatentLayout(std::move(shapes));
}

std::vector<Tensor> LatentLayout::split(const Tensor& flat) const {
  LATENTPATH_CHECK(flat.dim() == 2 && flat.size(1) == size_, kInput, "the latent layout holds ", size_,
                   " numbers a point; got ", shape_string(flat.sizes()));
  std::vector<Tensor> parts;
  int64_t offset = 0;
  for (const auto& shape : shapes_) {
    std::vector<int64_t> sizes{flat.size(0)};
    int64_t count = 1;
    for (const int64_t extent : shape) {
      sizes.push_back(extent);
      count *= extent;
    }
    parts.push_back(flat.narrow(1, offset, count).reshape(sizes));
    offset += count;
  }
  return parts;
}

Tensor LatentLayout::join(const std::vector<Tensor>& parts) const {
  LATENTPATH_CHECK(parts.size() == shapes_.size(), kInput, "the latent layout has ", shapes_.size(),
                   " parts, not ", parts.size());
  std::vector<Tensor> flat;
  for (const Tensor& part : parts) flat.push_back(part.flatten(1));
  return at::cat(flat, 1);
}

}  // namespace latentpath
