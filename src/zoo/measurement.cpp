#include "zoo/measurement.h"

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "latentpath/core/error.h"
#include "latentpath/core/random.h"
#include "latentpath/io/file.h"
#include "latentpath/zoo/model_store.h"
#include "zoo/out_of_distribution.h"
#include "zoo/prior.h"
#include "zoo/trainer.h"

namespace latentpath {
namespace {

constexpr uint64_t kMeasurementSeed = 20240601;
constexpr int64_t kSamples = 10000;
constexpr int64_t kTimingBatch = 512;
constexpr int64_t kSide = 16;  // of a picture, in images

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

bool has_exclusive_classes(const torch::jit::Module& classifier) {
  return classifier.attr("output_kind").toStringRef() != "sigmoid";
}

Tensor probabilities(torch::jit::Module& classifier, const Tensor& images) {
  const Tensor logits = in_chunks(classifier, images);
  return has_exclusive_classes(classifier) ? logits.softmax(1) : logits.sigmoid();
}

/// How sure rows of probabilities are: of the likeliest class [n], or of each attribute or its absence [n,
/// C].
Tensor confidence(const torch::jit::Module& classifier, const Tensor& rows) {
  return has_exclusive_classes(classifier) ? std::get<0>(rows.max(1)) : at::maximum(rows, 1 - rows);
}

double mean_confidence(torch::jit::Module& classifier, const Tensor& images) {
  return rounded(confidence(classifier, probabilities(classifier, images)).mean().item<double>());
}

double mean_of(const Tensor& values) { return rounded(values.to(at::kDouble).mean().item<double>()); }

TrainingLatents prior_of(const torch::jit::Module& decoder) {
  return {decoder.attr("prior").toStringRef(), decoder.attr("latent_dim").toInt()};
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

/// What the classifier says of what the decoder makes of latents: [n, C].
Tensor judged(torch::jit::Module& classifier, torch::jit::Module& decoder, const Tensor& latents) {
  std::vector<Tensor> parts;
  for (const Tensor& chunk : latents.split(1000))
    parts.push_back(probabilities(classifier, decode_unit(decoder, chunk)));
  return at::cat(parts);
}

/// The share of rows [n, C] with a class, or all attributes and absences, of a probability of 0.9 or more.
double surely_judged(const torch::jit::Module& classifier, const Tensor& rows) {
  const Tensor sure = confidence(classifier, rows) >= 0.9;
  return mean_of(has_exclusive_classes(classifier) ? sure : sure.all(1));
}

/// Half-way between prior samples, where no path has been: on the straight line [n/2, D], and on the great
/// circle between the directions with the mean of the norms.
std::pair<Tensor, Tensor> midpoints(const Tensor& latents) {
  const auto halves = latents.chunk(2);
  const Tensor middle = 0.5 * (halves[0] + halves[1]);
  const auto norm = [](const Tensor& z) { return z.norm(2, 1, true); };
  const auto direction = [&](const Tensor& z) { return z / norm(z).clamp_min(1e-12); };
  const Tensor between = direction(direction(halves[0]) + direction(halves[1]));
  return {middle, between * (0.5 * (norm(halves[0]) + norm(halves[1])))};
}

bool is_decoder(const torch::jit::Module& module) { return module.hasattr("prior"); }

/// How far samples are from the data, and the data from samples: means of the distances to the nearest of as
/// many others, with what two halves of the data give.
nlohmann::json measure_point_decoder(torch::jit::Module& decoder, const DataSet& data) {
  const torch::NoGradGuard no_gradient;
  const Tensor points = data.test.images;
  const int64_t count = points.size(0);
  const Tensor samples =
      decoder.forward({prior_of(decoder).sample(count, make_generator(kMeasurementSeed))}).toTensor();
  const auto nearest = [](const Tensor& from, const Tensor& to) {
    return mean_of(std::get<0>(at::cdist(from, to).min(1)));
  };
  return {{"samples", count},
          {"mean_distance_to_data", nearest(samples, points)},
          {"mean_distance_of_data", nearest(points, samples)},
          {"mean_distance_between_data", nearest(data.train.images.narrow(0, 0, count), points)}};
}

nlohmann::json measure_decoder(torch::jit::Module& decoder, const std::filesystem::path& classifier_file) {
  nlohmann::json figures;
  const Tensor latents = prior_of(decoder).sample(kSamples, make_generator(kMeasurementSeed));
  if (!classifier_file.empty()) {
    auto classifier = load_module(classifier_file);
    const Tensor rows = judged(classifier, decoder, latents);
    const Tensor certainty = confidence(classifier, rows);
    const bool exclusive = has_exclusive_classes(classifier);
    nlohmann::json shares, sure_shares;
    for (int64_t index = 0; index < rows.size(1); ++index) {
      const Tensor has = exclusive ? rows.argmax(1) == index : rows.select(1, index) >= 0.5;
      const Tensor sure = (exclusive ? certainty : rows.select(1, index)) >= 0.9;
      shares.push_back(mean_of(has));
      sure_shares.push_back(mean_of(has & sure));
    }
    figures["judged_by"] = classifier_file.stem().string();
    figures["samples"] = kSamples;
    figures["class_shares"] = shares;
    figures["class_shares_with_probability_above_0.9"] = sure_shares;
    figures["mean_largest_probability"] = mean_of(certainty);
    figures["share_with_probability_above_0.9"] = mean_of(certainty >= 0.9);
    const auto [straight, great_circle] = midpoints(latents);
    figures["share_surely_judged"] = {
        {"samples", surely_judged(classifier, rows)},
        {"straight_midpoints", surely_judged(classifier, judged(classifier, decoder, straight))},
        {"great_circle_midpoints", surely_judged(classifier, judged(classifier, decoder, great_circle))}};
  }
  figures["microseconds_per_image"] = microseconds_per_input(decoder, latents.narrow(0, 0, kTimingBatch));
  return figures;
}

nlohmann::json measure_classifier(torch::jit::Module& classifier, const DataSet& data) {
  nlohmann::json figures;
  const bool exclusive = data.facts.exclusive;
  const Tensor images = unit_images(data.test.images);
  const int64_t count = std::min<int64_t>(images.size(0), 2000);
  const Tensor some = images.narrow(0, 0, count);
  const Tensor predicted = probabilities(classifier, images);
  const Tensor right =
      exclusive ? predicted.argmax(1) == data.test.labels : (predicted >= 0.5) == (data.test.labels > 0);
  figures["test_accuracy"] = mean_of(right);
  if (!exclusive)
    for (int64_t index = 0; index < right.size(1); ++index) {
      figures["test_accuracies"].push_back(mean_of(right.select(1, index)));
      figures["test_shares"].push_back(mean_of(data.test.labels.select(1, index)));
    }
  at::Generator random = make_generator(kMeasurementSeed);
  // Blends of images that have nothing in common but what neither has.
  const Tensor order = at::randperm(count, random, at::kLong);
  const Tensor labels = data.test.labels.narrow(0, 0, count);
  const Tensor others = labels.index_select(0, order);
  const Tensor different =
      (exclusive ? labels != others : ((labels * others).sum(1) == 0)).nonzero().squeeze(1);
  figures["mean_largest_probability"] = {
      {"test_images", mean_of(confidence(classifier, predicted))},
      {"uniform_noise", mean_confidence(classifier, uniform_noise(count, data.facts, random))},
      {"cloud_noise", mean_confidence(classifier, cloud_noise(count, data.facts, random))},
      {"shuffled_squares", mean_confidence(classifier, shuffled_squares(some, random))},
  };
  if (different.size(0) > 0)
    figures["mean_largest_probability"]["blends"] =
        mean_confidence(classifier, blends(some.index_select(0, different),
                                           some.index_select(0, order).index_select(0, different), random));
  figures["microseconds_per_image"] = microseconds_per_input(
      classifier, images.narrow(0, 0, std::min<int64_t>(images.size(0), kTimingBatch)));
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
                               const DataSet& data) {
  nlohmann::json figures;
  const Tensor images = unit_images(data.test.images);
  const Tensor codes = in_chunks(encoder, images);
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
        rounded((at::cat(parts) - images).square().mean().item<double>());
  }
  figures["microseconds_per_image"] =
      microseconds_per_input(encoder, images.narrow(0, 0, std::min<int64_t>(images.size(0), kTimingBatch)));
  return figures;
}

/// @param images [rows·columns, channels, side, side] in [0, 1]; of one channel, 1 is drawn as ink
void write_grid(const std::filesystem::path& file, const Tensor& images, int64_t rows, int64_t columns) {
  const int64_t channels = images.size(1), side = images.size(2), framed_side = side + 2;
  const Tensor drawn = channels == 1 ? 1 - images : images.flip({1});  // OpenCV has blue first
  const Tensor framed =
      at::constant_pad_nd(drawn.view({rows, columns, channels, side, side}), {1, 1, 1, 1}, 0.8);
  const Tensor page = (framed.permute({0, 3, 1, 4, 2}) * 255)
                          .round()
                          .to(at::kByte)
                          .reshape({rows * framed_side, columns * framed_side, channels})
                          .contiguous();
  const cv::Mat picture(static_cast<int>(page.size(0)), static_cast<int>(page.size(1)),
                        CV_8UC(static_cast<int>(channels)), page.data_ptr());
  write_atomically(file, [&](const std::filesystem::path& temporary) {
    LATENTPATH_CHECK(cv::imwrite(temporary.string(), picture), kArgument, "cannot write ", file.string());
  });
}

/// Data in light blue and samples in black, ±1.5 wide; of points with two coordinates alone.
void draw_points(torch::jit::Module& decoder, const DataSet& data, const std::filesystem::path& file) {
  if (data.facts.coordinates != 2) return;
  const torch::NoGradGuard no_gradient;
  constexpr int kSize = 480, kShift = 4;  // pixels; circles are drawn in sixteenths of one
  constexpr double kReach = 1.5;
  cv::Mat picture(kSize, kSize, CV_8UC3, cv::Scalar(255, 255, 255));
  const auto draw = [&](const Tensor& points, const cv::Scalar& colour) {
    for (int64_t i = 0; i < points.size(0); ++i) {
      const auto place = [&](int64_t axis, double sign) {
        const double share = 0.5 + sign * points[i][axis].item<double>() / (2 * kReach);
        return static_cast<int>(std::lround(share * kSize * (1 << kShift)));
      };
      cv::circle(picture, {place(0, 1), place(1, -1)}, 5 << (kShift - 1), colour, cv::FILLED, cv::LINE_AA,
                 kShift);
    }
  };
  draw(data.test.images, cv::Scalar(230, 200, 150));
  draw(decoder.forward({prior_of(decoder).sample(data.test.images.size(0), make_generator(kMeasurementSeed))})
           .toTensor(),
       cv::Scalar(40, 30, 30));
  write_atomically(file, [&](const std::filesystem::path& temporary) {
    LATENTPATH_CHECK(cv::imwrite(temporary.string(), picture), kArgument, "cannot write ", file.string());
  });
}

}  // namespace

nlohmann::json measure_model(const std::filesystem::path& model, const DataSet& data,
                             const std::filesystem::path& classifier) {
  auto module = load_module(model);
  if (module.hasattr("class_names")) return measure_classifier(module, data);
  if (is_decoder(module))
    return data.facts.of_points() ? measure_point_decoder(module, data) : measure_decoder(module, classifier);
  return measure_encoder(module, model, data);
}

void draw_decoder(torch::jit::Module& module, const DataSet& data, const std::filesystem::path& picture) {
  if (!is_decoder(module)) return;
  if (data.facts.of_points()) return draw_points(module, data, picture);
  const int64_t latent_dim = module.attr("latent_dim").toInt();
  const TrainingLatents prior = prior_of(module);
  Tensor latents = prior.sample(kSide * kSide, make_generator(kMeasurementSeed));
  if (latent_dim == 2 && prior.is_normal()) {
    const Tensor share = (at::arange(kSide, at::kFloat) + 0.5) / kSide;
    const Tensor quantile = at::erfinv(2 * share - 1) * std::sqrt(2.0);
    latents = at::stack({quantile.repeat({kSide}), (-quantile).repeat_interleave(kSide)}, 1);
  }
  write_grid(picture, decode_unit(module, latents), kSide, kSide);
}

void draw_model(const std::filesystem::path& model, const DataSet& data) {
  auto module = load_module(model);
  auto picture = model;
  picture.replace_extension(".png");
  if (is_decoder(module)) {
    draw_decoder(module, data, picture);
  } else if (const auto decoder_file = decoder_of(model); !decoder_file.empty()) {
    auto decoder = load_module(decoder_file);
    const int64_t rows = std::min<int64_t>(kSide / 2, data.test.images.size(0) / kSide);
    if (rows == 0) return;
    const Tensor images = unit_images(data.test.images.narrow(0, 0, rows * kSide));
    const Tensor again = decode_unit(decoder, in_chunks(module, images));
    // Rows of images, each with its reconstructions below.
    const auto in_rows = [&](const Tensor& batch) { return batch.view({rows, kSide, -1}); };
    const Tensor pairs = at::stack({in_rows(images), in_rows(again)}, 1);
    std::vector<int64_t> shape = data.facts.example_shape();
    shape.insert(shape.begin(), 2 * rows * kSide);
    write_grid(picture, pairs.reshape(shape), 2 * rows, kSide);
  }
}

}  // namespace latentpath
