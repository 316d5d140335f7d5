#include "latentpath/run/models.h"

#include <ATen/ATen.h>

#include <algorithm>

#include <chrono>

#include "latentpath/core/error.h"
#include "latentpath/core/random.h"
#include "latentpath/core/read_number.h"
#include "latentpath/metric/point_memory.h"
#include "latentpath/run/text_values.h"
#include "latentpath/zoo/model_store.h"

namespace latentpath {
namespace {

/// In which precision the decoder is evaluated, and who says so.
std::string precision_sentence(const ModelOptions& options, const TorchScriptDecoder& decoder) {
  const std::string computed = "the decoder is evaluated in " + decoder.dtype();
  if (!options.dtype.empty()) return computed + ", as `dtype` says";
  if (decoder.dtype_known()) return computed + ", the precision of its parameters";
  return computed + ": it has no parameters that say a precision; `dtype` float64 says otherwise";
}

void check_model_options(const ModelOptions& options) {
  LATENTPATH_CHECK(
      !options.decoder.empty(), kArgument,
      "`decoder` is missing: a TorchScript file or the name of a shipped model (latentpath models lists "
      "them)");
  if (!options.input_std.empty())
    for (const double deviation : parse_numbers("input_std", options.input_std))
      LATENTPATH_CHECK(deviation > 0, kArgument, "`input_std` must be positive, not ", deviation);
}

OptionTable<ModelOptions> make_table() {
  using O = ModelOptions;
  return OptionTable<O>()
      .group("Models")
      .add("decoder", &O::decoder)
      .help("Decoder: model FILE or NAME of a shipped model")
      .names_file()
      .add("classifier", &O::classifier)
      .help("Classifier: model FILE or NAME of a shipped model")
      .names_file()
      .include(&O::signature, model_signature_option_table())
      .group("Models")
      .add("latent-dim", &O::latent_dim)
      .help("Latent size D, where the decoder's file does not say it")
      .range(1, 10000000)
      .zero("as the file or the end points say")
      .add("latent-shapes", &O::latent_shapes)
      .help("Shapes of a latent of several tensors (a list, a tuple, several inputs), like 2x3,4")
      .add("output-range", &O::output_range)
      .help("Values the decoder gives, like -1,1")
      .unset("as its file says")
      .add("input-range", &O::input_range)
      .help("Values the classifier expects, like 0,1")
      .unset("as its file says")
      .add("input-mean", &O::input_mean)
      .help("Mean the classifier's input is normalised by, one or one a channel")
      .unset("as its file says")
      .add("input-std", &O::input_std)
      .help("Standard deviation, likewise")
      .unset("as its file says")
      .add("input-shape", &O::input_shape)
      .help("Image shape CxHxW the classifier expects")
      .unset("as its file says")
      .add("classifier-input", &O::classifier_input)
      .help("What the classifier takes")
      .choices({{"image"}, {"latent"}})
      .add("classifier-output", &O::classifier_output)
      .help("How its output is read")
      .choices({{"auto"}, {"probabilities"}, {"softmax", "of logits"}, {"sigmoid", "of logits"}})
      .add("classifier-method", &O::classifier_method)
      .help("Method of the classifier's file to call")
      .unset("forward")
      .add("classifier-tensor", &O::classifier_tensor)
      .help("Which of several outputs the classes are: NAME, or number from 0")
      .unset("the only one")
      .add("dtype", &O::dtype)
      .help("Precision")
      .choices({{"float32"}, {"float64"}})
      .unset("the decoder's")
      .add("device", &O::device)
      .help("Where the models run: cpu, cuda, cuda:N")
      .rule(check_model_options);
}

}  // namespace

std::string feature_name(const std::vector<std::string>& favor, const std::vector<std::string>& avoid,
                         const std::vector<std::string>& names) {
  const auto called = [&](const std::string& text) {
    const auto number = read_count(text);
    const size_t index = number ? static_cast<size_t>(*number) : names.size();
    return index < names.size() ? names[index] : text;
  };
  std::string text;
  for (const auto& name : favor) text += (text.empty() ? "" : ", ") + called(name);
  for (const auto& name : avoid) text += (text.empty() ? "not " : ", not ") + called(name);
  return "P(" + text + ")";
}

const OptionTable<ModelOptions>& model_option_table() {
  static const OptionTable<ModelOptions> table = make_table();
  return table;
}

at::ScalarType latent_dtype(const ModelOptions& options, const TorchScriptDecoder& decoder) {
  return (options.dtype.empty() ? decoder.dtype() : options.dtype) == "float64" ? at::kDouble : at::kFloat;
}

namespace {

ClassifierOptions classifier_options(const ModelOptions& options) {
  ClassifierOptions classifier;
  classifier.input_is_latent = options.classifier_input == "latent";
  classifier.input_range = parse_range("input_range", options.input_range);
  if (!options.input_mean.empty()) classifier.input_mean = parse_numbers("input_mean", options.input_mean);
  if (!options.input_std.empty()) classifier.input_std = parse_numbers("input_std", options.input_std);
  classifier.input_shape = parse_extents("input_shape", options.input_shape);
  classifier.output = classifier_output_named(options.classifier_output);
  classifier.dtype = options.dtype;
  classifier.device = options.device;
  classifier.signature = {.method = options.classifier_method, .output = options.classifier_tensor};
  return classifier;
}

/// Points by which a classifier learns what the decoder gives.
Tensor probe_points(const TorchScriptDecoder& decoder, uint64_t seed) {
  auto generator = make_generator(seed);
  return at::randn({64, decoder.latent_dim()}, generator, at::kFloat);
}

StatedPrior stated_prior(const std::filesystem::path& decoder_file,
                         const std::shared_ptr<const TorchScriptDecoder>& decoder) {
  StatedPrior stated{.name = decoder->prior(), .fitted = decoder_file};
  if (decoder_file.empty()) return stated;  // a function in a file's place
  stated.fitted.replace_filename(decoder_file.stem().string() + "-prior.json");
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(stated.fitted, ignored)) stated.fitted.clear();
  if (decoder->draws_samples()) {
    stated.source = "the decoder " + decoder_file.string();
    stated.samples = [decoder](int64_t count, uint64_t seed) { return decoder->own_samples(count, seed); };
  }
  return stated;
}

}  // namespace

