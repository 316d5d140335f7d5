#include "latentpath/core/device.h"

#include <ATen/ATen.h>

namespace latentpath {

Tensor on_host(const Tensor& values) { return values.to(at::kCPU, at::kDouble); }

Tensor select_rows(const Tensor& values, const Tensor& rows) {
  return values.index_select(0, rows.to(values.device()));
}

}  // namespace latentpath
