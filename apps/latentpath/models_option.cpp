#include "models_option.h"

#include <ATen/ATen.h>
#include <c10/util/Exception.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "latentpath/core/error.h"
#include "latentpath/core/random.h"
#include "latentpath/zoo/model_store.h"
#include "option_values.h"
#include "program.h"

namespace latentpath::program {
namespace {

using nlohmann::json;

class SilentWarnings final : public c10::WarningHandler {
 public:
  void process(const c10::SourceLocation&, const std::string&, bool) override {}
};

c10::WarningHandler* silent_warnings() {
  static SilentWarnings handler;
  return &handler;
}

std::optional<ValueRange> parse_range(const std::string& option, const std::string& text) {
  if (text.empty()) return std::nullopt;
  const auto numbers = parse_numbers(option, text);
  LATENTPATH_CHECK(numbers.size() == 2 && numbers[0] < numbers[1], kArgument, option,
                   " takes two numbers low,high with low < high; '", text, "' is not");
  return ValueRange{numbers[0], numbers[1]};
}

std::vector<int64_t> parse_shape(const std::string& text) {
  if (text.empty()) return {};
  const auto shapes = LatentLayout::parse(text).shapes();
  LATENTPATH_CHECK(shapes.size() == 1, kArgument, "--input-shape takes one shape, like 3x64x64; '", text,
                   "' is not");
  return shapes[0];
}

ClassifierOutput classifier_output(const std::string& name) {
  if (name == "probabilities") return ClassifierOutput::kProbabilities;
  if (name == "softmax") return ClassifierOutput::kSoftmax;
  if (name == "sigmoid") return ClassifierOutput::kSigmoid;
  return ClassifierOutput::kDetect;
}

std::string feature_name(const std::vector<std::string>& favor, const std::vector<std::string>& avoid) {
  std::string text;
  for (const auto& name : favor) text += (text.empty() ? "" : ", ") + name;
  for (const auto& name : avoid) text += (text.empty() ? "not " : ", not ") + name;
  return "P(" + text + ")";
}

}  // namespace

struct NoLibraryWarnings::Guard {
  c10::Warning::WarningHandlerGuard guard{silent_warnings()};
};
NoLibraryWarnings::NoLibraryWarnings() : guard_(std::make_unique<Guard>()) {}
NoLibraryWarnings::~NoLibraryWarnings() = default;

void append(std::vector<std::string>& list, const std::vector<std::string>& more) {
  list.insert(list.end(), more.begin(), more.end());
}

Models load_models(const ModelOptions& options, uint64_t seed,
                   const std::function<int64_t()>& latent_dim_of_ends) {
  Models models;
  const auto folders = model_folders();
  DecoderOptions decoder;
  if (options.latent_dim > 0) decoder.latent_dim = options.latent_dim;
  if (!options.latent_shapes.empty()) decoder.layout = LatentLayout::parse(options.latent_shapes);
  decoder.output_range = parse_range("--output-range", options.output_range);
  decoder.dtype = options.dtype;
  decoder.device = options.device;
  const auto decoder_file = find_model(options.decoder, folders);
  models.decoder = load_decoder(decoder_file, decoder);
  if (models.decoder->latent_dim() < 0) {
    const int64_t dim = latent_dim_of_ends ? latent_dim_of_ends() : -1;
    LATENTPATH_CHECK(dim > 0, kArgument, "the decoder ", decoder_file.string(),
                     " does not say its latent size: give --latent-dim, or end points that show it");
    models.decoder->set_latent_dim(dim);
    models.assumptions.push_back(join_message("the latent size is taken from the end points: ", dim));
  }
  append(models.warnings, models.decoder->check(seed));
  if (!options.classifier.empty()) {
    ClassifierOptions classifier;
    classifier.input_is_latent = options.classifier_input == "latent";
    classifier.input_range = parse_range("--input-range", options.input_range);
    if (!options.input_mean.empty())
      classifier.input_mean = parse_numbers("--input-mean", options.input_mean);
    if (!options.input_std.empty()) classifier.input_std = parse_numbers("--input-std", options.input_std);
    classifier.input_shape = parse_shape(options.input_shape);
    classifier.output = classifier_output(options.classifier_output);
    classifier.dtype = options.dtype;
    classifier.device = options.device;
    models.classifier = load_classifier(find_model(options.classifier, folders), classifier);
    auto generator = make_generator(seed);
    models.classifier->connect(*models.decoder,
                               at::randn({64, models.decoder->latent_dim()}, generator, at::kFloat),
                               models.decoder->output_range());
    append(models.assumptions, models.classifier->assumptions());
    append(models.warnings, models.classifier->warnings());
  }
  return models;
}

Feature make_feature(const std::shared_ptr<const Classifier>& classifier,
                     const std::vector<std::string>& favor, const std::vector<std::string>& avoid) {
  std::vector<int64_t> favored, avoided;
  std::vector<std::string> favored_names, avoided_names;
  const auto resolve = [&](const std::vector<std::string>& names, std::vector<int64_t>& indices,
                           std::vector<std::string>& shown_names) {
    for (const auto& name : names) {
      indices.push_back(classifier->class_index(name));
      const auto& known = classifier->class_names();
      shown_names.push_back(known.empty() ? name : known[static_cast<size_t>(indices.back())]);
    }
  };
  resolve(favor, favored, favored_names);
  resolve(avoid, avoided, avoided_names);
  return {feature_quality(classifier, favored, avoided), feature_name(favored_names, avoided_names)};
}

void add_model_options(CLI::App& command, ModelOptions& o) {
  const char* g = "Models";
  command.add_option("--decoder", o.decoder, "Decoder: TorchScript FILE or NAME of a shipped model")
      ->group(g);
  command.add_option("--classifier", o.classifier, "Classifier: TorchScript FILE or NAME of a shipped model")
      ->group(g);
  command.add_option("--latent-dim", o.latent_dim, "Latent size D, where the decoder's file does not say it")
      ->group(g);
  command.add_option("--latent-shapes", o.latent_shapes, "Shapes of a list-of-tensors latent, like 2x3,4")
      ->group(g);
  command
      .add_option("--output-range", o.output_range,
                  "Values the decoder gives, like -1,1 (default: as its file says)")
      ->group(g);
  command
      .add_option("--input-range", o.input_range,
                  "Values the classifier expects, like 0,1 (default: as its file says)")
      ->group(g);
  command
      .add_option("--input-mean", o.input_mean,
                  "Mean the classifier's input is normalised by, one or one a channel")
      ->group(g);
  command.add_option("--input-std", o.input_std, "Standard deviation, likewise")->group(g);
  command.add_option("--input-shape", o.input_shape, "Image shape CxHxW the classifier expects")->group(g);
  command.add_option("--classifier-input", o.classifier_input, "What the classifier takes: image or latent")
      ->capture_default_str()
      ->group(g);
  command
      .add_option("--classifier-output", o.classifier_output,
                  "How its output is read: auto, probabilities, softmax (of logits), sigmoid (of logits)")
      ->capture_default_str()
      ->group(g);
  command.add_option("--dtype", o.dtype, "float32 or float64 (default: the decoder's)")->group(g);
  command.add_option("--device", o.device, "Where the models run: cpu, cuda, cuda:N")
      ->capture_default_str()
      ->group(g);
}

void check_model_options(const ModelOptions& options) {
  LATENTPATH_CHECK(!options.decoder.empty(), kArgument,
                   "--decoder is missing: a TorchScript file or the name of a "
                   "shipped model (latentpath models lists them)");
  check_choice("--classifier-input", options.classifier_input, {"image", "latent"});
  check_choice("--classifier-output", options.classifier_output,
               {"auto", "probabilities", "softmax", "sigmoid"});
  if (!options.dtype.empty()) check_choice("--dtype", options.dtype, {"float32", "float64"});
  if (!options.input_std.empty())
    for (const double deviation : parse_numbers("--input-std", options.input_std))
      LATENTPATH_CHECK(deviation > 0, kArgument, "--input-std must be positive, not ", deviation);
  LATENTPATH_CHECK(options.latent_dim >= 0, kArgument, "--latent-dim must be at least 1, not ",
                   options.latent_dim);
}

void add_model_settings(json& object, const ModelOptions& o) {
  object["decoder"] = o.decoder;
  object["device"] = o.device;
  object["classifier-input"] = o.classifier_input;
  object["classifier-output"] = o.classifier_output;
  add_texts(object, {{"classifier", &o.classifier},
                     {"latent-shapes", &o.latent_shapes},
                     {"output-range", &o.output_range},
                     {"input-range", &o.input_range},
                     {"input-mean", &o.input_mean},
                     {"input-std", &o.input_std},
                     {"input-shape", &o.input_shape},
                     {"dtype", &o.dtype}});
  if (o.latent_dim > 0) object["latent-dim"] = o.latent_dim;
}

std::vector<std::string> local_model_paths(const ModelOptions& options) {
  std::vector<std::string> local{options.decoder, options.classifier};
  for (const auto& searched : model_folders()) {
    local.push_back(searched.string());
    for (const std::string& name : {options.decoder, options.classifier})
      local.push_back((searched / (name + ".pt")).string());
  }
  return local;
}

std::optional<std::string> slow_blas() {
  const Tensor a = at::ones({256, 256}), b = at::ones({256, 256});
  double best = 1e9;
  for (int i = 0; i < 3; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    at::mm(a, b);
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  const double gigaflops = 2 * 256.0 * 256 * 256 / best / 1e9;
  if (gigaflops > 2) return std::nullopt;
  return join_message("matrix products run at only ", static_cast<int>(gigaflops * 10) / 10.0,
                      " Gflop/s: the active BLAS is slow; install OpenBLAS (libopenblas0-openmp on Debian)");
}

}  // namespace latentpath::program
