#pragma once
// What an autoencoder makes of its own images: z decodes to x = Φ(z), and that is encoded and decoded once
// more, x' = Φ(E(x)), and again, x''. Images like those that the encoder was trained on come back as they
// are; a blend of two of them, of which a classifier is as sure as of either, comes back as something else.
//
//   Q_cycle(z) = Q(x') · Q(x'') · [1 − (1 − r)^k],     r = P(error of a code ≥ ‖x' − x‖),
//
// Q what is asked of x, too, and r by a log-normal distribution of the errors of codes of data (or of samples
// of the prior): with k = 20 a place may be as badly given back as the worst of twenty of them.
// docs/algorithms/cycle_quality.md.
//
//   Cycle cycle{decoder, encode};                                    // encode: images [n, …] → codes [n, D]
//   auto q = product({eights, cycle_quality(eights, cycle, cycle_errors(cycle, codes))});

#include <cstdint>
#include <functional>
#include <memory>

#include "latentpath/metric/embedding.h"
#include "latentpath/metric/quality.h"

namespace latentpath {

struct Cycle {
  std::shared_ptr<const Embedding> decoder;
  std::function<Tensor(const Tensor& decoded)> encode;  ///< Φ(z) [n, …] → codes [n, D] where latents are
  bool concurrent = false;                              ///< several threads may call `encode`
};

/// ‖Φ(E(Φ(z))) − Φ(z)‖ of latents [n, D]: [n] float64, without gradient.
Tensor cycle_errors(const Cycle& cycle, const Tensor& latents);

struct CycleOptions {
  double samples = 20;  ///< k: a place may be given back as badly as the worst of so many
  int64_t cycles = 2;   ///< after each of which `quality` is asked
};

/// Q_cycle as above; `quality` may be null: then the error alone counts.
/// @param errors [n] positive, of codes of data or of samples of the prior, 20 at least
/// Throws Error(kArgument) for a missing decoder or encoder, for too few errors and for ones that are not
/// finite.
QualityPointer cycle_quality(QualityPointer quality, Cycle cycle, const Tensor& errors,
                             const CycleOptions& options = {});

}  // namespace latentpath
