#include "latentpath/models/classifier.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "latentpath/core/error.h"
#include "latentpath/core/random.h"
#include "latentpath/core/read_number.h"
#include "models/image_input.h"

namespace latentpath {

struct Classifier::Model {
  TorchScriptModule module;
  ClassifierOptions options;
  ImageInput input = {};
  std::vector<std::string> class_names = {};
  std::vector<std::string> loaded_notes = {};  // of its file
  ClassifierOutput output = ClassifierOutput::kDetect;
  int64_t classes = 0;
  bool detected = false;    // the reading of the output was not stated
  bool attributes = false;  // probabilities of independent attributes, not of classes that exclude each other

  std::string name() const { return "the classifier " + module.file().string(); }

  Tensor raw(const Tensor& images) const { return scores_of(input(images)).to(images.scalar_type()); }
  /// The same of images that are in its own format.
  Tensor scores_of(const Tensor& images) const {
    const Tensor rows = module.forward(images);
    Tensor scores = rows;
    if (scores.dim() == 1 && scores.size(0) == images.size(0)) scores = scores.unsqueeze(1);
    LATENTPATH_CHECK(scores.dim() == 2 && scores.size(0) == images.size(0), kInput, name(), " must map [",
                     images.size(0), ", …] to [", images.size(0), ", C], not to ",
                     shape_string(rows.sizes()));
    return scores;
  }

  static bool sum_to_one(const Tensor& scores) {
    return scores.size(1) > 1 && (scores >= -1e-6).all().item<bool>() &&
           ((scores.sum(1) - 1).abs() < 1e-3).all().item<bool>();
  }
  static bool within_unit(const Tensor& scores) {
    return (scores >= 0).all().item<bool>() && (scores <= 1).all().item<bool>();
  }

  /// Scores of inputs unlike any that the decoder makes: flat, noisy, inverted, and of ten times the
  /// contrast. Logits leave [0, 1] for one or the other, a sigmoid never does. Undefined where the classifier
  /// refuses.
  Tensor varied_scores(const Tensor& images) const {
    const Tensor low = images.min(), high = images.max(), middle = 0.5 * (low + high);
    auto generator = make_generator(0);
    const Tensor drawn = at::rand(images.sizes(), generator, images.scalar_type());
    const Tensor noise = low + (high - low) * drawn.to(images.device());
    const Tensor varied =
        at::cat({at::ones_like(images.narrow(0, 0, 1)) * low, at::ones_like(images.narrow(0, 0, 1)) * high,
                 noise, low + high - images, middle + 10 * (images - middle)});
    try {
      const Tensor scores = raw(varied);
      return at::isfinite(scores).all().item<bool>() ? scores : Tensor();
    } catch (const Error&) {
      return {};
    }
  }

