// latentpath train NAME: trains a zoo model.

#include <cmath>
#include <iostream>
#include <memory>

#include "config_file.h"
#include "latentpath/core/error.h"
#include "latentpath/zoo/model_store.h"
#include "latentpath/zoo/training.h"
#include "program.h"
#include "progress_line.h"

namespace latentpath::program {
namespace {

struct TrainOptions {
  std::string name;
  TrainingOptions training;
  std::string data;
  std::string out;
  std::string classifier;
  std::vector<std::string> samples_from;
  bool card_only = false;
  bool quiet = false;
};

/// The command that repeats this training, without what has no influence on the result.
std::string command_of(const TrainOptions& options) {
  const TrainingOptions training = complete_options(options.name, options.training);
  std::string command =
      "latentpath train " + options.name + " --data " + training.data.string() + " --out " + options.out;
  command += " --epochs " + std::to_string(training.epochs) + " --batch " + std::to_string(training.batch);
  command += " --seed " + std::to_string(training.seed) + " --threads " + std::to_string(training.threads);
  if (!options.classifier.empty()) command += " --classifier " + options.classifier;
  for (const std::string& model : options.samples_from) command += " --samples-from " + model;
  return command;
}

void run_train(TrainOptions& options) {
  if (options.out.empty()) options.out = options.name + ".pt";
  TrainingOptions& training = options.training;
  training.data = options.data;
  training.data = complete_options(options.name, training).data;
  training.out = options.out;
  if (!options.classifier.empty()) training.classifier = find_model(options.classifier, model_folders());
  for (const std::string& model : options.samples_from)
    training.samples_from.push_back(find_model(model, model_folders()));
  if (options.card_only) {
    refresh_card(training.out, training.data, training.classifier);
    std::cout << training.out.string() << ": card rewritten\n";
    return;
  }
  training.command = command_of(options);
  TrainingSummary summary;
  {
    ProgressLine line("loss", options.quiet);
    summary = train_model(
        options.name, training, [&](const Progress& progress) { line(progress); }, interrupt_token());
  }
  for (const auto& file : summary.files) std::cout << file.string() << "\n";
  std::cout << summary.steps << " steps in " << std::lround(summary.seconds) << " s, mean loss "
            << summary.first_loss << " in the first epoch, " << summary.last_loss << " in the last\n";
}

}  // namespace

void setup_train(CLI::App& program) {
  auto options = std::make_shared<TrainOptions>();
  std::string names;
  for (const std::string& name : trainable_models()) names += (names.empty() ? "" : ", ") + name;
  CLI::App* command = program.add_subcommand("train", "Train a model of the zoo and write it with its card");
  command->add_option("name", options->name, "What to train: " + names)->required();
  command->add_option("--data", options->data,
                      "Folder with the data set, as latentpath data gets it (data/mnist, data/fashion or "
                      "data/faces unless given)");
  command->add_option("--out", options->out, "File to write, ending in .pt (NAME.pt unless given)");
  command->add_option("--epochs", options->training.epochs,
                      "Passes through the data (the recipe's unless given)");
  command->add_option("--batch", options->training.batch, "Images in a step (the recipe's unless given)");
  command->add_option("--seed", options->training.seed, "Seed of all randomness")->capture_default_str();
  command->add_option("--threads", options->training.threads, "Threads")->capture_default_str();
  command
      ->add_option("--checkpoint-every", options->training.checkpoint_every,
                   "Epochs between checkpoints, 0 for none")
      ->capture_default_str();
  command->add_flag("--resume", options->training.resume, "Go on from the checkpoint beside --out");
  command->add_option("--classifier", options->classifier,
                      "Model that judges a decoder's samples for its card");
  command->add_option("--samples-from", options->samples_from,
                      "Decoder whose samples the classifier learns from (repeatable)");
  command->add_flag("--card-only", options->card_only,
                    "Measure the finished model --out again and rewrite its card");
  command->add_flag("--quiet", options->quiet, "Show no progress");
  add_config_option(*command);
  command->callback([options] { run_train(*options); });
}

}  // namespace latentpath::program
