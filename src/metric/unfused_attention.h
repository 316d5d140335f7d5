#pragma once
// Attention that can be differentiated twice. From LibTorch 2.0 on, scaled_dot_product_attention is one fused
// operation where it can be, whose backward pass has no derivative of its own. Internal.
//
//   const UnfusedAttention twice;   // around the forward pass
//   const Tensor x = model(z);

namespace latentpath {

/// While one lives, LibTorch takes the plain operations for attention, on all threads: the choice is global.
/// The last one to go restores what was set before the first. Does nothing on LibTorch 1, which has no fused
/// attention with derivatives.
class UnfusedAttention {
 public:
  UnfusedAttention();
  ~UnfusedAttention();  // NOLINT(performance-trivially-destructible): of LibTorch 1 alone
  UnfusedAttention(const UnfusedAttention&) = delete;
  UnfusedAttention& operator=(const UnfusedAttention&) = delete;
};

}  // namespace latentpath
