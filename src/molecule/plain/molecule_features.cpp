#include "molecule/molecule_features.h"

#include <GraphMol/RDKitBase.h>

#include <algorithm>

namespace latentpath {

MoleculeFeatures features_of(const RDKit::RWMol& kekule) {
  // The published networks' lists (jtnn/mpn.py): C N O S F Si P Cl Br Mg Na Ca Fe Al I B K Se Zn H Cu Mn,
  // then all others; charges −1 −2 1 2, then 0 and all others.
  static const std::vector<int> elements{6,  7,  8,  16, 9, 14, 15, 17, 35, 12, 11,
                                         20, 26, 13, 53, 5, 19, 34, 30, 1,  29, 25};
  static const std::vector<int> charges{-1, -2, 1, 2};
  const auto place = [](const std::vector<int>& list, int value) {
    return static_cast<int>(std::find(list.begin(), list.end(), value) - list.begin());
  };
  MoleculeFeatures features;
  for (const auto* atom : kekule.atoms())
    features.atoms.push_back({place(elements, atom->getAtomicNum()),
                              std::min(static_cast<int>(atom->getDegree()), kDegreeFeatures - 1),
                              place(charges, atom->getFormalCharge()), atom->getIsAromatic(),
                              atom->getAtomMapNum()});
  for (const auto* bond : kekule.bonds()) {
    const auto type = bond->getBondType();
    const int order = type == RDKit::Bond::DOUBLE     ? 1
                      : type == RDKit::Bond::TRIPLE   ? 2
                      : type == RDKit::Bond::AROMATIC ? 3
                                                      : 0;
    features.bonds.push_back({static_cast<int>(bond->getBeginAtomIdx()),
                              static_cast<int>(bond->getEndAtomIdx()), order,
                              kekule.getRingInfo()->numBondRings(bond->getIdx()) > 0});
  }
  return features;
}

}  // namespace latentpath
