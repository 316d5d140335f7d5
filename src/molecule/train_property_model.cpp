#include <torch/script.h>
#include <torch/torch.h>

#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "latentpath/core/error.h"
#include "latentpath/core/random.h"
#include "latentpath/molecule/property_model.h"
#include "latentpath/zoo/model_store.h"
#include "molecule/property_networks.h"
#include "zoo/atomic_file.h"

namespace latentpath {
namespace {

constexpr int64_t kNetworks = 2, kHidden = 256, kBatch = 256, kEncoded = 64;
constexpr double kRate = 2e-3, kDecay = 0.05;

struct Examples {
  Tensor codes, values;  ///< [n, D], [n, properties] float32
  int64_t left_out = 0;
};

Examples encode_all(const JunctionTreeVae& vae, const std::vector<std::string>& smiles, int64_t count,
                    const SyntheticAccessibility& accessibility, const ProgressObserver& progress,
                    const CancellationToken& token) {
  Examples examples;
  std::vector<Tensor> codes;
  std::vector<float> values;
  std::vector<Molecule> waiting;
  const auto available = static_cast<int64_t>(smiles.size());
  count = std::min(count, available);
  for (int64_t i = 0; i < count; ++i) {
    LATENTPATH_CHECK(!token.cancelled(), kInterrupted,
                     "interrupted while encoding molecules: nothing is written");
    const auto at = static_cast<size_t>(i * available / count);
    const Molecule molecule = parse_molecule(smiles[at], "molecule " + std::to_string(at + 1)).molecule;
    if (vae.unknown_fragments(molecule).empty()) {
      const MoleculeProperties p = properties_of(molecule, accessibility);
      for (int64_t column = 0; column < 3; ++column)
        values.push_back(static_cast<float>(property_value(p, column)));
      waiting.push_back(molecule);
    } else {
      ++examples.left_out;
    }
    if (static_cast<int64_t>(waiting.size()) == kEncoded || (i + 1 == count && !waiting.empty())) {
      codes.push_back(vae.encode(waiting));
      waiting.clear();
    }
    if (progress && ((i + 1) % 1000 == 0 || i + 1 == count))
      progress({"encoding molecules", i + 1, count, 0});
  }
  LATENTPATH_CHECK(values.size() >= 3 * 100, kArgument,
                   "regressors need 100 molecules at least that can be encoded");
  examples.codes = at::cat(codes);
  examples.values = at::tensor(values).view({-1, 3});
  return examples;
}

Tensor uniform(at::IntArrayRef shape, int64_t inputs, at::Generator& generator) {
  const double bound = 1 / std::sqrt(static_cast<double>(inputs));
  return (at::rand(shape, generator, at::kFloat) * 2 - 1) * bound;
}

PropertyWeights begin(const Tensor& codes, const Tensor& values, at::Generator& generator) {
  PropertyWeights w;
  w.code_mean = codes.mean(0);
  w.code_scale = codes.std(0).clamp_min(1e-6);
  w.value_mean = values.mean(0);
  w.value_scale = values.std(0).clamp_min(1e-6);
  const int64_t latents = codes.size(1), properties = values.size(1);
  w.first = uniform({kNetworks, latents, kHidden}, latents, generator);
  w.second = uniform({kNetworks, kHidden, kHidden}, kHidden, generator);
  w.last = uniform({kNetworks, kHidden, properties}, kHidden, generator);
  w.first_bias = uniform({kNetworks, 1, kHidden}, latents, generator);
  w.second_bias = uniform({kNetworks, 1, kHidden}, kHidden, generator);
  w.last_bias = uniform({kNetworks, 1, properties}, kHidden, generator);
  return w;
}

void train(PropertyWeights& w, const Examples& examples, int64_t training, int64_t epochs,
           at::Generator& generator, const ProgressObserver& progress, const CancellationToken& token) {
  std::vector<Tensor> parameters;
  for (Tensor* tensor : {&w.first, &w.second, &w.last, &w.first_bias, &w.second_bias, &w.last_bias})
    parameters.push_back(tensor->set_requires_grad(true));
  torch::optim::AdamW optimizer(parameters, torch::optim::AdamWOptions(kRate).weight_decay(kDecay));
  const int64_t steps = std::max<int64_t>(1, training / kBatch);
  for (int64_t epoch = 0; epoch < epochs; ++epoch) {
    const Tensor order = at::randperm(training, generator, at::kLong);
    double sum = 0;
    for (int64_t step = 0; step < steps; ++step) {
      LATENTPATH_CHECK(!token.cancelled(), kInterrupted,
                       "interrupted while training regressors: nothing is written");
      const double done = static_cast<double>(epoch * steps + step) / static_cast<double>(epochs * steps);
      for (auto& group : optimizer.param_groups())
        static_cast<torch::optim::AdamWOptions&>(group.options())
            .lr(kRate * 0.5 * (1 + std::cos(M_PI * done)));
      const Tensor rows = order.narrow(0, step * kBatch, std::min(kBatch, training - step * kBatch));
      const Tensor wanted = examples.values.index_select(0, rows).unsqueeze(1);
      const Tensor error = (w.predict(examples.codes.index_select(0, rows)) - wanted) / w.value_scale;
      const Tensor loss = error.square().mean();
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
      sum += loss.item<double>();
    }
    if (progress && ((epoch + 1) % 10 == 0 || epoch + 1 == epochs))
      progress({"training regressors, epoch", epoch + 1, epochs, sum / static_cast<double>(steps)});
  }
  for (Tensor& parameter : parameters) parameter.set_requires_grad(false);
}

void write(const PropertyWeights& weights, const Tensor& covariance, const std::vector<double>& residuals,
           const std::filesystem::path& file) {
  torch::jit::Module module("property_model");
  module.register_attribute("training", c10::BoolType::get(), false);
  PropertyWeights copy = weights;
  for (const auto& [name, tensor] : copy.parts())
    module.register_buffer(name, tensor->detach().to(at::kFloat).contiguous());
  module.register_buffer("code_covariance", covariance);
  module.register_attribute("residuals", c10::ListType::ofFloats(), c10::List<double>(residuals));
  // [n, D] to [n, properties], for whoever wants the means elsewhere.
  module.define(R"(
def forward(self, z: Tensor) -> Tensor:
    x = ((z.to(self.code_mean) - self.code_mean) / self.code_scale).unsqueeze(0).expand(2, z.size(0), z.size(1))
    x = torch.silu(torch.baddbmm(self.first_bias, x, self.first))
    x = torch.silu(torch.baddbmm(self.second_bias, x, self.second))
    return torch.baddbmm(self.last_bias, x, self.last).mean(0) * self.value_scale + self.value_mean
)");
  write_atomically(file, [&](const std::filesystem::path& temporary) { module.save(temporary.string()); });
}

}  // namespace

nlohmann::json train_property_model(const JunctionTreeVae& vae, const std::vector<std::string>& smiles,
                                    const SyntheticAccessibility& accessibility,
                                    const std::filesystem::path& file, const PropertyTraining& training,
                                    const ProgressObserver& progress, const CancellationToken& token) {
  const auto started = std::chrono::steady_clock::now();
  Examples examples = encode_all(vae, smiles, training.molecules, accessibility, progress, token);
  at::Generator generator = make_generator(training.seed);
  const int64_t count = examples.codes.size(0), held_out = count / 10, seen = count - held_out;
  const Tensor order = at::randperm(count, generator, at::kLong);
  examples.codes = examples.codes.index_select(0, order);
  examples.values = examples.values.index_select(0, order);
  PropertyWeights weights =
      begin(examples.codes.narrow(0, 0, seen), examples.values.narrow(0, 0, seen), generator);
  train(weights, examples, seen, training.epochs, generator, progress, token);

  const Tensor truth = examples.values.narrow(0, seen, held_out).to(at::kDouble);
  const Tensor predicted = weights.predict(examples.codes.narrow(0, seen, held_out)).mean(1).to(at::kDouble);
  const Tensor error = truth - predicted;
  nlohmann::json figures;
  std::vector<double> residuals;
  const std::vector<double> thresholds{0, 0.9, 2.5};
  for (int64_t column = 0; column < 3; ++column) {
    const std::string& name = latent_properties()[static_cast<size_t>(column)];
    const bool above = name == "qed";
    const double threshold = thresholds[static_cast<size_t>(column)];
    const Tensor t = truth.select(1, column), p = predicted.select(1, column), e = error.select(1, column);
    residuals.push_back(e.square().mean().sqrt().item<double>());
    figures[name] = {{"r2", 1 - (e.square().mean() / t.var(false)).item<double>()},
                     {"residual", residuals.back()},
                     {"threshold", threshold},
                     {"roc_area", roc_area(above ? p : -p, above ? t > threshold : t < threshold)}};
  }
  const Tensor centred = (examples.codes - examples.codes.mean(0)).to(at::kDouble);
  const Tensor covariance = at::mm(centred.t(), centred) / static_cast<double>(count - 1);
  write(weights, covariance, residuals, file);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - started;
  nlohmann::json card{{"name", file.stem().string()},
                      {"kind", "regressors of molecular properties on latents"},
                      {"latents_of", vae.describe()},
                      {"data", "MOSES, training part"},
                      {"molecules", seen},
                      {"held_out", held_out},
                      {"left_out", examples.left_out},
                      {"epochs", training.epochs},
                      {"seed", training.seed},
                      {"seconds", std::round(seconds.count())},
                      {"mean_norm", examples.codes.norm(2, 1).mean().item<double>()},
                      {"figures", figures}};
  write_card(file, card);
  return card;
}

}  // namespace latentpath
