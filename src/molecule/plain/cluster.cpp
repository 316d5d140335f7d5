#include "molecule/cluster.h"

#include <GraphMol/SmilesParse/SmilesParse.h>
#include <GraphMol/SmilesParse/SmilesWrite.h>

#include <map>

namespace latentpath {

using RDKit::RWMol;

RWMol kekulised(const RWMol& graph) {
  RWMol copy(graph);
  RDKit::MolOps::Kekulize(copy, false);
  return copy;
}

RDKit::Atom bare_atom(const RDKit::Atom& atom) {
  RDKit::Atom bare(atom.getAtomicNum());
  bare.setFormalCharge(atom.getFormalCharge());
  bare.setAtomMapNum(atom.getAtomMapNum());
  return bare;
}

std::optional<RWMol> checked(const RWMol& graph) {
  try {
    RWMol copy(graph);
    RDKit::MolOps::sanitizeMol(copy);
    return copy;
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

RWMol spanned_part(const RWMol& kekule, const std::vector<int64_t>& atoms) {
  RWMol part;
  std::map<unsigned, unsigned> place;
  for (const int64_t atom : atoms) {
    RDKit::Atom bare = bare_atom(*kekule.getAtomWithIdx(static_cast<unsigned>(atom)));
    place[static_cast<unsigned>(atom)] = part.addAtom(&bare, true, false);
  }
  for (const auto* bond : kekule.bonds()) {
    const auto first = place.find(bond->getBeginAtomIdx()), second = place.find(bond->getEndAtomIdx());
    if (first != place.end() && second != place.end())
      part.addBond(first->second, second->second, bond->getBondType());
  }
  return part;
}

std::string canonical_smiles(const RWMol& graph) { return RDKit::MolToSmiles(graph, false); }

std::optional<RWMol> graph_of(const std::string& smiles) {
  try {
    const std::unique_ptr<RWMol> graph(RDKit::SmilesToMol(smiles));
    if (graph) return *graph;
  } catch (const std::exception&) {
    // None, as said.
  }
  return std::nullopt;
}

}  // namespace latentpath
