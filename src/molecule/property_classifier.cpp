#include "molecule/property_classifier.h"

#include <torch/torch.h>

#include <vector>

#include "latentpath/core/error.h"
#include "latentpath/core/random.h"
#include "latentpath/core/thread_pool.h"

namespace latentpath {
namespace {

constexpr int64_t kWidth = 256, kBatch = 128, kEpochs = 30, kFewest = 20;
constexpr double kRate = 1e-3, kDropout = 0.2;

/// Four layers; batch norm by hand, so that what it has seen is part of it and dropout has a seed.
class Classifier {
 public:
  Classifier(int64_t inputs, at::Generator& generator) {
    int64_t from = inputs;
    for (const int64_t to : {kWidth, kWidth, kWidth, int64_t{1}}) {
      Layer layer;
      layer.weight =
          (at::randn({from, to}, generator, at::kFloat) * std::sqrt(2.0 / static_cast<double>(from)))
              .requires_grad_(true);
      layer.bias = at::zeros({to}).requires_grad_(true);
      layer.scale = at::ones({to}).requires_grad_(true);
      layer.mean = at::zeros({to}), layer.variance = at::ones({to});
      layers_.push_back(layer);
      from = to;
    }
  }

  std::vector<Tensor> parameters() const {
    std::vector<Tensor> all;
    for (const Layer& layer : layers_) all.insert(all.end(), {layer.weight, layer.bias, layer.scale});
    all.pop_back();  // what is last has no norm
    return all;
  }

  /// Log-odds [n] of a batch that it learns from.
  Tensor learn(Tensor x, at::Generator& generator) {
    for (size_t k = 0; k < layers_.size(); ++k) {
      Layer& layer = layers_[k];
      x = x.mm(layer.weight);
      if (k + 1 == layers_.size()) return (x + layer.bias).squeeze(1);
      const Tensor mean = x.mean(0), variance = x.var(0, false);
      {
        const at::NoGradGuard no_gradient;
        layer.mean.mul_(0.9).add_(0.1 * mean);
        layer.variance.mul_(0.9).add_(0.1 * variance);
      }
      x = normalised(x, mean, variance, layer).relu();
      x = x * (at::rand(x.sizes(), generator, x.options()) >= kDropout) / (1 - kDropout);
    }
    return x;
  }

  /// Log-odds [n] of latents, differentiable, in their own precision.
  Tensor operator()(const Tensor& z) const {
    Tensor x = z;
    for (size_t k = 0; k + 1 < layers_.size(); ++k)
      x = normalised(x.mm(layers_[k].weight), layers_[k].mean, layers_[k].variance, layers_[k]).relu();
    return (x.mm(layers_.back().weight) + layers_.back().bias).squeeze(1);
  }

  void finish() {
    for (Layer& layer : layers_)
      for (Tensor* part : {&layer.weight, &layer.bias, &layer.scale, &layer.mean, &layer.variance})
        *part = part->detach().to(at::kDouble);
  }

 private:
  struct Layer {
    Tensor weight, bias, scale, mean, variance;
  };

  static Tensor normalised(const Tensor& x, const Tensor& mean, const Tensor& variance, const Layer& layer) {
    return (x - mean) / (variance + 1e-5).sqrt() * layer.scale + layer.bias;
  }

  std::vector<Layer> layers_;
};

void fit(Classifier& classifier, const Tensor& codes, const Tensor& labels, at::Generator& generator,
         const ProgressObserver& progress, const CancellationToken& token) {
  torch::optim::Adam optimizer(classifier.parameters(), torch::optim::AdamOptions(kRate));
  const int64_t steps = codes.size(0) / kBatch;
  for (int64_t epoch = 0; epoch < kEpochs; ++epoch) {
    const Tensor order = at::randperm(codes.size(0), generator, at::kLong);
    for (int64_t step = 0; step < steps; ++step) {
      LATENTPATH_CHECK(!token.cancelled(), kInterrupted,
                       "interrupted while training a classifier: nothing is written");
      const Tensor rows = order.narrow(0, step * kBatch, kBatch);
      const Tensor loss = at::binary_cross_entropy_with_logits(
          classifier.learn(codes.index_select(0, rows), generator), labels.index_select(0, rows));
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
    }
    if (progress) progress({"training a classifier, epoch", epoch + 1, kEpochs, 0});
  }
  classifier.finish();
}

}  // namespace

ClassifiedProperty classified_property(const std::string& name, double threshold, bool above,
                                       const MoleculeDraws& draws,
                                       const SyntheticAccessibility& accessibility, uint64_t seed,
                                       const ProgressObserver& progress, const CancellationToken& token) {
  const int64_t column = latent_property(name);
  std::vector<int64_t> known;
  std::vector<float> passes;
  for (size_t i = 0; i < draws.decoded.size(); ++i) {
    if (!draws.decoded[i]) continue;
    const double value = property_value(properties_of(draws.decoded[i]->molecule, accessibility), column);
    known.push_back(static_cast<int64_t>(i));
    passes.push_back((above ? value > threshold : value < threshold) ? 1.0F : 0.0F);
  }
  const int64_t count = static_cast<int64_t>(known.size());
  ClassifiedProperty result;
  for (const float each : passes) result.passing += each > 0;
  LATENTPATH_CHECK(result.passing >= kFewest && count - result.passing >= kFewest, kInput, result.passing,
                   " of ", count, " molecules that were drawn pass `threshold` ", threshold,
                   ": a classifier ", "needs ", kFewest, " that do, and ", kFewest,
                   " that do not; `property_model` regressors ", "needs neither");
  const SerialOperations one_thread;
  at::Generator generator = make_generator(seed);
  const Tensor order = at::randperm(count, generator, at::kLong);
  const Tensor codes =
      draws.codes.index_select(0, at::tensor(known, at::kLong).index_select(0, order)).to(at::kFloat);
  const Tensor labels = at::tensor(passes, at::kFloat).index_select(0, order);
  result.held_out = count / 10, result.seen = count - result.held_out;
  const auto classifier = std::make_shared<Classifier>(codes.size(1), generator);
  fit(*classifier, codes.narrow(0, 0, result.seen), labels.narrow(0, 0, result.seen), generator, progress,
      token);
  {
    const at::NoGradGuard no_gradient;
    result.roc_area = roc_area((*classifier)(codes.narrow(0, result.seen, result.held_out).to(at::kDouble)),
                               labels.narrow(0, result.seen, result.held_out) > 0.5);
  }
  const auto probability = [classifier](const Tensor& z) {
    return at::sigmoid((*classifier)(z.to(at::kDouble)));
  };
  result.property = {
      name, find_built_in(name)->shown,
      [column](const Molecule&, const MoleculeProperties& of) { return property_value(of, column); },
      probability,
      [probability, name](double, bool, double) { return function_quality(probability, "P(" + name + ")"); }};
  return result;
}

}  // namespace latentpath