void load_judge(const ModelOptions& options, const std::string& judge, uint64_t seed, Models& models) {
  LATENTPATH_CHECK(judge.empty() || judge == "none" || models.classifier, kArgument, "`judge` ", judge,
                   " is compared with a `classifier`: give that too");
  if (judge == "none" || !models.classifier) return;
  ClassifierOptions how = classifier_options(options);
  how.file_first = true;
  how.signature = {};
  std::filesystem::path file;
  if (options.judge_function) {
    file = options.judge_function->name;
    models.judge = std::make_shared<Classifier>(TorchScriptModule(*options.judge_function, "judge"), how);
  } else if (judge.empty()) {
    if (options.classifier_function) return;  // beside a function in memory nothing stands
    file = find_model(options.classifier, options.folders);
    file.replace_filename(file.stem().string() + "-judge.pt");
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored)) return;
  } else {
    file = find_model(judge, options.folders);
  }
  if (!models.judge) models.judge = load_classifier(file, how);
  models.judge->connect(*models.decoder, probe_points(*models.decoder, seed), models.decoder->output_range());
  for (const auto& sentence : models.judge->assumptions())
    models.assumptions.push_back("the judge " + file.filename().string() + ": " + sentence);
  for (const auto& sentence : models.judge->warnings())
    models.warnings.push_back("the judge " + file.filename().string() + ": " + sentence);
}

Models load_models(const ModelOptions& options, uint64_t seed,
                   const std::function<std::vector<std::vector<int64_t>>()>& shapes_of_ends, double memory) {
  Models models;
  const auto& folders = options.folders;
  DecoderOptions decoder;
  if (options.latent_dim > 0) decoder.latent_dim = options.latent_dim;
  if (!options.latent_shapes.empty()) decoder.layout = LatentLayout::parse(options.latent_shapes);
  decoder.output_range = parse_range("output_range", options.output_range);
  decoder.dtype = options.dtype;
  decoder.device = options.device;
  // cuDNN's TensorFloat-32 keeps ten bits, and fine grids see its steps.
  if (options.device.rfind("cuda", 0) == 0) at::globalContext().setAllowTF32CuDNN(false);
  decoder.signature = options.signature;
  const std::filesystem::path decoder_file = options.decoder_function
                                                 ? std::filesystem::path(options.decoder_function->name)
                                                 : find_model(options.decoder, folders);
  models.decoder = options.decoder_function
                       ? std::make_shared<TorchScriptDecoder>(
                             TorchScriptModule(*options.decoder_function, "decoder"), decoder)
                       : load_decoder(decoder_file, decoder);
  const bool dim_of_ends = models.decoder->latent_dim() < 0;
  const auto shapes = shapes_of_ends ? shapes_of_ends() : std::vector<std::vector<int64_t>>();
  LATENTPATH_CHECK(!dim_of_ends || !shapes.empty(), kArgument, "the decoder ", decoder_file.string(),
                   " does not say its latent size: give `latent_dim`, or end points that show it");
  try {
    models.decoder->set_latent_shape(shapes);
  } catch (const ShapeError& error) {
    if (!dim_of_ends) throw;
    throw Error(error.kind(),
                join_message(error.what(), "; its latent size is taken to be ", shapes[0].back(),
                             ", the last extent of the end points: give `latent_dim`, or end "
                             "points of shape [D] or [pairs, D]"));
  }
  if (dim_of_ends)
    models.assumptions.push_back(
        join_message("the latent size is taken from the end points: ", models.decoder->latent_dim()));
  models.assumptions.push_back(precision_sentence(options, *models.decoder));
  append(models.warnings, models.decoder->check(seed));
  append(models.assumptions, models.decoder->assumptions());
  {
    auto generator = make_generator(seed);
    const Tensor points = at::randn({2, models.decoder->latent_dim()}, generator, at::kFloat);
    models.decoder->limit_batches(find_batch_limits(*models.decoder, nullptr, points, memory));
  }
  models.prior =
      stated_prior(options.decoder_function ? std::filesystem::path() : decoder_file, models.decoder);
  if (options.classifier_function)
    models.classifier = connect_classifier(*options.classifier_function, options, seed, models);
  else if (!options.classifier.empty())
    models.classifier = connect_classifier(options.classifier, options, seed, models);
  return models;
}

