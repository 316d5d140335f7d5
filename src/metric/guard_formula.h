#pragma once
// Q = 1 − (1 − r)^k of a rank r, with its tail: what typicality_guard.h and cycle_quality.h have in common.

#include <ATen/ATen.h>

#include <cmath>

#include "latentpath/core/tensor.h"

namespace latentpath::detail {

class GuardFormula {
 public:
  explicit GuardFormula(double samples) : k_(samples) {
    far_ = std::log(kFar / k_);
    at_far_ = -std::expm1(k_ * std::log1p(-kFar / k_));
    fall_ = kFar * std::pow(1 - kFar / k_, k_ - 1) / at_far_;  // d log Q / d log r there: the slope goes on
  }
  /// log r [n] float64 → Q [n].
  Tensor operator()(const Tensor& log_rank) const {
    // Each formula is given numbers of its own side alone: the other side's gradient is then 0 and not NaN.
    const Tensor near = log_rank.clamp_min(far_);
    const Tensor inside = 1 - (-at::expm1(near)).clamp_min(0).pow(k_);
    const Tensor outside = at_far_ / (1 + fall_ * (far_ - log_rank).clamp_min(0));
    return at::where(log_rank < far_, outside, inside);
  }

 private:
  static constexpr double kFar = 0.01;  // k r below which the guard falls slowly
  double k_, far_ = 0, at_far_ = 0, fall_ = 0;
};

}  // namespace latentpath::detail
