#pragma once
// What the training of a junction tree VAE lowers (Jin et al. 2018, §2.2–2.5), with gradients: the same
// networks as in jtvae_network.h, for many molecules at once. Messages of all trees go level by level: the
// decoder's, too, because with the tree given a message to a child depends on the one before it on the way
// from the root and on those from siblings that were visited before, which their subtrees alone make.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "molecule/jtvae_network.h"
#include "molecule/training_molecules.h"

namespace latentpath {

struct JtvaeSizes {
  int64_t clusters = 0;
  int64_t hidden = 200, assembly_hidden = 128, latents = 56, depth = 3;
};

/// Weights drawn at random, as the authors have it: by name, for write_jtvae(); and those of the encoder's
/// deviations, "T_var." and "G_var.", which only training needs.
NamedTensors initial_jtvae_weights(const JtvaeSizes& sizes, at::Generator& generator);

/// Sums over molecules.
struct JtvaeLosses {
  Tensor clusters, ends, attachments;  ///< cross entropies of the decoder's decisions
  Tensor divergence;                   ///< of the encoder's normals from N(0, I)
  Tensor latents;                      ///< the encoder's means [molecules, latents], detached
  /// Decisions, and those that are right.
  int64_t cluster_decisions = 0, clusters_right = 0, end_decisions = 0, ends_right = 0;
  int64_t attachment_decisions = 0, attachments_right = 0;
};

/// @param noise  [molecules, latents], of N(0, I); none: the encoder's means are decoded
JtvaeLosses jtvae_losses(const NamedTensors& weights, const JtvaeSizes& sizes, const TrainingMolecules& known,
                         const std::vector<int64_t>& molecules, const Tensor& noise);

}  // namespace latentpath
