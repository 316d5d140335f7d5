#pragma once
// What the training loop knows of a model: steps, its state, and the files it becomes.

#include <torch/script.h>
#include <torch/torch.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "latentpath/core/value_range.h"
#include "latentpath/zoo/data_set.h"
#include "latentpath/zoo/network.h"

namespace latentpath {

/// A finished model, before it is a file.
struct TrainedModel {
  std::string name;
  std::string kind;  ///< decoder, classifier, encoder
  torch::jit::Module module;
};

/// What a trainer is to make.
struct ModelTask {
  std::string name;
  DataSetFacts facts;
  int64_t latent_dim = 0;        ///< 0 for classifiers
  std::string prior = "normal";  ///< of the latents
  Tensor class_shares;           ///< float [classes], of the training images
};

struct Epoch {
  int64_t index = 0;   ///< from 0
  int64_t count = 0;   ///< of the whole training
  int64_t images = 0;  ///< of the data set
};

class Trainer {
 public:
  virtual ~Trainer() = default;

  /// Called before the first step of an epoch, not when resuming inside one.
  virtual void begin_epoch(const Epoch& /*epoch*/, at::Generator /*generator*/) {}

  /// One optimisation step.
  /// @param images    uint8 [batch, channels, side, side], or points, float [batch, coordinates]
  /// @param labels    int64 [batch], or [batch, classes] of attributes
  /// @param progress  0 at the first step, below 1 at the last one
  /// @return the loss
  virtual double step(const Tensor& images, const Tensor& labels, double progress,
                      at::Generator generator) = 0;

  /// Further figures for people, for example "discriminator 1.31".
  virtual std::string status() const { return {}; }

  virtual void save(torch::serialize::OutputArchive& archive) const = 0;
  virtual void load(torch::serialize::InputArchive& archive) = 0;

  /// The models as they are now; training can go on afterwards.
  virtual std::vector<TrainedModel> models(at::Generator generator) = 0;
};

std::unique_ptr<Trainer> make_gan_trainer(const ModelTask& task, at::Generator generator);
std::unique_ptr<Trainer> make_point_gan_trainer(const ModelTask& task, at::Generator generator);
std::unique_ptr<Trainer> make_vae_trainer(const ModelTask& task, at::Generator generator);
std::unique_ptr<Trainer> make_wae_trainer(const ModelTask& task, at::Generator generator);
/// Of the codes of the decoder `autoencoder`, beside which lies its encoder.
std::unique_ptr<Trainer> make_flow_trainer(const ModelTask& task, const std::filesystem::path& autoencoder,
                                           at::Generator generator);
std::unique_ptr<Trainer> make_classifier_trainer(const ModelTask& task,
                                                 const std::vector<std::filesystem::path>& decoders,
                                                 at::Generator generator);
/// A classifier to compare another one with: other layers, no samples of decoders; its file also has the
/// method `features`, the values before the last layer.
std::unique_ptr<Trainer> make_judge_trainer(const ModelTask& task, at::Generator generator);

// Shared by the trainers.

/// From `inputs` features to images: two fully connected layers with batch normalisation, then two transposed
/// convolutions over `fine` channels; `last` makes the values.
std::vector<Layer> upsampling_layers(const DataSetFacts& facts, int64_t inputs, int64_t fine,
                                     const std::string& last);

/// uint8 [n, channels, side, side] → float in [0, 1]
Tensor unit_images(const Tensor& bytes);

void save_network(torch::serialize::OutputArchive& archive, const std::string& key, const Network& network);
void load_network(torch::serialize::InputArchive& archive, const std::string& key, Network& network);
void save_optimizer(torch::serialize::OutputArchive& archive, const std::string& key,
                    const torch::optim::Adam& optimizer);
void load_optimizer(torch::serialize::InputArchive& archive, const std::string& key,
                    torch::optim::Adam& optimizer);

/// A number of steps.
void save_count(torch::serialize::OutputArchive& archive, const std::string& key, int64_t count);
int64_t load_count(torch::serialize::InputArchive& archive, const std::string& key);

/// Of either side of a GAN.
torch::optim::AdamOptions gan_adam_options();

/// Sets the gradients of the loss with respect to these parameters alone, and steps.
void descend(const Tensor& loss, const std::vector<Tensor>& parameters, torch::optim::Adam& optimizer,
             double learning_rate);

/// Moves the exponential average of the parameters, of decay 0.999, in step number `steps` (from 1); the
/// first steps count for more.
void update_average(const std::vector<Tensor>& average, const std::vector<Tensor>& now, int64_t steps);

/// Throws Error(kInput) for what is no TorchScript file.
torch::jit::Module load_module(const std::filesystem::path& file);

/// 1 for the first half, then linear to nearly 0: an average of weights settles on one solution.
double constant_then_linear_schedule(double progress);

/// One half of a cosine from 1 to 0, after a linear rise over the first 2 %.
double cosine_schedule(double progress);

/// Adds the attributes of design §3 that let programs use a file without options; points have no range.
void describe_decoder(torch::jit::Module& module, const ModelTask& task, std::optional<ValueRange> range,
                      int64_t work);
void describe_image_input(torch::jit::Module& module, const DataSetFacts& facts, int64_t work);

/// A decoder file's samples for the given latents, in [0, 1]: float [n, channels, side, side].
Tensor decode_unit(torch::jit::Module& decoder, const Tensor& latents);

}  // namespace latentpath
