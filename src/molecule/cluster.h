#pragma once
// What a cluster is made of, and graphs made of pieces of graphs.

#include <GraphMol/RDKitBase.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace latentpath {

/// An atom to which something may be attached.
struct Slot {
  int element = 0, charge = 0, hydrogens = 0;
};

struct Cluster {
  std::shared_ptr<const RDKit::RWMol> graph;  ///< sanitised, single and double bonds, aromatic flags kept
  std::vector<Slot> slots;                    ///< its atoms
  std::string key;                            ///< aromatic canonical SMILES

  int atoms() const { return static_cast<int>(graph->getNumAtoms()); }
  int bonds() const { return static_cast<int>(graph->getNumBonds()); }
};

/// The same graph with single and double bonds in place of aromatic ones; the atoms' aromatic flags stay.
RDKit::RWMol kekulised(const RDKit::RWMol& graph);

/// Element, charge and number of an atom; all else follows from its bonds.
RDKit::Atom bare_atom(const RDKit::Atom& atom);

/// A checked copy of a graph of bare atoms; none where a valence or an aromatic ring cannot be.
std::optional<RDKit::RWMol> checked(const RDKit::RWMol& graph);

/// The part of a kekulised graph that some atoms span, of bare atoms.
RDKit::RWMol spanned_part(const RDKit::RWMol& kekule, const std::vector<int64_t>& atoms);

/// Canonical SMILES without stereo marks, atoms' numbers included.
std::string canonical_smiles(const RDKit::RWMol& graph);

/// A sanitised molecule; none where the text is none.
std::optional<RDKit::RWMol> graph_of(const std::string& smiles);

}  // namespace latentpath
