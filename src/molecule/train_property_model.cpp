#include <torch/script.h>
#include <torch/torch.h>

#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "latentpath/core/error.h"
#include "latentpath/core/parallel.h"
#include "latentpath/core/random.h"
#include "latentpath/io/file.h"
#include "latentpath/molecule/property_model.h"
#include "latentpath/zoo/model_store.h"
#include "molecule/property_networks.h"

namespace latentpath {
namespace {

constexpr int64_t kNetworks = 2, kHidden = 256, kBatch = 512;
constexpr double kRate = 2e-3, kDecay = 0.05;
/// Of the noise on latents in training, in standard deviations of codes. Paths run between codes, and are led
/// to wherever networks err: without noise these promised 1.8 less log P on a path than its molecules had,
/// with it 0.25 (experiments/figures.md).
constexpr double kNoise = 0.6;

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

/// Mean squared error of the standardised values.
Tensor loss_of(const PropertyWeights& w, const Tensor& codes, const Tensor& values) {
  return ((w.predict(codes) - values.unsqueeze(1)) / w.value_scale).square().mean();
}

/// On the first `training` examples; keeps the weights after the epoch that is best on the next `watched`.
void train(PropertyWeights& w, const Tensor& all_codes, const Tensor& all_values, int64_t training,
           int64_t watched, int64_t epochs, at::Generator& generator, const ProgressObserver& progress,
           const CancellationToken& token) {
  std::vector<Tensor> parameters;
  for (Tensor* tensor : {&w.first, &w.second, &w.last, &w.first_bias, &w.second_bias, &w.last_bias})
    parameters.push_back(tensor->set_requires_grad(true));
  torch::optim::AdamW optimizer(parameters, torch::optim::AdamWOptions(kRate).weight_decay(kDecay));
  const int64_t steps = std::max<int64_t>(1, training / kBatch);
  std::vector<Tensor> best;
  double least = INFINITY;
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
      const Tensor codes = all_codes.index_select(0, rows);
      const Tensor noise = at::randn(codes.sizes(), generator, codes.options()) * (kNoise * w.code_scale);
      const Tensor loss = loss_of(w, codes + noise, all_values.index_select(0, rows));
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
      sum += loss.item<double>();
    }
    const at::NoGradGuard no_gradient;
    const double now =
        loss_of(w, all_codes.narrow(0, training, watched), all_values.narrow(0, training, watched))
            .item<double>();
    if (now < least) {
      least = now;
      best.clear();
      for (const Tensor& parameter : parameters) best.push_back(parameter.detach().clone());
    }
    if (progress && ((epoch + 1) % 10 == 0 || epoch + 1 == epochs))
      progress({"training regressors, epoch", epoch + 1, epochs, sum / static_cast<double>(steps)});
  }
  const at::NoGradGuard no_gradient;
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (!best.empty()) parameters[i].copy_(best[i]);
    parameters[i].set_requires_grad(false);
  }
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

Tensor covariance_of(const Tensor& codes) {
  const Tensor centred = (codes - codes.mean(0)).to(at::kDouble);
  return at::mm(centred.t(), centred) / static_cast<double>(codes.size(0) - 1);
}

FittedNetworks fit_networks(const Tensor& given_codes, const Tensor& given_values, int64_t epochs,
                            at::Generator& generator, const ProgressObserver& progress,
                            const CancellationToken& token) {
  const int64_t count = given_codes.size(0), held_out = count / 10;
  FittedNetworks fitted;
  fitted.seen = count - held_out;
  const Tensor order = at::randperm(count, generator, at::kLong);
  const Tensor codes = given_codes.index_select(0, order), values = given_values.index_select(0, order);
  fitted.codes = codes;
  fitted.weights = begin(codes.narrow(0, 0, fitted.seen), values.narrow(0, 0, fitted.seen), generator);
  const int64_t watched = fitted.seen / 20;
  train(fitted.weights, codes, values, fitted.seen - watched, watched, epochs, generator, progress, token);
  fitted.truth = values.narrow(0, fitted.seen, held_out).to(at::kDouble);
  fitted.predicted = fitted.weights.predict(codes.narrow(0, fitted.seen, held_out)).mean(1).to(at::kDouble);
  for (int64_t column = 0; column < values.size(1); ++column) {
    const Tensor truth = fitted.truth.select(1, column);
    const Tensor squares = (truth - fitted.predicted.select(1, column)).square();
    fitted.residuals.push_back(squares.mean().sqrt().item<double>());
    fitted.r2.push_back(1 - (squares.mean() / truth.var(false)).item<double>());
  }
  return fitted;
}

