#pragma once
// What the message passing networks see of a graph: numbers of features of atoms and bonds.

#include <cstdint>
#include <vector>

namespace RDKit {
class RWMol;
}

namespace latentpath {

struct MoleculeFeatures {
  struct Atom {
    int element = 0, degree = 0, charge = 0;  ///< places in the lists that the published models count in
    bool aromatic = false;
    int mark = 0;  ///< the atom's number: the node of the junction tree that it belongs to; 0: none
  };
  struct Bond {
    int from = 0, to = 0;  ///< atoms; each bond stands here once
    int order = 0;         ///< 0 single, 1 double, 2 triple, 3 aromatic
    bool in_ring = false;
  };
  std::vector<Atom> atoms;
  std::vector<Bond> bonds;
};

constexpr int kElementFeatures = 23, kDegreeFeatures = 6, kChargeFeatures = 5, kOrderFeatures = 4;

/// How many numbers stand for an atom and for a bond, with the stereo marks of the published models or
/// without.
constexpr int64_t atom_width(bool stereo) {
  return kElementFeatures + kDegreeFeatures + kChargeFeatures + (stereo ? 4 : 0) + 1;
}
constexpr int64_t bond_width(bool stereo) { return kOrderFeatures + 1 + (stereo ? 6 : 0); }

/// Of a kekulised graph with aromatic flags.
MoleculeFeatures features_of(const RDKit::RWMol& kekule);

}  // namespace latentpath
