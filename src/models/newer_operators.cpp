#include "models/newer_operators.h"

#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/library.h>
#include <torch/version.h>

#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "latentpath/core/error.h"

namespace latentpath {
namespace {

#if TORCH_VERSION_MAJOR < 2
template <class Value>
using Optional = c10::optional<Value>;
#else
template <class Value>
using Optional = std::optional<Value>;
#endif

constexpr const char* kAttention =
    "scaled_dot_product_attention(Tensor query, Tensor key, Tensor value, Tensor? attn_mask=None, float "
    "dropout_p=0.0, "
    "bool is_causal=False, *, float? scale=None, bool enable_gqa=False) -> Tensor";
constexpr const char* kRootMeanSquareNorm =
    "rms_norm(Tensor input, int[] normalized_shape, Tensor? weight=None, float? eps=None) -> Tensor";
constexpr const char* kLanczos =
    "_upsample_lanczos2d_aa(Tensor input, int[]? output_size, bool align_corners, float[]? scale_factors) -> "
    "Tensor";

at::Tensor attention_operator(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                              const Optional<at::Tensor>& mask, double dropout, bool causal,
                              Optional<double> scale, bool grouped) {
  LATENTPATH_CHECK(dropout == 0, kInput,
                   "attention with dropout draws random numbers: export the model after "
                   ".eval()");
  return attention(query, key, value, mask ? *mask : at::Tensor(), causal,
                   scale ? std::optional<double>(*scale) : std::nullopt, grouped);
}

at::Tensor root_mean_square_norm(const at::Tensor& input, at::IntArrayRef shape,
                                 const Optional<at::Tensor>& weight, Optional<double> eps) {
  const at::Tensor normed =
      input * root_mean_square_scale(input, shape.size(), eps ? std::optional<double>(*eps) : std::nullopt);
  return weight && weight->defined() ? normed * *weight : normed;
}

/// Named by every scripted F.interpolate of today's PyTorch, and called for mode 'lanczos' alone.
at::Tensor lanczos(const at::Tensor&, at::OptionalIntArrayRef, bool, Optional<at::ArrayRef<double>>) {
  throw Error(ErrorKind::kInput,
              "mode 'lanczos' of interpolate() needs a newer LibTorch: export the model with "
              "another mode");
}

bool is_missing(const char* name) { return !c10::Dispatcher::singleton().findSchema({name, ""}).has_value(); }

}  // namespace

at::Tensor attention(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                     const at::Tensor& mask, bool causal, std::optional<double> scale, bool grouped) {
  at::Tensor keys = key, values = value;
  if (grouped) {
    keys = keys.repeat_interleave(query.size(-3) / keys.size(-3), -3);
    values = values.repeat_interleave(query.size(-3) / values.size(-3), -3);
  }
  at::Tensor scores = at::matmul(query * scale.value_or(1 / std::sqrt(static_cast<double>(query.size(-1)))),
                                 keys.transpose(-2, -1));
  const double never = -std::numeric_limits<double>::infinity();
  if (causal) {
    const at::Tensor later =
        at::ones({scores.size(-2), scores.size(-1)}, scores.options().dtype(at::kBool)).triu(1);
    scores = scores.masked_fill(later, never);
  }
  if (mask.defined())
    scores = mask.scalar_type() == at::kBool ? scores.masked_fill(mask.logical_not(), never) : scores + mask;
  return at::matmul(at::softmax(scores, -1), values);
}

at::Tensor root_mean_square_scale(const at::Tensor& x, size_t axes, std::optional<double> epsilon) {
  std::vector<int64_t> last;
  for (size_t i = 0; i < axes; ++i) last.push_back(-1 - static_cast<int64_t>(i));
  const double of_type = x.scalar_type() == at::kDouble ? std::numeric_limits<double>::epsilon()
                                                        : std::numeric_limits<float>::epsilon();
  return (x.square().mean(last, true) + epsilon.value_or(of_type)).rsqrt();
}

void register_newer_operators() {
  static const bool once = [] {
    // Held for the process: files that use them may be loaded at any time.
    static torch::Library aten(torch::Library::FRAGMENT, "aten", {}, __FILE__, __LINE__);
    if (is_missing("aten::scaled_dot_product_attention")) aten.def(kAttention, attention_operator);
    if (is_missing("aten::rms_norm")) aten.def(kRootMeanSquareNorm, root_mean_square_norm);
    if (is_missing("aten::_upsample_lanczos2d_aa")) aten.def(kLanczos, lanczos);
    return true;
  }();
  static_cast<void>(once);
}

}  // namespace latentpath
