#include <string_view>

#include "fuzz/fuzz.h"
#include "latentpath/core/error.h"
#include "latentpath/io/file.h"
#include "latentpath/molecule/junction_tree.h"
#include "latentpath/molecule/molecule.h"
#include "latentpath/molecule/molecule_pairs.h"
#include "latentpath/molecule/properties.h"

namespace latentpath::fuzz {
namespace {

namespace fs = std::filesystem;

/// Drugs, salts, metals, stereo marks, charges, isotopes, cages, rings of every size, wildcards, hydrogens.
std::vector<std::string> smiles_corpus(const fs::path&) {
  return {"CC(=O)Oc1ccccc1C(=O)O",
          "CC(=O)Oc1ccccc1C(=O)[O-].[Na+]",
          "CN1C=NC2=C1C(=O)N(C(=O)N2C)C",
          "C[C@H](N)C(=O)O",
          "F/C=C/F",
          "[13CH4]",
          "C1CC2CCC1C2",
          "C12C3C4C1C5C2C3C45",
          "c1ccc2c(c1)ccc1c2ccc2c1cccc2",
          "C%10CCCCCCCCCCC%10",
          "[NH4+].[Cl-]",
          "OC[C@@H]1O[C@H](O)[C@@H](O)[C@H](O)[C@H]1O",
          "N#Cc1ccc(cc1)S(=O)(=O)NC(F)(F)P(=O)(O)O",
          "[O-][n+]1ccccc1C#CC=[N+]=[N-]",
          "c1cc[nH]c1",
          "CC(C)(C)OC(=O)NC(Cc1ccccc1)C(=O)NC(CO)C(=O)NCC(=O)O"};
}

/// Without the signs that no SMILES has, and with every parenthesis and bracket in a pair.
std::string mend_smiles(std::string bytes) {
  std::string mended, open;
  for (const char c : bytes) {
    if (std::string_view("BCNOPSFIHclnosprN123456789%=#-+@/\\.()[]").find(c) == std::string_view::npos)
      continue;
    if (c == '(' || c == '[') open += c == '(' ? ')' : ']';
    if (c == ')' || c == ']') {
      if (open.empty() || open.back() != c) continue;
      open.pop_back();
    }
    mended += c;
  }
  mended.append(open.rbegin(), open.rend());
  return mended;
}

void read_smiles(const fs::path& file) {
  static const SyntheticAccessibility accessibility(find_fragment_scores());
  static const ClusterVocabulary vocabulary({"C", "CC", "C1=CC=CC=C1"});
  const Molecule molecule = parse_molecule(read_file(file), "`from`").molecule;
  properties_of(molecule, accessibility);
  decompose(molecule, vocabulary);
  // What was written is read again; whether as the same text is RDKit's canonical form, which is not always
  // its own.
  try {
    parse_molecule(molecule.smiles(), "`from`");
  } catch (const Error& error) {
    throw InternalError(molecule.smiles() + " is not read again: " + error.what());
  }
}

std::vector<std::string> list_corpus(const fs::path&) {
  return {"CCO CCN\nCCC CCCC pair\n\n# c\nc1ccccc1\tCCO\n", "from,to\n\"CCO\",CCN\nCC(=O)O,\"C,C\"\n",
          "to;from\r\nCCO;CCN\r\n",
          "\n  x\n\n  2  1  0  0  0  0            999 V2000\n    0.0000    0.0000    0.0000 C   0  0\n"
          "    1.5000    0.0000    0.0000 O   0  0\n  1  2  1  0\nM  END\n$$$$\n"
          "\n  x\n\n  1  0  0  0  0  0            999 V2000\n    0.0000    0.0000    0.0000 N   0  0\nM  "
          "END\n$$$$\n"};
}

/// As each kind of list, since what a file is its name says.
void read_list(const fs::path& file) {
  size_t read = 0;
  std::string refused;
  for (const char* ending : {".smi", ".csv", ".tsv", ".sdf"}) {
    const fs::path named = file.parent_path() / (std::string("list") + ending);
    fs::copy_file(file, named, fs::copy_options::overwrite_existing);
    try {
      read_molecule_pairs(named);
      ++read;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kInput && error.kind() != ErrorKind::kArgument) throw;
      refused = error.what();
    }
  }
  if (read == 0) throw Error(ErrorKind::kInput, refused);
}

}  // namespace

std::vector<Target> molecule_targets() {
  return {{"smiles", smiles_corpus, read_smiles, mend_smiles}, {"molecule-list", list_corpus, read_list}};
}

}  // namespace latentpath::fuzz
