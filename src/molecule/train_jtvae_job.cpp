#include "latentpath/molecule/train_jtvae_job.h"

#include <cmath>
#include <vector>

#include "latentpath/core/error.h"
#include "latentpath/core/figure_text.h"
#include "latentpath/molecule/published_jtvae.h"

namespace latentpath {
namespace {

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
  std::string command =
      join_message("latentpath train jtvae --data ", training.data.string(), " --out ", training.out.string(),
                   " --epochs ", training.epochs, " --batch ", training.batch, " --seed ", training.seed);
  for (const auto& entry : jtvae_training_table().entries())
    if (entry.row.name != "checkpoint-minutes" && entry.get(training) != entry.get(JtvaeTraining()))
      command += " --" + entry.row.name + " " + option_text(entry.get(training));
  return command;
}

/// The options that every training has, where they stand for both kinds.
JtvaeTraining training_of(const TrainJob& job, const JtvaeTraining& own) {
  const OptionTable<TrainJob> of_images =
      train_option_table().without({"name", "data", "out", "epochs", "batch", "seed", "threads", "resume"});
  for (const std::string& name : given(of_images, job))
    throw Error(ErrorKind::kArgument, name + " cannot be given for jtvae: it belongs to models of images");
  const TrainingOptions& common = job.training;
  JtvaeTraining training = own;
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

}  // namespace

std::string execute_jtvae_training(const TrainJob& job, const JtvaeTraining& own, const RunObserver& observer,
                                   const CancellationToken& cancellation) {
  train_option_table().validate(job);
  const JtvaeTrainingSummary done = train_jtvae(training_of(job, own), observer.progress, cancellation);
  std::string text =
      join_message(done.file.string(), "\n", done.steps, " steps on ", done.molecules, " molecules of ",
                   done.clusters, " clusters in ", std::lround(done.seconds), " s, mean loss ",
                   figure_text(done.first_loss), " at first, ", figure_text(done.last_loss), " at last\n");
  if (done.measured > 0)
    text += join_message("of ", done.measured, " molecules held out ", figure_text(100 * done.reconstructed),
                         " % are reconstructed from the mean, ", figure_text(100 * done.exact),
                         " % with exact ends\n");
  for (const auto& [property, r2] : done.r2)
    text += join_message("regressor of ", property, ": R2 ", figure_text(r2), "\n");
  return text;
}

void refuse_jtvae_options(const JtvaeTraining& own, const std::string& name) {
  for (const std::string& option : given(jtvae_training_table(), own))
    throw Error(ErrorKind::kArgument, option + " belongs to jtvae alone, not to " + name);
}

std::string fetch_molecules(const DataJob& job, const RunObserver& observer,
                            const CancellationToken& cancellation) {
  const std::string out = job.out.empty() ? "data/" + job.name : job.out;
  return job.name == "moses" ? fetch_moses(out, observer.progress, cancellation)
                             : fetch_published_models(out, observer.progress, cancellation);
}

}  // namespace latentpath
