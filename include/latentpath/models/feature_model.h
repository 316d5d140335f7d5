#pragma once
// A model of features, handed over as a file or as a function: images x [n, …] → features f(x) [n, F], of
// which distances mean something: who somebody is, or how different two images look.
//
//   auto identity = std::make_shared<FeatureModel>("identity.pt");
//   identity->connect(*decoder, points, decoder->output_range());     // from the decoder's format to its own
//   QualityPointer same = keep_features(features_of(identity), 4.0);  // metric/kept_features.h
//   PathProblem perceptual = measured_by(problem, embedding_in(identity, decoder));
//
// Of a file with a method `features` that is called, as in shipped judges, of any other its forward; what
// comes out is flattened. Its input is adapted like a classifier's, by the attributes input_range,
// input_mean, input_std and input_shape of the file.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "latentpath/core/value_range.h"
#include "latentpath/metric/embedding.h"
#include "latentpath/metric/kept_features.h"
#include "latentpath/models/classifier.h"
#include "latentpath/models/torchscript_module.h"

namespace latentpath {

class FeatureModel {
 public:
  /// Throws Error(kInput) when the file is missing or is no model of one tensor.
  explicit FeatureModel(const std::filesystem::path& file, const std::string& dtype = {},
                        const std::string& device = "cpu");
  /// A module loaded before, or a function in a module's place.
  explicit FeatureModel(TorchScriptModule module);
  ~FeatureModel();

  /// As Classifier::connect(). Throws Error(kInput) where the model does not take what the decoder gives, or
  /// gives no features, Error(kNumerical) for NaN.
  void connect(const Embedding& decoder, const Tensor& points, std::optional<ValueRange> output_range);

  /// Φ(z) [n, …] → [n, F], once connected.
  Tensor operator()(const Tensor& decoded) const;

  const std::vector<std::string>& assumptions() const;
  const std::vector<std::string>& warnings() const;
  bool concurrent() const;
  int64_t operations_per_point() const;
  /// "the features identity.pt".
  const std::string& describe() const;
  const std::filesystem::path& file() const;

 private:
  struct Model;
  std::unique_ptr<Model> model_;
};

using FeatureModelPointer = std::shared_ptr<const FeatureModel>;

/// As keep_features() takes them.
PointFeatures features_of(FeatureModelPointer model);
/// The probabilities of some classes, as keep_probabilities() takes them. Throws Error(kArgument) for a class
/// that the classifier does not have.
PointFeatures probabilities_of(std::shared_ptr<const Classifier> classifier, std::vector<int64_t> classes);

/// f∘Φ: lengths are then distances of features.
std::shared_ptr<Embedding> embedding_in(FeatureModelPointer model, std::shared_ptr<const Embedding> decoder);

}  // namespace latentpath
