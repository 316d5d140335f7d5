// Variational autoencoder: minimise E_q[−log p(x|z)] + KL(q(z|x) ‖ N(0, I)) with Bernoulli pixels and a
// diagonal Gaussian q (Kingma & Welling 2013, eq. 10 and appendix B).

#include "zoo/autoencoder.h"

namespace latentpath {
namespace {

constexpr double kRate = 1.5e-3;

class VaeTrainer : public AutoencoderTrainer {
 public:
  VaeTrainer(const ModelTask& task, at::Generator random)
      : AutoencoderTrainer(task, 2 * task.latent_dim, random) {}

  double step(const Tensor& images, const Tensor&, double progress, at::Generator random) override {
    const Tensor real = unit_images(images);
    const Tensor code = encoder_.forward(real, true);
    const Tensor mean = code.narrow(1, 0, task_.latent_dim);
    const Tensor log_variance = code.narrow(1, task_.latent_dim, task_.latent_dim);
    const Tensor noise = at::randn(mean.sizes(), random, at::kFloat);
    const Tensor output = decoder_.forward(mean + (0.5 * log_variance).exp() * noise, true);
    const double images_in_batch = static_cast<double>(real.size(0));
    const Tensor reconstruction =
        at::binary_cross_entropy(output, real, {}, at::Reduction::Sum) / images_in_batch;
    const Tensor divergence =
        0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum() / images_in_batch;
    const Tensor loss = reconstruction + divergence;
    minimise(loss, kRate * cosine_schedule(progress));
    divergence_ = divergence.item<double>();
    return loss.item<double>();
  }

  std::string status() const override { return "of which divergence " + std::to_string(divergence_); }

 private:
  double divergence_ = 0;
};

}  // namespace

std::unique_ptr<Trainer> make_vae_trainer(const ModelTask& task, at::Generator generator) {
  return std::make_unique<VaeTrainer>(task, generator);
}

}  // namespace latentpath
