// Images, distorted at random, with hard labels, and out-of-distribution images with uniform ones. In the
// second part of training also samples of decoders, drawn anew in each epoch and labelled by the classifier
// that the first part ended with. That one is frozen: labels by the classifier in training feed back on it,
// until it is sure of nothing (tried: 70 % test accuracy).

#include <cmath>
#include <numbers>

#include "latentpath/core/error.h"
#include "zoo/out_of_distribution.h"
#include "zoo/prior.h"
#include "zoo/trainer.h"

namespace latentpath {
namespace {

constexpr double kRate = 3e-3;
constexpr double kSecondPart = 0.4;  // where it starts, as a share of the epochs
// From the one on the label is taken for true, from the other on the probabilities are; below, it is no
// digit.
constexpr double kSure = 0.9;
constexpr double kUnsure = 0.5;

std::vector<Layer> classifier_layers(const DataSetFacts& facts) {
  const int64_t side = facts.side / 4;
  return {convolution(facts.channels, 24, 4, 2, 1),
          batch_norm(24),
          activation("silu"),
          convolution(24, 48, 4, 2, 1),
          batch_norm(48),
          activation("silu"),
          reshape({48 * side * side}),
          linear(48 * side * side, 128),
          batch_norm(128),
          activation("silu"),
          linear(128, facts.classes())};
}

/// Of a judge: three convolutions with small windows and no smooth activation, where the classifier that it
/// judges has two with large ones.
std::vector<Layer> judge_layers(const DataSetFacts& facts) {
  const int64_t side = facts.side / 4;
  return {convolution(facts.channels, 16, 5, 2, 2),
          batch_norm(16),
          activation("relu"),
          convolution(16, 32, 3, 2, 1),
          batch_norm(32),
          activation("relu"),
          convolution(32, 64, 3, 1, 1),
          batch_norm(64),
          activation("relu"),
          reshape({64 * side * side}),
          linear(64 * side * side, 64),
          batch_norm(64),
          activation("relu"),
          linear(64, facts.classes())};
}

/// Every second image, blurred by a share between none and all of it: decoders draw softer images than
/// people do, and what they draw is still of its class.
Tensor softened(const Tensor& images, at::Generator generator) {
  const int64_t count = images.size(0);
  const Tensor share = at::rand({count, 1, 1, 1}, generator, at::kFloat) *
                       at::arange(count).remainder(2).view({count, 1, 1, 1});
  return at::lerp(images, at::avg_pool2d(images, 3, 1, 1, false, /*count_include_pad=*/false), share);
}

/// How far an image is distorted, each way.
struct Distortion {
  double degrees;
  double scale;
  double shear;
  double shift;       // in half sides: 0.17 is 2.4 of 28 pixels
  bool mirror;        // every second image
  double background;  // what moves in from outside
};

Distortion distortion_of(const DataSetFacts& facts) {
  if (facts.name == "mnist") return {12, 0.14, 0.15, 0.17, false, 0};
  if (facts.name == "fashion") return {4, 0.08, 0.05, 0.08, true, 0};
  return {4, 0.06, 0.04, 0.08, true, 1};
}

/// Random rotation, scale, shear and shift.
Tensor distorted(const Tensor& images, const DataSetFacts& facts, at::Generator generator) {
  const Distortion range = distortion_of(facts);
  const int64_t count = images.size(0);
  const auto draw = [&](double spread) {
    return (at::rand({count}, generator, at::kFloat) * 2 - 1) * spread;
  };
  const Tensor angle = draw(range.degrees * std::numbers::pi / 180);
  Tensor width = 1 + draw(range.scale);
  const Tensor height = 1 + draw(range.scale);
  const Tensor shear = draw(range.shear);
  const Tensor cosine = angle.cos();
  const Tensor sine = angle.sin();
  if (range.mirror) width = at::where(draw(1) < 0, -width, width);
  const Tensor row0 = at::stack({cosine / width, (shear - sine) / height, draw(range.shift)}, 1);
  const Tensor row1 = at::stack({sine / width, cosine / height, draw(range.shift)}, 1);
  const Tensor grid = at::affine_grid_generator(at::stack({row0, row1}, 1), images.sizes(), false);
  return at::grid_sampler(images - range.background, grid, 0, 0, false) + range.background;
}

class ClassifierTrainer : public Trainer {
 public:
  ClassifierTrainer(const ModelTask& task, const std::vector<std::filesystem::path>& decoders, bool judge,
                    at::Generator random)
      : name_(task.name),
        facts_(task.facts),
        judge_(judge),
        network_(judge ? judge_layers(task.facts) : classifier_layers(task.facts), random),
        teacher_(network_.clone()),
        optimizer_(network_.parameters(), torch::optim::AdamOptions().weight_decay(0)),
        generated_images_(at::empty({0}, at::kByte)),
        generated_targets_(at::empty({0}, at::kFloat)) {
    for (const auto& file : decoders) {
      try {
        decoders_.push_back(torch::jit::load(file.string()));
      } catch (const c10::Error& error) {
        throw Error(ErrorKind::kInput, file.string() + " is not a TorchScript file");
      }
      LATENTPATH_CHECK(decoders_.back().hasattr("latent_dim") && decoders_.back().hasattr("output_range"),
                       kInput, file.string(),
                       " has no attributes latent_dim and output_range, as decoders of the zoo have");
      const Tensor sample = decode_unit(decoders_.back(), prior_of(decoders_.back()).sample(1, random));
      LATENTPATH_CHECK(sample.sizes().slice(1) == at::IntArrayRef(facts_.example_shape()), kInput,
                       file.string(), " draws images of shape ", shape_string(sample.sizes().slice(1)),
                       " and those of ", facts_.title, " are of shape ",
                       shape_string(facts_.example_shape()));
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
      const TrainingLatents prior = prior_of(decoder);
      const Tensor start = prior.sample(each, random);
      const Tensor end = prior.sample(each, random);
      // Every second one lies on a straight line between samples, as unfinished paths do.
      const Tensor share =
          at::rand({each, 1}, random, at::kFloat) * at::arange(each).remainder(2).unsqueeze(1);
      for (const Tensor& latents : at::lerp(start, end, share).split(1000)) {
        const Tensor decoded = decode_unit(decoder, latents);
        images.push_back((decoded * 255).round().to(at::kByte));
        targets.push_back(taught(teacher_.forward(decoded)));
      }
      if (facts_.exclusive) continue;
      // Attributes are recognised one by one, and what a decoder makes of latents far outside its prior would
      // have some with certainty (tried: paths that favour glasses went there).
      const int64_t far = each / 2;
      const Tensor scale = at::rand({far, 1}, random, at::kFloat) * 4 + 1.75;
      for (const Tensor& latents : (prior.sample(far, random) * scale).split(1000)) {
        const Tensor decoded = decode_unit(decoder, latents);
        images.push_back((decoded * 255).round().to(at::kByte));
        targets.push_back(at::full({decoded.size(0), facts_.classes()}, unsure_target(facts_), at::kFloat));
      }
    }
    generated_images_ = at::cat(images);
    generated_targets_ = at::cat(targets);
  }

