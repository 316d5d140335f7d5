#include "zoo/autoencoder.h"

namespace latentpath {

std::vector<Layer> encoder_layers(const DataSetFacts& facts, int64_t outputs) {
  const int64_t values = facts.channels * facts.side * facts.side;
  if (facts.channels == 1)
    return {reshape({values}), linear(values, 512), activation("silu"),
            linear(512, 256),  activation("silu"),  linear(256, outputs)};
  const int64_t coarse = facts.side / 8;
  return {convolution(facts.channels, 24, 4, 2, 1),
          batch_norm(24),
          activation("silu"),
          convolution(24, 48, 4, 2, 1),
          batch_norm(48),
          activation("silu"),
          convolution(48, 64, 4, 2, 1),
          batch_norm(64),
          activation("silu"),
          reshape({64 * coarse * coarse}),
          linear(64 * coarse * coarse, 192),
          batch_norm(192),
          activation("silu"),
          linear(192, outputs)};
}

std::vector<Layer> decoder_layers(const DataSetFacts& facts, int64_t latent_dim) {
  const int64_t values = facts.channels * facts.side * facts.side;
  if (facts.channels == 1)
    return {linear(latent_dim, 256),
            activation("silu"),
            linear(256, 512),
            activation("silu"),
            linear(512, values),
            activation("sigmoid"),
            reshape(facts.example_shape())};
  std::vector<Layer> layers{linear(latent_dim, 256), batch_norm(256), activation("silu")};
  const std::vector<Layer> rest = upsampling_layers(facts, 256, 32, "sigmoid");
  layers.insert(layers.end(), rest.begin(), rest.end());
  return layers;
}

AutoencoderTrainer::AutoencoderTrainer(const ModelTask& task, int64_t encoder_outputs, at::Generator random)
    : task_(task),
      encoder_(encoder_layers(task.facts, encoder_outputs), random),
      decoder_(decoder_layers(task.facts, task.latent_dim), random),
      optimizer_(parameters(), torch::optim::AdamOptions()) {}

std::vector<Tensor> AutoencoderTrainer::parameters() const {
  std::vector<Tensor> all = encoder_.parameters();
  for (const Tensor& parameter : decoder_.parameters()) all.push_back(parameter);
  return all;
}

void AutoencoderTrainer::minimise(const Tensor& loss, double learning_rate) {
  descend(loss, parameters(), optimizer_, learning_rate);
}

void AutoencoderTrainer::save(torch::serialize::OutputArchive& archive) const {
  save_network(archive, "encoder", encoder_);
  save_network(archive, "decoder", decoder_);
  save_optimizer(archive, "optimizer", optimizer_);
}

void AutoencoderTrainer::load(torch::serialize::InputArchive& archive) {
  load_network(archive, "encoder", encoder_);
  load_network(archive, "decoder", decoder_);
  load_optimizer(archive, "optimizer", optimizer_);
}

std::vector<TrainedModel> AutoencoderTrainer::models(at::Generator) {
  const Network draws = decoder_.folded();
  TrainedModel first{task_.name, "decoder", draws.to_script(task_.name)};
  describe_decoder(first.module, task_, ValueRange{0, 1}, draws.multiply_accumulates({task_.latent_dim}));
  const Network codes = encoder_.folded().first_outputs(task_.latent_dim);
  const std::string name = task_.name + "-encoder";
  TrainedModel second{name, "encoder", codes.to_script(name)};
  second.module.register_attribute("latent_dim", c10::IntType::get(), task_.latent_dim);
  describe_image_input(second.module, task_.facts, codes.multiply_accumulates(task_.facts.example_shape()));
  return {first, second};
}

}  // namespace latentpath
