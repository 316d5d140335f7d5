#pragma once
// A few points of a path, decoded, as a page shows them: a picture of frames, or vectors, with places and
// values.

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "latentpath/core/tensor.h"
#include "latentpath/core/value_range.h"
#include "latentpath/metric/embedding.h"
#include "latentpath/metric/quality.h"

namespace latentpath::detail {

/// What frames are made with.
struct FrameMaker {
  std::shared_ptr<const Embedding> decoder;
  std::optional<ValueRange> output_range = {};  ///< none: the frames' own extremes
  bool images = false;

  /// {"count", "times", "latents", "values"}, and {"picture", "columns", "width", "height"} of images or
  /// "vectors" of others. points [n, D], times [n]; `value` is asked of each point, null: no values. `side`
  /// is the longer side of a frame in pixels at most; `lossless` for frames that stay.
  nlohmann::json operator()(const Tensor& points, const Tensor& times, const Quality* value, int side,
                            bool lossless) const;
};

/// points [n, D] as lists of short numbers.
nlohmann::json short_rows(const Tensor& points, int digits = 5);

}  // namespace latentpath::detail
