#include "zoo/prior.h"

#include <ATen/ATen.h>

#include "latentpath/core/error.h"
#include "latentpath/core/random.h"

namespace latentpath {

TrainingLatents::TrainingLatents(std::string name, int64_t latent_dim)
    : name_(std::move(name)), latent_dim_(latent_dim), density_(density_by_name(name_, latent_dim)) {
  LATENTPATH_CHECK(density_ != nullptr, kInput, "a decoder states the prior '", name_,
                   "': normal, semicircle and uniform are known");
}

Tensor TrainingLatents::sample(int64_t count, at::Generator generator) const {
  // In single precision, for the sake of speed and of the models that were trained so.
  if (is_normal()) return at::randn({count, latent_dim_}, generator, at::kFloat);
  return density_->sample(count, generator).to(at::kFloat);
}

Tensor TrainingLatents::deviations() const {
  if (is_normal()) return at::ones({latent_dim_});
  return sample(10000, make_generator(1)).std(0);
}

}  // namespace latentpath
