#pragma once
// Trains a junction tree VAE of one's own (Jin, Barzilay & Jaakkola, ICML 2018) on a list of molecules.
//
//   fetch_moses("data/moses");
//   JtvaeTrainingSummary done = train_jtvae({.data = "data/moses", .out = "jtvae-moses.pt", .threads = 2});
//   JunctionTreeVae vae("jtvae-moses.pt");
//
// The vocabulary is made from the molecules that are learned from. Taking them apart, with all ways in which
// their clusters could be attached, is kept on disk, thousand by thousand. Gradients of a batch are those of
// shares of 32 molecules, summed in their order, so that the result does not depend on the threads.

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "latentpath/core/option_table.h"
#include "latentpath/core/progress.h"

namespace latentpath {

struct JtvaeTraining {
  std::filesystem::path data =
      "data/moses";  ///< folder that fetch_moses() filled, or a text with a SMILES a line
  std::filesystem::path out = "jtvae-moses.pt";  ///< the card FILE.json and the losses FILE.csv go beside it
  int64_t molecules = 200'000;                   ///< taken evenly from the list
  int64_t epochs = 8;
  int64_t batch = 64;
  int64_t hidden = 200;           ///< size of messages between clusters and between atoms
  int64_t assembly_hidden = 128;  ///< of those between the atoms of candidates, which are most of the work
  int64_t latents = 56;           ///< half of them the tree's, half the graph's
  int64_t depth = 3;              ///< rounds of messages between atoms
  double kl_weight = 0.005;       ///< of the divergence from N(0, I); 0 at first
  double kl_from = 0.1;           ///< share of the steps after which it begins to grow, for as many again
  double learning_rate = 1e-3;    ///< falls along half a cosine
  int64_t held_out = 500;         ///< molecules that the finished model is measured on
  /// Molecules that regressors of properties, FILE-properties.pt, are trained on; 0: none.
  int64_t regressors = 50'000;
  uint64_t seed = 1;
  int64_t threads = 1;
  double checkpoint_minutes = 5;
  bool resume = false;  ///< go on from FILE.checkpoint
  std::string command;  ///< noted in the card
};

/// What there is to say about its fields, but for those that every training has: data, out, epochs, batch,
/// seed, threads, resume.
const OptionTable<JtvaeTraining>& jtvae_training_table();

struct JtvaeTrainingSummary {
  std::filesystem::path file;
  int64_t molecules = 0, clusters = 0, steps = 0;
  double first_loss = 0,
         last_loss = 0;  ///< a molecule, without the divergence; means of the first and last hundredth
  double seconds = 0;    ///< of training, all resumed parts together
  double reconstructed = 0, exact = 0;  ///< shares of the molecules held out: from the mean, with exact ends
  int64_t measured = 0;                 ///< molecules that could be
  std::vector<std::pair<std::string, double>> r2 = {};  ///< of the regressors, by property
};

/// When the token is raised, saves FILE.checkpoint and throws Error(kInterrupted): a later run with `resume`
/// gives the same bytes as an uninterrupted one.
JtvaeTrainingSummary train_jtvae(const JtvaeTraining& training, const ProgressObserver& progress = {},
                                 const CancellationToken& token = {});

}  // namespace latentpath
