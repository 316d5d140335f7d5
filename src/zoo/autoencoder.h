#pragma once
// The networks that both kinds of autoencoder use, and the files that they become.

#include "zoo/trainer.h"

namespace latentpath {

/// Fully connected for grey 28×28 images; strided convolutions for coloured 32×32 ones.
/// @param outputs  the last layer's: the code, or the parameters of its distribution
std::vector<Layer> encoder_layers(const DataSetFacts& facts, int64_t outputs);
/// Ends in a sigmoid.
std::vector<Layer> decoder_layers(const DataSetFacts& facts, int64_t latent_dim);

/// What autoencoders share: two networks, one optimiser, and the files that they become. The step is their
/// own.
class AutoencoderTrainer : public Trainer {
 public:
  AutoencoderTrainer(const ModelTask& task, int64_t encoder_outputs, at::Generator random);

  void save(torch::serialize::OutputArchive& archive) const override;
  void load(torch::serialize::InputArchive& archive) override;
  /// The decoder NAME, and NAME-encoder with the first latent_dim outputs of the encoder.
  std::vector<TrainedModel> models(at::Generator generator) override;

 protected:
  /// One step of the optimiser for both networks.
  void minimise(const Tensor& loss, double learning_rate);

  ModelTask task_;
  Network encoder_;
  Network decoder_;

 private:
  std::vector<Tensor> parameters() const;

  torch::optim::Adam optimizer_;
};

}  // namespace latentpath
