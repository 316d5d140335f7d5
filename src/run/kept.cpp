#include "latentpath/run/kept.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>

#include "latentpath/core/device.h"
#include "latentpath/core/error.h"
#include "latentpath/core/figure_text.h"
#include "latentpath/core/random.h"
#include "latentpath/curve/curve.h"
#include "latentpath/zoo/model_store.h"
#include "run/json_numbers.h"
#include "run/pair_curves.h"

namespace latentpath {
namespace {

using detail::number_or_null;
using detail::short_number;
using nlohmann::json;

/// Samples of the prior by whose features distances are given a measure: two thousand distances.
constexpr int64_t kSamples = 64;
/// Frames of a path at which it is compared with its ends.
constexpr int64_t kFrames = 65;

void check_keep(const KeepOptions& keep) {
  LATENTPATH_CHECK(std::isfinite(keep.keep_scale) && keep.keep_scale >= 0, kArgument,
                   "`keep_scale` must be a number above 0, or 0 for what two samples of the prior are "
                   "apart, not ",
                   keep.keep_scale);
}

OptionTable<KeepOptions> make_table() {
  using O = KeepOptions;
  return OptionTable<O>()
      .group("What the path should be like")
      .add("keep", &O::keep)
      .help("Class (number or name) whose probability stays as it is at the nearer end; repeatable")
      .add("keep-features", &O::keep_features)
      .help(
          "Features that stay near those of the nearer end, such as who somebody is: model FILE or NAME, "
          "images [n, ...] -> [n, F]; its method features where it has one")
      .names_file()
      .add("keep-scale", &O::keep_scale)
      .help("Distance between features that counts as half good")
      .at_least(0)
      .zero("what two samples of the prior are apart, as the median says")
      .add("embedding-features", &O::embedding_features)
      .help(
          "Measure lengths between features of images instead of between images: model FILE or NAME, "
          "likewise")
      .names_file()
      .rule(check_keep);
}

/// A model of features, connected to the decoder.
FeatureModelPointer load_features(const std::string& name, const std::optional<ModelFunction>& function,
                                  const ModelOptions& options, Models& models, uint64_t seed) {
  auto features = function ? std::make_shared<FeatureModel>(TorchScriptModule(*function, "features"))
                           : std::make_shared<FeatureModel>(find_model(name, options.folders), options.dtype,
                                                            options.device);
  auto generator = make_generator(seed);
  features->connect(*models.decoder,
                    at::randn({kSamples, models.decoder->latent_dim()}, generator, at::kFloat),
                    models.decoder->output_range());
  const auto add = [&](auto& list, const std::vector<std::string>& sentences) {
    for (const std::string& sentence : sentences) list.push_back(features->describe() + ": " + sentence);
  };
  add(models.assumptions, features->assumptions());
  add(models.warnings, features->warnings());
  return features;
}

/// The median distance between the features of two samples of the prior.
double typical_distance(const FeatureModel& features, const Embedding& decoder, const Prior& prior,
                        uint64_t seed) {
  const at::NoGradGuard no_gradient;
  auto generator = make_generator(seed + 43);
  const Tensor values = on_host(features(decoder(prior.end_points->sample(kSamples, generator))));
  const double median = at::pdist(values).median().item<double>();
  LATENTPATH_CHECK(median > 0 && std::isfinite(median), kInput, features.describe(),
                   " gives the same features for most samples of the prior: there is nothing to keep; "
                   "`keep_scale` says what distance counts as half good");
  return median;
}

/// Mean over uniform time, largest, and frame by frame.
void write_profile(json& figures, const std::string& name, const Tensor& values) {
  const Tensor at_frames = values.to(at::kDouble).contiguous();
  const int64_t n = at_frames.size(0);
  const double ends = 0.5 * (at_frames[0] + at_frames[n - 1]).item<double>();
  figures["mean_" + name] =
      number_or_null((at_frames.sum().item<double>() - ends) / static_cast<double>(n - 1));
  figures["largest_" + name] = number_or_null(at_frames.max().item<double>());
  json frames = json::array();
  for (int64_t i = 0; i < n; ++i) frames.push_back(short_number(at_frames[i].item<double>()));
  figures[name] = frames;
}

/// What one thing that is kept does along the points [F, D] of a path: [F]; `decoded` are their images.
using Change = std::function<Tensor(const QualityPoints& points)>;

Change change_of(const KeptModels& kept, bool classes) {
  const auto of = classes ? kept.classes->of : features_of(kept.features).of;
  const double unit = classes ? 1 : kept.typical;
  return [of, unit, classes](const QualityPoints& points) {
    const Tensor values = on_host(of(points));
    const Tensor ends = at::stack({values[0], values[values.size(0) - 1]});
    return classes ? change_from_nearer(values, ends) : distance_to_nearer(values, ends) / unit;
  };
}

}  // namespace

const OptionTable<KeepOptions>& keep_option_table() {
  static const OptionTable<KeepOptions> table = make_table();
  return table;
}

QualityPointer KeptModels::quality() const {
  std::vector<QualityPointer> factors;
  if (features) factors.push_back(keep_features(features_of(features), scale));
  if (classes) factors.push_back(keep_probabilities(*classes));
  return factors.empty() ? nullptr : product(std::move(factors));
}

KeptModels load_kept(const KeepOptions& keep, const ModelOptions& options, Models& models, const Prior& prior,
                     uint64_t seed) {
  KeptModels kept;
  if (!keep.keep_features.empty()) {
    kept.features = load_features(keep.keep_features, keep.features_function, options, models, seed);
    kept.typical = typical_distance(*kept.features, *models.decoder, prior, seed);
    kept.scale = keep.keep_scale > 0 ? keep.keep_scale : kept.typical;
  }
  if (!keep.keep.empty()) {
    kept.classes = probabilities_of(models.classifier, class_indices(*models.classifier, "keep", keep.keep));
  }
  if (!keep.embedding_features.empty())
    kept.embedding = load_features(keep.embedding_features, keep.embedding_function, options, models, seed);
  return kept;
}

void add_kept_figures(json& summary, const KeptModels& kept, const PathProblem& problem,
                      const PathResult& result) {
  if (!kept.features && !kept.classes) return;
  const at::NoGradGuard no_gradient;
  json& said = summary["kept"];
  if (kept.features)
    said = {{"features", kept.features->file().filename().string()},
            {"scale", kept.scale},
            {"typical_distance", kept.typical}};
  if (kept.classes) said["classes"] = kept.classes->name;
  const Tensor times = uniform_times(kFrames - 1);
  const Change distance = kept.features ? change_of(kept, false) : Change();
  const Change change = kept.classes ? change_of(kept, true) : Change();
  for (const detail::PairCurve& curve : detail::pair_curves(problem, result)) {
    const Tensor along = curve.at(times);
    for (int64_t pair = 0; pair < along.size(0); ++pair) {
      const Tensor z = along[pair].to(problem.start.scalar_type());
      const QualityPoints points{z, times.to(z.options()), (*problem.embedding)(z)};
      json& figures = summary["pairs"][static_cast<size_t>(pair)][curve.name];
      if (distance) write_profile(figures, "feature_distance", distance(points));
      if (change) write_profile(figures, "class_change", change(points));
    }
  }
}

std::string kept_text(const json& summary) {
  if (!summary.contains("kept")) return {};
  const auto median = [&](const char* curve, const char* figure) {
    const auto value = detail::median_figure(summary, curve, figure);
    return value ? figure_text(*value) : std::string("–");
  };
  const char* of_many = summary.at("pairs").size() == 1 ? "" : "median ";
  const auto line = [&](const char* what, const char* mean, const char* largest) {
    return join_message(what, of_many, "mean ", median("path", mean), " (straight line ",
                        median("linear", mean), ", great circle ", median("spherical", mean), "), largest ",
                        median("path", largest), " (straight line ", median("linear", largest), ")\n");
  };
  std::string text;
  const json& kept = summary["kept"];
  if (kept.contains("features"))
    text +=
        line("distance of the kept features to the nearer end, 1 being that of two samples of the prior: ",
             "mean_feature_distance", "largest_feature_distance");
  if (kept.contains("classes"))
    text += line(
        ("change of what is kept (" + kept["classes"].get<std::string>() + ") from the nearer end: ").c_str(),
        "mean_class_change", "largest_class_change");
  return text;
}

}  // namespace latentpath