  /// Finds out how the output is to be read, from the scores of the decoder's images.
  void detect(const Tensor& scores, const Tensor& images) {
    const char* reading = nullptr;
    if (sum_to_one(scores)) {
      output = ClassifierOutput::kProbabilities;
      reading = "probabilities";
    } else if (within_unit(scores)) {
      const Tensor varied = varied_scores(images);
      const bool always = varied.defined() && within_unit(varied);
      if (always) {
        output = ClassifierOutput::kProbabilities;
        attributes = true;
        reading = classes == 1 ? "one probability" : "probabilities of independent attributes";
        const double spread = (scores.max() - scores.min()).item<double>();
        if (spread < 0.05)
          input.warnings.push_back(
              join_message("the classifier's outputs all lie between ", scores.min().item<double>(), " and ",
                           scores.max().item<double>(), ", within [0, 1]: they are read as ", reading,
                           ", and logits that hardly differ would look the same; "
                           "`classifier_output` says which they are"));
      } else {
        input.warnings.push_back(
            "the classifier's outputs lie in [0, 1] on every sample of the decoder and not on other images: "
            "they are "
            "read as logits; if they are probabilities, say `classifier_output` probabilities");
      }
    }
    if (reading == nullptr) {
      output = classes == 1 ? ClassifierOutput::kSigmoid : ClassifierOutput::kSoftmax;
      reading = classes == 1 ? "one logit (sigmoid)" : "logits (softmax)";
    }
    input.assumptions.push_back(join_message("the classifier's ", classes, " outputs are read as ", reading));
  }
};

Classifier::Classifier(const std::filesystem::path& file, const ClassifierOptions& options)
    : Classifier(TorchScriptModule(file, "classifier", options.dtype, options.device, options.signature),
                 options) {}

Classifier::Classifier(TorchScriptModule loaded, const ClassifierOptions& options)
    : model_(std::make_unique<Model>(
          Model{.module = std::move(loaded), .options = options, .output = options.output})) {
  const TorchScriptModule& module = model_->module;
  model_->loaded_notes = module.notes();
  LATENTPATH_CHECK(!module.takes_list(), kInput, model_->name(), " must take one tensor, not a list");
  model_->input.name = model_->name();
  ImageFormat& format = model_->input.format;
  // What the file says gives way to what the caller says, or the reverse.
  const auto either = [&](auto said, auto written, const auto& is_said) {
    return is_said(said) && !(options.file_first && is_said(written)) ? said : written;
  };
  const auto holds = [](const auto& range) { return range.has_value(); };
  const auto filled = [](const auto& list) { return !list.empty(); };
  const auto numbers = [&](const char* name) {
    return module.numbers_attribute(name).value_or(std::vector<double>{});
  };
  format.range = either(options.input_range, module.range_attribute("input_range"), holds);
  format.mean = either(options.input_mean, numbers("input_mean"), filled);
  format.std = either(options.input_std, numbers("input_std"), filled);
  std::vector<int64_t> shape;
  for (const double extent : numbers("input_shape")) shape.push_back(static_cast<int64_t>(extent));
  format.shape = either(options.input_shape, shape, filled);
  model_->class_names = module.strings_attribute("class_names").value_or(std::vector<std::string>{});
  if (options.output == ClassifierOutput::kDetect)
    model_->output = classifier_output_named(module.string_attribute("output_kind").value_or(""));
}

ClassifierOutput classifier_output_named(const std::string& name) {
  if (name == "probabilities") return ClassifierOutput::kProbabilities;
  if (name == "softmax") return ClassifierOutput::kSoftmax;
  if (name == "sigmoid") return ClassifierOutput::kSigmoid;
  return ClassifierOutput::kDetect;
}

Classifier::~Classifier() = default;

void Classifier::connect(const Embedding& decoder, const Tensor& points,
                         std::optional<ValueRange> output_range) {
  const at::NoGradGuard no_gradient;
  Model& model = *model_;
  model.input.assumptions = model.loaded_notes;
  model.input.warnings.clear();
  model.input.adapter.reset();
  const Tensor input = model.options.input_is_latent
                           ? points
                           : model.input.connect(decoder, points, output_range, model.module,
                                                 [&](const Tensor& images) { model.scores_of(images); });
  const Tensor scores = model.raw(input);
  LATENTPATH_CHECK(at::isfinite(scores).all().item<bool>(), kNumerical, model.name(),
                   " gives NaN or infinite values");
  model.classes = scores.size(1);
  LATENTPATH_CHECK(
      model.class_names.empty() || static_cast<int64_t>(model.class_names.size()) == model.classes, kInput,
      model.name(), " gives ", model.classes, " classes and names ", model.class_names.size());
  // Connected once more, it is asked once more.
  if (model.detected) model.output = ClassifierOutput::kDetect;
  model.attributes = model.output == ClassifierOutput::kProbabilities && !Model::sum_to_one(scores);
  if (model.output == ClassifierOutput::kDetect) {
    model.detected = true;
    model.detect(scores, input);
  }
}

Tensor Classifier::probabilities(const Tensor& input) const {
  const Tensor scores = model_->raw(input).to(at::kCPU);
  switch (model_->output) {
    case ClassifierOutput::kSoftmax:
      return at::softmax(scores, 1);
    case ClassifierOutput::kSigmoid:
      return at::sigmoid(scores);
    default:
      return scores;
  }
}

bool Classifier::takes_latent() const { return model_->options.input_is_latent; }
int64_t Classifier::classes() const { return model_->classes; }
bool Classifier::exclusive() const {
  return model_->classes > 1 && model_->output != ClassifierOutput::kSigmoid && !model_->attributes;
}
Tensor Classifier::features(const Tensor& input) const {
  const Tensor images = model_->input(input);
  Tensor features = model_->module.features(images);
  features = features.dim() == 1 ? features.unsqueeze(1) : features.flatten(1);
  if (model_->output != ClassifierOutput::kProbabilities || features.size(1) != model_->classes ||
      !at::equal(features, model_->scores_of(images)))
    return features;
  // Probabilities of a sure classifier lie in the corners of a cube, and all images of a class in one: what
  // they were before softmax or sigmoid tells images apart.
  constexpr double kLeast = 1e-30;  // float32 has smaller ones, but not the sigmoid near 1
  const Tensor p = features.clamp(kLeast, 1);
  return model_->attributes ? p.log() - (1 - p).clamp_min(1e-7).log() : p.log();
}
const std::vector<std::string>& Classifier::class_names() const { return model_->class_names; }
const std::vector<std::string>& Classifier::assumptions() const { return model_->input.assumptions; }
const std::vector<std::string>& Classifier::warnings() const { return model_->input.warnings; }
std::vector<std::string> Classifier::adaptations() const {
  return model_->input.adapter ? model_->input.adapter->steps() : std::vector<std::string>();
}
std::string Classifier::describe() const { return model_->name(); }
const std::filesystem::path& Classifier::file() const { return model_->module.file(); }

bool Classifier::concurrent() const { return model_->module.concurrent(); }
int64_t Classifier::operations_per_point() const { return model_->module.operations_per_point(); }

int64_t Classifier::class_index(const std::string& number_or_name) const {
  const auto& names = model_->class_names;
  const auto named = std::find(names.begin(), names.end(), number_or_name);
  if (named != names.end()) return named - names.begin();
  const int64_t index = read_count(number_or_name).value_or(-1);
  std::string known = join_message("0 to ", classes() - 1);
  bool numbered = true;  // names that are the numbers say nothing more
  for (size_t i = 0; i < names.size(); ++i) numbered = numbered && names[i] == std::to_string(i);
  if (!numbered) {
    known += " or a name: ";
    for (size_t i = 0; i < names.size(); ++i) known += (i ? ", " : "") + names[i];
  }
  LATENTPATH_CHECK(index >= 0 && index < classes(), kArgument, describe(), " has no class '", number_or_name,
                   "'; its ", classes(), classes() == 1 ? " class is " : " classes are ", known,
                   number_or_name.find('@') == std::string::npos
                       ? ""
                       : "; a section of the time, which interpolate and explore take, is FROM-TO behind an "
                         "@, like 8@0.0-0.4");
  return index;
}

std::shared_ptr<Classifier> load_classifier(const std::filesystem::path& file,
                                            const ClassifierOptions& options) {
  return std::make_shared<Classifier>(file, options);
}

namespace {

class FeatureQuality final : public Quality {
 public:
  FeatureQuality(std::shared_ptr<const Classifier> classifier, std::vector<int64_t> favored,
                 std::vector<int64_t> avoided)
      : classifier_(std::move(classifier)), favored_(std::move(favored)), avoided_(std::move(avoided)) {
    LATENTPATH_CHECK(classifier_ && classifier_->classes() > 0, kArgument,
                     classifier_ ? classifier_->describe() : "a classifier",
                     " has not seen the decoder whose outputs it is to judge: call connect(decoder, points, "
                     "output_range) first");
    for (const auto& list : {favored_, avoided_})
      for (const int64_t index : list)
        LATENTPATH_CHECK(index >= 0 && index < classifier_->classes(), kArgument, classifier_->describe(),
                         " has ", classifier_->classes(), " classes; class ", index, " does not exist");
  }

