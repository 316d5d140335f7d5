// The SA score (Ertl & Schuffenhauer 2009), after RDKit's Contrib/SA_Score/sascorer.py.

#include <DataStructs/SparseIntVect.h>
#include <GraphMol/Descriptors/Lipinski.h>
#include <GraphMol/Fingerprints/MorganFingerprints.h>
#include <GraphMol/RDKitBase.h>
#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "latentpath/core/error.h"
#include "latentpath/molecule/properties.h"
#include "molecule/packed_file.h"

namespace latentpath {
namespace {

/// Of the unpacked table: its packed bytes differ from one distribution to the next by their time stamp.
constexpr size_t kTableSize = 9048931;
constexpr uint32_t kTableChecksum = 902349354;

/// Atoms of the smallest ring that counts as a macrocycle.
constexpr size_t kMacrocycle = 9;

constexpr const char* kTableName = "fpscores.pkl.gz";

}  // namespace

struct SyntheticAccessibility::Table {
  std::vector<std::pair<uint32_t, double>> scores;  // sorted by fragment

  double score(uint32_t fragment) const {
    constexpr double kUnknown = -4;
    const auto found = std::lower_bound(scores.begin(), scores.end(), fragment,
                                        [](const auto& entry, uint32_t key) { return entry.first < key; });
    return found != scores.end() && found->first == fragment ? found->second : kUnknown;
  }

  /// A list of lists, each a score and the fragments that have it, in Python's oldest pickle: a line for each
  /// operation, of which F (a floating number) and I (an integer) carry what is sought here.
  void read(const std::string& pickle) {
    double score = 0;
    for (size_t start = 0; start < pickle.size();) {
      size_t end = pickle.find('\n', start);
      if (end == std::string::npos) end = pickle.size();
      // The line's last operation is the one with an argument: "aI910163969", "(lp1", "F-2.8254".
      const size_t operation = pickle.find_first_of("FI", start);
      if (operation < end) {
        const char* first = pickle.data() + operation + 1;
        if (pickle[operation] == 'F') {
          std::from_chars(first, pickle.data() + end, score);
        } else {
          uint32_t fragment = 0;
          std::from_chars(first, pickle.data() + end, fragment);
          scores.emplace_back(fragment, score);
        }
      }
      start = end + 1;
    }
    // The last of several entries of one fragment counts, as in a dictionary.
    std::stable_sort(scores.begin(), scores.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    const auto last = [](const auto& a, const auto& b) { return a.first == b.first; };
    scores.erase(scores.begin(), std::unique(scores.rbegin(), scores.rend(), last).base());
  }
};

SyntheticAccessibility::SyntheticAccessibility(const std::filesystem::path& fragment_scores) {
  const std::string pickle = read_gzip(fragment_scores);
  const auto checksum =
      crc32(0, reinterpret_cast<const Bytef*>(pickle.data()), static_cast<uInt>(pickle.size()));
  LATENTPATH_CHECK(pickle.size() == kTableSize && checksum == kTableChecksum, kInput,
                   fragment_scores.string(),
                   " is not the table of fragments of the SA score: its contents have the checksum ",
                   checksum, " and not ", kTableChecksum);
  auto table = std::make_unique<Table>();
  table->read(pickle);
  table_ = std::move(table);
}

SyntheticAccessibility::~SyntheticAccessibility() = default;
SyntheticAccessibility::SyntheticAccessibility(SyntheticAccessibility&&) noexcept = default;

size_t SyntheticAccessibility::fragments() const { return table_->scores.size(); }

double SyntheticAccessibility::operator()(const Molecule& molecule) const {
  RDKit::ROMol graph(molecule.graph());
  constexpr unsigned kRadius = 2;
  const std::unique_ptr<RDKit::SparseIntVect<uint32_t>> fingerprint(
      RDKit::MorganFingerprints::getFingerprint(graph, kRadius));
  const auto& fragments = fingerprint->getNonzeroElements();
  double fragment_score = 0, count = 0;
  for (const auto& [fragment, times] : fragments) {
    fragment_score += table_->score(fragment) * times;
    count += times;
  }
  fragment_score /= count;

  RDKit::MolOps::assignStereochemistry(graph, false, true, true);
  int centres = 0;
  for (const auto* atom : graph.atoms())
    centres += atom->hasProp(RDKit::common_properties::_CIPCode) ||
               atom->hasProp(RDKit::common_properties::_ChiralityPossible);
  const auto& rings = graph.getRingInfo()->atomRings();
  const bool macrocycle =
      std::any_of(rings.begin(), rings.end(), [](const auto& ring) { return ring.size() >= kMacrocycle; });
  const double atoms = graph.getNumAtoms();
  const double penalties = std::pow(atoms, 1.005) - atoms + std::log10(centres + 1) +
                           std::log10(RDKit::Descriptors::calcNumSpiroAtoms(graph) + 1) +
                           std::log10(RDKit::Descriptors::calcNumBridgeheadAtoms(graph) + 1) +
                           (macrocycle ? std::log10(2.0) : 0);
  // Symmetric molecules have few fragments for their size, and are easier.
  const double kinds = static_cast<double>(fragments.size());
  const double symmetry = atoms > kinds ? 0.5 * std::log(atoms / kinds) : 0;

  constexpr double kLeast = -4, kMost = 2.5;
  double score = 11 - (fragment_score - penalties + symmetry - kLeast + 1) / (kMost - kLeast) * 9;
  if (score > 8) score = 8 + std::log(score - 8);
  return std::clamp(score, 1.0, 10.0);
}

std::filesystem::path find_fragment_scores(const std::vector<std::filesystem::path>& folders) {
  std::vector<std::filesystem::path> places = folders;
  if (const char* base = std::getenv("RDBASE"))
    places.emplace_back(std::filesystem::path(base) / "Contrib" / "SA_Score");
  places.emplace_back("/usr/share/RDKit/Contrib/SA_Score");
  for (const auto& place : places)
    if (std::filesystem::is_regular_file(place / kTableName)) return place / kTableName;
  throw Error(ErrorKind::kInput,
              std::string("the table of fragments of the SA score, ") + kTableName +
                  ", is missing: install Debian's package rdkit-data, or set RDBASE to RDKit's folder");
}

MoleculeProperties properties_of(const Molecule& molecule, const SyntheticAccessibility& accessibility) {
  return {log_p(molecule), drug_likeness(molecule), accessibility(molecule), molecular_weight(molecule),
          polar_surface_area(molecule)};
}

}  // namespace latentpath
