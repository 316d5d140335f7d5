#pragma once
// What every molecule of a path must have beside the property: a scaffold, a similarity, an ease of
// synthesis.
//
//   const MoleculeRequirements wanted{.keep = "c1ccc2[nH]ccc2c1", .max_sa = 4};
//   const MoleculeFilter filter(wanted, from, to);
//   bool good = filter.accepts(from, 2.1);

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "latentpath/molecule/molecule.h"

namespace latentpath {

struct MoleculeRequirements {
  std::optional<std::string> keep = {};  ///< SMARTS of a part that every molecule has; none: no part
  double min_similarity = 0;             ///< Tanimoto, to the start or to the end, whichever is more alike
  double max_sa = 10;                    ///< SA score
  bool limits_sa() const { return max_sa < 10; }  ///< the scores run from 1 to 10
  bool any() const { return keep || min_similarity > 0 || limits_sa(); }
  /// The fields that ask for something, in backquotes.
  std::vector<std::string> given() const;
};

/// Throws Error(kArgument) where `keep` is empty or no SMARTS.
void check_requirements(const MoleculeRequirements& requirements);

class MoleculeFilter {
 public:
  /// Throws Error(kArgument) for a pattern that is no SMARTS, and for one that an end does not have.
  MoleculeFilter(const MoleculeRequirements& requirements, const Molecule& from, const Molecule& to);
  ~MoleculeFilter();
  MoleculeFilter(MoleculeFilter&&) noexcept;

  /// @param sa  the molecule's SA score
  bool accepts(const Molecule& molecule, double sa) const;
  const MoleculeRequirements& requirements() const;

 private:
  struct Parts;
  std::unique_ptr<const Parts> parts_;
};

}  // namespace latentpath
