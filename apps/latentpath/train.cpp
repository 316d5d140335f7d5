// latentpath train NAME: trains a zoo model, or a junction tree VAE of molecules.

#include <algorithm>
#include <cmath>
#include <iostream>

#ifdef LATENTPATH_MOLECULES
#include "latentpath/molecule/train_jtvae.h"
#endif
#include "latentpath/core/error.h"
#include "latentpath/core/figure_text.h"
#include "latentpath/run/zoo_jobs.h"
#include "program.h"
#include "progress_line.h"

namespace latentpath::program {
namespace {

constexpr const char* kMolecules = "jtvae";

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

#ifdef LATENTPATH_MOLECULES

/// The options of a table that differ from their defaults, as fields in backquotes.
template <class Options>
std::vector<std::string> given(const OptionTable<Options>& rows, const Options& options) {
  std::vector<std::string> names;
  for (const auto& entry : rows.entries())
    if (entry.get(options) != entry.get(Options())) names.push_back("`" + entry.row.field() + "`");
  return names;
}

/// The command that repeats this training, without what has no influence on the result.
std::string command_of(const JtvaeTraining& training) {
  std::string command = join_message("latentpath train ", kMolecules, " --data ", training.data.string(),
                                     " --out ", training.out.string(), " --epochs ", training.epochs,
                                     " --batch ", training.batch, " --seed ", training.seed);
  for (const auto& entry : jtvae_training_table().entries())
    if (entry.row.name != "checkpoint-minutes" && entry.get(training) != entry.get(JtvaeTraining()))
      command += " --" + entry.row.name + " " + option_text(entry.get(training));
  return command;
}

/// The options that every training has, where they stand for both kinds.
JtvaeTraining training_of(const TrainCall& call) {
  const TrainingOptions& common = call.job.training;
  for (const std::string& name : given(train_option_table().without({"name", "data", "out", "epochs", "batch",
                                                                     "seed", "threads", "resume"}),
                                       call.job))
    throw Error(ErrorKind::kArgument, name + " cannot be given for jtvae: it belongs to models of images");
  JtvaeTraining training = call.molecules;
  if (!common.data.empty()) training.data = common.data;
  if (!common.out.empty()) training.out = common.out;
  if (common.epochs > 0) training.epochs = common.epochs;
  if (common.batch > 0) training.batch = common.batch;
  training.seed = common.seed;
  training.threads = common.threads;
  training.resume = common.resume;
  training.command = command_of(training);
  return training;
}

void train_molecules(const TrainCall& call, const ProgressObserver& progress) {
  train_option_table().validate(call.job);
  const JtvaeTrainingSummary done = train_jtvae(training_of(call), progress, interrupt_token());
  std::cout << done.file.string() << "\n"
            << done.steps << " steps on " << done.molecules << " molecules of " << done.clusters
            << " clusters in " << std::lround(done.seconds) << " s, mean loss "
            << figure_text(done.first_loss) << " at first, " << figure_text(done.last_loss) << " at last\n";
  if (done.measured > 0)
    std::cout << "of " << done.measured << " molecules held out " << figure_text(100 * done.reconstructed)
              << " % are reconstructed from the mean, " << figure_text(100 * done.exact)
              << " % with exact ends\n";
}

#endif

void run(TrainCall& call) {
  call.job.folders = model_folders();
  ProgressLine line("loss", call.quiet);
  RunObserver observer;
  observer.progress = [&](const Progress& progress) { line(progress); };
  if (call.job.name == kMolecules) {
#ifdef LATENTPATH_MOLECULES
    train_molecules(call, observer.progress);
    line.finish();
    return check_standard_output();
#else
    throw Error(ErrorKind::kArgument,
                "jtvae is a model of molecules, and this program was built without them: install "
                "librdkit-dev and libboost-dev and build it again");
#endif
  }
#ifdef LATENTPATH_MOLECULES
  for (const std::string& name : given(jtvae_training_table(), call.molecules))
    throw Error(ErrorKind::kArgument, name + " belongs to jtvae alone, not to " + call.job.name);
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
