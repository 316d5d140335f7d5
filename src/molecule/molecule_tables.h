#pragma once
// What a path of molecules is written as.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "latentpath/molecule/molecule_path.h"

namespace latentpath {

/// "1.30"; "-" for NaN.
std::string decimal(double value, int digits);

nlohmann::json figures_of(const MoleculeSequence& sequence);
nlohmann::json steps_of(const MoleculeSequence& sequence);
/// A line a molecule, of all pairs.
std::string molecules_csv(const std::vector<MoleculePathResult>& results);
std::string molecules_sdf(const std::vector<MoleculePathResult>& results);
/// A row of formulas: all of a short path, and of a long one the ends and evenly chosen steps with the best.
std::string molecules_svg(const MoleculeSequence& sequence, const MoleculePathProblem& problem);
/// For terminals.
std::string molecules_text(const MoleculePathResult& result, const MoleculePathProblem& problem);

/// The verdict on one pair, in the form of run/verdict.h: {"level", "headline", "points", "tiles"}.
nlohmann::json molecule_verdict(const MoleculePathResult& result, const MoleculePathProblem& problem);
/// The same of all pairs.
nlohmann::json molecule_verdict(const std::vector<MoleculePathResult>& results,
                                const std::vector<MoleculePathProblem>& problems);

}  // namespace latentpath
