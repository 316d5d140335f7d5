// Variational autoencoder: minimise E_q[−log p(x|z)] + KL(q(z|x) ‖ N(0, I)) with Bernoulli pixels and a
// diagonal Gaussian q (Kingma & Welling 2013, eq. 10 and appendix B).

#include "trainer.h"

namespace latentpath {
namespace {

constexpr double kRate = 1.5e-3;

std::vector<Layer> encoder_layers(int64_t latent_dim) {
  return {reshape({784}),   linear(784, 512),   activation("silu"),
          linear(512, 256), activation("silu"), linear(256, 2 * latent_dim)};
}

std::vector<Layer> decoder_layers(int64_t latent_dim) {
  return {linear(latent_dim, 256), activation("silu"),    linear(256, 512),    activation("silu"),
          linear(512, 784),        activation("sigmoid"), reshape({1, 28, 28})};
}

class VaeTrainer : public Trainer {
 public:
  VaeTrainer(std::string name, int64_t latent_dim, at::Generator random)
      : name_(std::move(name)),
        latent_dim_(latent_dim),
        encoder_(encoder_layers(latent_dim), random),
        decoder_(decoder_layers(latent_dim), random),
        optimizer_(parameters(), torch::optim::AdamOptions()) {}

  double step(const Tensor& images, const Tensor&, double progress, at::Generator random) override {
    const Tensor real = unit_images(images);
    const Tensor code = encoder_.forward(real);
    const Tensor mean = code.narrow(1, 0, latent_dim_);
    const Tensor log_variance = code.narrow(1, latent_dim_, latent_dim_);
    const Tensor noise = at::randn(mean.sizes(), random, at::kFloat);
    const Tensor output = decoder_.forward(mean + (0.5 * log_variance).exp() * noise);
    const double images_in_batch = static_cast<double>(real.size(0));
    const Tensor reconstruction =
        at::binary_cross_entropy(output, real, {}, at::Reduction::Sum) / images_in_batch;
    const Tensor divergence =
        0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum() / images_in_batch;
    const Tensor loss = reconstruction + divergence;
    descend(loss, parameters(), optimizer_, kRate * cosine_schedule(progress));
    divergence_ = divergence.item<double>();
    return loss.item<double>();
  }

  std::string status() const override { return "of which divergence " + std::to_string(divergence_); }

  void save(torch::serialize::OutputArchive& archive) const override {
    save_network(archive, "encoder", encoder_);
    save_network(archive, "decoder", decoder_);
    save_optimizer(archive, "optimizer", optimizer_);
  }

  void load(torch::serialize::InputArchive& archive) override {
    load_network(archive, "encoder", encoder_);
    load_network(archive, "decoder", decoder_);
    load_optimizer(archive, "optimizer", optimizer_);
  }

  std::vector<TrainedModel> models(at::Generator) override {
    TrainedModel decoder{name_, "decoder", decoder_.to_script(name_)};
    describe_decoder(decoder.module, latent_dim_, 0, 1, decoder_.multiply_accumulates({latent_dim_}));
    const Network mean = encoder_.first_outputs(latent_dim_);
    TrainedModel encoder{name_ + "-encoder", "encoder", mean.to_script(name_ + "-encoder")};
    encoder.module.register_attribute("latent_dim", c10::IntType::get(), latent_dim_);
    describe_image_input(encoder.module, mean.multiply_accumulates({1, 28, 28}));
    return {decoder, encoder};
  }

 private:
  std::vector<Tensor> parameters() const {
    std::vector<Tensor> all = encoder_.parameters();
    for (const Tensor& parameter : decoder_.parameters()) all.push_back(parameter);
    return all;
  }

  std::string name_;
  int64_t latent_dim_;
  Network encoder_;
  Network decoder_;
  torch::optim::Adam optimizer_;
  double divergence_ = 0;
};

}  // namespace

std::unique_ptr<Trainer> make_vae_trainer(const std::string& name, int64_t latent_dim,
                                          at::Generator generator) {
  return std::make_unique<VaeTrainer>(name, latent_dim, generator);
}

}  // namespace latentpath
