#pragma once
// Trains the zoo's models from nothing, in C++ alone, and writes them as TorchScript files with their cards.
//
//   {mnist,fashion,faces,lambertian}-dcgan-D
//                                   DCGAN generators (Radford et al. 2015, arXiv 1511.06434), non-saturating
//                                   loss with the R1 penalty (Mescheder et al. 2018, arXiv 1801.04406) on
//                                   normal latents, or with the suffix -semicircle on those of the papers'
//                                   mixture of Gaussians (metric/density.h)
//   circle-gan-2                    a GAN of points on a circle (zoo/point_data.h)
//   mnist-vae-2, mnist-vae-8, faces-vae-16, lambertian-vae-3, lambertian-shadows-vae-9
//                                   variational autoencoders (Kingma & Welling 2013, arXiv 1312.6114); the
//                                   encoder (the mean) goes to NAME-encoder
//   faces-wae-64                    Wasserstein autoencoder with the MMD penalty (Tolstikhin et al. 2018,
//                                   arXiv 1711.01558), with its encoder
//   faces-flow-64                   flow matching (Lipman et al. 2023, arXiv 2210.02747) on the codes of
//                                   faces-wae-64, with its encoder
//   mnist-classifier, fashion-classifier, faces-attributes
//                                   ten digits, ten garments, seven attributes of a face; unconfident on what
//                                   is none
//   NAME-judge of these three       the same classes by other layers, from every second image and no
//                                   decoder's samples: for comparison, beside the classifier that paths
//                                   favour
//
//   TrainingOptions options;
//   options.data = "data/mnist";
//   options.out = "models/mnist-vae-8.pt";
//   train_model("mnist-vae-8", options);

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "latentpath/core/option_table.h"
#include "latentpath/core/progress.h"

namespace latentpath {

struct TrainingOptions {
  std::filesystem::path data;  ///< folder with the four IDX files; empty: data/NAME of the data set
  std::filesystem::path out;   ///< FILE.pt; the card FILE.json and the pictures FILE.png go beside it
  int64_t epochs = 0;          ///< passes through the data; 0: the recipe's number
  int64_t batch = 0;           ///< images in a step; 0: the recipe's number
  uint64_t seed = 1;
  int64_t threads = 1;
  int64_t checkpoint_every = 1;       ///< epochs between checkpoints, 0: only on interruption
  bool resume = false;                ///< go on from FILE.checkpoint
  std::filesystem::path autoencoder;  ///< FILE.pt whose codes a flow learns, FILE-encoder.pt beside it
  std::filesystem::path classifier;   ///< recognises the samples for the card; may be empty
  std::vector<std::filesystem::path> samples_from;  ///< decoders whose samples the classifier learns from
  std::string command;                              ///< noted in the card
};

struct TrainingSummary {
  std::vector<std::filesystem::path> files;  ///< the models written
  int64_t steps = 0;
  double first_loss = 0;  ///< mean of the first epoch
  double last_loss = 0;   ///< mean of the last epoch
  double seconds = 0;     ///< of training, all resumed parts together
};

/// The models that train_model() can make.
std::vector<std::string> trainable_models();

/// The options with the recipe's numbers where they are zero.
TrainingOptions complete_options(const std::string& name, TrainingOptions options);

/// Trains one model. When the token is raised, saves FILE.checkpoint and throws Error(kInterrupted): a later
/// run with `resume` gives the same bytes as an uninterrupted one.
TrainingSummary train_model(const std::string& name, const TrainingOptions& options,
                            const ProgressObserver& progress = {}, const CancellationToken& token = {});

/// Measures a finished model again and rewrites the figures of its card and its picture.
void refresh_card(const std::filesystem::path& model, const std::filesystem::path& data,
                  const std::filesystem::path& classifier);

/// What there is to say about TrainingOptions: names, ranges, choices and words.
const OptionTable<TrainingOptions>& training_option_table();

}  // namespace latentpath
