// Digits, distorted at random, with hard labels, and images that are no digits with uniform ones. In the
// second part of training also samples of decoders, drawn anew in each epoch and labelled by the classifier
// that the first part ended with. That one is frozen: labels by the classifier in training feed back on it,
// until it is sure of nothing (tried: 70 % test accuracy).

#include <cmath>
#include <numbers>

#include "latentpath/core/error.h"
#include "rubbish.h"
#include "trainer.h"

namespace latentpath {
namespace {

constexpr double kRate = 3e-3;
constexpr double kSecondPart = 0.4;  // where it starts, as a share of the epochs
// From the one on the label is taken for true, from the other on the probabilities are; below, it is no
// digit.
constexpr double kSure = 0.9;
constexpr double kUnsure = 0.5;

std::vector<Layer> classifier_layers() {
  return {convolution(1, 24, 4, 2, 1),  batch_norm(24),          activation("silu"),
          convolution(24, 48, 4, 2, 1), batch_norm(48),          activation("silu"),
          reshape({48 * 7 * 7}),        linear(48 * 7 * 7, 128), batch_norm(128),
          activation("silu"),           linear(128, 10)};
}

/// Random rotation, scale, shear and shift.
Tensor distorted(const Tensor& digits, at::Generator generator) {
  const int64_t count = digits.size(0);
  const auto draw = [&](double spread) {
    return (at::rand({count}, generator, at::kFloat) * 2 - 1) * spread;
  };
  const Tensor angle = draw(12 * std::numbers::pi / 180);
  const Tensor width = 1 + draw(0.14);
  const Tensor height = 1 + draw(0.14);
  const Tensor shear = draw(0.15);
  const Tensor cosine = angle.cos();
  const Tensor sine = angle.sin();
  // In the grid's units the image is 2 wide: 0.17 is 2.4 pixels.
  const Tensor row0 = at::stack({cosine / width, (shear - sine) / height, draw(0.17)}, 1);
  const Tensor row1 = at::stack({sine / width, cosine / height, draw(0.17)}, 1);
  const Tensor grid = at::affine_grid_generator(at::stack({row0, row1}, 1), {count, 1, 28, 28}, false);
  return at::grid_sampler(digits, grid, 0, 0, false);
}

class ClassifierTrainer : public Trainer {
 public:
  ClassifierTrainer(std::string name, const std::vector<std::filesystem::path>& decoders,
                    at::Generator random)
      : name_(std::move(name)),
        network_(classifier_layers(), random),
        teacher_(network_.clone()),
        optimizer_(network_.parameters(), torch::optim::AdamOptions().weight_decay(0)) {
    for (const auto& file : decoders) {
      try {
        decoders_.push_back(torch::jit::load(file.string()));
      } catch (const c10::Error& error) {
        throw Error(ErrorKind::kInput, file.string() + " is not a TorchScript file");
      }
      LATENTPATH_CHECK(decoders_.back().hasattr("latent_dim") && decoders_.back().hasattr("output_range"),
                       kInput, file.string(),
                       " has no attributes latent_dim and output_range, as decoders of the zoo have");
    }
  }

  void begin_epoch(const Epoch& epoch, at::Generator random) override {
    if (decoders_.empty() || epoch.index < second_part(epoch.count)) return;
    torch::NoGradGuard no_grad;
    if (epoch.index == second_part(epoch.count)) copy_state(network_, teacher_);
    std::vector<Tensor> images, targets;
    // As many as the epoch's steps use, and one at least.
    const int64_t each = epoch.images / 2 / static_cast<int64_t>(decoders_.size()) + 1;
    for (auto& decoder : decoders_) {
      const int64_t latent_dim = decoder.attr("latent_dim").toInt();
      const auto draw = [&] { return at::randn({each, latent_dim}, random, at::kFloat); };
      const Tensor start = draw();
      const Tensor end = draw();
      // Every second one lies on a straight line between samples, as unfinished paths do.
      const Tensor share =
          at::rand({each, 1}, random, at::kFloat) * at::arange(each).remainder(2).unsqueeze(1);
      for (const Tensor& latents : at::lerp(start, end, share).split(1000)) {
        const Tensor decoded = decode_unit(decoder, latents);
        const Tensor probabilities = teacher_.forward(decoded).softmax(1);
        const auto [best, label] = probabilities.max(1, true);
        const Tensor sure = at::one_hot(label.squeeze(1), 10).to(at::kFloat);
        images.push_back((decoded * 255).round().to(at::kByte).squeeze(1));
        targets.push_back(at::where(best >= kSure, sure,
                                    at::where(best >= kUnsure, probabilities, at::full_like(sure, 0.1))));
      }
    }
    generated_images_ = at::cat(images);
    generated_targets_ = at::cat(targets);
  }

