// latentpath train NAME: trains a zoo model, or a junction tree VAE of molecules.

#include <iostream>

#ifdef LATENTPATH_MOLECULES
#include "latentpath/molecule/train_jtvae_job.h"
#endif
#include "latentpath/core/error.h"
#include "latentpath/run/zoo_jobs.h"
#include "program.h"
#include "progress_line.h"

namespace latentpath::program {
namespace {

struct TrainCall {
  TrainJob job;
#ifdef LATENTPATH_MOLECULES
  JtvaeTraining molecules;
#endif
  bool quiet = false;
};

const OptionTable<TrainCall>& table() {
  static const auto instance = [] {
    auto rows = OptionTable<TrainCall>().include(&TrainCall::job, train_option_table());
    rows.edit("name").help(rows.entries().front().row.help +
                           "; jtvae: a junction tree VAE of molecules, on those that latentpath data moses "
                           "fetched or on a list of one's own");
    rows.edit("data").help(
        "Folder with the data set, as latentpath data gets it; for jtvae also a text with a SMILES a line");
    rows.edit("batch").help("Images or molecules in a step");
#ifdef LATENTPATH_MOLECULES
    rows.include(&TrainCall::molecules, jtvae_training_table());
#endif
    return rows.group("Output").add("quiet", &TrainCall::quiet).help("Show no progress");
  }();
  return instance;
}

void run(TrainCall& call) {
  call.job.folders = model_folders();
  ProgressLine line("loss", call.quiet);
  RunObserver observer;
  observer.progress = [&](const Progress& progress) { line(progress); };
  if (call.job.name == "jtvae") {
#ifdef LATENTPATH_MOLECULES
    const std::string text = execute_jtvae_training(call.job, call.molecules, observer, interrupt_token());
    line.finish();
    std::cout << text;
    return check_standard_output();
#else
    throw Error(ErrorKind::kArgument, kWithoutMolecules);
#endif
  }
#ifdef LATENTPATH_MOLECULES
  refuse_jtvae_options(call.molecules, call.job.name);
#endif
  const RunRecord record = execute(call.job, observer, interrupt_token());
  line.finish();
  std::cout << record.text;
  check_standard_output();
}

}  // namespace

Subcommand train() {
  return declare<TrainCall>("train", "Train a model of the zoo and write it with its card", "", table(), run);
}

}  // namespace latentpath::program