  double step(const Tensor& images, const Tensor& labels, double progress, at::Generator random) override {
    const Tensor drawn = distorted(unit_images(images), facts_, random);
    const Tensor distinct = judge_ ? softened(drawn, random) : drawn;
    const Tensor certain = certain_targets(labels, facts_);
    // Half as many out-of-distribution images as images of the data set.
    const int64_t half = std::max<int64_t>(1, images.size(0) / 2);
    Tensor unsure_targets;
    const Tensor outliers = out_of_distribution_images(
        distinct.narrow(0, 0, half), certain.narrow(0, 0, half), facts_, random, unsure_targets);
    std::vector<Tensor> inputs{distinct, outliers};
    std::vector<Tensor> targets{certain, unsure_targets};
    if (generated_images_.size(0) > 0) {
      const Tensor chosen = at::randint(generated_images_.size(0), {half}, random, at::kLong);
      inputs.push_back(unit_images(generated_images_.index_select(0, chosen)));
      targets.push_back(generated_targets_.index_select(0, chosen));
    }
    const Tensor logits = network_.forward(at::cat(inputs), true);
    const Tensor target = at::cat(targets);
    const Tensor loss =
        facts_.exclusive
            ? -(target * at::log_softmax(logits, 1)).sum(1).mean()
            : at::binary_cross_entropy_with_logits(logits, target, {}, {}, at::Reduction::None).sum(1).mean();
    descend(loss, network_.parameters(), optimizer_, kRate * schedule(progress));
    torch::NoGradGuard no_grad;
    const Tensor first = logits.narrow(0, 0, labels.size(0));
    const Tensor right = facts_.exclusive ? first.argmax(1) == labels : (first > 0) == (labels > 0);
    accuracy_ = right.to(at::kFloat).mean().item<double>();
    return loss.item<double>();
  }

  std::string status() const override {
    return "accuracy on the batch's images " + std::to_string(accuracy_);
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
    // What distances between images are measured in: the values that the last layer's classes are read from.
    if (judge_) model.module.define(classifier.script_source("features", 1));
    describe_image_input(model.module, facts_, classifier.multiply_accumulates(facts_.example_shape()));
    model.module.register_attribute("output_kind", c10::StringType::get(),
                                    std::string(facts_.exclusive ? "logits" : "sigmoid"));
    c10::List<std::string> names;
    for (const std::string& class_name : facts_.class_names) names.push_back(class_name);
    model.module.register_attribute("class_names", c10::ListType::ofStrings(), names);
    return {model};
  }

 private:
  static TrainingLatents prior_of(const torch::jit::Module& decoder) {
    const auto latent_dim = decoder.attr("latent_dim").toInt();
    return {decoder.hasattr("prior") ? decoder.attr("prior").toStringRef() : "normal", latent_dim};
  }

  /// What the teacher's logits for generated images [n, classes] become as targets.
  Tensor taught(const Tensor& logits) const {
    if (facts_.exclusive) {
      const Tensor probabilities = logits.softmax(1);
      const auto [best, label] = probabilities.max(1, true);
      const Tensor sure = at::one_hot(label.squeeze(1), facts_.classes()).to(at::kFloat);
      return at::where(best >= kSure, sure,
                       at::where(best >= kUnsure, probabilities, at::full_like(sure, unsure_target(facts_))));
    }
    const Tensor probabilities = logits.sigmoid();
    const Tensor certainty = at::maximum(probabilities, 1 - probabilities);
    return at::where(certainty >= kSure, probabilities.round(), probabilities);
  }

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
  DataSetFacts facts_;
  bool judge_;
  Network network_;
  Network teacher_;
  torch::optim::Adam optimizer_;
  std::vector<torch::jit::Module> decoders_;
  Tensor generated_images_;
  Tensor generated_targets_;
  double accuracy_ = 0;
};

}  // namespace

std::unique_ptr<Trainer> make_classifier_trainer(const ModelTask& task,
                                                 const std::vector<std::filesystem::path>& decoders,
                                                 at::Generator generator) {
  return std::make_unique<ClassifierTrainer>(task, decoders, /*judge=*/false, generator);
}

std::unique_ptr<Trainer> make_judge_trainer(const ModelTask& task, at::Generator generator) {
  return std::make_unique<ClassifierTrainer>(task, std::vector<std::filesystem::path>(), /*judge=*/true,
                                             generator);
}

}  // namespace latentpath
