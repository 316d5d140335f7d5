#pragma once
// The distribution of a generator's latents, by the name that its file states.

#include <ATen/core/Generator.h>

#include <cstdint>
#include <string>

#include "latentpath/metric/density.h"

namespace latentpath {

class TrainingLatents {
 public:
  /// @param name  "normal", "semicircle" or "uniform"; else Error(kInput)
  TrainingLatents(std::string name, int64_t latent_dim);

  /// float [count, latent_dim]
  Tensor sample(int64_t count, at::Generator generator) const;
  /// The standard deviation of each latent, float [latent_dim]; of 10 000 draws, but exactly 1 for the normal
  /// one.
  Tensor deviations() const;
  /// Nothing but independent standard normal latents.
  bool is_normal() const { return name_ == "normal"; }

 private:
  std::string name_;
  int64_t latent_dim_;
  DensityPointer density_;
};

}  // namespace latentpath
