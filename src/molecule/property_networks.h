#pragma once
// The networks of a PropertyModel: several at once, as one batch of matrices; how they are trained, and the
// quality that they see.

#include <ATen/core/Generator.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "latentpath/core/progress.h"
#include "latentpath/core/tensor.h"
#include "latentpath/metric/quality.h"

namespace latentpath {

struct PropertyWeights {
  Tensor code_mean, code_scale;               ///< [D] of the latents
  Tensor value_mean, value_scale;             ///< [properties]
  Tensor first, second, last;                 ///< [networks, inputs, outputs]
  Tensor first_bias, second_bias, last_bias;  ///< [networks, 1, outputs]

  /// z [n, D] → [n, networks, properties]: two hidden layers with SiLU, on standardised latents.
  Tensor predict(const Tensor& z) const;

  /// Name and place of each.
  std::vector<std::pair<std::string, Tensor*>> parts() {
    return {{"code_mean", &code_mean},
            {"code_scale", &code_scale},
            {"value_mean", &value_mean},
            {"value_scale", &value_scale},
            {"first", &first},
            {"second", &second},
            {"last", &last},
            {"first_bias", &first_bias},
            {"second_bias", &second_bias},
            {"last_bias", &last_bias}};
  }
};

/// Φ_N(x), which falls off like 1/x² in its lower tail here, so that there is a slope everywhere.
Tensor soft_step(const Tensor& x);

/// Q(z) = Π_k Φ_N((p_k(z) − threshold) / scale) over the networks p_k of a column; a negative scale asks for
/// values below the threshold.
QualityPointer networks_reach(std::shared_ptr<const PropertyWeights> weights, int64_t column,
                              double threshold, double scale, const std::string& name);

/// The covariance [D, D] float64 of codes [n, D].
Tensor covariance_of(const Tensor& codes);

/// Networks, and what they say of examples that they have not seen.
struct FittedNetworks {
  PropertyWeights weights;            ///< float32
  Tensor codes;                       ///< [n, D] in the order in which they were dealt out
  Tensor truth, predicted;            ///< [held out, properties] float64
  std::vector<double> residuals, r2;  ///< a property each; R² = 1 − mean squared error / variance
  std::vector<double> least, most;    ///< a property each, over all examples; of fit_draws() alone
  int64_t seen = 0;                   ///< examples, of which a twentieth chooses the epoch
};

/// Two networks on latents [n, D] float32 and values [n, properties] float32; a tenth is held out.
FittedNetworks fit_networks(const Tensor& codes, const Tensor& values, int64_t epochs,
                            at::Generator& generator, const ProgressObserver& progress = {},
                            const CancellationToken& token = {});

/// The same on draws [n, D] and values [n, properties] float64, of which rows with a NaN are left out: as
/// many passes as make three hundred steps, by one thread, so that the digits do not depend on how many there
/// are. Weights are float64. Throws Error(kInput) where a property has one value alone, or values that have
/// no mean and spread.
/// @param names  of the properties, for sentences
FittedNetworks fit_draws(const Tensor& codes, const Tensor& values, const std::vector<std::string>& names,
                         uint64_t seed, const ProgressObserver& progress = {},
                         const CancellationToken& token = {});

}  // namespace latentpath