FittedNetworks fit_draws(const Tensor& all_codes, const Tensor& all_values,
                         const std::vector<std::string>& names, uint64_t seed,
                         const ProgressObserver& progress, const CancellationToken& token) {
  const Tensor known = at::isnan(all_values).any(1).logical_not().nonzero().squeeze(1);
  LATENTPATH_CHECK(known.size(0) >= kFewestForRegressors, kInput, "networks learn from ",
                   kFewestForRegressors, " molecules at least, and ", known.size(0), " are known");
  const Tensor values = all_values.index_select(0, known);
  // Networks are float32, and values may differ in digits that it has not: they learn standardised ones.
  const Tensor mean = values.mean(0), scale = values.std(0, false);
  std::vector<double> least, most;
  for (size_t column = 0; column < names.size(); ++column) {
    const auto at = static_cast<int64_t>(column);
    least.push_back(values.select(1, at).min().item<double>());
    most.push_back(values.select(1, at).max().item<double>());
    LATENTPATH_CHECK(least[column] < most[column], kInput, names[column], " has the same value, ",
                     least[column], ", for all of ", values.size(0),
                     " molecules that the model made: there is nothing to improve");
    const double spread = scale[at].item<double>();
    LATENTPATH_CHECK(
        std::isfinite(mean[at].item<double>()) && std::isfinite(spread) && spread > 0, kInput,
        "the values of ", names[column], ", from ", least[column], " to ", most[column],
        ", have no mean and spread in numbers of double precision: print values of a smaller range, "
        "and nan where there is none");
  }
  const SerialOperations one_thread;
  at::Generator generator = make_generator(seed);
  // By a thousand passes, few examples are learned by heart.
  const int64_t epochs = std::max<int64_t>(12, 300 * kBatch / values.size(0));
  FittedNetworks fitted =
      fit_networks(all_codes.index_select(0, known).to(at::kFloat), ((values - mean) / scale).to(at::kFloat),
                   epochs, generator, progress, token);
  for (const auto& [part, tensor] : fitted.weights.parts()) *tensor = tensor->detach().to(at::kDouble);
  fitted.weights.value_mean = fitted.weights.value_mean * scale + mean;
  fitted.weights.value_scale = fitted.weights.value_scale * scale;
  for (size_t column = 0; column < names.size(); ++column)
    fitted.residuals[column] *= scale[static_cast<int64_t>(column)].item<double>();
  fitted.least = std::move(least);
  fitted.most = std::move(most);
  return fitted;
}

nlohmann::json train_property_model(const EncodedMolecules& molecules, const std::string& latents_of,
                                    const std::filesystem::path& file, const PropertyTraining& training,
                                    const ProgressObserver& progress, const CancellationToken& token) {
  const auto started = std::chrono::steady_clock::now();
  const int64_t count = molecules.codes.size(0);
  LATENTPATH_CHECK(count >= kFewestForRegressors, kArgument, "regressors need ", kFewestForRegressors,
                   " molecules at least that can be encoded; there are ", count);
  at::Generator generator = make_generator(training.seed);
  const FittedNetworks fitted =
      fit_networks(molecules.codes, molecules.values, training.epochs, generator, progress, token);
  nlohmann::json figures;
  const std::vector<double> thresholds{0, 0.9, 2.5};
  for (size_t column = 0; column < 3; ++column) {
    const std::string& name = latent_properties()[column];
    const bool above = name == "qed";
    const double threshold = thresholds[column];
    const Tensor t = fitted.truth.select(1, static_cast<int64_t>(column)),
                 p = fitted.predicted.select(1, static_cast<int64_t>(column));
    figures[name] = {{"r2", fitted.r2[column]},
                     {"residual", fitted.residuals[column]},
                     {"threshold", threshold},
                     {"roc_area", roc_area(above ? p : -p, above ? t > threshold : t < threshold)}};
  }
  write(fitted.weights, covariance_of(fitted.codes), fitted.residuals, file);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - started;
  nlohmann::json card{{"name", file.stem().string()},
                      {"kind", "regressors of molecular properties on latents"},
                      {"latents_of", latents_of},
                      {"data", training.data},
                      {"molecules", fitted.seen},  // a twentieth of them to choose the epoch by
                      {"held_out", fitted.truth.size(0)},
                      {"left_out", molecules.left_out},
                      {"epochs", training.epochs},
                      {"seed", training.seed},
                      {"seconds", std::round(seconds.count())},
                      {"mean_norm", fitted.codes.norm(2, 1).mean().item<double>()},
                      {"figures", figures}};
  write_card(file, card);
  return card;
}

}  // namespace latentpath
