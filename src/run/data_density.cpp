#include "latentpath/run/data_density.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "latentpath/core/error.h"
#include "latentpath/core/figure_text.h"
#include "latentpath/core/random.h"
#include "run/json_numbers.h"
#include "run/pair_curves.h"

namespace latentpath {
namespace {

using detail::number_or_null;
using detail::short_number;
using nlohmann::json;

/// Multiplications that `auto` spends on a pair, in D directions of every point and some five passes: a
/// fraction of a second. Not on a batch: what is said of a pair does not depend on its neighbours.
constexpr double kMostOperations = 3e9, kPasses = 5, kLeastOperations = 1e5;
/// Samples by which δ is set, whose size matters within orders of magnitude.
constexpr int64_t kSamples = 16;

DataDensityPointer make(const std::shared_ptr<const Embedding>& decoder, const DensityPointer& latents,
                        uint64_t seed) {
  auto generator = make_generator(seed + 41);
  return make_data_density(decoder, latents, latents->sample(kSamples, generator), seed);
}

}  // namespace

DataDensityPointer reported_density(const std::string& asked, const std::shared_ptr<const Embedding>& decoder,
                                    const Prior& prior, int64_t points, uint64_t seed) {
  if (asked == "none") return nullptr;
  if (asked == "on") return make(decoder, prior.density ? prior.density : prior.end_points, seed);
  const auto dim = prior.density ? prior.density->dim() : 0;
  const double operations = kPasses *
                            std::max(kLeastOperations, static_cast<double>(decoder->operations_per_point())) *
                            static_cast<double>(points * dim);
  if (!prior.density || dim > DataDensity::kLargestExact || operations > kMostOperations) return nullptr;
  try {
    return make(decoder, prior.density, seed);
  } catch (const std::exception&) {  // no second derivatives, fewer outputs than latents: no figure that
                                     // nobody asked for
    return nullptr;
  }
}

void add_data_density(json& summary, const PathProblem& problem, const PathResult& result,
                      const DataDensity& density) {
  for (const detail::PairCurve& curve : detail::pair_curves(problem, result)) {
    const DensityAlong along = density_along(density, curve.at, kDensityFrames);
    for (int64_t pair = 0; pair < result.nodes.size(0); ++pair) {
      json& figures = summary["pairs"][static_cast<size_t>(pair)][curve.name];
      figures["mean_negative_log_density"] = number_or_null(along.mean[pair].item<double>());
      figures["worst_negative_log_density"] = number_or_null(along.worst[pair].item<double>());
      if (along.error.defined())
        figures["negative_log_density_error"] = number_or_null(along.error[pair].item<double>());
      json frames = json::array();
      for (int64_t frame = 0; frame < kDensityFrames; ++frame)
        frames.push_back(short_number(along.values[pair][frame].item<double>(), 6));
      figures["negative_log_density"] = frames;
    }
  }
}

std::string data_density_text(const json& summary) {
  const auto median = [&](const char* curve, const char* figure) {
    const auto value = detail::median_figure(summary, curve, figure);
    return value ? figure_text(*value) : std::string();
  };
  const std::string mean = median("path", "mean_negative_log_density");
  if (mean.empty()) return {};
  const std::string error = median("path", "negative_log_density_error");
  return join_message(summary.at("pairs").size() == 1 ? "" : "median ", "-log p(x): mean ", mean,
                      " (straight line ", median("linear", "mean_negative_log_density"), ", great circle ",
                      median("spherical", "mean_negative_log_density"), "), worst ",
                      median("path", "worst_negative_log_density"), " (straight line ",
                      median("linear", "worst_negative_log_density"), ")",
                      error.empty() ? "" : "; an estimate, standard error " + error, "\n");
}

}  // namespace latentpath
