#include "latentpath/metric/quality_range.h"

#include <ATen/ATen.h>

#include "latentpath/core/error.h"

namespace latentpath {

void check_quality_range(const Tensor& values, const Quality& quality, const char* where) {
  const Tensor outside = at::logical_or(values.lt(-kQualityRounding), values.gt(1 + kQualityRounding));
  LATENTPATH_CHECK(!outside.any().item<bool>(), kInput, "the quality (", quality.describe(), ") gives ",
                   values.masked_select(outside)[0].item<double>(), " ", where,
                   ": a quality lies in [0, 1]; scale it, or pass it through a sigmoid");
}

}  // namespace latentpath
