// DCGAN: minimise softplus(−D(G(z))) over the generator, softplus(D(G(z))) + softplus(−D(x)) + R1 over the
// discriminator, with R1 = γ/2 E‖∇D(x)‖² on real images (Mescheder et al. 2018, eq. 9). The discriminator
// also sees how much the batch varies (Karras et al. 2017, arXiv 1710.10196, section 3), against collapse
// onto few digits.

#include <cmath>

#include "latentpath/core/error.h"
#include "trainer.h"

namespace latentpath {
namespace {

constexpr double kGeneratorRate = 7e-4;
constexpr double kDiscriminatorRate = 7e-4;
constexpr double kGradientPenalty = 0.1;
constexpr double kBalance = 1.0;
constexpr double kSureness = 0.1;
constexpr int64_t kPenaltyInterval = 16;  // steps; the penalty is scaled up to match (lazy regularisation)
constexpr double kAverageDecay = 0.999;
constexpr int64_t kRecalibrationBatches = 200;
constexpr int64_t kRecalibrationBatch = 256;

std::vector<Layer> generator_layers(int64_t latent_dim) {
  return {linear(latent_dim, 256),
          activation("silu"),
          linear(256, 128),
          batch_norm(128),
          activation("silu"),
          linear(128, 48 * 7 * 7),
          batch_norm(48 * 7 * 7),
          activation("silu"),
          reshape({48, 7, 7}),
          transposed_convolution(48, 24, 4, 2, 1),
          batch_norm(24),
          activation("silu"),
          transposed_convolution(24, 1, 4, 2, 1),
          activation("tanh")};
}

/// Spreads the bends of the first layer over the region where latents are. All biases zero would let them all
/// meet at the origin, and a generator of two latents would hardly get beyond one digit a direction.
Network make_generator_network(int64_t latent_dim, at::Generator random) {
  Network network(generator_layers(latent_dim), random);
  torch::NoGradGuard no_grad;
  const auto parameters = network.parameters();
  parameters[0].copy_(at::randn({256, latent_dim}, random, at::kFloat) * (3 / std::sqrt(latent_dim)));
  parameters[1].copy_(at::randn({256}, random, at::kFloat) * 3);
  return network;
}

constexpr int64_t kChannels = 24;
constexpr int64_t kFeatures = 2 * kChannels * 7 * 7;

std::vector<Layer> discriminator_layers() {
  return {convolution(1, kChannels, 4, 2, 1), activation("leaky_relu"),
          convolution(kChannels, 2 * kChannels, 4, 2, 1), activation("leaky_relu"), reshape({kFeatures})};
}

class GanTrainer : public Trainer {
 public:
  GanTrainer(std::string name, int64_t latent_dim, at::Generator random)
      : name_(std::move(name)),
        latent_dim_(latent_dim),
        generator_(make_generator_network(latent_dim, random)),
        average_(generator_.clone()),
        trunk_(discriminator_layers(), random),
        head_({linear(kFeatures + 1, 1)}, random),
        class_head_({linear(kFeatures, 10)}, random),
        generator_optimizer_(generator_.parameters(), adam_options()),
        discriminator_optimizer_(discriminator_parameters(), adam_options()) {}

  double step(const Tensor& images, const Tensor& labels, double progress, at::Generator random) override {
    Tensor real = unit_images(images) * 2 - 1;
    const Tensor fake = generator_.forward(at::randn({real.size(0), latent_dim_}, random, at::kFloat), true);
    // Constant, then linear to zero: the average settles on one solution.
    const double rate = std::min(1.0, 2 * (1 - progress) + 0.02);

    const bool penalise = steps_ % kPenaltyInterval == 0;
    if (penalise) real.requires_grad_(true);
    const Tensor real_features = trunk_.forward(real);
    const Tensor on_real = judge(real_features);
    Tensor loss = at::softplus(-on_real).mean() + at::softplus(judge(trunk_.forward(fake.detach()))).mean();
    discriminator_loss_ = loss.item<double>();
    loss = loss + at::cross_entropy_loss(class_head_.forward(real_features), labels);
    if (penalise) {
      const Tensor slope = torch::autograd::grad({on_real.sum()}, {real}, {}, true, true)[0];
      loss = loss + 0.5 * kGradientPenalty * kPenaltyInterval * slope.square().sum({1, 2, 3}).mean();
    }
    descend(loss, discriminator_parameters(), discriminator_optimizer_, kDiscriminatorRate * rate);

    const Tensor fake_features = trunk_.forward(fake);
    const Tensor generator_loss = at::softplus(-judge(fake_features)).mean();
    const Tensor log_classes = at::log_softmax(class_head_.forward(fake_features), 1);
    const Tensor classes = log_classes.exp();
    const Tensor unevenness = -(classes.mean(0) + 1e-6).log().mean() - std::log(10.0);
    const Tensor entropy = -(classes * log_classes).sum(1).mean();
    unevenness_ = unevenness.item<double>();
    descend(generator_loss + kBalance * unevenness + kSureness * entropy, generator_.parameters(),
            generator_optimizer_, kGeneratorRate * rate);
    ++steps_;
    update_average();
    return generator_loss.item<double>();
  }

