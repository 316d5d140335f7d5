#include "models/newer_operators.h"

#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/library.h>
#include <torch/version.h>

#include <cmath>
#include <limits>
#include <optional>

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

/// softmax(Q Kᵀ s + mask) V, s = 1/√d (Vaswani et al. 2017, Eq. 1).
at::Tensor attention(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                     const Optional<at::Tensor>& mask, double dropout, bool causal, Optional<double> scale,
                     bool grouped) {
  LATENTPATH_CHECK(dropout == 0, kInput,
                   "attention with dropout draws random numbers: export the model after "
                   ".eval()");
  at::Tensor keys = key, values = value;
  if (grouped) {
    keys = keys.repeat_interleave(query.size(-3) / keys.size(-3), -3);
    values = values.repeat_interleave(query.size(-3) / values.size(-3), -3);
  }
  const double factor = scale ? *scale : 1 / std::sqrt(static_cast<double>(query.size(-1)));
  at::Tensor scores = at::matmul(query, keys.transpose(-2, -1)) * factor;
  const double never = -std::numeric_limits<double>::infinity();
  if (causal) {
    const at::Tensor allowed =
        at::ones({query.size(-2), keys.size(-2)}, query.options().dtype(at::kBool)).tril();
    scores = scores.masked_fill(allowed.logical_not(), never);
  }
  if (mask && mask->defined())
    scores =
        mask->scalar_type() == at::kBool ? scores.masked_fill(mask->logical_not(), never) : scores + *mask;
  return at::matmul(at::softmax(scores, -1), values);
}

/// x / √(mean(x²) + ε) · weight over the last axes (Zhang and Sennrich 2019, Eq. 4).
at::Tensor root_mean_square_norm(const at::Tensor& input, at::IntArrayRef shape,
                                 const Optional<at::Tensor>& weight, Optional<double> eps) {
  std::vector<int64_t> axes;
  for (size_t i = 0; i < shape.size(); ++i) axes.push_back(-1 - static_cast<int64_t>(i));
  const double least = eps                                  ? *eps
                       : input.scalar_type() == at::kDouble ? std::numeric_limits<double>::epsilon()
                                                            : std::numeric_limits<float>::epsilon();
  const at::Tensor normed = input * (input.square().mean(axes, true) + least).rsqrt();
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

void register_newer_operators() {
  static const bool once = [] {
    // Held for the process: files that use them may be loaded at any time.
    static torch::Library aten(torch::Library::FRAGMENT, "aten", {}, __FILE__, __LINE__);
    if (is_missing("aten::scaled_dot_product_attention")) aten.def(kAttention, attention);
    if (is_missing("aten::rms_norm")) aten.def(kRootMeanSquareNorm, root_mean_square_norm);
    if (is_missing("aten::_upsample_lanczos2d_aa")) aten.def(kLanczos, lanczos);
    return true;
  }();
  static_cast<void>(once);
}

}  // namespace latentpath
