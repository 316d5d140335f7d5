#include "latentpath/run/second_opinion.h"

#include <ATen/ATen.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "latentpath/core/device.h"
#include "latentpath/core/random.h"
#include "latentpath/path/time_parametrisation.h"
#include "latentpath/run/classifier_check.h"
#include "metric/evaluate_points.h"
#include "run/json_numbers.h"
#include "run/pair_curves.h"

namespace latentpath {
namespace {

using detail::number_or_null;
using nlohmann::json;

constexpr int64_t kFrames = 50;
constexpr double kDenied = 0.5;

constexpr int64_t kReference = 2000, kCompared = 500;
constexpr double kSame = 1e-6;  // of the spread of features: less is rounding

/// What is said of the frames of curves, [pairs, F] each; undefined where nobody says it.
struct Opinions {
  Tensor feature, judged, image, cycle, cycle_error, less_strange;
};

/// Of points [pairs, F, D] at `times` [F], one pair at a time: its images need not stay in memory.
Opinions opinions(const PathProblem& problem, const QualityPointer& judged, const SampleRanks* ranks,
                  const Tensor& points, const Tensor& times) {
  const at::NoGradGuard no_gradient;
  std::vector<Tensor> feature, second, images, cycles, errors, strangeness;
  const auto add = [](std::vector<Tensor>& rows, const Tensor& row) {
    if (row.defined()) rows.push_back(row);
  };
  for (int64_t pair = 0; pair < points.size(0); ++pair) {
    const Tensor z = points[pair].to(problem.start.scalar_type());
    const Tensor decoded = (*problem.embedding)(z);
    const QualityPoints here{z, times.to(z.options()), decoded};
    if (judged) {
      feature.push_back(problem.feature->evaluate(here).to(at::kDouble));
      second.push_back(judged->evaluate(here).to(at::kDouble));
    }
    if (ranks == nullptr) continue;
    const SampleRanks::Ranks of_pair = ranks->of(z, decoded);
    add(images, of_pair.image);
    add(cycles, of_pair.cycle);
    add(errors, of_pair.cycle_error);
    add(strangeness, of_pair.less_strange);
  }
  const auto stacked = [](const std::vector<Tensor>& rows) {
    return rows.empty() ? Tensor() : at::stack(rows);
  };
  return {stacked(feature), stacked(second), stacked(images),
          stacked(cycles),  stacked(errors), stacked(strangeness)};
}

/// Four digits of every frame's figure.
json profile_of(const Tensor& values) {
  json list = json::array();
  for (int64_t i = 0; i < values.size(0); ++i) {
    list.push_back(number_or_null(std::round(1e4 * values[i].item<double>()) / 1e4));
  }
  return list;
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

namespace {

/// The share of ascending values that are as large or larger.
Tensor share_as_large(const Tensor& ascending, const Tensor& values) {
  const Tensor smaller = at::searchsorted(ascending, values.contiguous());
  return 1 - smaller.to(at::kDouble) / static_cast<double>(ascending.size(0));
}

Tensor ascending(const Tensor& values) { return std::get<0>(values.sort()).contiguous(); }

Tensor lower(const Tensor& a, const Tensor& b) { return a.defined() ? at::minimum(a, b) : b; }

}  // namespace

SampleRanks::SampleRanks(std::shared_ptr<const Embedding> decoder, TypicalityRankPointer rank,
                         const SecondOpinion& second, at::ScalarType type)
    : decoder_(std::move(decoder)),
      rank_(std::move(rank)),
      features_(second.features),
      encode_(second.encode) {
  const at::NoGradGuard no_gradient;
  constexpr int64_t kBatch = 250;
  auto generator = make_generator(second.seed + 31);
  const auto draw = [&] { return second.samples(kBatch, generator).to(type); };
  if (features_) {
    std::vector<Tensor> parts;
    for (int64_t done = 0; done < kReference; done += kBatch)
      parts.push_back(on_host(features_(decode_points(*decoder_, draw()))));
    reference_ = at::cat(parts);
  }
  std::vector<Tensor> latents, images, distances, errors;
  for (int64_t done = 0; done < kCompared; done += kBatch) {
    latents.push_back(draw());
    if (!features_ && !encode_) continue;
    const Tensor decoded = decode_points(*decoder_, latents.back());
    if (features_) distances.push_back(nearest(decoded));
    if (encode_) errors.push_back(cycle_errors(decoded));
  }
  Tensor least;
  if (rank_) least = rank_->rank(at::cat(latents));
  if (features_) {
    distances_ = ascending(at::cat(distances));
    // Features that tell most samples apart by rounding alone have no distances to rank by.
    const double spread = reference_.std(0).norm().item<double>();
    if (distances_[distances_.size(0) / 2].item<double>() <= kSame * spread) features_ = nullptr;
  }
  if (features_) {
    least = lower(least, share_as_large(distances_, at::cat(distances)));
  }
  if (encode_) {
    errors_ = ascending(at::cat(errors));
    least = lower(least, share_as_large(errors_, at::cat(errors)));
  }
  if (least.defined()) ranks_ = ascending(least);
}

Tensor SampleRanks::nearest(const Tensor& decoded) const {
  return std::get<0>(at::cdist(on_host(features_(decoded)), reference_).min(1));
}

Tensor SampleRanks::cycle_errors(const Tensor& decoded) const {
  const Tensor again = decode_points(*decoder_, encode_(decoded));
  return on_host((again - decoded).flatten(1).to(at::kDouble).norm(2, {1}));
}

SampleRanks::Ranks SampleRanks::of(const Tensor& z, const Tensor& decoded) const {
  const at::NoGradGuard no_gradient;
  Ranks ranks;
  Tensor least;
  if (rank_) least = rank_->rank(z);
  if (features_) {
    ranks.image = share_as_large(distances_, nearest(decoded));
    least = lower(least, ranks.image);
  }
  if (encode_) {
    ranks.cycle_error = cycle_errors(decoded);
    ranks.cycle = share_as_large(errors_, ranks.cycle_error);
    least = lower(least, ranks.cycle);
  }
  if (least.defined()) ranks.less_strange = share_as_large(ranks_, least);
  return ranks;
}

namespace {

/// What is said of one curve of one pair; `fits`: the prior is known to be this pair's.
void write_opinions(json& figures, const Opinions& said, const Tensor& disagreement, int64_t pair, bool path,
                    bool fits) {
  if (said.judged.defined()) {
    figures["mean_judge_probability"] = number_or_null(said.judged[pair].mean().item<double>());
    figures["judge_disagreement"] = number_or_null(disagreement[pair].item<double>());
    if (path) figures["judge_probability"] = profile_of(said.judged[pair]);
  }
  if (!fits) return;
  const auto write_rank = [&](const Tensor& ranks, const std::string& name) {
    if (!ranks.defined()) return;
    figures["mean_" + name] = number_or_null(ranks[pair].mean().item<double>());
    figures["least_" + name] = number_or_null(ranks[pair].min().item<double>());
    if (path) figures[name] = profile_of(ranks[pair]);
  };
  write_rank(said.image, "image_rank");
  write_rank(said.cycle, "cycle_rank");
  if (said.cycle_error.defined())
    figures["mean_cycle_error"] = number_or_null(said.cycle_error[pair].mean().item<double>());
  if (said.less_strange.defined())
    figures["stranger_than"] = number_or_null(100 * said.less_strange[pair].mean().item<double>());
}

}  // namespace

void add_second_opinion(json& summary, const PathProblem& problem, const PathResult& result,
                        const Guard& guard, const SecondOpinion& second) {
  summary["guard"] = guard.state();
  const QualityPointer judged = problem.feature ? second.judged : nullptr;
  std::optional<SampleRanks> ranks;
  if (problem.feature && second.samples && (second.features || second.encode || guard.rank))
    ranks.emplace(problem.embedding, guard.rank, second, problem.start.scalar_type());
  const Tensor frame_times = uniform_times(kFrames - 1);
  for (const detail::PairCurve& curve : detail::pair_curves(problem, result)) {
    const bool path = std::string(curve.name) == "path";
    Opinions said;
    Tensor least, ends, disagreement;
    if (guard.rank) {
      least = least_rank(*guard.rank, curve.at, result.times);
      ends = at::minimum(guard.rank->rank(problem.start), guard.rank->rank(problem.end));
    }
    if (judged || ranks)
      said = opinions(problem, judged, ranks ? &*ranks : nullptr, curve.at(frame_times), frame_times);
    if (judged) disagreement = judge_disagreement(said.feature, said.judged);
    for (int64_t pair = 0; pair < result.nodes.size(0); ++pair) {
      const auto index = static_cast<size_t>(pair);
      json& figures = summary["pairs"][index][curve.name];
      if (path) figures["guard"] = guard.state(index);
      const bool fits = guard.fits[index];
      if (least.defined() && fits) figures["least_guard_rank"] = number_or_null(least[pair].item<double>());
      if (ends.defined() && fits && path)
        figures["least_end_rank"] = number_or_null(ends[pair].item<double>());
      write_opinions(figures, said, disagreement, pair, path, fits);
    }
  }
}

}  // namespace latentpath
