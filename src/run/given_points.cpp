#include "run/given_points.h"

#include <ATen/ATen.h>

#include "latentpath/core/error.h"
#include "latentpath/io/tensor_file.h"
#include "latentpath/path/points.h"
#include "latentpath/run/text_values.h"

namespace latentpath::detail {
namespace {

/// Numbers as text, or a file of them.
Tensor read_numbers(const char* field, const std::string& text) {
  return names_tensor_file(text) ? read_tensor_file(text).to(at::kDouble)
                                 : at::tensor(parse_finite_numbers(field, text), at::kDouble);
}

void check_finite(const Tensor& numbers, const char* field) {
  LATENTPATH_CHECK(at::isfinite(numbers).all().item<bool>(), kInput, "`", field,
                   "` has a number that is NaN or infinite");
}

}  // namespace

Tensor read_given_points(const char* field, const std::string& file, const Tensor& own, int64_t least) {
  LATENTPATH_CHECK(own.defined() || names_tensor_file(file), kArgument, "`", field,
                   "` takes a file of points, not '", file, "': FILE.npy of shape [n, D]");
  Tensor points = (own.defined() ? own : read_tensor_file(file)).to(at::kDouble).contiguous();
  LATENTPATH_CHECK(points.dim() == 2 && points.size(0) >= least && points.size(1) >= 1, kInput, file,
                   " must have the shape [n, D], with at least ", least, least == 1 ? " point" : " points",
                   ", not ", shape_string(points.sizes()));
  check_finite(points, field);
  return points;
}

Tensor read_given_vectors(const char* field, const std::string& text, const Tensor& own,
                          const Tensor& points) {
  Tensor vectors = own.defined() ? own.to(at::kDouble) : read_numbers(field, text);
  if (vectors.dim() == 1) vectors = vectors.unsqueeze(0);
  LATENTPATH_CHECK(vectors.dim() == 2 && vectors.size(1) == points.size(1) &&
                       (vectors.size(0) == points.size(0) || vectors.size(0) == 1 || points.size(0) == 1),
                   kInput, "`", field, "` has vectors of the shape ", shape_string(vectors.sizes()),
                   ", and `from` points of ", shape_string(points.sizes()),
                   ": it takes one vector for each point, of as many coordinates");
  check_finite(vectors, field);
  return vectors.contiguous();
}

Tensor read_given_weights(const std::string& text, const Tensor& own, int64_t count) {
  if (!own.defined() && text.empty()) return {};
  Tensor weights = (own.defined() ? own.to(at::kDouble) : read_numbers("weights", text)).contiguous();
  LATENTPATH_CHECK(weights.dim() == 1 && weights.size(0) == count, kInput, "`weights` has the shape ",
                   shape_string(weights.sizes()), ", and `mean` ", count,
                   " points: it takes one weight for each");
  check_finite(weights, "weights");
  LATENTPATH_CHECK((weights >= 0).all().item<bool>() && (weights > 0).any().item<bool>(), kInput,
                   "`weights` must not be negative, and one of them above 0");
  return weights;
}

}  // namespace latentpath::detail
