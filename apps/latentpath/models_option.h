#pragma once
// The models a subcommand works with: their options, and how they are loaded and connected.
//
//   struct MyOptions : ModelOptions { … };
//   add_model_options(*command, options);
//   check_model_options(options);
//   Models models = load_models(options, seed);

#include <CLI/CLI.hpp>

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "latentpath/models/torchscript_decoder.h"
#include "latentpath/models/torchscript_module.h"
#include "latentpath/models/classifier.h"

namespace latentpath::program {

struct ModelOptions {
  std::string decoder, classifier;
  int64_t latent_dim = 0;
  std::string latent_shapes, output_range, input_range, input_mean, input_std, input_shape;
  std::string classifier_input = "image", classifier_output = "auto";
  std::string dtype, device = "cpu";
};

/// The models of one call, loaded and connected.
struct Models {
  std::shared_ptr<TorchScriptDecoder> decoder;
  std::shared_ptr<Classifier> classifier;
  std::shared_ptr<TorchScriptModule> encoder;
  std::vector<std::string> assumptions, warnings;
};

/// Registers them, in the group "Models".
void add_model_options(CLI::App& command, ModelOptions& options);

/// Everything that can be refused before a file is read.
void check_model_options(const ModelOptions& options);

/// Loads what the options name. `latent_dim_of_ends` tells the latent size where neither the decoder's file
/// nor an option does; −1 where it cannot.
Models load_models(const ModelOptions& options, uint64_t seed,
                   const std::function<int64_t()>& latent_dim_of_ends = {});

/// The feature of --favor and --avoid as a quality, and its name, like "P(8, not 3)".
struct Feature {
  QualityPointer quality;
  std::string name;
};
Feature make_feature(const std::shared_ptr<const Classifier>& classifier,
                     const std::vector<std::string>& favor, const std::vector<std::string>& avoid);

/// The options as run.json tells them.
void add_model_settings(nlohmann::json& object, const ModelOptions& options);

/// Paths of this machine that the options may have led to: for hide_paths.
std::vector<std::string> local_model_paths(const ModelOptions& options);

/// A sentence where the active BLAS is slow: Debian's reference BLAS takes 14 times as long as OpenBLAS for a
/// decoder.
std::optional<std::string> slow_blas();

/// LibTorch's own warnings concern whoever wrote a model's code, not whoever uses it: silent while this
/// lives.
class NoLibraryWarnings {
 public:
  NoLibraryWarnings();
  ~NoLibraryWarnings();
  NoLibraryWarnings(const NoLibraryWarnings&) = delete;
  NoLibraryWarnings& operator=(const NoLibraryWarnings&) = delete;

 private:
  struct Guard;
  std::unique_ptr<Guard> guard_;
};

void append(std::vector<std::string>& list, const std::vector<std::string>& more);

}  // namespace latentpath::program