  std::string status() const override {
    return join_message("of the discriminator ", discriminator_loss_, ", unevenness of the classes ",
                        unevenness_);
  }

  void save(torch::serialize::OutputArchive& archive) const override {
    save_network(archive, "generator", generator_);
    save_network(archive, "average", average_);
    save_network(archive, "trunk", trunk_);
    save_network(archive, "head", head_);
    save_network(archive, "class_head", class_head_);
    save_optimizer(archive, "generator_optimizer", generator_optimizer_);
    save_optimizer(archive, "discriminator_optimizer", discriminator_optimizer_);
    archive.write("gan_steps", at::full({1}, steps_, at::kLong), true);
  }

  void load(torch::serialize::InputArchive& archive) override {
    load_network(archive, "generator", generator_);
    load_network(archive, "average", average_);
    load_network(archive, "trunk", trunk_);
    load_network(archive, "head", head_);
    load_network(archive, "class_head", class_head_);
    load_optimizer(archive, "generator_optimizer", generator_optimizer_);
    load_optimizer(archive, "discriminator_optimizer", discriminator_optimizer_);
    Tensor steps;
    archive.read("gan_steps", steps, true);
    steps_ = steps.item<int64_t>();
  }

  std::vector<TrainedModel> models(at::Generator random) override {
    torch::NoGradGuard no_grad;
    // The running statistics belong to the weights of training, not to their average: measure them anew.
    Network calibrated = average_.clone();
    for (int64_t k = 1; k <= kRecalibrationBatches; ++k) {
      calibrated.set_batch_norm_momentum(1.0 / static_cast<double>(k));
      calibrated.forward(at::randn({kRecalibrationBatch, latent_dim_}, random, at::kFloat), true);
    }
    const Network decoder = calibrated.folded();
    TrainedModel model{name_, "decoder", decoder.to_script(name_)};
    describe_decoder(model.module, latent_dim_, -1, 1, decoder.multiply_accumulates({latent_dim_}));
    return {model};
  }

 private:
  static torch::optim::AdamOptions adam_options() {
    return torch::optim::AdamOptions().betas(std::make_tuple(0.5, 0.99));
  }

  std::vector<Tensor> discriminator_parameters() const {
    std::vector<Tensor> all = trunk_.parameters();
    for (const Network* head : {&head_, &class_head_})
      for (const Tensor& parameter : head->parameters()) all.push_back(parameter);
    return all;
  }

  /// Features [n, kFeatures] of one batch → [n, 1], positive for real images.
  Tensor judge(const Tensor& features) {
    const Tensor variation =
        (features.var(0, false) + 1e-8).sqrt().mean().view({1, 1}).expand({features.size(0), 1});
    return head_.forward(at::cat({features, variation}, 1));
  }

  void update_average() {
    torch::NoGradGuard no_grad;
    const double steps = static_cast<double>(steps_);
    const double decay = std::min(kAverageDecay, (1 + steps) / (10 + steps));
    const auto now = generator_.parameters();
    const auto average = average_.parameters();
    for (size_t i = 0; i < now.size(); ++i) average[i].lerp_(now[i], 1 - decay);
  }

  std::string name_;
  int64_t latent_dim_;
  Network generator_;
  Network average_;
  Network trunk_;
  Network head_;
  Network class_head_;
  torch::optim::Adam generator_optimizer_;
  torch::optim::Adam discriminator_optimizer_;
  int64_t steps_ = 0;
  double discriminator_loss_ = 0;
  double unevenness_ = 0;
};

}  // namespace

std::unique_ptr<Trainer> make_gan_trainer(const std::string& name, int64_t latent_dim,
                                          at::Generator generator) {
  return std::make_unique<GanTrainer>(name, latent_dim, generator);
}

}  // namespace latentpath
