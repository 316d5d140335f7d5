#pragma once
// Operators of newer LibTorch versions that old ones lack and that older operators make, so that files saved
// by today's PyTorch load: attention, the root mean square norm.

namespace latentpath {

/// Once a process, and only where the running LibTorch lacks them.
void register_newer_operators();

}  // namespace latentpath
