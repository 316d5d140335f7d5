#pragma once
// Drawings of molecules as chemists read them: structural formulas in one row, atoms that stay at the same
// place from one to the next, atoms that change marked.
//
//   std::vector<Molecule> molecules{from, to};
//   std::string svg = molecule_row_svg(molecules, {{"log P 2.1", "start"}, {"log P -0.4", "end"}});
//   std::string sdf = sd_file(molecules, {{{"log P", "2.1"}}, {{"log P", "-0.4"}}});

#include <string>
#include <utility>
#include <vector>

#include "latentpath/molecule/molecule.h"

namespace latentpath {

struct DrawingOptions {
  int64_t width = 260, height = 220;  ///< of one formula, in pixels
  bool mark_changes = true;           ///< atoms that the molecule before does not have
};

/// SVG of the molecules side by side. Each is laid over the one before by their largest common part (of which
/// a search is given up after a second, for the best until then).
/// @param captions  a list of lines a molecule, written below it; may be empty
std::string molecule_row_svg(const std::vector<Molecule>& molecules,
                             const std::vector<std::vector<std::string>>& captions = {},
                             const DrawingOptions& options = {});

/// The molecules as an SD file, with the coordinates of that row and named values.
/// @param values  (name, value) pairs of each molecule; may be empty
std::string sd_file(const std::vector<Molecule>& molecules,
                    const std::vector<std::vector<std::pair<std::string, std::string>>>& values = {});

}  // namespace latentpath
