#pragma once
// −log p(x) of the images along paths, whatever they were sought by (metric/density_regularisation.h): a
// figure of summaries and tables.
//
//   const DataDensityPointer density = latentpath::reported_density("auto", decoder, prior, 300, 0);
//   if (density) add_data_density(summary, problem, result, *density);
//   summary["pairs"][0]["path"]["mean_negative_log_density"];

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "latentpath/core/option_table.h"
#include "latentpath/metric/density_regularisation.h"
#include "latentpath/path/find_path.h"
#include "latentpath/run/prior.h"

namespace latentpath {

/// Frames of a path at which its density is looked at: a trapezium rule of as many.
inline constexpr int64_t kDensityFrames = 33;

/// The density of the decoder's images by its prior, for `points` points a pair; null where it is not
/// reported. "on" throws Error where there is none; "auto" reports it where the prior is known, the decoder
/// small enough for so many points, and nothing stands against it.
DataDensityPointer reported_density(const std::string& asked, const std::shared_ptr<const Embedding>& decoder,
                                    const Prior& prior, int64_t points, uint64_t seed);

/// Adds to every pair's path, linear and spherical `mean_negative_log_density` (over uniform time),
/// `worst_negative_log_density` and `negative_log_density`, frame by frame; where the log determinant is an
/// estimate, `negative_log_density_error`.
void add_data_density(nlohmann::json& summary, const PathProblem& problem, const PathResult& result,
                      const DataDensity& density);

/// A line for people: medians over the pairs of a summary that has the figures; empty where it has not.
std::string data_density_text(const nlohmann::json& summary);

/// The row of `data_density`, the same in every job.
template <class Options>
OptionTable<Options>& add_data_density_option(OptionTable<Options>& table, std::string Options::*field) {
  return table.add("data-density", field)
      .help("Report -log p(x) of the images along each path")
      .choices({{"auto", "where the decoder's prior is known and it takes little"}, {"on"}, {"none"}});
}

}  // namespace latentpath
