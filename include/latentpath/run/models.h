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
#include "latentpath/models/torchscript_decoder.h"
#include "latentpath/models/torchscript_module.h"
#include "latentpath/run/run_record.h"

namespace latentpath {

struct ModelOptions {
  std::string decoder, classifier;  ///< TorchScript file, or name of a shipped model
  int64_t latent_dim = 0;
  std::string latent_shapes, output_range, input_range, input_mean, input_std, input_shape;
  std::string classifier_input = "image", classifier_output = "auto";
  std::string dtype, device = "cpu";
  /// Where names are sought. Not an option: it belongs to the installation.
  std::vector<std::filesystem::path> folders = {};
};
const OptionTable<ModelOptions>& model_option_table();

/// The models of one job, loaded and connected.
struct Models {
  std::shared_ptr<TorchScriptDecoder> decoder;
  std::shared_ptr<Classifier> classifier;  ///< null where none is named
  std::vector<std::string> assumptions, warnings;
};

/// Loads what the options name. `latent_dim_of_ends` tells the latent size where neither the decoder's file
/// nor an option does; −1 where it cannot.
Models load_models(const ModelOptions& options, uint64_t seed,
                   const std::function<int64_t()>& latent_dim_of_ends = {});

/// The floating type that end points are given to the decoder in.
at::ScalarType latent_dtype(const ModelOptions& options, const TorchScriptDecoder& decoder);

/// What is favoured and avoided as a quality, and its name, like "P(8, not 3)".
struct Feature {
  QualityPointer quality;
  std::string name;
};
Feature make_feature(const std::shared_ptr<const Classifier>& classifier,
                     const std::vector<std::string>& favor, const std::vector<std::string>& avoid);

/// Paths of this machine that the options may have led to.
std::vector<std::string> local_model_paths(const ModelOptions& options);

/// A sentence where the active BLAS is slow: Debian's reference BLAS takes 14 times as long as OpenBLAS for a
/// decoder.
std::optional<std::string> slow_blas();

}  // namespace latentpath
