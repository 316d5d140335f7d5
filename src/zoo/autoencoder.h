#pragma once
// The networks that both kinds of autoencoder use, and the files that they become.

#include "trainer.h"

namespace latentpath {

/// Fully connected for grey 28×28 images; strided convolutions for coloured 32×32 ones.
/// @param outputs  the last layer's: the code, or the parameters of its distribution
std::vector<Layer> encoder_layers(const DataSetFacts& facts, int64_t outputs);
/// Ends in a sigmoid.
std::vector<Layer> decoder_layers(const DataSetFacts& facts, int64_t latent_dim);

/// The decoder NAME, and NAME-encoder with the first latent_dim outputs of the encoder.
std::vector<TrainedModel> autoencoder_models(const ModelTask& task, const Network& encoder,
                                             const Network& decoder);

}  // namespace latentpath
