#pragma once
// The networks of a PropertyModel: several at once, as one batch of matrices.

#include <string>
#include <utility>
#include <vector>

#include "latentpath/core/tensor.h"

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

}  // namespace latentpath
