#include "zoo/trainer.h"

#include <cmath>
#include <numbers>

#include "latentpath/core/error.h"

namespace latentpath {

std::vector<Layer> upsampling_layers(const DataSetFacts& facts, int64_t inputs, int64_t fine,
                                     const std::string& last) {
  const int64_t side = facts.side / 4;
  return {linear(inputs, 128),
          batch_norm(128),
          activation("silu"),
          linear(128, 48 * side * side),
          batch_norm(48 * side * side),
          activation("silu"),
          reshape({48, side, side}),
          transposed_convolution(48, fine, 4, 2, 1),
          batch_norm(fine),
          activation("silu"),
          transposed_convolution(fine, facts.channels, 4, 2, 1),
          activation(last)};
}

Tensor unit_images(const Tensor& bytes) { return bytes.to(at::kFloat).div_(255); }

void save_network(torch::serialize::OutputArchive& archive, const std::string& key, const Network& network) {
  for (const auto& [name, value] : network.state())
    archive.write(key + "_" + name, value.detach(), /*is_buffer=*/true);
}

void load_network(torch::serialize::InputArchive& archive, const std::string& key, Network& network) {
  torch::NoGradGuard no_grad;
  for (const auto& [name, value] : network.state()) {
    Tensor stored;
    archive.read(key + "_" + name, stored, /*is_buffer=*/true);
    value.detach().copy_(stored);
  }
}

void save_optimizer(torch::serialize::OutputArchive& archive, const std::string& key,
                    const torch::optim::Adam& optimizer) {
  torch::serialize::OutputArchive part(archive.compilation_unit());
  optimizer.save(part);
  archive.write(key, part);
}

void load_optimizer(torch::serialize::InputArchive& archive, const std::string& key,
                    torch::optim::Adam& optimizer) {
  torch::serialize::InputArchive part;
  archive.read(key, part);
  optimizer.load(part);
}

void save_count(torch::serialize::OutputArchive& archive, const std::string& key, int64_t count) {
  archive.write(key, at::full({1}, count, at::kLong), /*is_buffer=*/true);
}

int64_t load_count(torch::serialize::InputArchive& archive, const std::string& key) {
  Tensor count;
  archive.read(key, count, /*is_buffer=*/true);
  return count.item<int64_t>();
}

torch::optim::AdamOptions gan_adam_options() {
  return torch::optim::AdamOptions().betas(std::make_tuple(0.5, 0.99));
}

void descend(const Tensor& loss, const std::vector<Tensor>& parameters, torch::optim::Adam& optimizer,
             double learning_rate) {
  const auto gradients = torch::autograd::grad({loss}, parameters);
  for (size_t i = 0; i < parameters.size(); ++i) parameters[i].mutable_grad() = gradients[i];
  for (auto& group : optimizer.param_groups())
    static_cast<torch::optim::AdamOptions&>(group.options()).lr(learning_rate);
  optimizer.step();
}

void update_average(const std::vector<Tensor>& average, const std::vector<Tensor>& now, int64_t steps) {
  constexpr double kDecay = 0.999;
  const torch::NoGradGuard no_gradient;
  const auto count = static_cast<double>(steps);
  const double decay = std::min(kDecay, (1 + count) / (10 + count));
  for (size_t i = 0; i < now.size(); ++i) average[i].lerp_(now[i], 1 - decay);
}

torch::jit::Module load_module(const std::filesystem::path& file) {
  try {
    return torch::jit::load(file.string());
  } catch (const c10::Error&) {
    throw Error(ErrorKind::kInput, file.string() + " is not a TorchScript file");
  }
}

double constant_then_linear_schedule(double progress) { return std::min(1.0, 2 * (1 - progress) + 0.02); }

double cosine_schedule(double progress) {
  return std::min(1.0, (progress + 1e-4) / 0.02) * 0.5 * (1 + std::cos(std::numbers::pi * progress));
}

void describe_decoder(torch::jit::Module& module, const ModelTask& task, std::optional<ValueRange> range,
                      int64_t work) {
  module.register_attribute("latent_dim", c10::IntType::get(), task.latent_dim);
  if (range)
    module.register_attribute("output_range", c10::ListType::ofFloats(),
                              std::vector<double>{range->low, range->high});
  module.register_attribute("prior", c10::StringType::get(), task.prior);
  module.register_attribute("multiply_accumulates", c10::IntType::get(), work);
}

void describe_image_input(torch::jit::Module& module, const DataSetFacts& facts, int64_t work) {
  module.register_attribute("input_range", c10::ListType::ofFloats(), std::vector<double>{0.0, 1.0});
  module.register_attribute("input_shape", c10::ListType::ofInts(), facts.example_shape());
  module.register_attribute("multiply_accumulates", c10::IntType::get(), work);
}

Tensor decode_unit(torch::jit::Module& decoder, const Tensor& latents) {
  torch::NoGradGuard no_grad;
  const auto range = decoder.attr("output_range").toDoubleVector();
  return ((decoder.forward({latents}).toTensor() - range[0]) / (range[1] - range[0])).clamp(0, 1);
}

}  // namespace latentpath
