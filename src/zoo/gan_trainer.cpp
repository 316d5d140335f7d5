// DCGAN: minimise softplus(−D(G(z))) over the generator, softplus(D(G(z))) + softplus(−D(x)) + R1 over the
// discriminator, with R1 = γ/2 E‖∇D(x)‖² on real images (Mescheder et al. 2018, eq. 9). The discriminator
// also sees how much the batch varies (Karras et al. 2017, arXiv 1710.10196, section 3), against collapse
// onto few digits.

#include <cmath>

#include "latentpath/core/error.h"
#include "zoo/prior.h"
#include "zoo/trainer.h"

namespace latentpath {
namespace {

constexpr double kGeneratorRate = 7e-4;
constexpr double kDiscriminatorRate = 7e-4;
constexpr double kGradientPenalty = 0.1;
constexpr double kBalance = 1.0;
constexpr double kSureness = 0.1;
constexpr int64_t kPenaltyInterval = 16;  // steps; the penalty is scaled up to match (lazy regularisation)
constexpr int64_t kRecalibrationBatches = 200;  // at most, and one for each step of training
constexpr int64_t kRecalibrationBatch = 256;

/// Grey 28×28 images grow from 7×7, coloured 32×32 ones from 8×8 with more channels in between.
std::vector<Layer> generator_layers(const ModelTask& task) {
  const int64_t fine = task.facts.channels == 1 ? 24 : 32;
  std::vector<Layer> layers{linear(task.latent_dim, 256), activation("silu")};
  const std::vector<Layer> rest = upsampling_layers(task.facts, 256, fine, "tanh");
  layers.insert(layers.end(), rest.begin(), rest.end());
  return layers;
}

/// Spreads the bends of the first layer over the region where latents are. All biases zero would let them all
/// meet at the origin, and a generator of two latents would hardly get beyond one digit a direction.
Network make_generator_network(const ModelTask& task, const TrainingLatents& prior, at::Generator random) {
  Network network(generator_layers(task), random);
  torch::NoGradGuard no_grad;
  const int64_t latent_dim = task.latent_dim;
  const auto parameters = network.parameters();
  Tensor directions = at::randn({256, latent_dim}, random, at::kFloat) * (3 / std::sqrt(latent_dim));
  // Each latent has the same say at first, however wide it spreads.
  if (!prior.is_normal()) directions /= prior.deviations();
  parameters[0].copy_(directions);
  parameters[1].copy_(at::randn({256}, random, at::kFloat) * 3);
  return network;
}

int64_t discriminator_features(const DataSetFacts& facts) {
  return facts.channels == 1 ? 48 * (facts.side / 4) * (facts.side / 4)
                             : 96 * (facts.side / 8) * (facts.side / 8);
}

/// Strided convolutions down to 7×7, or to 4×4: a face is more than its patches.
std::vector<Layer> discriminator_layers(const DataSetFacts& facts) {
  std::vector<Layer> layers{convolution(facts.channels, 24, 4, 2, 1), activation("leaky_relu"),
                            convolution(24, 48, 4, 2, 1), activation("leaky_relu")};
  if (facts.channels > 1) {
    layers.push_back(convolution(48, 96, 4, 2, 1));
    layers.push_back(activation("leaky_relu"));
  }
  layers.push_back(reshape({discriminator_features(facts)}));
  return layers;
}

class GanTrainer : public Trainer {
 public:
  GanTrainer(const ModelTask& task, at::Generator random)
      : task_(task),
        prior_(task.prior, task.latent_dim),
        generator_(make_generator_network(task, prior_, random)),
        average_(generator_.clone()),
        trunk_(discriminator_layers(task.facts), random),
        head_({linear(discriminator_features(task.facts) + 1, 1)}, random),
        class_head_({linear(discriminator_features(task.facts), task.facts.classes())}, random),
        generator_optimizer_(generator_.parameters(), gan_adam_options()),
        discriminator_optimizer_(discriminator_parameters(), gan_adam_options()) {}

