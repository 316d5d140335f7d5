#pragma once
// Molecules: read from SMILES as users have them, made into what the models know, and told what was changed.
//
//   ParsedMolecule parsed = parse_molecule("CC(=O)Oc1ccccc1C(=O)[O-].[Na+]", "the start");
//   std::string smiles = parsed.molecule.smiles();       // CC(=O)Oc1ccccc1C(=O)O
//   for (const std::string& note : parsed.notes) std::cout << note << "\n";
//
// A molecule is a connected graph of heavy atoms without stereo marks, as the junction tree VAE models it.
// RDKit reads, checks and writes it; its headers stay in the source files.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace RDKit {
class RWMol;
}

namespace latentpath {

/// Immutable; copies share the graph.
class Molecule {
 public:
  /// Canonical aromatic SMILES without stereo marks: equal for equal molecules, of one version of RDKit.
  const std::string& smiles() const { return smiles_; }
  /// Heavy atoms, which are numbered in the order of smiles().
  int64_t atoms() const;
  /// The sum of the formal charges.
  int64_t charge() const;
  /// The graph, for those who include RDKit's headers: sanitised, with aromatic bonds.
  const RDKit::RWMol& graph() const { return *graph_; }

 private:
  friend Molecule molecule_of(const RDKit::RWMol& graph);
  Molecule(std::shared_ptr<const RDKit::RWMol> graph, std::string smiles);
  std::shared_ptr<const RDKit::RWMol> graph_;
  std::string smiles_;
};

/// The molecule of a sanitised graph, its atoms numbered anew. Throws Error(kInput) where its SMILES cannot
/// be read again.
Molecule molecule_of(const RDKit::RWMol& graph);

struct ParseOptions {
  bool neutralise = true;   ///< charges that protons make are removed: they fake a low log P
  int64_t most_atoms = 60;  ///< heavy atoms; the models have seen up to 38
};

struct ParsedMolecule {
  Molecule molecule;
  std::vector<std::string> notes;  ///< a sentence for each change: fragments, charges, stereo marks, isotopes
};

/// Throws Error(kArgument) with one sentence: empty, no SMILES, impossible valences, wildcards, metals and
/// other elements that the models do not know, unpaired electrons, too large.
/// @param name  what the text is, for sentences: "`from`", "line 3 of pairs.smi"
ParsedMolecule parse_molecule(const std::string& text, const std::string& name,
                              const ParseOptions& options = {});

/// The same for lists, which go on without what cannot be read.
/// @param refusal  where given, the sentence that parse_molecule() would throw
std::optional<Molecule> readable_molecule(const std::string& text, const std::string& name,
                                          std::string* refusal = nullptr);

/// Tanimoto similarity |A ∩ B| / |A ∪ B| of the Morgan fingerprints of radius 2, folded to 2048 bits (Rogers
/// & Hahn, J. Chem. Inf. Model. 50:742, 2010); 1 for equal molecules.
double tanimoto_similarity(const Molecule& a, const Molecule& b);

}  // namespace latentpath
