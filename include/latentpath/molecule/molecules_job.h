#pragma once
// A path between two molecules: the job of `latentpath molecules`.
//
//   MoleculesRun run = execute(MoleculesJob{.from = "CCOc1ccccc1", .to = "CCNc1ccncc1", .property = "logp"});
//   std::cout << run.text;

#include <optional>
#include <string>

#include "latentpath/molecule/molecule_path.h"
#include "latentpath/run/run_record.h"

namespace latentpath {

struct MoleculesJob {
  std::string from, to;   ///< SMILES
  std::string loop = {};  ///< SMILES, in place of both
  std::string property = "logp";
  bool minimise = false, maximise = false;  ///< neither: log P and SA are minimised, QED is maximised
  std::optional<double> threshold = {};     ///< none: 0 for log P, 0.9 for QED, 2.5 for SA
  bool neutralise = true;
  std::string model = "data/jtvae-zinc";  ///< the folder that `latentpath data jtvae-zinc` filled
  MoleculePathOptions search = {};
  int64_t threads = 1;
  std::string out = {};
  bool overwrite = false;
};
const OptionTable<MoleculesJob>& molecules_option_table();

struct MoleculesRun : RunRecord {
  MoleculePathResult result;
};

/// The record's files are molecules.csv, molecules.sdf and molecules.svg, its array path.npy.
MoleculesRun execute(const MoleculesJob& job, const RunObserver& observer = {},
                     const CancellationToken& cancellation = {});

/// Writes report.html: the row of formulas and its table, complete in itself.
void illustrate(const MoleculesJob& job, const MoleculesRun& run, const std::filesystem::path& folder,
                const ProgressObserver& progress = {}, const CancellationToken& cancellation = {});

}  // namespace latentpath
