#include "latentpath/zoo/training.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <optional>

#include "latentpath/core/error.h"
#include "latentpath/core/random.h"
#include "latentpath/core/version.h"
#include "latentpath/io/file.h"
#include "latentpath/zoo/data_set.h"
#include "latentpath/zoo/model_store.h"
#include "zoo/code_prior.h"
#include "zoo/measurement.h"
#include "zoo/split_mix.h"
#include "zoo/trainer.h"

namespace latentpath {
namespace {

constexpr int64_t kProgressEvery = 20;  // steps

struct Recipe {
  const char* name;
  const char* data;
  int64_t latent_dim;  // 0 for classifiers
  const char* prior;
  int64_t epochs;
  int64_t batch;
  std::unique_ptr<Trainer> (*make)(const ModelTask&, const TrainingOptions&, at::Generator);
  bool half = false;  // learns from every second image of the training part
  /// The distribution of the codes takes the place of the prior where paths are no worse for it
  /// (docs/models.md).
  std::optional<CodePriorOptions> codes = std::nullopt;
  const char* autoencoder = "";  // whose codes a flow learns
};

std::unique_ptr<Trainer> gan(const ModelTask& task, const TrainingOptions&, at::Generator random) {
  return make_gan_trainer(task, random);
}

std::unique_ptr<Trainer> point_gan(const ModelTask& task, const TrainingOptions&, at::Generator random) {
  return make_point_gan_trainer(task, random);
}

std::unique_ptr<Trainer> vae(const ModelTask& task, const TrainingOptions&, at::Generator random) {
  return make_vae_trainer(task, random);
}

std::unique_ptr<Trainer> wae(const ModelTask& task, const TrainingOptions&, at::Generator random) {
  return make_wae_trainer(task, random);
}

std::unique_ptr<Trainer> flow(const ModelTask& task, const TrainingOptions& options, at::Generator random) {
  return make_flow_trainer(task, options.autoencoder, random);
}

std::unique_ptr<Trainer> classifier(const ModelTask& task, const TrainingOptions& options,
                                    at::Generator random) {
  return make_classifier_trainer(task, options.samples_from, random);
}

std::unique_ptr<Trainer> judge(const ModelTask& task, const TrainingOptions& options, at::Generator random) {
  LATENTPATH_CHECK(
      options.samples_from.empty(), kArgument, "`samples_from` cannot be given for ", task.name,
      ": a judge learns from data alone, so that it does not share the errors of what it judges");
  return make_judge_trainer(task, random);
}

const std::vector<Recipe>& recipes() {
  static const std::vector<Recipe> all{
      {"mnist-dcgan-2", "mnist", 2, "normal", 12, 64, gan},
      {"mnist-dcgan-8", "mnist", 8, "normal", 12, 64, gan},
      {"mnist-dcgan-8-semicircle", "mnist", 8, "semicircle", 6, 64, gan},
      {"mnist-vae-2", "mnist", 2, "normal", 40, 128, vae},
      {"mnist-vae-8", "mnist", 8, "normal", 80, 128, vae, false, CodePriorOptions{}},
      {"mnist-classifier", "mnist", 0, "", 15, 128, classifier},
      {"mnist-classifier-judge", "mnist", 0, "", 6, 128, judge, true},
      {"fashion-dcgan-8", "fashion", 8, "normal", 6, 64, gan},
      {"fashion-dcgan-8-semicircle", "fashion", 8, "semicircle", 6, 64, gan},
      {"fashion-classifier", "fashion", 0, "", 8, 128, classifier},
      {"fashion-classifier-judge", "fashion", 0, "", 3, 128, judge, true},
      {"faces-dcgan-8", "faces", 8, "normal", 12, 64, gan},
      {"faces-dcgan-8-semicircle", "faces", 8, "semicircle", 10, 64, gan},
      {"faces-dcgan-20", "faces", 20, "normal", 10, 64, gan},
      {"faces-dcgan-20-semicircle", "faces", 20, "semicircle", 10, 64, gan},
      {"faces-vae-16", "faces", 16, "normal", 12, 128, vae},
      {"faces-wae-64", "faces", 64, "normal", 10, 128, wae},
      {"faces-flow-64", "faces", 64, "normal", 18, 128, flow, false, std::nullopt, "faces-wae-64"},
      {"circle-gan-2", "circle", 2, "normal", 100, 256, point_gan},
      {"lambertian-dcgan-3", "lambertian", 3, "normal", 10, 64, gan},
      {"lambertian-vae-3", "lambertian", 3, "normal", 40, 128, vae},
      {"lambertian-shadows-vae-9", "lambertian-shadows", 9, "normal", 24, 128, vae},
      {"faces-attributes", "faces", 0, "", 8, 128, classifier},
      {"faces-attributes-judge", "faces", 0, "", 5, 128, judge, true},
  };
  return all;
}

const Recipe& recipe_of(const std::string& name) {
  std::string names;
  for (const Recipe& recipe : recipes()) {
    if (name == recipe.name) return recipe;
    names += (names.empty() ? "" : ", ") + std::string(recipe.name);
  }
  throw Error(ErrorKind::kArgument, "there is no recipe for '" + name + "' (recipes: " + names + ")");
}

/// Independent generators for each use and step, so that a resumed run draws what an uninterrupted one draws.
at::Generator generator_for(uint64_t seed, uint64_t use, uint64_t index) {
  return make_generator(split_mix(seed * kGoldenGamma + use * 0xD1B54A32D192ED03ULL + index + 1));
}

enum Use : uint64_t { kInitial, kOrder, kEpoch, kStep, kFinish };

/// Where a run is: everything that a checkpoint holds besides the trainer.
struct Position {
  int64_t step = 0;
  double seconds = 0;
  double epoch_loss = 0;  // sum over the steps of the current epoch
  double first_loss = 0;
  double last_loss = 0;
};

struct Run {
  std::string name;
  TrainingOptions options;
  std::filesystem::path checkpoint;
};

/// Samples of the unfinished model, drawn with each checkpoint.
std::filesystem::path preview_of(const Run& run) {
  auto file = run.checkpoint;
  return file.replace_extension(".preview.png");
}

ModelTask task_of(const Recipe& recipe, const DataSet& data) {
  const Tensor labels = data.train.labels;
  Tensor has = labels;
  if (data.facts.exclusive) has = at::one_hot(labels, data.facts.classes());
  return {recipe.name, data.facts, recipe.latent_dim, recipe.prior, has.to(at::kFloat).mean(0)};
}

/// The data of a recipe: for a judge every second image of the training part.
DataSet data_of(const Recipe& recipe, const std::filesystem::path& folder) {
  DataSet data = load_data_set(recipe.data, folder);
  if (!recipe.half) return data;
  const Tensor second = at::arange(1, data.train.images.size(0), 2);
  data.train.images = data.train.images.index_select(0, second);
  data.train.labels = data.train.labels.index_select(0, second);
  return data;
}

/// The options that a resumed run must share.
Tensor signature(const Run& run, int64_t images) {
  return at::tensor({run.options.epochs, run.options.batch, static_cast<int64_t>(run.options.seed), images},
                    at::kLong);
}

void save_checkpoint(const Run& run, const Trainer& trainer, const Position& position, int64_t images) {
  write_atomically(run.checkpoint, [&](const std::filesystem::path& file) {
    torch::serialize::OutputArchive archive;
    archive.write("model", c10::IValue(run.name));
    archive.write("signature", signature(run, images), true);
    archive.write("step", at::full({1}, position.step, at::kLong), true);
    archive.write("figures",
                  at::tensor({position.seconds, position.epoch_loss, position.first_loss, position.last_loss},
                             at::kDouble),
                  true);
    trainer.save(archive);
    archive.save_to(file.string());
  });
}

void load_checkpoint(const Run& run, Trainer& trainer, Position& position, int64_t images) {
  LATENTPATH_CHECK(std::filesystem::exists(run.checkpoint), kInput, "there is no checkpoint ",
                   run.checkpoint.string(), " to resume from");
  try {
    torch::serialize::InputArchive archive;
    archive.load_from(run.checkpoint.string());
    c10::IValue model;
    archive.read("model", model);
    LATENTPATH_CHECK(model.isString() && model.toStringRef() == run.name, kInput, run.checkpoint.string(),
                     " is a checkpoint of another model than ", run.name);
    Tensor stored, step, figures;
    archive.read("signature", stored, true);
    LATENTPATH_CHECK(at::equal(stored, signature(run, images)), kInput, run.checkpoint.string(),
                     " was made with other epochs, batch, seed or data: they are ",
                     shape_string({stored[0].item<int64_t>(), stored[1].item<int64_t>(),
                                   stored[2].item<int64_t>(), stored[3].item<int64_t>()}));
    archive.read("step", step, true);
    archive.read("figures", figures, true);
    position.step = step.item<int64_t>();
    position.seconds = figures[0].item<double>();
    position.epoch_loss = figures[1].item<double>();
    position.first_loss = figures[2].item<double>();
    position.last_loss = figures[3].item<double>();
    trainer.load(archive);
  } catch (const c10::Error&) {
    throw Error(ErrorKind::kInput, run.checkpoint.string() + " is not a checkpoint of this version");
  }
}

nlohmann::json card_of(const TrainedModel& model, const ModelTask& task, const Run& run,
                       const Position& position) {
  nlohmann::json card;
  card["name"] = model.name;
  card["kind"] = model.kind;
  card["file"] = model.name + ".pt";
  card["data"] = task.facts.source;
  card["data_license"] = task.facts.license;
  card["license"] = "as LatentPath itself";
  card["command"] = run.options.command;
  card["trained_as"] = run.name;
  card["seed"] = run.options.seed;
  card["epochs"] = run.options.epochs;
  card["batch"] = run.options.batch;
  card["threads"] = run.options.threads;
  card["training_seconds"] = std::round(position.seconds);
  card["final_loss"] = position.last_loss;
  card["version"] = kVersion;
  for (const char* attribute : {"latent_dim", "multiply_accumulates"})
    if (model.module.hasattr(attribute)) card[attribute] = model.module.attr(attribute).toInt();
  for (const char* attribute : {"output_range", "input_range"})
    if (model.module.hasattr(attribute)) card[attribute] = model.module.attr(attribute).toDoubleVector();
  if (model.module.hasattr("input_shape"))
    card["input_shape"] = model.module.attr("input_shape").toIntVector();
  for (const char* attribute : {"prior", "output_kind"})
    if (model.module.hasattr(attribute)) card[attribute] = model.module.attr(attribute).toStringRef();
  if (model.kind == "decoder") card["output_shape"] = task.facts.example_shape();
  if (model.kind == "classifier") card["class_names"] = task.facts.class_names;
  return card;
}

/// One step from `position` on: the loss of its batch.
double train_step(const Run& run, const DataSet& data, Trainer& trainer, const Position& position,
                  int64_t steps, const Tensor& chosen) {
  return trainer.step(data.train.images.index_select(0, chosen), data.train.labels.index_select(0, chosen),
                      static_cast<double>(position.step) / static_cast<double>(steps),
                      generator_for(run.options.seed, kStep, position.step));
}

/// All steps from `position` to the last, with checkpoints; interrupted, it leaves one to go on from.
void train(const Run& run, const DataSet& data, Trainer& trainer, Position& position,
           const ProgressObserver& progress, const CancellationToken& token) {
  const TrainingOptions& options = run.options;
  const int64_t images = data.train.images.size(0), steps_per_epoch = images / options.batch;
  const int64_t steps = steps_per_epoch * options.epochs;
  auto counted_until = std::chrono::steady_clock::now();
  const auto count_time = [&] {
    const auto now = std::chrono::steady_clock::now();
    position.seconds += std::chrono::duration<double>(now - counted_until).count();
    counted_until = now;
  };
  Tensor order;
  while (position.step < steps) {
    const int64_t epoch = position.step / steps_per_epoch;
    const int64_t in_epoch = position.step % steps_per_epoch;
    if (token.cancelled()) {
      count_time();
      save_checkpoint(run, trainer, position, images);
      throw Error(ErrorKind::kInterrupted,
                  join_message("interrupted in epoch ", epoch + 1, " of ", options.epochs,
                               "; `resume` goes on from ", run.checkpoint.string()));
    }
    if (in_epoch == 0) {
      position.epoch_loss = 0;
      trainer.begin_epoch({epoch, options.epochs, images}, generator_for(options.seed, kEpoch, epoch));
    }
    if (in_epoch == 0 || !order.defined())
      order = at::randperm(images, generator_for(options.seed, kOrder, epoch), at::kLong);
    const double loss = train_step(run, data, trainer, position, steps,
                                   order.narrow(0, in_epoch * options.batch, options.batch));
    LATENTPATH_CHECK(std::isfinite(loss), kNumerical, "the loss of ", run.name, " is not finite in epoch ",
                     epoch + 1);
    position.epoch_loss += loss;
    ++position.step;
    const bool epoch_ends = in_epoch + 1 == steps_per_epoch;
    if (epoch_ends) {
      position.last_loss = position.epoch_loss / static_cast<double>(steps_per_epoch);
      if (epoch == 0) position.first_loss = position.last_loss;
    }
    if (progress && (epoch_ends || position.step % kProgressEvery == 0))
      progress({join_message("epoch ", epoch + 1, " of ", options.epochs, " (", trainer.status(), ")"),
                position.step, steps, position.epoch_loss / static_cast<double>(in_epoch + 1)});
    if (epoch_ends && options.checkpoint_every > 0 && (epoch + 1) % options.checkpoint_every == 0) {
      count_time();
      save_checkpoint(run, trainer, position, images);
      for (TrainedModel& model : trainer.models(generator_for(options.seed, kFinish, 0)))
        if (model.name == run.name) draw_decoder(model.module, data, preview_of(run));
    }
  }
  count_time();
}

void record_code_prior(const std::filesystem::path& model, const DataSet& data,
                       const CodePriorOptions& options, nlohmann::json& card) {
  card["fitted_prior"] = write_code_prior(model, data, options);
  if (card["fitted_prior"].is_null()) card.erase("fitted_prior");
}

/// The trained models with their cards and pictures: their files.
std::vector<std::filesystem::path> write_models(const Run& run, const DataSet& data, const ModelTask& task,
                                                const Position& position, Trainer& trainer) {
  const TrainingOptions& options = run.options;
  std::vector<std::filesystem::path> files;
  std::vector<TrainedModel> models = trainer.models(generator_for(options.seed, kFinish, 0));
  for (TrainedModel& model : models) {
    const auto file = model.name == run.name
                          ? options.out
                          : options.out.parent_path() /
                                (options.out.stem().string() + model.name.substr(run.name.size()) + ".pt");
    write_atomically(file, [&](const std::filesystem::path& temporary) {
      // To a stream: given a name, LibTorch would write it, with the process's number in it, into the file.
      std::ofstream stream(temporary, std::ios::binary);
      model.module.save(stream);
      stream.close();
      LATENTPATH_CHECK(stream, kArgument, "cannot write ", file.string());
    });
    files.push_back(file);
  }
  // Measured after all are written: an encoder is measured with its decoder.
  for (size_t i = 0; i < models.size(); ++i) {
    nlohmann::json card = card_of(models[i], task, run, position);
    card["file"] = files[i].filename().string();
    card["sha256"] = file_sha256(files[i]);
    if (recipe_of(run.name).half)
      card["training_images"] = join_message(data.train.images.size(0), ", every second one");
    card["figures"] = measure_model(files[i], data, options.classifier);
    if (models[i].name == run.name && recipe_of(run.name).codes)
      record_code_prior(files[i], data, *recipe_of(run.name).codes, card);
    write_card(files[i], card);
    draw_model(files[i], data);
  }
  return files;
}

}  // namespace

std::vector<std::string> trainable_models() {
  std::vector<std::string> names;
  for (const Recipe& recipe : recipes()) names.emplace_back(recipe.name);
  return names;
}

TrainingOptions complete_options(const std::string& name, TrainingOptions options) {
  const Recipe& recipe = recipe_of(name);
  if (options.data.empty() && !data_set_facts(recipe.data).of_points())
    options.data = std::filesystem::path("data") / recipe.data;
  if (options.epochs == 0) options.epochs = recipe.epochs;
  if (options.batch == 0) options.batch = recipe.batch;
  if (options.autoencoder.empty()) options.autoencoder = recipe.autoencoder;
  return options;
}

TrainingSummary train_model(const std::string& name, const TrainingOptions& given,
                            const ProgressObserver& progress, const CancellationToken& token) {
  const Recipe& recipe = recipe_of(name);
  training_option_table().validate(given);
  LATENTPATH_CHECK(given.autoencoder.empty() || recipe.autoencoder[0] != '\0', kArgument,
                   "`autoencoder` cannot be given for ", name, ": it is no flow on the codes of one");
  LATENTPATH_CHECK(given.data.empty() || !data_set_facts(recipe.data).of_points(), kArgument,
                   "`data` cannot be given for ", name, ": its points are drawn, not read");
  LATENTPATH_CHECK(given.out.extension() == ".pt", kArgument, "`out` is '", given.out.string(),
                   "': it must end in .pt");
  at::set_num_threads(static_cast<int>(given.threads));
  Run run{name, complete_options(name, given), given.out};
  run.checkpoint.replace_extension(".checkpoint");
  const TrainingOptions& options = run.options;

  const DataSet data = data_of(recipe, options.data);
  const int64_t images = data.train.images.size(0);
  LATENTPATH_CHECK(images >= options.batch, kArgument, "`batch` is ", options.batch,
                   ": the data set has only ", images, data.facts.of_points() ? " points" : " images");
  const ModelTask task = task_of(recipe, data);
  const auto trainer = recipe.make(task, options, generator_for(options.seed, kInitial, 0));
  Position position;
  if (options.resume) load_checkpoint(run, *trainer, position, images);
  train(run, data, *trainer, position, progress, token);

  TrainingSummary summary;
  summary.files = write_models(run, data, task, position, *trainer);
  std::error_code ignored;
  std::filesystem::remove(run.checkpoint, ignored);
  std::filesystem::remove(preview_of(run), ignored);
  summary.steps = position.step;
  summary.first_loss = position.first_loss;
  summary.last_loss = position.last_loss;
  summary.seconds = position.seconds;
  return summary;
}

void refresh_card(const std::filesystem::path& model, const std::filesystem::path& data,
                  const std::filesystem::path& classifier) {
  nlohmann::json card = read_card(model);
  const Recipe& recipe = recipe_of(card.value("trained_as", ""));
  const DataSet data_set = load_data_set(recipe.data, data);
  card["sha256"] = file_sha256(model);
  card["figures"] = measure_model(model, data_set, classifier);
  if (const auto& codes = recipe.codes; codes && card.value("kind", "") == "decoder")
    record_code_prior(model, data_set, *codes, card);
  write_card(model, card);
  draw_model(model, data_set);
}

}  // namespace latentpath
