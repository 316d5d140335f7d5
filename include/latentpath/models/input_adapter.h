#pragma once
// From what a decoder gives to what a classifier expects: value range, mean and standard deviation, size,
// channels. A classifier fed the wrong range is wrong in silence, so every step is stated and recorded.
//
//   range:    x₀₁ = (x − low_out) / (high_out − low_out),   x' = low_in + x₀₁ (high_in − low_in)
//   mean/std: x'' = (x' − mean) / std, per channel
//   channels: grey → RGB by repetition, RGB → grey by the Rec. 601 weights
//   size:     bilinear, with area averaging when shrinking

#include <optional>
#include <string>
#include <vector>

#include "latentpath/core/tensor.h"
#include "latentpath/core/value_range.h"

namespace latentpath {

struct ImageFormat {
  std::optional<ValueRange> range;  ///< the interval of the values
  std::vector<double> mean, std;    ///< per channel; empty for none
  std::vector<int64_t> shape;       ///< [C, H, W] or any other shape of one point; empty when unknown
};

class InputAdapter {
 public:
  /// `from`: what the decoder gives (shape must be known); `to`: what the classifier expects (an empty
  /// shape means any). Throws Error(kInput) when no conversion leads from one to the other.
  /// `giver` and `taker` are what its sentences call the two.
  InputAdapter(const ImageFormat& from, const ImageFormat& to, const std::string& giver = "the decoder",
               const std::string& taker = "the classifier");

  /// x [n, …] → [n, …], differentiable.
  Tensor operator()(const Tensor& x) const;

  /// What is done, one clause a step: "values [-1, 1] -> [0, 1]", "28x28 -> 32x32". Empty when nothing is.
  const std::vector<std::string>& steps() const { return steps_; }

 private:
  ImageFormat from_, to_;
  double scale_ = 1, offset_ = 0;
  bool resize_ = false, shrink_ = false;
  int64_t channels_from_ = 0, channels_to_ = 0;
  std::vector<std::string> steps_;
};

}  // namespace latentpath
