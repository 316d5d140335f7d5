#include "measurement.h"

#include <opencv2/imgcodecs.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "atomic_file.h"
#include "latentpath/core/error.h"
#include "latentpath/core/random.h"
#include "latentpath/zoo/model_store.h"
#include "rubbish.h"
#include "trainer.h"

namespace latentpath {
namespace {

constexpr uint64_t kMeasurementSeed = 20240601;
constexpr int64_t kSamples = 10000;
constexpr int64_t kTimingBatch = 512;
constexpr int64_t kSide = 16;  // of a picture, in images

torch::jit::Module load_module(const std::filesystem::path& file) {
  try {
    return torch::jit::load(file.string());
  } catch (const c10::Error&) {
    throw Error(ErrorKind::kInput, file.string() + " is not a TorchScript file");
  }
}

/// Four digits are enough for a card, and its text stays the same from run to run.
double rounded(double value) {
  if (value == 0 || !std::isfinite(value)) return value;
  const double unit = std::pow(10.0, std::floor(std::log10(std::abs(value))) - 3);
  const double inverse = std::round(1 / unit);
  return inverse >= 1 ? std::round(value * inverse) / inverse : std::round(value / unit) * unit;
}

Tensor in_chunks(torch::jit::Module& module, const Tensor& inputs) {
  torch::NoGradGuard no_grad;
  std::vector<Tensor> outputs;
  for (const Tensor& chunk : inputs.split(1000)) outputs.push_back(module.forward({chunk}).toTensor());
  return at::cat(outputs);
}

Tensor probabilities(torch::jit::Module& classifier, const Tensor& images) {
  return in_chunks(classifier, images).softmax(1);
}

double mean_confidence(torch::jit::Module& classifier, const Tensor& images) {
  return rounded(std::get<0>(probabilities(classifier, images).max(1)).mean().item<double>());
}

/// The fastest of repeated runs on one thread: the others were disturbed.
double microseconds_per_input(torch::jit::Module& module, const Tensor& inputs) {
  torch::NoGradGuard no_grad;
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  std::vector<double> times;
  for (int run = 0; run < 20; ++run) {
    const auto start = std::chrono::steady_clock::now();
    module.forward({inputs});
    const std::chrono::duration<double, std::micro> passed = std::chrono::steady_clock::now() - start;
    times.push_back(passed.count() / static_cast<double>(inputs.size(0)));
  }
  at::set_num_threads(threads);
  return std::round(*std::min_element(times.begin(), times.end()) * 10) / 10;
}

nlohmann::json measure_decoder(torch::jit::Module& decoder, const std::filesystem::path& classifier_file) {
  nlohmann::json figures;
  const int64_t latent_dim = decoder.attr("latent_dim").toInt();
  const Tensor latents = at::randn({kSamples, latent_dim}, make_generator(kMeasurementSeed), at::kFloat);
  if (!classifier_file.empty()) {
    auto classifier = load_module(classifier_file);
    std::vector<Tensor> parts;
    for (const Tensor& chunk : latents.split(1000))
      parts.push_back(probabilities(classifier, decode_unit(decoder, chunk)));
    const auto [best, label] = at::cat(parts).max(1);
    const Tensor sure = best >= 0.9;
    nlohmann::json shares, sure_shares;
    for (int64_t digit = 0; digit < 10; ++digit) {
      shares.push_back(rounded((label == digit).to(at::kDouble).mean().item<double>()));
      sure_shares.push_back(rounded(((label == digit) & sure).to(at::kDouble).mean().item<double>()));
    }
    figures["judged_by"] = classifier_file.stem().string();
    figures["samples"] = kSamples;
    figures["class_shares"] = shares;
    figures["class_shares_with_probability_above_0.9"] = sure_shares;
    figures["mean_largest_probability"] = rounded(best.mean().item<double>());
    figures["share_with_probability_above_0.9"] = rounded(sure.to(at::kDouble).mean().item<double>());
  }
  figures["microseconds_per_image"] = microseconds_per_input(decoder, latents.narrow(0, 0, kTimingBatch));
  return figures;
}

nlohmann::json measure_classifier(torch::jit::Module& classifier, const Mnist& data) {
  nlohmann::json figures;
  const Tensor digits = unit_images(data.test.images);
  const int64_t count = std::min<int64_t>(digits.size(0), 2000);
  const Tensor some = digits.narrow(0, 0, count);
  const Tensor predicted = probabilities(classifier, digits);
  figures["test_accuracy"] =
      rounded((predicted.argmax(1) == data.test.labels).to(at::kDouble).mean().item<double>());
  at::Generator random = make_generator(kMeasurementSeed);
  // Blends of different digits only.
  const Tensor order = at::randperm(count, random, at::kLong);
  const Tensor labels = data.test.labels.narrow(0, 0, count);
  const Tensor different = (labels != labels.index_select(0, order)).nonzero().squeeze(1);
  figures["mean_largest_probability"] = {
      {"test_digits", rounded(std::get<0>(predicted.max(1)).mean().item<double>())},
      {"uniform_noise", mean_confidence(classifier, uniform_noise(count, random))},
      {"cloud_noise", mean_confidence(classifier, cloud_noise(count, random))},
      {"shuffled_squares", mean_confidence(classifier, shuffled_squares(some, random))},
  };
  if (different.size(0) > 0)
    figures["mean_largest_probability"]["blends"] =
        mean_confidence(classifier, blends(some.index_select(0, different),
                                           some.index_select(0, order).index_select(0, different), random));
  figures["microseconds_per_image"] = microseconds_per_input(
      classifier, digits.narrow(0, 0, std::min<int64_t>(digits.size(0), kTimingBatch)));
  return figures;
}

std::filesystem::path decoder_of(const std::filesystem::path& encoder) {
  const std::string name = encoder.stem().string();
  const auto cut = name.rfind("-encoder");
  if (cut == std::string::npos) return {};
  const auto file = encoder.parent_path() / (name.substr(0, cut) + ".pt");
  return std::filesystem::exists(file) ? file : std::filesystem::path();
}

nlohmann::json measure_encoder(torch::jit::Module& encoder, const std::filesystem::path& file,
                               const Mnist& data) {
  nlohmann::json figures;
  const Tensor digits = unit_images(data.test.images);
  const Tensor codes = in_chunks(encoder, digits);
  nlohmann::json means, deviations;
  for (int64_t i = 0; i < codes.size(1); ++i) {
    means.push_back(rounded(codes.select(1, i).mean().item<double>()));
    deviations.push_back(rounded(codes.select(1, i).std().item<double>()));
  }
  figures["code_means"] = means;
  figures["code_standard_deviations"] = deviations;
  if (const auto decoder_file = decoder_of(file); !decoder_file.empty()) {
    auto decoder = load_module(decoder_file);
    std::vector<Tensor> parts;
    for (const Tensor& chunk : codes.split(1000)) parts.push_back(decode_unit(decoder, chunk));
    figures["reconstruction_mean_square_error"] =
        rounded((at::cat(parts) - digits).square().mean().item<double>());
  }
  figures["microseconds_per_image"] =
      microseconds_per_input(encoder, digits.narrow(0, 0, std::min<int64_t>(digits.size(0), kTimingBatch)));
  return figures;
}

/// @param images [rows·columns, 1, 28, 28] in [0, 1]
void write_grid(const std::filesystem::path& file, const Tensor& images, int64_t rows, int64_t columns) {
  const Tensor framed = at::constant_pad_nd(1 - images.view({rows, columns, 28, 28}), {1, 1, 1, 1}, 0.8);
  const Tensor page = (framed.permute({0, 2, 1, 3}).reshape({rows * 30, columns * 30}) * 255)
                          .round()
                          .to(at::kByte)
                          .contiguous();
  const cv::Mat picture(static_cast<int>(page.size(0)), static_cast<int>(page.size(1)), CV_8UC1,
                        page.data_ptr());
  write_atomically(file, [&](const std::filesystem::path& temporary) {
    LATENTPATH_CHECK(cv::imwrite(temporary.string(), picture), kInput, "cannot write ", file.string());
  });
}

}  // namespace

nlohmann::json measure_model(const std::filesystem::path& model, const Mnist& data,
                             const std::filesystem::path& classifier) {
  auto module = load_module(model);
  if (module.hasattr("class_names")) return measure_classifier(module, data);
  if (module.hasattr("output_range")) return measure_decoder(module, classifier);
  return measure_encoder(module, model, data);
}

void draw_decoder(torch::jit::Module& module, const std::filesystem::path& picture) {
  if (!module.hasattr("output_range")) return;
  const int64_t latent_dim = module.attr("latent_dim").toInt();
  Tensor latents = at::randn({kSide * kSide, latent_dim}, make_generator(kMeasurementSeed), at::kFloat);
  if (latent_dim == 2) {
    const Tensor share = (at::arange(kSide, at::kFloat) + 0.5) / kSide;
    const Tensor quantile = at::erfinv(2 * share - 1) * std::sqrt(2.0);
    latents = at::stack({quantile.repeat({kSide}), (-quantile).repeat_interleave(kSide)}, 1);
  }
  write_grid(picture, decode_unit(module, latents), kSide, kSide);
}

void draw_model(const std::filesystem::path& model, const Mnist& data) {
  auto module = load_module(model);
  auto picture = model;
  picture.replace_extension(".png");
  if (module.hasattr("output_range")) {
    draw_decoder(module, picture);
  } else if (const auto decoder_file = decoder_of(model); !decoder_file.empty()) {
    auto decoder = load_module(decoder_file);
    const int64_t rows = std::min<int64_t>(kSide / 2, data.test.images.size(0) / kSide);
    if (rows == 0) return;
    const Tensor digits = unit_images(data.test.images.narrow(0, 0, rows * kSide));
    const Tensor again = decode_unit(decoder, in_chunks(module, digits));
    // Rows of digits, each with its reconstructions below.
    const Tensor pairs = at::stack({digits.view({rows, kSide, 784}), again.view({rows, kSide, 784})}, 1);
    write_grid(picture, pairs.reshape({2 * rows * kSide, 1, 28, 28}), 2 * rows, kSide);
  }
}

}  // namespace latentpath
