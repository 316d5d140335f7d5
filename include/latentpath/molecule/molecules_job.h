#pragma once
// Paths between molecules: the job of `latentpath molecules`.
//
//   MoleculesRun run = execute(MoleculesJob{.from = "CCOc1ccccc1", .to = "CCNc1ccncc1", .property = "logp"});
//   std::cout << run.text;

#include <optional>
#include <string>
#include <vector>

#include "latentpath/molecule/molecule_path.h"
#include "latentpath/run/run_record.h"

namespace latentpath {

struct MoleculesJob {
  std::string from, to;                  ///< SMILES, or .npy files of latents [D]
  std::optional<std::string> loop = {};  ///< likewise, in place of both
  /// A list in place of both: molecule_pairs.h, or a .npy file of latents [pairs, 2, D].
  std::optional<std::string> pairs = {};
  std::string property = "logp";                     ///< or a TorchScript file: sought_property.h
  std::optional<std::string> property_command = {};  ///< in place of it: property_command.h
  std::string property_model = "regressors";         ///< or "paper": the classifier of Struski et al. 2023
  int64_t property_molecules = 4000;                 ///< that it scores so that a path can be led
  double command_seconds = 600;                      ///< a call of a command that takes longer is ended
  bool minimise = false, maximise = false;  ///< neither: log P and SA are minimised, others are maximised
  std::optional<double> threshold = {};     ///< none: 0 for log P, 0.9 for QED, 2.5 for SA
  MoleculeRequirements requirements = {};
  bool neutralise = true;
  std::string model = "jtvae-moses";  ///< a file, a name or a folder: molecule_models.h
  /// Programs in place of it: command_decoder.h.
  std::optional<std::string> decoder_command = {}, encoder_command = {};
  std::optional<std::string> codes = {};  ///< .npy file [n, D] of latents of its molecules; none: N(0, I)
  std::vector<std::filesystem::path> folders = {};  ///< where models are sought by name
  MoleculePathOptions search = {};
  int64_t threads = 0;
  std::string out = {};
  bool overwrite = false;

  /// None for a property of one's own.
  const BuiltInProperty* built_in() const;
  bool high_is_sought() const;
  /// Whether networks learn log P, QED and SA from what a decoder of one's own makes.
  bool learns_built_in() const;
  /// Whether ends are given as .npy files.
  bool ends_are_latents() const;
};
const OptionTable<MoleculesJob>& molecules_option_table();

struct MoleculesRun : RunRecord {
  std::vector<std::string> places;  ///< of the pairs: "line 3 of pairs.smi"
  std::vector<MoleculePathProblem> problems;
  std::vector<MoleculePathResult> results;  ///< as many, or fewer where interrupted
  std::vector<std::string> pictures;        ///< SVG, of the first pairs
};

/// The record's files are molecules.csv, molecules.sdf and molecules.svg (molecules-2.svg, …), its array
/// path.npy [pairs, segments + 1, D]. Of a list, pairs that cannot be are left out, with a warning each. An
/// interrupted list keeps the pairs that are done.
MoleculesRun execute(const MoleculesJob& job, const RunObserver& observer = {},
                     const CancellationToken& cancellation = {});

/// Writes report/ and report.html.
void illustrate(const MoleculesJob& job, const MoleculesRun& run, const std::filesystem::path& folder,
                const ProgressObserver& progress = {}, const CancellationToken& cancellation = {});

}  // namespace latentpath
