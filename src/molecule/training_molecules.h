#pragma once
// Molecules as the training of a junction tree VAE sees them: taken apart, with all ways in which the
// neighbours of each cluster could be attached and the one that is right. RDKit's part of the work, done
// once.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "latentpath/core/progress.h"
#include "molecule/molecule_features.h"

namespace latentpath {

struct TrainingMolecule {
  struct Node {
    int cluster = 0, parent = -1;
  };
  /// How the neighbours of a cluster are attached.
  struct Choice {
    int surroundings = 0;      ///< whose candidates these are
    int right = 0;             ///< among the candidates
    std::vector<int> of_mark;  ///< [mark − 1] → node; −1: no atom has this mark
  };
  std::vector<Node> nodes;  ///< depth first, as the decoder meets them; the first is the root
  MoleculeFeatures graph;
  std::vector<Choice> choices;  ///< of all nodes with children where there is more than one candidate
};

struct TrainingMolecules {
  std::vector<std::string> vocabulary;  ///< the clusters of these molecules, the most frequent first
  std::vector<TrainingMolecule> molecules;
  std::vector<std::vector<MoleculeFeatures>> candidates;  ///< of each surroundings
  int64_t left_out = 0;  ///< what is no molecule for us, or is not put together from its clusters
};

/// @param smiles  one a molecule
/// @param folder  where parts are kept, so that an interrupted call goes on from there and a second one need
///                not work; none: nowhere
/// @param name    of the list, for sentences
/// Throws Error(kInput) where no line is a molecule, Error(kInterrupted) where cancelled.
TrainingMolecules prepare_molecules(const std::vector<std::string>& smiles,
                                    const std::filesystem::path& folder, const std::string& name,
                                    const ProgressObserver& progress = {},
                                    const CancellationToken& token = {});

}  // namespace latentpath
