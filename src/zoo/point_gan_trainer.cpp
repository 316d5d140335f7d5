// A GAN of points: minimise softplus(−D(G(z))) over the generator, softplus(D(G(z))) + softplus(−D(x)) + R1
// over the discriminator, with R1 = γ/2 E‖∇D(x)‖² on the data (Mescheder et al. 2018, eq. 9), in every step.
//
//   G: D → 20 → 20 → coordinates, tanh between (Kim & Zhang, Fig. 2: 2-20-20-2), smooth, since the density of
//   its points is differentiated;  D: coordinates → 64 → 64 → 1, leaky ReLU.

#include "latentpath/core/error.h"
#include "zoo/prior.h"
#include "zoo/trainer.h"

namespace latentpath {
namespace {

constexpr int64_t kGeneratorWidth = 20, kDiscriminatorWidth = 64;
constexpr double kRate = 2e-3;
constexpr double kGradientPenalty = 0.2;

std::vector<Layer> generator_layers(const ModelTask& task) {
  return {linear(task.latent_dim, kGeneratorWidth), activation("tanh"),
          linear(kGeneratorWidth, kGeneratorWidth), activation("tanh"),
          linear(kGeneratorWidth, task.facts.coordinates)};
}

std::vector<Layer> discriminator_layers(const DataSetFacts& facts) {
  return {linear(facts.coordinates, kDiscriminatorWidth), activation("leaky_relu"),
          linear(kDiscriminatorWidth, kDiscriminatorWidth), activation("leaky_relu"),
          linear(kDiscriminatorWidth, 1)};
}

class PointGanTrainer : public Trainer {
 public:
  PointGanTrainer(const ModelTask& task, at::Generator random)
      : task_(task),
        prior_(task.prior, task.latent_dim),
        generator_(generator_layers(task), random),
        average_(generator_.clone()),
        discriminator_(discriminator_layers(task.facts), random),
        generator_optimizer_(generator_.parameters(), gan_adam_options()),
        discriminator_optimizer_(discriminator_.parameters(), gan_adam_options()) {}

  double step(const Tensor& points, const Tensor&, double progress, at::Generator random) override {
    const double rate = kRate * constant_then_linear_schedule(progress);
    const Tensor real = points.detach().clone().requires_grad_(true);
    const Tensor fake = generator_.forward(prior_.sample(real.size(0), random));
    const Tensor on_real = discriminator_.forward(real);
    const Tensor slope = torch::autograd::grad({on_real.sum()}, {real}, {}, true, true)[0];
    const Tensor game =
        at::softplus(-on_real).mean() + at::softplus(discriminator_.forward(fake.detach())).mean();
    discriminator_loss_ = game.item<double>();
    descend(game + 0.5 * kGradientPenalty * slope.square().sum(1).mean(), discriminator_.parameters(),
            discriminator_optimizer_, rate);
    const Tensor loss = at::softplus(-discriminator_.forward(fake)).mean();
    descend(loss, generator_.parameters(), generator_optimizer_, rate);
    ++steps_;
    update_average(average_.parameters(), generator_.parameters(), steps_);
    return loss.item<double>();
  }

  std::string status() const override { return join_message("of the discriminator ", discriminator_loss_); }

  void save(torch::serialize::OutputArchive& archive) const override {
    save_network(archive, "generator", generator_);
    save_network(archive, "average", average_);
    save_network(archive, "discriminator", discriminator_);
    save_optimizer(archive, "generator_optimizer", generator_optimizer_);
    save_optimizer(archive, "discriminator_optimizer", discriminator_optimizer_);
    save_count(archive, "gan_steps", steps_);
  }

  void load(torch::serialize::InputArchive& archive) override {
    load_network(archive, "generator", generator_);
    load_network(archive, "average", average_);
    load_network(archive, "discriminator", discriminator_);
    load_optimizer(archive, "generator_optimizer", generator_optimizer_);
    load_optimizer(archive, "discriminator_optimizer", discriminator_optimizer_);
    steps_ = load_count(archive, "gan_steps");
  }

  std::vector<TrainedModel> models(at::Generator) override {
    const Network decoder = average_.folded();
    TrainedModel model{task_.name, "decoder", decoder.to_script(task_.name)};
    describe_decoder(model.module, task_, std::nullopt, decoder.multiply_accumulates({task_.latent_dim}));
    return {model};
  }

 private:
  ModelTask task_;
  TrainingLatents prior_;
  Network generator_;
  Network average_;
  Network discriminator_;
  torch::optim::Adam generator_optimizer_;
  torch::optim::Adam discriminator_optimizer_;
  int64_t steps_ = 0;
  double discriminator_loss_ = 0;
};

}  // namespace

std::unique_ptr<Trainer> make_point_gan_trainer(const ModelTask& task, at::Generator generator) {
  return std::make_unique<PointGanTrainer>(task, generator);
}

}  // namespace latentpath
