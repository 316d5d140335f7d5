#include "latentpath/molecule/molecule.h"

#include <DataStructs/BitOps.h>
#include <DataStructs/ExplicitBitVect.h>
#include <GraphMol/Fingerprints/MorganFingerprints.h>
#include <GraphMol/MolStandardize/Charge.h>
#include <GraphMol/MolStandardize/Fragment.h>
#include <GraphMol/PeriodicTable.h>
#include <GraphMol/RDKitBase.h>
#include <GraphMol/SmilesParse/SmilesParse.h>
#include <GraphMol/SmilesParse/SmilesWrite.h>
#include <RDGeneral/RDLog.h>

#include <algorithm>
#include <array>
#include <mutex>

#include "latentpath/core/error.h"
#include "molecule/rdkit_log.h"

namespace latentpath {
namespace {

using RDKit::RWMol;
using Graph = std::unique_ptr<RWMol>;

/// Longer texts are refused unread: the parser's time and stack grow with them. 60 atoms write 300
/// characters.
constexpr size_t kLongestText = 2000;
/// What the published models have atom features for, metals apart.
constexpr std::array<int, 12> kElements{1, 5, 6, 7, 8, 9, 14, 15, 16, 17, 35, 53};

/// The text as it can stand in a sentence.
std::string shown(const std::string& text) {
  std::string clean;
  for (const char c : text.substr(0, 80)) clean += c >= ' ' && c <= '~' ? c : '?';
  return clean + (text.size() > 80 ? "…" : "");
}

std::string trimmed(const std::string& text) {
  const char* blanks = " \t\r\n";
  const size_t first = text.find_first_not_of(blanks);
  return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

Graph read_smiles(const std::string& text, bool sanitise) {
  RDKit::SmilesParserParams parameters;
  parameters.sanitize = false;
  parameters.removeHs = false;
  parameters.parseName = false;
  parameters.allowCXSMILES = false;
  Graph graph(RDKit::SmilesToMol(text, parameters));
  if (graph && sanitise) RDKit::MolOps::sanitizeMol(*graph);
  return graph;
}

/// Reading what users write, one kind of trouble after the other.
class Reader {
 public:
  Reader(const std::string& text, std::string name, const ParseOptions& options)
      : text_(trimmed(text)), name_(std::move(name)), options_(options) {}

  ParsedMolecule read() {
    parse();
    take_largest_fragment();
    check_atoms();
    drop_marks();
    if (options_.neutralise) neutralise();
    LATENTPATH_CHECK(heavy_atoms() <= options_.most_atoms, kArgument, name_, " ", shown(text_), " has ",
                     heavy_atoms(), " atoms without hydrogen, more than the ", options_.most_atoms,
                     " up to which molecules are modelled (peptides and macrocycles are larger)");
    return {molecule_of(*graph_), std::move(notes_)};
  }

 private:
  int64_t heavy_atoms() const { return graph_->getNumHeavyAtoms(); }

  void note(const std::string& sentence) { notes_.push_back(name_ + " " + shown(text_) + ": " + sentence); }

  void parse() {
    LATENTPATH_CHECK(!text_.empty(), kArgument, name_, " is empty: give a molecule as SMILES, such as CCO");
    LATENTPATH_CHECK(text_.size() <= kLongestText, kArgument, name_, " ", shown(text_), " has ", text_.size(),
                     " characters, more than the ", kLongestText, " of the longest SMILES that is read");
    const auto printable = [](char c) { return c > ' ' && c <= '~'; };
    if (std::all_of(text_.begin(), text_.end(), printable)) graph_ = read_smiles(text_, false);
    LATENTPATH_CHECK(graph_, kArgument, name_, " ", shown(text_),
                     " is no SMILES: brackets, ring numbers or symbols of atoms do not fit");
    LATENTPATH_CHECK(graph_->getNumAtoms() > 0, kArgument, name_, " ", shown(text_), " has no atom");
    for (const auto* atom : graph_->atoms())
      LATENTPATH_CHECK(!atom->hasQuery() && atom->getAtomicNum() > 0, kArgument, name_, " ", shown(text_),
                       " has a wildcard in an atom's place: give one molecule, not a pattern");
    try {
      RDKit::MolOps::sanitizeMol(*graph_);
      RDKit::MolOps::removeHs(*graph_);
    } catch (const std::exception& refusal) {
      const std::string reason = refusal.what();
      throw Error(ErrorKind::kArgument, name_ + " " + shown(text_) + " is no possible molecule (" +
                                            reason.substr(0, reason.find_first_of('\n')) + ")");
    }
  }

  void take_largest_fragment() {
    std::vector<int> fragment_of;
    const unsigned fragments = RDKit::MolOps::getMolFrags(*graph_, fragment_of);
    if (fragments < 2) return;
    RDKit::MolStandardize::LargestFragmentChooser chooser(true);
    std::unique_ptr<RDKit::ROMol> largest(chooser.choose(*graph_));
    graph_ = std::make_unique<RWMol>(*largest);
    note("it is a salt or mixture of " + std::to_string(fragments) +
         " fragments, of which the largest is taken, " + RDKit::MolToSmiles(*graph_));
  }

  void check_atoms() {
    for (const auto* atom : graph_->atoms()) {
      const bool known =
          std::find(kElements.begin(), kElements.end(), atom->getAtomicNum()) != kElements.end();
      LATENTPATH_CHECK(
          known, kArgument, name_, " ", shown(text_), " holds ", atom->getSymbol(),
          ", and molecules are modelled of H, B, C, N, O, F, Si, P, S, Cl, Br and I (no metals)");
      LATENTPATH_CHECK(atom->getNumRadicalElectrons() == 0, kArgument, name_, " ", shown(text_),
                       " has an atom ", atom->getSymbol(),
                       " with unpaired electrons: radicals are not modelled");
    }
    LATENTPATH_CHECK(heavy_atoms() > 0, kArgument, name_, " ", shown(text_), " has no atom but hydrogen");
  }

  /// What the models do not see: stereo, isotopes, numbers of atoms.
  void drop_marks() {
    int64_t centres = 0, double_bonds = 0, isotopes = 0, numbers = 0;
    RDKit::MolOps::assignStereochemistry(*graph_, true, true);  // finds which double bonds are marked
    for (auto* atom : graph_->atoms()) {
      centres += atom->getChiralTag() != RDKit::Atom::CHI_UNSPECIFIED;
      isotopes += atom->getIsotope() != 0;
      numbers += atom->getAtomMapNum() != 0;
      atom->setIsotope(0);
      atom->setAtomMapNum(0);
    }
    for (const auto* bond : graph_->bonds()) double_bonds += bond->getStereo() > RDKit::Bond::STEREOANY;
    RDKit::MolOps::removeStereochemistry(*graph_);
    if (centres + double_bonds > 0)
      note("its stereo marks (" + std::to_string(centres) + " centres, " + std::to_string(double_bonds) +
           " double bonds) are dropped: the models do not know them");
    if (isotopes > 0) {
      note("its isotopes are taken as the elements");
      RDKit::MolOps::removeHs(*graph_);  // [2H] is a hydrogen now
    }
    if (numbers > 0) note("the numbers of its atoms are dropped");
  }

  void neutralise() {
    bool charged = false;
    for (const auto* atom : graph_->atoms()) charged = charged || atom->getFormalCharge() != 0;
    if (!charged) return;  // the patterns of an Uncharger take longer to read than everything else
    const std::string before = RDKit::MolToSmiles(*graph_);
    RDKit::MolStandardize::Uncharger uncharger(true);
    std::unique_ptr<RDKit::ROMol> neutral(uncharger.uncharge(*graph_));
    graph_ = std::make_unique<RWMol>(*neutral);
    RDKit::MolOps::sanitizeMol(*graph_);
    const std::string after = RDKit::MolToSmiles(*graph_);
    if (after != before) note("its charges are neutralised, " + after + " (`neutralise`)");
    const int charge = RDKit::MolOps::getFormalCharge(*graph_);
    if (charge != 0)
      note("it keeps the charge " + std::to_string(charge) +
           ", which no proton makes: its log P is that of an ion");
  }

  std::string text_, name_;
  ParseOptions options_;
  Graph graph_;
  std::vector<std::string> notes_;
};

std::unique_ptr<ExplicitBitVect> fingerprint(const Molecule& molecule) {
  constexpr unsigned kRadius = 2, kBits = 2048;
  return std::unique_ptr<ExplicitBitVect>(
      RDKit::MorganFingerprints::getFingerprintAsBitVect(molecule.graph(), kRadius, kBits));
}

}  // namespace

void silence_rdkit() {
  static std::once_flag once;
  std::call_once(once, [] { boost::logging::disable_logs("rdApp.*"); });
}

Molecule::Molecule(std::shared_ptr<const RWMol> graph, std::string smiles)
    : graph_(std::move(graph)), smiles_(std::move(smiles)) {}

int64_t Molecule::atoms() const { return graph_->getNumAtoms(); }

int64_t Molecule::charge() const { return RDKit::MolOps::getFormalCharge(*graph_); }

Molecule molecule_of(const RWMol& graph) {
  silence_rdkit();
  // Written and read until that changes nothing: the canonical order of some fused rings settles on the
  // second time.
  std::string smiles = RDKit::MolToSmiles(graph, false);
  for (int round = 0;; ++round) {
    Graph again;
    try {
      again = read_smiles(smiles, true);
    } catch (const std::exception&) {
      // The check has the sentence.
    }
    LATENTPATH_CHECK(again, kInput, "RDKit cannot read the SMILES that it wrote, ", smiles);
    std::string written = RDKit::MolToSmiles(*again, false);
    if (written == smiles || round == 3)
      return {std::shared_ptr<const RWMol>(std::move(again)), std::move(smiles)};
    smiles = std::move(written);
  }
}

ParsedMolecule parse_molecule(const std::string& text, const std::string& name, const ParseOptions& options) {
  silence_rdkit();
  try {
    return Reader(text, name, options).read();
  } catch (const Error&) {
    throw;
  } catch (const std::exception& failure) {
    throw Error(ErrorKind::kArgument, join_message(name, " ", shown(trimmed(text)),
                                                   " cannot be read by RDKit (", failure.what(), ")"));
  }
}

std::optional<Molecule> readable_molecule(const std::string& text, const std::string& name,
                                          std::string* refusal) {
  try {
    return parse_molecule(text, name).molecule;
  } catch (const Error& error) {
    if (refusal != nullptr) *refusal = error.what();
    return std::nullopt;
  }
}

double tanimoto_similarity(const Molecule& a, const Molecule& b) {
  return TanimotoSimilarity(*fingerprint(a), *fingerprint(b));
}

}  // namespace latentpath
