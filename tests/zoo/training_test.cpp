#include "latentpath/zoo/training.h"

#include <gtest/gtest.h>
#include <torch/script.h>

#include <nlohmann/json.hpp>

#include "latentpath/core/error.h"
#include "latentpath/core/random.h"
#include "latentpath/metric/density.h"
#include "latentpath/models/classifier.h"
#include "latentpath/models/torchscript_decoder.h"
#include "latentpath/zoo/data_set.h"
#include "latentpath/zoo/model_store.h"
#include "synthetic_data.h"

namespace latentpath {
namespace {

using test::message_of;
using test::ScratchFolder;

TrainingOptions small_options(const ScratchFolder& folder, const std::string& file,
                              const std::string& data = "mnist") {
  if (!std::filesystem::exists(folder / data)) test::write_synthetic_data(data, folder / data, 200, 40);
  TrainingOptions options;
  options.data = folder / data;
  options.out = folder / file;
  options.epochs = 5;
  options.batch = 20;
  options.checkpoint_every = 0;
  options.command = "a test";
  return options;
}

std::vector<Tensor> weights_of(const std::filesystem::path& file) {
  std::vector<Tensor> weights;
  const auto module = torch::jit::load(file.string());
  for (const auto& parameter : module.named_parameters()) weights.push_back(parameter.value);
  return weights;
}

void expect_equal_weights(const std::filesystem::path& first, const std::filesystem::path& second) {
  const auto a = weights_of(first), b = weights_of(second);
  ASSERT_EQ(a.size(), b.size());
  ASSERT_FALSE(a.empty());
  for (size_t i = 0; i < a.size(); ++i) EXPECT_TRUE(at::equal(a[i], b[i])) << "tensor " << i;
}

/// Runs a training that is interrupted after some steps, and resumes it.
void train_interrupted(const std::string& name, TrainingOptions options, int64_t steps) {
  const CancellationToken token;
  try {
    train_model(
        name, options,
        [&](const Progress& progress) {
          if (progress.done >= steps) token.cancel();
        },
        token);
    FAIL() << "the training was not interrupted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInterrupted);
  }
  EXPECT_FALSE(std::filesystem::exists(options.out));
  auto checkpoint = options.out;
  checkpoint.replace_extension(".checkpoint");
  EXPECT_TRUE(std::filesystem::exists(checkpoint));
  options.resume = true;
  train_model(name, options);
  EXPECT_FALSE(std::filesystem::exists(checkpoint));
}

TEST(Training, Autoencoder) {
  const ScratchFolder folder;
  const TrainingOptions options = small_options(folder, "vae.pt");
  const TrainingSummary summary = train_model("mnist-vae-8", options);
  EXPECT_EQ(summary.steps, 50);
  EXPECT_LT(summary.last_loss, 0.8 * summary.first_loss);
  ASSERT_EQ(summary.files.size(), 2);
  EXPECT_EQ(summary.files[1], folder / "vae-encoder.pt");

  auto decoder = torch::jit::load(summary.files[0].string());
  EXPECT_EQ(decoder.attr("latent_dim").toInt(), 8);
  EXPECT_EQ(decoder.attr("output_range").toDoubleVector(), (std::vector<double>{0, 1}));
  EXPECT_EQ(decoder.attr("prior").toStringRef(), "normal");
  EXPECT_EQ(decoder.attr("name").toStringRef(), "mnist-vae-8");
  const Tensor images = decoder.forward({at::randn({3, 8})}).toTensor();
  EXPECT_EQ(images.sizes(), (std::vector<int64_t>{3, 1, 28, 28}));

  auto encoder = torch::jit::load(summary.files[1].string());
  EXPECT_EQ(encoder.attr("latent_dim").toInt(), 8);
  EXPECT_EQ(encoder.attr("input_range").toDoubleVector(), (std::vector<double>{0, 1}));
  EXPECT_EQ(encoder.attr("input_shape").toIntVector(), (std::vector<int64_t>{1, 28, 28}));
  EXPECT_EQ(encoder.forward({images}).toTensor().sizes(), (std::vector<int64_t>{3, 8}));

  const auto card = read_card(summary.files[0]);
  EXPECT_EQ(card["kind"], "decoder");
  EXPECT_EQ(card["sha256"], file_sha256(summary.files[0]));
  EXPECT_EQ(card["command"], "a test");
  EXPECT_EQ(card["fitted_prior"]["sha256"], file_sha256(folder / "vae-prior.json"));
  EXPECT_TRUE(std::filesystem::exists(folder / "vae.png"));
  EXPECT_TRUE(std::filesystem::exists(folder / "vae-encoder.png"));

  // Same seed, same bytes, whatever the file's name; another seed, others.
  TrainingOptions again = small_options(folder, "again.pt");
  train_model("mnist-vae-8", again);
  EXPECT_EQ(file_sha256(folder / "vae.pt"), file_sha256(folder / "again.pt"));
  again.seed = 2;
  train_model("mnist-vae-8", again);
  EXPECT_FALSE(at::equal(weights_of(folder / "vae.pt")[0], weights_of(folder / "again.pt")[0]));

  train_interrupted("mnist-vae-8", small_options(folder, "resumed.pt"), 30);
  expect_equal_weights(folder / "vae.pt", folder / "resumed.pt");
}

TEST(Training, GenerativeAdversarialNetwork) {
  const ScratchFolder folder;
  TrainingOptions options = small_options(folder, "gan.pt");
  const Tensor truth = load_data_set("mnist", options.data).train.images.to(at::kFloat).mean(0) / 127.5 - 1;
  const auto distance_after = [&](int64_t epochs) {
    options.epochs = epochs;
    train_model("mnist-dcgan-2", options);
    auto decoder = torch::jit::load(options.out.string());
    torch::NoGradGuard no_grad;
    const Tensor images = decoder.forward({at::randn({500, 2}, make_generator(9), at::kFloat)}).toTensor();
    EXPECT_EQ(images.sizes(), (std::vector<int64_t>{500, 1, 28, 28}));
    EXPECT_LE(images.abs().max().item<double>(), 1);
    return (images.mean(0) - truth).square().mean().item<double>();
  };
  // Neither loss of the game need fall: the mean image has to come near the data's.
  const double early = distance_after(1);
  const double late = distance_after(6);
  EXPECT_LT(late, 0.5 * early);

  const auto decoder = torch::jit::load(options.out.string());
  EXPECT_EQ(decoder.attr("latent_dim").toInt(), 2);
  EXPECT_EQ(decoder.attr("output_range").toDoubleVector(), (std::vector<double>{-1, 1}));
  EXPECT_EQ(decoder.attr("prior").toStringRef(), "normal");
  for (const auto& buffer : decoder.named_buffers()) ADD_FAILURE() << "a buffer is left: " << buffer.name;

  TrainingOptions resumed = options;
  resumed.out = folder / "resumed.pt";
  train_interrupted("mnist-dcgan-2", resumed, 40);
  expect_equal_weights(options.out, resumed.out);
}

TEST(Training, ClassifierWithSamplesOfADecoder) {
  const ScratchFolder folder;
  TrainingOptions decoder = small_options(folder, "decoder.pt");
  decoder.epochs = 2;
  train_model("mnist-vae-8", decoder);

  TrainingOptions options = small_options(folder, "classifier.pt");
  const TrainingSummary without = train_model("mnist-classifier", options);
  EXPECT_LT(without.last_loss, 0.9 * without.first_loss);
  // Samples come with the second part of training, and with them uniform targets, whose loss is never zero.
  options.samples_from = {folder / "decoder.pt"};
  const TrainingSummary summary = train_model("mnist-classifier", options);
  auto classifier = torch::jit::load(summary.files[0].string());
  EXPECT_EQ(classifier.attr("output_kind").toStringRef(), "logits");
  EXPECT_EQ(classifier.attr("class_names").toListRef().size(), 10);
  EXPECT_EQ(classifier.attr("input_range").toDoubleVector(), (std::vector<double>{0, 1}));
  EXPECT_EQ(classifier.attr("input_shape").toIntVector(), (std::vector<int64_t>{1, 28, 28}));
  EXPECT_EQ(classifier.forward({at::zeros({3, 1, 28, 28})}).toTensor().sizes(),
            (std::vector<int64_t>{3, 10}));
  EXPECT_TRUE(read_card(summary.files[0])["figures"].contains("test_accuracy"));

  // Interrupted where samples are already in use: they are part of the checkpoint.
  options.out = folder / "resumed.pt";
  train_interrupted("mnist-classifier", options, 35);
  expect_equal_weights(folder / "classifier.pt", folder / "resumed.pt");

  // With a classifier, a decoder's card tells what its samples are.
  refresh_card(folder / "decoder.pt", folder / "mnist", folder / "classifier.pt");
  EXPECT_EQ(read_card(folder / "decoder.pt")["figures"]["class_shares"].size(), 10);
}

TEST(Training, FacesWithASemicirclePrior) {
  const ScratchFolder folder;
  TrainingOptions options = small_options(folder, "gan.pt", "faces");
  options.epochs = 4;
  train_model("faces-dcgan-8-semicircle", options);
  auto decoder = torch::jit::load(options.out.string());
  EXPECT_EQ(decoder.attr("prior").toStringRef(), "semicircle");
  EXPECT_EQ(read_card(options.out)["prior"], "semicircle");
  EXPECT_EQ(read_card(options.out)["output_shape"], (std::vector<int64_t>{3, 32, 32}));
  const auto prior = density_by_name("semicircle", 8);
  at::Generator random = make_generator(9);
  torch::NoGradGuard no_grad;
  const Tensor images = decoder.forward({prior->sample(200, random).to(at::kFloat)}).toTensor();
  EXPECT_EQ(images.sizes(), (std::vector<int64_t>{200, 3, 32, 32}));
  EXPECT_LE(images.abs().max().item<double>(), 1);
  // The upper edge is white in the data; of an untrained generator its mean is about 0.
  EXPECT_GT(images.slice(2, 0, 4).mean().item<double>(), 0.15);
}

TEST(Training, AutoencodersOfFaces) {
  const ScratchFolder folder;
  for (const char* name : {"faces-wae-64", "faces-vae-16"}) {
    const TrainingOptions options = small_options(folder, std::string(name) + ".pt", "faces");
    const TrainingSummary summary = train_model(name, options);
    EXPECT_LT(summary.last_loss, 0.8 * summary.first_loss) << name;
    ASSERT_EQ(summary.files.size(), 2);
    auto decoder = torch::jit::load(summary.files[0].string());
    auto encoder = torch::jit::load(summary.files[1].string());
    const int64_t latent_dim = decoder.attr("latent_dim").toInt();
    EXPECT_EQ(latent_dim, name == std::string("faces-wae-64") ? 64 : 16);
    EXPECT_EQ(encoder.attr("latent_dim").toInt(), latent_dim);
    EXPECT_EQ(encoder.attr("input_shape").toIntVector(), (std::vector<int64_t>{3, 32, 32}));
    EXPECT_EQ(decoder.attr("prior").toStringRef(), "normal");
    torch::NoGradGuard no_grad;
    const Tensor images = load_data_set("faces", options.data).test.images.to(at::kFloat).div(255);
    const Tensor codes = encoder.forward({images}).toTensor();
    EXPECT_EQ(codes.sizes(), (std::vector<int64_t>{40, latent_dim}));
    EXPECT_EQ(decoder.forward({codes}).toTensor().sizes(), images.sizes());
    for (const torch::jit::Module& module : {decoder, encoder})
      for (const auto& buffer : module.named_buffers()) ADD_FAILURE() << "a buffer is left: " << buffer.name;
    EXPECT_TRUE(std::filesystem::exists(folder / (std::string(name) + "-encoder.png")));
  }
  // The penalty draws the Wasserstein autoencoder's codes towards N(0, I), whose coordinates have the mean
  // square 1.
  auto wae = torch::jit::load((folder / "faces-wae-64-encoder.pt").string());
  const Tensor images = load_data_set("faces", folder / "faces").train.images.to(at::kFloat).div(255);
  const double spread = wae.forward({images}).toTensor().square().mean().item<double>();
  EXPECT_GT(spread, 0.5);
  EXPECT_LT(spread, 2);

  train_interrupted("faces-wae-64", small_options(folder, "resumed.pt", "faces"), 25);
  EXPECT_EQ(file_sha256(folder / "faces-wae-64.pt"), file_sha256(folder / "resumed.pt"));
}

TEST(Training, FlowOnTheCodesOfAnAutoencoder) {
  const ScratchFolder folder;
  train_model("faces-wae-64", small_options(folder, "wae.pt", "faces"));
  const auto options = [&](const std::string& file) {
    TrainingOptions chosen = small_options(folder, file, "faces");
    chosen.autoencoder = folder / "wae.pt";
    chosen.epochs = 30;
    return chosen;
  };
  const TrainingSummary summary = train_model("faces-flow-64", options("flow.pt"));
  EXPECT_LT(summary.last_loss, 0.9 * summary.first_loss);
  ASSERT_EQ(summary.files.size(), 2);
  auto flow = torch::jit::load(summary.files[0].string());
  auto to_latents = torch::jit::load(summary.files[1].string());
  auto to_codes = torch::jit::load((folder / "wae-encoder.pt").string());
  auto from_codes = torch::jit::load((folder / "wae.pt").string());
  EXPECT_EQ(flow.attr("latent_dim").toInt(), 64);
  EXPECT_EQ(flow.attr("output_range").toDoubleVector(), (std::vector<double>{0, 1}));
  EXPECT_EQ(to_latents.attr("latent_dim").toInt(), 64);
  const Tensor images = load_data_set("faces", folder / "faces").test.images.to(at::kFloat).div(255);
  const Tensor codes = to_codes.forward({images}).toTensor(),
               latents = to_latents.forward({images}).toTensor();
  // The encoder goes back through the flow: forth again ends at the codes, and so at their images, but for
  // the steps of the solver, whose error is of second order: twice as many leave at most a third of it.
  const auto flowed = [&](int64_t steps) {
    return flow.get_method("integrate")({latents, 0.0, 1.0, steps}).toTensor();
  };
  EXPECT_LT((flowed(16) - codes).abs().max().item<double>(), 0.1);
  const Tensor exact = flowed(128);
  const double coarse = (flowed(16) - exact).abs().max().item<double>();
  EXPECT_LT((flowed(32) - exact).abs().max().item<double>(), coarse / 3);
  const Tensor decoded = flow.forward({latents}).toTensor();
  EXPECT_TRUE(at::equal(decoded, flow.forward({latents, 16}).toTensor()));
  EXPECT_TRUE(at::equal(decoded, from_codes.forward({flowed(16)}).toTensor()));

  train_interrupted("faces-flow-64", options("resumed.pt"), 25);
  expect_equal_weights(folder / "flow.pt", folder / "resumed.pt");

  TrainingOptions other = options("other.pt");
  other.autoencoder = folder / "absent.pt";
  EXPECT_NE(message_of([&] { train_model("faces-flow-64", other); }).find("absent.pt"), std::string::npos);
  TrainingOptions vae = small_options(folder, "faces-vae-16.pt", "faces");
  train_model("faces-vae-16", vae);
  other.autoencoder = vae.out;
  EXPECT_NE(message_of([&] { train_model("faces-flow-64", other); }).find("has 16 latents"),
            std::string::npos);
  vae.autoencoder = folder / "wae.pt";
  EXPECT_NE(message_of([&] { train_model("faces-vae-16", vae); }).find("it is no flow"), std::string::npos);
}

TEST(Training, ClassifierOfAttributes) {
  const ScratchFolder folder;
  TrainingOptions decoder = small_options(folder, "decoder.pt", "faces");
  decoder.epochs = 1;
  train_model("faces-vae-16", decoder);

  TrainingOptions options = small_options(folder, "attributes.pt", "faces");
  options.samples_from = {folder / "decoder.pt"};
  options.epochs = 6;
  train_model("faces-attributes", options);
  auto classifier = torch::jit::load(options.out.string());
  EXPECT_EQ(classifier.attr("output_kind").toStringRef(), "sigmoid");
  EXPECT_EQ(classifier.attr("class_names").toListRef().size(), 7);
  EXPECT_EQ(classifier.attr("input_shape").toIntVector(), (std::vector<int64_t>{3, 32, 32}));
  const auto card = read_card(options.out);
  EXPECT_EQ(card["class_names"][3], "beard");
  EXPECT_EQ(card["figures"]["test_accuracies"].size(), 7);
  // Guessing gives one half.
  EXPECT_GT(card["figures"]["test_accuracy"].get<double>(), 0.75);

  // Judged by it, a decoder's card tells how often each attribute occurs.
  refresh_card(folder / "decoder.pt", folder / "faces", options.out);
  EXPECT_EQ(read_card(folder / "decoder.pt")["figures"]["class_shares"].size(), 7);

  // As the program reads the file: independent attributes by name.
  const auto read = load_classifier(options.out);
  read->connect(*load_decoder(folder / "decoder.pt"), at::randn({16, 16}), std::nullopt);
  EXPECT_FALSE(read->exclusive());
  EXPECT_EQ(read->class_index("long hair"), 6);
}

TEST(Training, GanOfPoints) {
  const ScratchFolder folder;
  TrainingOptions options;
  options.out = folder / "circle.pt";
  const auto distance_after = [&](int64_t epochs) {
    options.epochs = epochs;
    train_model("circle-gan-2", options);
    const auto figures = read_card(options.out)["figures"];
    EXPECT_LT(figures["mean_distance_between_data"].get<double>(), 0.03);
    return figures["mean_distance_to_data"].get<double>() + figures["mean_distance_of_data"].get<double>();
  };
  const double at_first = distance_after(1);
  EXPECT_LT(distance_after(20), 0.6 * at_first);
  auto decoder = torch::jit::load(options.out.string());
  EXPECT_FALSE(decoder.hasattr("output_range"));
  EXPECT_EQ(decoder.forward({at::zeros({5, 2})}).toTensor().sizes(), (std::vector<int64_t>{5, 2}));
  EXPECT_TRUE(std::filesystem::exists(folder / "circle.png"));
  EXPECT_EQ(read_card(options.out)["output_shape"], std::vector<int64_t>{2});

  train_interrupted(
      "circle-gan-2",
      [&] {
        TrainingOptions resumed = options;
        resumed.out = folder / "resumed.pt";
        return resumed;
      }(),
      60);
  expect_equal_weights(folder / "circle.pt", folder / "resumed.pt");

  options.data = folder.path();
  EXPECT_EQ(message_of([&] { train_model("circle-gan-2", options); }),
            "`data` cannot be given for circle-gan-2: its points are drawn, not read");
}

TEST(Training, GarmentsShareTheRecipesOfDigits) {
  const ScratchFolder folder;
  TrainingOptions options = small_options(folder, "garments.pt", "fashion");
  options.epochs = 8;
  const TrainingSummary summary = train_model("fashion-classifier", options);
  EXPECT_LT(summary.last_loss, 0.9 * summary.first_loss);
  EXPECT_EQ(read_card(options.out)["class_names"][9], "ankle boot");
  EXPECT_NE(read_card(options.out)["data"].get<std::string>().find("Fashion-MNIST"), std::string::npos);
}

TEST(Training, RefusesBadArguments) {
  const ScratchFolder folder;
  const auto message = [&](const std::string& name, const std::function<void(TrainingOptions&)>& change) {
    TrainingOptions options = small_options(folder, "x.pt");
    change(options);
    return message_of([&] { train_model(name, options); });
  };
  EXPECT_NE(message("mnist", [](auto&) {}).find("there is no recipe for 'mnist' (recipes: mnist-dcgan-2"),
            std::string::npos);
  EXPECT_EQ(message("mnist-vae-8", [](auto& o) { o.epochs = -1; }),
            "`epochs` must not be negative, and is -1");
  EXPECT_EQ(message("mnist-vae-8", [](auto& o) { o.batch = 1; }),
            "`batch` must be at least 2, or be 0 (the recipe's), not 1");
  EXPECT_EQ(message("mnist-vae-8", [](auto& o) { o.batch = 500; }),
            "`batch` is 500: the data set has only 200 images");
  EXPECT_EQ(message("mnist-vae-8", [](auto& o) { o.threads = 0; }),
            "`threads` must lie between 1 and 1024, not at 0");
  EXPECT_EQ(message("mnist-vae-8", [](auto& o) { o.out = "x"; }), "`out` is 'x': it must end in .pt");
  EXPECT_NE(message("mnist-vae-8", [](auto& o) { o.resume = true; }).find("there is no checkpoint"),
            std::string::npos);
  EXPECT_NE(message("mnist-classifier", [&](auto& o) { o.samples_from = {folder / "absent.pt"}; })
                .find("is not a TorchScript file"),
            std::string::npos);
  // A decoder of other images than the classifier's.
  TrainingOptions faces = small_options(folder, "faces.pt", "faces");
  faces.epochs = 1;
  train_model("faces-vae-16", faces);
  EXPECT_NE(message("mnist-classifier", [&](auto& o) { o.samples_from = {folder / "faces.pt"}; })
                .find("draws images of shape [3, 32, 32] and those of MNIST are of shape [1, 28, 28]"),
            std::string::npos);
  test::write_bytes(folder / "x.checkpoint", "not a checkpoint");
  EXPECT_NE(message("mnist-vae-8", [](auto& o) { o.resume = true; }).find("is not a checkpoint"),
            std::string::npos);
}

}  // namespace
}  // namespace latentpath