namespace {

std::shared_ptr<Classifier> connected(std::shared_ptr<Classifier> classifier, uint64_t seed, Models& models) {
  classifier->connect(*models.decoder, probe_points(*models.decoder, seed), models.decoder->output_range());
  append(models.assumptions, classifier->assumptions());
  append(models.warnings, classifier->warnings());
  return classifier;
}

}  // namespace

std::shared_ptr<Classifier> connect_classifier(const ModelFunction& function, const ModelOptions& options,
                                               uint64_t seed, Models& models) {
  return connected(
      std::make_shared<Classifier>(TorchScriptModule(function, "classifier"), classifier_options(options)),
      seed, models);
}

std::shared_ptr<Classifier> connect_classifier(const std::string& file, const ModelOptions& options,
                                               uint64_t seed, Models& models) {
  return connected(load_classifier(find_model(file, options.folders), classifier_options(options)), seed,
                   models);
}

std::vector<int64_t> class_indices(const Classifier& classifier, const char* field,
                                   const std::vector<std::string>& names) {
  std::vector<int64_t> indices;
  for (const std::string& name : names) {
    indices.push_back(classifier.class_index(name));
    LATENTPATH_CHECK(std::count(indices.begin(), indices.end(), indices.back()) == 1, kArgument, "`", field,
                     "` names the class ", name, " twice");
  }
  return indices;
}

Feature make_feature(const std::shared_ptr<const Classifier>& classifier,
                     const std::vector<std::string>& favor, const std::vector<std::string>& avoid) {
  const std::vector<int64_t> favored = class_indices(*classifier, "favor", favor),
                             avoided = class_indices(*classifier, "avoid", avoid);
  for (size_t i = 0; i < avoided.size(); ++i)
    LATENTPATH_CHECK(std::count(favored.begin(), favored.end(), avoided[i]) == 0, kArgument,
                     "`favor` and `avoid` both name the class ", avoid[i],
                     ": paths lead through it, or keep away from it");
  const auto shown = [&known = classifier->class_names()](std::vector<std::string> names,
                                                          const std::vector<int64_t>& indices) {
    for (size_t i = 0; i < names.size() && !known.empty(); ++i)
      names[i] = known[static_cast<size_t>(indices[i])];
    return names;
  };
  return {feature_quality(classifier, favored, avoided),
          feature_name(shown(favor, favored), shown(avoid, avoided), {})};
}

Feature make_feature(const std::shared_ptr<const Classifier>& judge, const std::vector<std::string>& favor,
                     const std::vector<std::string>& avoid, const Classifier& classifier) {
  const auto in_judge = [&](std::vector<std::string> classes) {
    for (std::string& name : classes) {
      const auto index = static_cast<size_t>(classifier.class_index(name));
      const bool named = !classifier.class_names().empty() && !judge->class_names().empty();
      name = named ? classifier.class_names()[index] : std::to_string(index);
    }
    return classes;
  };
  try {
    return make_feature(judge, in_judge(favor), in_judge(avoid));
  } catch (const Error& error) {
    throw Error(ErrorKind::kInput, join_message("as a judge of ", classifier.describe(), ", ", error.what()));
  }
}

std::vector<std::string> local_model_paths(const ModelOptions& options) {
  std::vector<std::string> local{options.decoder, options.classifier};
  for (const auto& searched : options.folders) {
    local.push_back(searched.string());
    for (const std::string& name : {options.decoder, options.classifier})
      local.push_back((searched / (name + ".pt")).string());
  }
  return local;
}

std::optional<Warning> slow_blas() {
  const Tensor a = at::ones({256, 256}), b = at::ones({256, 256});
  double best = 1e9;
  for (int i = 0; i < 3; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    at::mm(a, b);
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  const double gigaflops = 2 * 256.0 * 256 * 256 / best / 1e9;
  if (gigaflops > 2) return std::nullopt;
  return Warning(
      join_message("matrix products run at only ", static_cast<int>(gigaflops * 10) / 10.0,
                   " Gflop/s: the active BLAS is slow; install OpenBLAS (libopenblas0-openmp on Debian)"),
      WarningKind::kSpeed);
}

}  // namespace latentpath
