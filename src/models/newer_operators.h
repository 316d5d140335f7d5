#pragma once
// Operators of newer LibTorch versions that old ones lack and that older operators make, so that files saved
// by today's PyTorch load: attention, the root mean square norm. Made of older ones they have second
// derivatives, which the fused ones lack; exported programs (program_operations.h) take them so everywhere.

#include <ATen/core/Tensor.h>

#include <optional>

namespace latentpath {

/// softmax(s Q Kᵀ + mask) V (Vaswani et al. 2017, Eq. 1), s = 1/√d where there is none. An undefined mask is
/// none; one of truth values says what is attended to. `grouped`: several heads of Q share one of K and V.
at::Tensor attention(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                     const at::Tensor& mask, bool causal, std::optional<double> scale, bool grouped);

/// 1/√(mean(x²) + ε) over the last `axes` axes (Zhang and Sennrich 2019, Eq. 4), ε that of the type where
/// there is none.
at::Tensor root_mean_square_scale(const at::Tensor& x, size_t axes, std::optional<double> epsilon);

/// Once a process, and only where the running LibTorch lacks them.
void register_newer_operators();

}  // namespace latentpath
