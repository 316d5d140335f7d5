#include "latentpath/models/feature_model.h"

#include <ATen/ATen.h>

#include <utility>

#include "latentpath/core/error.h"
#include "models/image_input.h"

namespace latentpath {

struct FeatureModel::Model {
  TorchScriptModule module;
  std::string name = {};
  ImageInput input = {};

  /// Of images in its own format.
  Tensor features(const Tensor& images) const {
    const Tensor values = module.features(images);
    LATENTPATH_CHECK(values.dim() >= 1 && values.size(0) == images.size(0), kInput, name, " must map [",
                     images.size(0), ", …] to features [", images.size(0), ", F], not to ",
                     shape_string(values.sizes()));
    LATENTPATH_CHECK(at::isFloatingType(values.scalar_type()), kInput, name, " gives numbers of type ",
                     c10::toString(values.scalar_type()), ": features are real numbers with a derivative");
    return values.dim() == 1 ? values.unsqueeze(1) : values.flatten(1);
  }
};

FeatureModel::FeatureModel(const std::filesystem::path& file, const std::string& dtype,
                           const std::string& device)
    : FeatureModel(TorchScriptModule(file, "features", dtype, device)) {}

FeatureModel::FeatureModel(TorchScriptModule loaded)
    : model_(std::make_unique<Model>(Model{.module = std::move(loaded)})) {
  model_->name = "the features " + model_->module.file().string();
  model_->input.taker = "the features";
  model_->input.name = model_->name;
  model_->input.has_options = false;
  LATENTPATH_CHECK(!model_->module.takes_list(), kInput, model_->name, " must take one tensor, not a list");
  model_->input.read_attributes(model_->module);
}

FeatureModel::~FeatureModel() = default;

void FeatureModel::connect(const Embedding& decoder, const Tensor& points,
                           std::optional<ValueRange> output_range) {
  const at::NoGradGuard no_gradient;
  Model& model = *model_;
  model.input.assumptions = model.module.notes();
  model.input.warnings.clear();
  model.input.adapter.reset();
  const Tensor images = model.input.connect(decoder, points, output_range, model.module,
                                            [&](const Tensor& adapted) { model.features(adapted); });
  const Tensor features = (*this)(images);
  LATENTPATH_CHECK(at::isfinite(features).all().item<bool>(), kNumerical, model.name,
                   " gives NaN or infinite values");
  LATENTPATH_CHECK(features.size(0) < 2 || (features != features[0]).any().item<bool>(), kInput, model.name,
                   " gives the same features for each of ", features.size(0),
                   " images of the decoder: distances between them mean nothing");
}

Tensor FeatureModel::operator()(const Tensor& decoded) const {
  return model_->features(model_->input(decoded)).to(decoded.scalar_type());
}

const std::vector<std::string>& FeatureModel::assumptions() const { return model_->input.assumptions; }
const std::vector<std::string>& FeatureModel::warnings() const { return model_->input.warnings; }
bool FeatureModel::concurrent() const { return model_->module.concurrent(); }
int64_t FeatureModel::operations_per_point() const { return model_->module.operations_per_point(); }
const std::string& FeatureModel::describe() const { return model_->name; }
const std::filesystem::path& FeatureModel::file() const { return model_->module.file(); }

PointFeatures features_of(FeatureModelPointer model) {
  LATENTPATH_CHECK(model != nullptr, kArgument, "features that are to be kept need a model");
  PointFeatures features;
  features.name = model->describe();
  features.concurrent = model->concurrent();
  features.operations_per_point = model->operations_per_point();
  features.of = [model = std::move(model)](const QualityPoints& points) { return (*model)(points.decoded); };
  return features;
}

PointFeatures probabilities_of(std::shared_ptr<const Classifier> classifier, std::vector<int64_t> classes) {
  LATENTPATH_CHECK(classifier != nullptr && !classes.empty(), kArgument,
                   "classes that are to be kept need a classifier");
  PointFeatures kept;
  for (const int64_t index : classes) {
    LATENTPATH_CHECK(index >= 0 && index < classifier->classes(), kArgument, classifier->describe(), " has ",
                     classifier->classes(), " classes; class ", index, " does not exist");
    const auto& names = classifier->class_names();
    kept.name += (kept.name.empty() ? "" : ", ") +
                 (names.empty() ? std::to_string(index) : names[static_cast<size_t>(index)]);
  }
  kept.needs_decoded = !classifier->takes_latent();
  kept.concurrent = classifier->concurrent();
  kept.operations_per_point = classifier->operations_per_point();
  kept.of = [classifier = std::move(classifier),
             which = at::tensor(classes, at::kLong)](const QualityPoints& points) {
    return classifier->probabilities(classifier->takes_latent() ? points.latent : points.decoded)
        .index_select(1, which);
  };
  return kept;
}

namespace {

class FeatureEmbedding final : public Embedding {
 public:
  FeatureEmbedding(FeatureModelPointer model, std::shared_ptr<const Embedding> decoder)
      : model_(std::move(model)), decoder_(std::move(decoder)) {}
  int64_t latent_dim() const override { return decoder_->latent_dim(); }
  std::string describe() const override { return decoder_->describe() + " seen by " + model_->describe(); }
  bool concurrent() const override { return decoder_->concurrent() && model_->concurrent(); }
  int64_t operations_per_point() const override {
    return decoder_->operations_per_point() + model_->operations_per_point();
  }
  BatchLimits batch_limits() const override { return decoder_->batch_limits() & Embedding::batch_limits(); }

 protected:
  Tensor map(const Tensor& z) const override { return (*model_)((*decoder_)(z)); }

 private:
  FeatureModelPointer model_;
  std::shared_ptr<const Embedding> decoder_;
};

}  // namespace

std::shared_ptr<Embedding> embedding_in(FeatureModelPointer model, std::shared_ptr<const Embedding> decoder) {
  LATENTPATH_CHECK(model != nullptr && decoder != nullptr, kArgument,
                   "lengths in a feature space need a model of features and a decoder");
  return std::make_shared<FeatureEmbedding>(std::move(model), std::move(decoder));
}

}  // namespace latentpath
