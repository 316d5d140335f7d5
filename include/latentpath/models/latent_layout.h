#pragma once
// The layout of a structured latent: how a flat vector of size D maps to the list of tensors that a
// decoder such as Glow takes (paper A, appendix 9).
//
//   LatentLayout layout({{2, 3}, {4}});            // D = 10
//   std::vector<Tensor> parts = layout.split(z);   // z [n, 10] → [n, 2, 3], [n, 4]
//   Tensor flat = layout.join(parts);              // and back

#include <cstdint>
#include <string>
#include <vector>

#include "latentpath/core/tensor.h"

namespace latentpath {

class LatentLayout {
 public:
  /// The shapes of the parts, each without its batch dimension. Throws Error(kArgument) on a size below 1.
  explicit LatentLayout(std::vector<std::vector<int64_t>> shapes);

  /// Parses "2x3,4" to {{2, 3}, {4}}.
  static LatentLayout parse(const std::string& text);

  int64_t size() const { return size_; }
  const std::vector<std::vector<int64_t>>& shapes() const { return shapes_; }
  std::vector<Tensor> split(const Tensor& flat) const;
  Tensor join(const std::vector<Tensor>& parts) const;

 private:
  std::vector<std::vector<int64_t>> shapes_;
  int64_t size_ = 0;
};

}  // namespace latentpath
