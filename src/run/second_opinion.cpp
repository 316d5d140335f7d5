#include "latentpath/run/second_opinion.h"

#include <ATen/ATen.h>

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "latentpath/core/random.h"
#include "latentpath/path/initial_path.h"
#include "latentpath/path/time_parametrisation.h"
#include "latentpath/run/classifier_check.h"
#include "metric/evaluate_points.h"
#include "run/json_numbers.h"

namespace latentpath {
namespace {

using detail::number_or_null;
using nlohmann::json;

constexpr int64_t kFrames = 50;
constexpr double kDenied = 0.5;

constexpr int64_t kReference = 2000, kCompared = 500;

/// What is said of the frames of curves, [pairs, F] each; undefined where nobody says it.
struct Opinions {
  Tensor feature, judged, image_rank;
};

/// Of points [pairs, F, D] at `times` [F], one pair at a time: its images need not stay in memory.
Opinions opinions(const PathProblem& problem, const QualityPointer& judged, const ImageRanks* ranks,
                  const Tensor& points, const Tensor& times) {
  const at::NoGradGuard no_gradient;
  std::vector<Tensor> feature, second, images;
  for (int64_t pair = 0; pair < points.size(0); ++pair) {
    const Tensor z = points[pair].to(problem.start.scalar_type());
    const Tensor decoded = (*problem.embedding)(z);
    const QualityPoints here{z, times.to(z.options()), decoded};
    if (judged) {
      feature.push_back(problem.feature->evaluate(here).to(at::kDouble));
      second.push_back(judged->evaluate(here).to(at::kDouble));
    }
    if (ranks != nullptr) images.push_back(ranks->of(decoded));
  }
  const auto stacked = [](const std::vector<Tensor>& rows) {
    return rows.empty() ? Tensor() : at::stack(rows);
  };
  return {stacked(feature), stacked(second), stacked(images)};
}

/// Four digits of every frame's figure.
json profile_of(const Tensor& values) {
  json list = json::array();
  for (int64_t i = 0; i < values.size(0); ++i) {
    list.push_back(number_or_null(std::round(1e4 * values[i].item<double>()) / 1e4));
  }
  return list;
}

/// The three curves of every pair, by their names in the summary.
struct NamedCurve {
  const char* name;
  std::function<Tensor(const Tensor&)> at;
};

std::array<NamedCurve, 3> curves_of(const PathProblem& problem, const PathResult& result) {
  const Tensor start = problem.start.to(at::kDouble), end = problem.end.to(at::kDouble),
               nodes = result.nodes.to(at::kDouble), times = result.times;
  return {{{"path", [=](const Tensor& t) { return interpolate_polyline(nodes, times, t); }},
           {"linear", [=](const Tensor& t) { return linear_path(start, end, t); }},
           {"spherical", [=](const Tensor& t) { return spherical_path(start, end, t); }}}};
}

}  // namespace

Tensor least_rank(const TypicalityRank& rank, const std::function<Tensor(const Tensor&)>& curve,
                  const Tensor& times) {
  const at::NoGradGuard no_gradient;
  Tensor finer = times;
  for (int halving = 0; halving < 3; ++halving)
    finer = std::get<0>(at::cat({finer, 0.5 * (finer.slice(0, 1) + finer.slice(0, 0, -1))}).sort());
  const Tensor points = curve(finer).to(at::kDouble);
  std::vector<Tensor> least;
  for (int64_t pair = 0; pair < points.size(0); ++pair) least.push_back(rank.rank(points[pair]).min());
  return at::stack(least);
}

Tensor judge_disagreement(const Tensor& feature, const Tensor& judged) {
  return (feature >= kSureProbability).logical_and(judged < kDenied).to(at::kDouble).mean(1);
}

ImageRanks::ImageRanks(const Embedding& decoder, const SecondOpinion& second, at::ScalarType type)
    : features_(second.features) {
  const at::NoGradGuard no_gradient;
  auto generator = make_generator(second.seed + 31);
  const auto images = [&](int64_t count) {
    std::vector<Tensor> parts;
    for (int64_t done = 0; done < count; done += 250)
      parts.push_back(
          features_(decode_points(decoder, second.samples(250, generator).to(type))).to(at::kDouble));
    return at::cat(parts);
  };
  reference_ = images(kReference);
  ordered_ = std::get<0>(nearest(images(kCompared)).sort());
}

Tensor ImageRanks::nearest(const Tensor& features) const {
  return std::get<0>(at::cdist(features, reference_).min(1));
}

Tensor ImageRanks::of(const Tensor& decoded) const {
  const at::NoGradGuard no_gradient;
  const Tensor distance = nearest(features_(decoded).to(at::kDouble)).contiguous();
  const Tensor nearer = at::searchsorted(ordered_, distance);  // of so many the nearest image is nearer
  return 1 - nearer.to(at::kDouble) / static_cast<double>(ordered_.size(0));
}

namespace {

/// What is said of one curve of one pair.
void write_opinions(json& figures, const Opinions& said, const Tensor& disagreement, int64_t pair,
                    bool path) {
  if (said.judged.defined()) {
    figures["mean_judge_probability"] = number_or_null(said.judged[pair].mean().item<double>());
    figures["judge_disagreement"] = number_or_null(disagreement[pair].item<double>());
    if (path) figures["judge_probability"] = profile_of(said.judged[pair]);
  }
  if (said.image_rank.defined()) {
    figures["mean_image_rank"] = number_or_null(said.image_rank[pair].mean().item<double>());
    figures["least_image_rank"] = number_or_null(said.image_rank[pair].min().item<double>());
    if (path) figures["image_rank"] = profile_of(said.image_rank[pair]);
  }
}

}  // namespace

void add_second_opinion(json& summary, const PathProblem& problem, const PathResult& result,
                        const Guard& guard, const SecondOpinion& second) {
  summary["guard"] = guard.state;
  const QualityPointer judged = problem.feature ? second.judged : nullptr;
  std::optional<ImageRanks> ranks;
  if (problem.feature && second.features && second.samples)
    ranks.emplace(*problem.embedding, second, problem.start.scalar_type());
  const Tensor frame_times = uniform_times(kFrames - 1);
  for (const auto& [name, curve] : curves_of(problem, result)) {
    const bool path = std::string(name) == "path";
    Opinions said;
    Tensor least, ends, disagreement;
    if (guard.rank) {
      least = least_rank(*guard.rank, curve, result.times);
      ends = at::minimum(guard.rank->rank(problem.start), guard.rank->rank(problem.end));
    }
    if (judged || ranks)
      said = opinions(problem, judged, ranks ? &*ranks : nullptr, curve(frame_times), frame_times);
    if (judged) disagreement = judge_disagreement(said.feature, said.judged);
    for (int64_t pair = 0; pair < result.nodes.size(0); ++pair) {
      json& figures = summary["pairs"][static_cast<size_t>(pair)][name];
      if (least.defined()) figures["least_guard_rank"] = number_or_null(least[pair].item<double>());
      if (ends.defined() && path) figures["least_end_rank"] = number_or_null(ends[pair].item<double>());
      write_opinions(figures, said, disagreement, pair, path);
    }
  }
}

}  // namespace latentpath
