#pragma once
// Junction trees: a molecule as a tree of clusters, the rings and bonds it is made of (Jin, Barzilay &
// Jaakkola, "Junction Tree Variational Autoencoder for Molecular Graph Generation", ICML 2018, arXiv
// 1802.04364, §2.1).
//
//   ClusterVocabulary vocabulary({"C1=CC=CC=C1", "CO", "CN"});
//   Molecule phenol = parse_molecule("Oc1ccccc1", "the start").molecule;
//   JunctionTree tree = decompose(phenol, vocabulary);   // a ring, a bond
//
// Clusters are known by their aromatic canonical SMILES: which bonds of an aromatic ring are written as
// double differs from one version of RDKit to the next.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "latentpath/molecule/molecule.h"

namespace latentpath {

struct Cluster;

/// The clusters that a model knows, numbered from 0.
class ClusterVocabulary {
 public:
  /// @param clusters  SMILES. Throws Error(kInput) naming the entry that is no molecule.
  explicit ClusterVocabulary(std::vector<std::string> clusters);
  ~ClusterVocabulary();
  ClusterVocabulary(ClusterVocabulary&&) noexcept;

  int64_t size() const { return static_cast<int64_t>(smiles_.size()); }
  const std::vector<std::string>& smiles() const { return smiles_; }
  const Cluster& operator[](int64_t cluster) const;
  /// By aromatic canonical SMILES; the first of several entries that are the same molecule.
  std::optional<int64_t> find(const std::string& canonical_smiles) const;

 private:
  std::vector<std::string> smiles_;
  struct Entries;
  std::unique_ptr<const Entries> entries_;
};

struct JunctionTree {
  struct Node {
    int64_t cluster = -1;             ///< −1: outside of the vocabulary
    std::vector<int64_t> atoms;       ///< of the molecule
    std::vector<int64_t> neighbours;  ///< numbers of nodes
  };
  std::vector<Node> nodes;           ///< the first is the root, which has the molecule's first atom
  std::vector<std::string> unknown;  ///< SMILES of clusters outside of the vocabulary, as often as they occur
};

/// Rings that share more than two atoms are one cluster; atoms where three or more clusters meet, one of them
/// a bond, are clusters of their own; a maximum spanning tree joins what shares atoms.
JunctionTree decompose(const Molecule& molecule, const ClusterVocabulary& vocabulary);

}  // namespace latentpath
