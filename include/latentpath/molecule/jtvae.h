#pragma once
// The junction tree variational autoencoder (Jin, Barzilay & Jaakkola, ICML 2018, arXiv 1802.04364):
// molecules to latents and back. A latent is decoded to a tree of clusters first, then to the molecule that
// the clusters are assembled to, so that what comes out is a molecule always.
//
//   JunctionTreeVae vae("data/jtvae-zinc/jtvae-zinc.pt");
//   Tensor codes = vae.encode({from, to});                          // [2, 56], the encoder's means
//   DecodedMolecule middle = vae.decode(codes.mean(0, true))[0];
//   std::cout << middle.molecule.smiles() << "\n";

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "latentpath/core/tensor.h"
#include "latentpath/molecule/junction_tree.h"
#include "latentpath/molecule/molecule.h"
#include "latentpath/molecule/molecule_decoder.h"

namespace latentpath {

/// What decoding may take; where it is not enough, the molecule is what was assembled until then.
struct DecodeLimits {
  int64_t steps = 100;   ///< of the tree's decoder, as the authors have it
  int64_t states = 400;  ///< assemblies that are tried for one tree
};

class JunctionTreeVae final : public MoleculeDecoder {
 public:
  /// A file that import_jtvae() wrote. Throws Error(kInput) where it is damaged or another model.
  explicit JunctionTreeVae(const std::filesystem::path& file);
  ~JunctionTreeVae() override;
  JunctionTreeVae(JunctionTreeVae&&) noexcept;

  /// D: the first half is the tree's, the second the graph's.
  int64_t latent_dim() const override;
  const ClusterVocabulary& vocabulary() const;
  std::string describe() const override;

  /// The encoder's means [n, D] float32. Throws Error(kArgument) naming the fragments that a molecule has and
  /// the vocabulary has not.
  Tensor encode(const std::vector<Molecule>& molecules) const;

  /// z [n, D] → n molecules. Greedy: the same z gives the same molecule, whatever else is decoded with it.
  /// On LibTorch's threads, each with its own memory of attachments.
  std::vector<DecodedMolecule> decode(const Tensor& latents, const DecodeLimits& limits = {}) const;

  /// A latent that decodes to the molecule: the encoder's mean where that does, else moved until it does.
  /// Since the messages of the molecule's own tree do not depend on z, that trains two small heads, for
  /// clusters and for ends of branches, and a linear score of attachments. Where it fails, the mean stands.
  MoleculeCode find_code(const Molecule& molecule) const override;

  std::vector<std::optional<DecodedMolecule>> molecules_of(
      const Tensor& latents, const CancellationToken& token = {}) const override;
  /// The encoder's mean; none for a molecule with unknown fragments.
  std::optional<Tensor> code_of(const Molecule& molecule) const override;

  /// Fragments of a molecule that the vocabulary does not have, each once; empty where it can be encoded.
  std::vector<std::string> unknown_fragments(const Molecule& molecule) const;

 private:
  struct Model;
  std::unique_ptr<Model> model_;
};

/// Writes a model's weights, by the authors' names, and vocabulary as a file for JunctionTreeVae: a
/// TorchScript archive without a method. Whole or not at all.
/// @param depth  rounds of message passing on graphs
void write_jtvae(const std::filesystem::path& file,
                 const std::vector<std::pair<std::string, Tensor>>& weights,
                 const std::vector<std::string>& vocabulary, int64_t depth, const std::string& origin);

}  // namespace latentpath