  double step(const Tensor& images, const Tensor& labels, double progress, at::Generator random) override {
    const Tensor digits = distorted(unit_images(images), random);
    // Half as many images that are no digits as digits.
    const int64_t half = std::max<int64_t>(1, images.size(0) / 2);
    Tensor rubbish_targets;
    const Tensor no_digits =
        rubbish(digits.narrow(0, 0, half), labels.narrow(0, 0, half), random, rubbish_targets);
    std::vector<Tensor> inputs{digits, no_digits};
    std::vector<Tensor> targets{at::one_hot(labels, 10).to(at::kFloat), rubbish_targets};
    if (generated_images_.size(0) > 0) {
      const Tensor chosen = at::randint(generated_images_.size(0), {half}, random, at::kLong);
      inputs.push_back(unit_images(generated_images_.index_select(0, chosen)));
      targets.push_back(generated_targets_.index_select(0, chosen));
    }
    const Tensor logits = network_.forward(at::cat(inputs), true);
    const Tensor target = at::cat(targets);
    const Tensor loss = -(target * at::log_softmax(logits, 1)).sum(1).mean();
    descend(loss, network_.parameters(), optimizer_, kRate * schedule(progress));
    torch::NoGradGuard no_grad;
    accuracy_ =
        (logits.narrow(0, 0, labels.size(0)).argmax(1) == labels).to(at::kFloat).mean().item<double>();
    return loss.item<double>();
  }

  std::string status() const override {
    return "accuracy on the batch's digits " + std::to_string(accuracy_);
  }

  void save(torch::serialize::OutputArchive& archive) const override {
    save_network(archive, "network", network_);
    save_optimizer(archive, "optimizer", optimizer_);
    save_network(archive, "teacher", teacher_);
    archive.write("generated_images", generated_images_, true);
    archive.write("generated_targets", generated_targets_, true);
  }

  void load(torch::serialize::InputArchive& archive) override {
    load_network(archive, "network", network_);
    load_optimizer(archive, "optimizer", optimizer_);
    load_network(archive, "teacher", teacher_);
    archive.read("generated_images", generated_images_, true);
    archive.read("generated_targets", generated_targets_, true);
  }

  std::vector<TrainedModel> models(at::Generator) override {
    const Network classifier = network_.folded();
    TrainedModel model{name_, "classifier", classifier.to_script(name_)};
    describe_image_input(model.module, classifier.multiply_accumulates({1, 28, 28}));
    model.module.register_attribute("output_kind", c10::StringType::get(), std::string("logits"));
    c10::List<std::string> names;
    for (int digit = 0; digit < 10; ++digit) names.push_back(std::to_string(digit));
    model.module.register_attribute("class_names", c10::ListType::ofStrings(), names);
    return {model};
  }

 private:
  static int64_t second_part(int64_t epochs) {
    return static_cast<int64_t>(std::ceil(kSecondPart * static_cast<double>(epochs)));
  }

  /// The learning rate falls to zero in each part: the first one must end with a good teacher.
  double schedule(double progress) const {
    if (decoders_.empty()) return cosine_schedule(progress);
    return progress < kSecondPart ? cosine_schedule(progress / kSecondPart)
                                  : cosine_schedule((progress - kSecondPart) / (1 - kSecondPart));
  }

  static void copy_state(const Network& from, Network& to) {
    for (size_t i = 0; i < from.state().size(); ++i) to.state()[i].second.copy_(from.state()[i].second);
  }

  std::string name_;
  Network network_;
  Network teacher_;
  torch::optim::Adam optimizer_;
  std::vector<torch::jit::Module> decoders_;
  Tensor generated_images_ = at::empty({0, 28, 28}, at::kByte);
  Tensor generated_targets_ = at::empty({0, 10}, at::kFloat);
  double accuracy_ = 0;
};

}  // namespace

std::unique_ptr<Trainer> make_classifier_trainer(const std::string& name,
                                                 const std::vector<std::filesystem::path>& decoders,
                                                 at::Generator generator) {
  return std::make_unique<ClassifierTrainer>(name, decoders, generator);
}

}  // namespace latentpath