  Tensor evaluate(const QualityPoints& points) const override {
    const Tensor p = classifier_->probabilities(classifier_->takes_latent() ? points.latent : points.decoded);
    Tensor value;
    const auto multiply = [&](const Tensor& factor) { value = value.defined() ? value * factor : factor; };
    if (classifier_->exclusive()) {
      if (!favored_.empty()) multiply(sum_of(p, favored_));
      if (!avoided_.empty()) multiply(1 - sum_of(p, avoided_));
    } else {
      for (const int64_t index : favored_) multiply(p.select(1, index));
      for (const int64_t index : avoided_) multiply(1 - p.select(1, index));
    }
    return value.clamp(0, 1).to(points.latent.device());
  }
  bool needs_decoded() const override { return !classifier_->takes_latent(); }
  bool concurrent() const override { return classifier_->concurrent(); }
  int64_t operations_per_point() const override { return classifier_->operations_per_point(); }
  std::string describe() const override {
    std::string text;
    const auto add = [&](const char* verb, const std::vector<int64_t>& list) {
      for (const int64_t index : list) {
        text += text.empty() ? verb : std::string(", ") + verb;
        const auto& names = classifier_->class_names();
        text += names.empty() ? std::to_string(index) : names[static_cast<size_t>(index)];
      }
    };
    add("favor ", favored_);
    add("avoid ", avoided_);
    return text;
  }

 private:
  static Tensor sum_of(const Tensor& p, const std::vector<int64_t>& indices) {
    Tensor sum = p.select(1, indices[0]);
    for (size_t i = 1; i < indices.size(); ++i) sum = sum + p.select(1, indices[i]);
    return sum;
  }

  std::shared_ptr<const Classifier> classifier_;
  std::vector<int64_t> favored_, avoided_;
};

}  // namespace

QualityPointer class_probability(std::shared_ptr<const Classifier> classifier, int64_t class_index) {
  return feature_quality(std::move(classifier), {class_index}, {});
}

QualityPointer feature_quality(std::shared_ptr<const Classifier> classifier,
                               const std::vector<int64_t>& favored, const std::vector<int64_t>& avoided) {
  LATENTPATH_CHECK(!favored.empty() || !avoided.empty(), kArgument,
                   "a feature needs a class to favour or to avoid");
  return std::make_shared<FeatureQuality>(std::move(classifier), favored, avoided);
}

}  // namespace latentpath
