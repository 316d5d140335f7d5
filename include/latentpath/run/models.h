#pragma once
// The models that a job works with: their options, and how they are loaded and connected.
//
//   Models models = load_models({.decoder = "mnist-dcgan-8", .classifier = "mnist-classifier"}, seed);

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "latentpath/core/option_table.h"
#include "latentpath/metric/quality.h"
#include "latentpath/models/classifier.h"
#include "latentpath/models/model_function.h"
#include "latentpath/models/model_signature.h"
#include "latentpath/models/torchscript_decoder.h"
#include "latentpath/models/torchscript_module.h"
#include "latentpath/run/prior.h"
#include "latentpath/run/run_record.h"

namespace latentpath {

struct ModelOptions {
  std::string decoder, classifier;  ///< TorchScript file, or name of a shipped model
  ModelSignature signature;         ///< how the decoder is called
  std::string classifier_method, classifier_tensor;
  int64_t latent_dim = 0;
  std::string latent_shapes, output_range, input_range, input_mean, input_std, input_shape;
  std::string classifier_input = "image", classifier_output = "auto";
  std::string dtype, device = "cpu";
  /// Where names are sought. Not an option: it belongs to the installation.
  std::vector<std::filesystem::path> folders = {};
  /// Models in memory, in the place of files; `decoder`, `classifier` and a job's `judge` are then their
  /// names. No options either.
  std::optional<ModelFunction> decoder_function = {}, classifier_function = {}, judge_function = {};
};
const OptionTable<ModelOptions>& model_option_table();

/// The models of one job, loaded and connected.
struct Models {
  std::shared_ptr<TorchScriptDecoder> decoder;
  StatedPrior prior;                       ///< what the decoder's files say its latents are drawn from
  std::shared_ptr<Classifier> classifier;  ///< null where none is named
  std::shared_ptr<Classifier> judge;       ///< a second one, that nothing optimises; null where there is none
  std::vector<std::string> assumptions;
  std::vector<Warning> warnings;
};

/// Loads what the options name. `shapes_of_ends` gives the shapes that a latent may have by the end points,
/// the likeliest first, for decoders of which neither file nor options tell it
/// (EndPointReader::latent_shapes_of). `memory` in GB as PathOptions have it.
Models load_models(const ModelOptions& options, uint64_t seed,
                   const std::function<std::vector<std::vector<int64_t>>()>& shapes_of_ends = {},
                   double memory = 0);

/// A further classifier, in memory or by its file, connected to the decoder: for a quality of the caller's
/// own. What has to be said of it is added to `models`.
std::shared_ptr<Classifier> connect_classifier(const ModelFunction& function, const ModelOptions& options,
                                               uint64_t seed, Models& models);
std::shared_ptr<Classifier> connect_classifier(const std::string& file, const ModelOptions& options,
                                               uint64_t seed, Models& models);

/// Loads and connects `judge`: `judge_function` where there is one, else a file, a shipped model's name,
/// none, or, where it is empty, NAME-judge.pt beside the classifier's NAME.pt if there is one. What it does
/// not say of its input itself is as the options say of the classifier's.
void load_judge(const ModelOptions& options, const std::string& judge, uint64_t seed, Models& models);

/// The floating type that end points are given to the decoder in.
at::ScalarType latent_dtype(const ModelOptions& options, const TorchScriptDecoder& decoder);

/// The classes that option `field` names, by number. Throws Error(kArgument) for one named twice.
std::vector<int64_t> class_indices(const Classifier& classifier, const char* field,
                                   const std::vector<std::string>& names);

/// "P(8, not 3)"; a class that is asked for by number is called by its name, where there are `names`.
std::string feature_name(const std::vector<std::string>& favor, const std::vector<std::string>& avoid,
                         const std::vector<std::string>& names);

/// What is favoured and avoided as a quality, and its name, like "P(8, not 3)".
struct Feature {
  QualityPointer quality;
  std::string name;
};
Feature make_feature(const std::shared_ptr<const Classifier>& classifier,
                     const std::vector<std::string>& favor, const std::vector<std::string>& avoid);
/// The same asked of a judge, whose classes are those of `classifier`: by name where both have names, else by
/// number. Throws Error(kInput) where it has no such class.
Feature make_feature(const std::shared_ptr<const Classifier>& judge, const std::vector<std::string>& favor,
                     const std::vector<std::string>& avoid, const Classifier& classifier);

/// Paths of this machine that the options may have led to.
std::vector<std::string> local_model_paths(const ModelOptions& options);

/// A sentence where the active BLAS is slow, as the reference implementation is, which takes many times as
/// long for a decoder.
std::optional<Warning> slow_blas();

}  // namespace latentpath
