#include "autoencoder.h"

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
    return {linear(latent_dim, 256),     activation("silu"),  linear(256, 512),
            activation("silu"),          linear(512, values), activation("sigmoid"),
            reshape(facts.image_shape())};
  const int64_t side = facts.side / 4;
  return {linear(latent_dim, 256),
          batch_norm(256),
          activation("silu"),
          linear(256, 128),
          batch_norm(128),
          activation("silu"),
          linear(128, 48 * side * side),
          batch_norm(48 * side * side),
          activation("silu"),
          reshape({48, side, side}),
          transposed_convolution(48, 32, 4, 2, 1),
          batch_norm(32),
          activation("silu"),
          transposed_convolution(32, facts.channels, 4, 2, 1),
          activation("sigmoid")};
}

std::vector<TrainedModel> autoencoder_models(const ModelTask& task, const Network& encoder,
                                             const Network& decoder) {
  const Network draws = decoder.folded();
  TrainedModel first{task.name, "decoder", draws.to_script(task.name)};
  describe_decoder(first.module, task, 0, 1, draws.multiply_accumulates({task.latent_dim}));
  const Network codes = encoder.folded().first_outputs(task.latent_dim);
  const std::string name = task.name + "-encoder";
  TrainedModel second{name, "encoder", codes.to_script(name)};
  second.module.register_attribute("latent_dim", c10::IntType::get(), task.latent_dim);
  describe_image_input(second.module, task.facts, codes.multiply_accumulates(task.facts.image_shape()));
  return {first, second};
}

}  // namespace latentpath