  double step(const Tensor& images, const Tensor& labels, double progress, at::Generator random) override {
    Tensor real = unit_images(images) * 2 - 1;
    const Tensor fake = generator_.forward(prior_.sample(real.size(0), random), true);
    const double rate = constant_then_linear_schedule(progress);

    const bool penalise = steps_ % kPenaltyInterval == 0;
    if (penalise) real.requires_grad_(true);
    const Tensor real_features = trunk_.forward(real);
    const Tensor on_real = discriminate(real_features);
    Tensor loss =
        at::softplus(-on_real).mean() + at::softplus(discriminate(trunk_.forward(fake.detach()))).mean();
    discriminator_loss_ = loss.item<double>();
    loss = loss + class_loss(class_head_.forward(real_features), labels);
    if (penalise) {
      const Tensor slope = torch::autograd::grad({on_real.sum()}, {real}, {}, true, true)[0];
      loss = loss + 0.5 * kGradientPenalty * kPenaltyInterval * slope.square().sum({1, 2, 3}).mean();
    }
    descend(loss, discriminator_parameters(), discriminator_optimizer_, kDiscriminatorRate * rate);

    const Tensor fake_features = trunk_.forward(fake);
    const Tensor generator_loss = at::softplus(-discriminate(fake_features)).mean();
    const auto [unevenness, entropy] = class_terms(class_head_.forward(fake_features));
    unevenness_ = unevenness.item<double>();
    descend(generator_loss + kBalance * unevenness + kSureness * entropy, generator_.parameters(),
            generator_optimizer_, kGeneratorRate * rate);
    ++steps_;
    update_average(average_.parameters(), generator_.parameters(), steps_);
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
    save_count(archive, "gan_steps", steps_);
  }

  void load(torch::serialize::InputArchive& archive) override {
    load_network(archive, "generator", generator_);
    load_network(archive, "average", average_);
    load_network(archive, "trunk", trunk_);
    load_network(archive, "head", head_);
    load_network(archive, "class_head", class_head_);
    load_optimizer(archive, "generator_optimizer", generator_optimizer_);
    load_optimizer(archive, "discriminator_optimizer", discriminator_optimizer_);
    steps_ = load_count(archive, "gan_steps");
  }

  std::vector<TrainedModel> models(at::Generator random) override {
    torch::NoGradGuard no_grad;
    // The running statistics belong to the weights of training, not to their average: measure them anew.
    Network calibrated = average_.clone();
    const int64_t batches = std::min(kRecalibrationBatches, steps_);
    for (int64_t k = 1; k <= batches; ++k) {
      calibrated.set_batch_norm_momentum(1.0 / static_cast<double>(k));
      calibrated.forward(prior_.sample(kRecalibrationBatch, random), true);
    }
    const Network decoder = calibrated.folded();
    TrainedModel model{task_.name, "decoder", decoder.to_script(task_.name)};
    describe_decoder(model.module, task_, ValueRange{-1, 1},
                     decoder.multiply_accumulates({task_.latent_dim}));
    return {model};
  }

 private:
  std::vector<Tensor> discriminator_parameters() const {
    std::vector<Tensor> all = trunk_.parameters();
    for (const Network* head : {&head_, &class_head_})
      for (const Tensor& parameter : head->parameters()) all.push_back(parameter);
    return all;
  }

  /// How badly the logits [n, classes] tell the labels.
  Tensor class_loss(const Tensor& logits, const Tensor& labels) const {
    if (task_.facts.exclusive) return at::cross_entropy_loss(logits, labels);
    return at::binary_cross_entropy_with_logits(logits, labels.to(at::kFloat), {}, {}, at::Reduction::Mean);
  }

  /// Of generated images with the logits [n, classes]: the divergence KL(data ‖ batch) of the shares of the
  /// classes (exclusive ones are to be equally frequent), and the mean entropy of an image's class.
  std::pair<Tensor, Tensor> class_terms(const Tensor& logits) const {
    if (task_.facts.exclusive) {
      const Tensor log_classes = at::log_softmax(logits, 1);
      const Tensor classes = log_classes.exp();
      const Tensor unevenness =
          -(classes.mean(0) + 1e-6).log().mean() - std::log(static_cast<double>(task_.facts.classes()));
      return {unevenness, -(classes * log_classes).sum(1).mean()};
    }
    const Tensor has = at::sigmoid(logits);
    const Tensor share = has.mean(0).clamp(1e-4, 1 - 1e-4);
    const Tensor& wanted = task_.class_shares;
    const Tensor unevenness =
        (wanted * (wanted / share).log() + (1 - wanted) * ((1 - wanted) / (1 - share)).log()).sum();
    const Tensor entropy =
        -(has * at::log_sigmoid(logits) + (1 - has) * at::log_sigmoid(-logits)).sum(1).mean();
    return {unevenness, entropy};
  }

  /// Features [n, …] of one batch → [n, 1], positive for real images.
  Tensor discriminate(const Tensor& features) {
    const Tensor variation =
        (features.var(0, false) + 1e-8).sqrt().mean().view({1, 1}).expand({features.size(0), 1});
    return head_.forward(at::cat({features, variation}, 1));
  }

  ModelTask task_;
  TrainingLatents prior_;
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

std::unique_ptr<Trainer> make_gan_trainer(const ModelTask& task, at::Generator generator) {
  return std::make_unique<GanTrainer>(task, generator);
}

}  // namespace latentpath
