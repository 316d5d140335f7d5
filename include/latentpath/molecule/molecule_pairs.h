#pragma once
// Lists of molecules as chemists keep them, read as the ends of paths.
//
//   MoleculePairs list = read_molecule_pairs("pairs.smi");
//   for (const MoleculePair& pair : list.pairs) std::cout << pair.from.smiles() << "\n";
//
// .smi, .smiles, .txt: two SMILES a line, apart by blanks; .csv, .tsv: columns "from" and "to" (also "start"
// and "end", "smiles1" and "smiles2"), or the first two where there is no heading; .sdf: each two records. A
// line with one SMILES, and a molecule twice, are a loop. Empty lines and those that begin with # are
// skipped; fields may be quoted (io/text_lines.h).

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "latentpath/molecule/molecule_decoder.h"

namespace latentpath {

struct MoleculePair {
  std::string place;  ///< "line 3 of pairs.smi"
  Molecule from, to;
  std::optional<MoleculeCode> from_code = {}, to_code = {};  ///< their latents, where these are known
};

struct MoleculePairs {
  std::vector<MoleculePair> pairs;
  std::vector<std::string> notes;     ///< what was changed in a molecule
  std::vector<std::string> left_out;  ///< a sentence for each pair that cannot be: the line and why
};

/// Throws Error(kInput) where the file is missing, empty or of another kind, and where no pair of it can be
/// read.
MoleculePairs read_molecule_pairs(const std::filesystem::path& file, const ParseOptions& options = {});

}  // namespace latentpath
