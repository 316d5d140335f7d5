#pragma once
// Properties of molecules, computed from their graphs: what chemists rank compounds by.
//
//   Molecule aspirin = parse_molecule("CC(=O)Oc1ccccc1C(=O)O", "the start").molecule;
//   double p = log_p(aspirin);                                        // 1.31
//   double q = drug_likeness(aspirin);                                // 0.55
//   SyntheticAccessibility accessibility(find_fragment_scores());
//   double s = accessibility(aspirin);                                // 1.58

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "latentpath/molecule/molecule.h"

namespace latentpath {

/// log P, the logarithm of the partition coefficient between octanol and water, as a sum over atoms (Wildman
/// & Crippen, J. Chem. Inf. Comput. Sci. 39:868, 1999). Charges lower it without meaning it: neutralise
/// first.
double log_p(const Molecule& molecule);

/// Mean molecular weight in g/mol, hydrogen included.
double molecular_weight(const Molecule& molecule);

/// Topological polar surface area in Å² (Ertl et al., J. Med. Chem. 43:3714, 2000).
double polar_surface_area(const Molecule& molecule);

/// QED, quantitative estimate of drug-likeness, in (0, 1] (Bickerton et al., Nature Chemistry 4:90, 2012):
///   QED = exp(Σ w_i log d_i(x_i) / Σ w_i)
/// over eight descriptors x_i (weight, log P, hydrogen bond acceptors and donors, polar surface, rotatable
/// bonds, aromatic rings, structural alerts), with the mean weights w_i and the desirabilities d_i of the
/// paper, as in RDKit's Python.
double drug_likeness(const Molecule& molecule);

/// SA score, synthetic accessibility from 1 (easy) to 10 (hard) (Ertl & Schuffenhauer, J. Cheminformatics
/// 1:8, 2009): how common the molecule's fragments are, less penalties for size, stereo centres, spiro atoms,
/// bridgeheads and macrocycles, as in RDKit's Python (version 1.1).
class SyntheticAccessibility {
 public:
  /// @param fragment_scores  the authors' table fpscores.pkl.gz: a pickle of text, packed
  /// Throws Error(kInput) where the file is not that table (by its SHA-256 sum).
  explicit SyntheticAccessibility(const std::filesystem::path& fragment_scores);
  ~SyntheticAccessibility();
  SyntheticAccessibility(SyntheticAccessibility&&) noexcept;

  double operator()(const Molecule& molecule) const;
  /// Of fragments in the table.
  size_t fragments() const;

 private:
  struct Table;
  std::unique_ptr<const Table> table_;
};

/// Where the table is: among Debian's package rdkit-data, or fpscores.pkl.gz in one of `folders`. Throws
/// Error(kInput) that names what to install.
std::filesystem::path find_fragment_scores(const std::vector<std::filesystem::path>& folders = {});

/// A molecule's row of a table.
struct MoleculeProperties {
  double log_p = 0, qed = 0, sa = 0, weight = 0, tpsa = 0;
};
MoleculeProperties properties_of(const Molecule& molecule, const SyntheticAccessibility& accessibility);

}  // namespace latentpath
