#include "latentpath/molecule/molecule_requirements.h"

#include <GraphMol/RDKitBase.h>
#include <GraphMol/SmilesParse/SmilesParse.h>
#include <GraphMol/Substruct/SubstructMatch.h>

#include <algorithm>

#include "latentpath/core/error.h"
#include "molecule/rdkit_log.h"

namespace latentpath {
namespace {

constexpr size_t kLongestPattern = 1000;

std::unique_ptr<RDKit::ROMol> read_pattern(const std::string& text) {
  LATENTPATH_CHECK(
      !text.empty(), kArgument,
      "`keep` is empty: give the part to be kept as SMARTS or SMILES, such as c1ccccc1, or leave "
      "the option out");
  silence_rdkit();
  std::unique_ptr<RDKit::ROMol> pattern;
  try {
    if (text.size() <= kLongestPattern) pattern.reset(RDKit::SmartsToMol(text));
  } catch (const std::exception&) {
    // The check has the sentence.
  }
  LATENTPATH_CHECK(pattern && pattern->getNumAtoms() > 0, kArgument, "`keep` ", text.substr(0, 80),
                   " is no SMARTS pattern: give the part to be kept as SMARTS or SMILES, such as c1ccccc1");
  return pattern;
}

}  // namespace

std::vector<std::string> MoleculeRequirements::given() const {
  std::vector<std::string> names;
  if (keep) names.emplace_back("`keep`");
  if (min_similarity > 0) names.emplace_back("`min_similarity`");
  if (limits_sa()) names.emplace_back("`max_sa`");
  return names;
}

void check_requirements(const MoleculeRequirements& requirements) {
  if (requirements.keep) read_pattern(*requirements.keep);
}

struct MoleculeFilter::Parts {
  MoleculeRequirements requirements;
  Molecule from, to;
  std::unique_ptr<RDKit::ROMol> pattern;

  bool has_pattern(const Molecule& molecule) const {
    RDKit::MatchVectType match;
    return !pattern || RDKit::SubstructMatch(molecule.graph(), *pattern, match);
  }
};

MoleculeFilter::MoleculeFilter(const MoleculeRequirements& requirements, const Molecule& from,
                               const Molecule& to) {
  auto parts = std::make_unique<Parts>(Parts{requirements, from, to, nullptr});
  if (requirements.keep) parts->pattern = read_pattern(*requirements.keep);
  for (const Molecule* end : {&from, &to})
    LATENTPATH_CHECK(parts->has_pattern(*end), kArgument, "`keep` ", *requirements.keep,
                     " is not in the molecule ", end->smiles(), ", at which the path ",
                     end == &from ? "starts" : "ends", ": what is kept must be in both ends");
  parts_ = std::move(parts);
}

MoleculeFilter::~MoleculeFilter() = default;
MoleculeFilter::MoleculeFilter(MoleculeFilter&&) noexcept = default;

bool MoleculeFilter::accepts(const Molecule& molecule, double sa) const {
  const MoleculeRequirements& wanted = parts_->requirements;
  if (sa > wanted.max_sa || !parts_->has_pattern(molecule)) return false;
  return wanted.min_similarity <= 0 ||
         std::max(tanimoto_similarity(molecule, parts_->from), tanimoto_similarity(molecule, parts_->to)) >=
             wanted.min_similarity;
}

const MoleculeRequirements& MoleculeFilter::requirements() const { return parts_->requirements; }

}  // namespace latentpath
