#pragma once
// The data of a report about paths: what happens along each of the three curves of every pair, with pictures.
//
//   write_path_report(folder, problem, result, {.feature_name = "P(8)", .normal_prior = true}, data);
//   write_html_report(folder);
//
// Adds to `data` the kind "interpolate", the verdicts and the figures (of its `summary`, where it has one:
// that of run.json, which may know more than the result), decodes the straight line, the great circle and
// ours at the same times, and writes report/data.json, report/pair-N.webp (the frames of one pair as one
// picture) and report/pair-N.points (its nodes). docs/report.md describes all of it.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "latentpath/core/progress.h"
#include "latentpath/core/value_range.h"
#include "latentpath/metric/path_energy.h"
#include "latentpath/path/find_path.h"
#include "latentpath/report/path_pictures.h"

namespace latentpath {

struct PathReportOptions {
  int64_t frames = 0;                           ///< pictures a curve; 0: 49 for one pair, fewer for many
  std::optional<ValueRange> output_range = {};  ///< the decoder's values; none: each pair's own extremes
  std::string feature_name = {};                ///< "P(8)": what problem.feature is
  std::optional<PathPlane> plane = {};          ///< of a D = 2 model; none: it is evaluated
  bool normal_prior = false;                    ///< latents are N(0, I): shows its density along the paths
  QualityPointer prior_rank = {};               ///< the rank of another prior, shown in the same way
  OutputNorm norm = OutputNorm::kSum;           ///< of step lengths
  uint64_t seed = 0;                            ///< of the prior samples that are drawn
  std::function<std::string(const std::string&)> words = {};  ///< how the reader calls options
  int64_t picture_bytes = 13'000'000;  ///< of all pairs' pictures; frames, quality and size give way to it
  int64_t detailed_pairs = 1000;       ///< the others appear in the table only
};

/// Takes a file of a report by its name.
using ReportFileWriter = std::function<void(const std::string&, std::string_view)>;

/// The data of a report, for whoever shows them elsewhere than in a run folder; its pictures and points go to
/// `write_file`.
nlohmann::json path_report(const PathProblem& problem, const PathResult& result,
                           const PathReportOptions& options, nlohmann::json data,
                           const ReportFileWriter& write_file, const ProgressObserver& progress = {},
                           const CancellationToken& cancellation = {});

/// `progress` hears of every pair; a cancelled run gets the first pair's curves and the table of all.
void write_path_report(const std::filesystem::path& run, const PathProblem& problem, const PathResult& result,
                       const PathReportOptions& options, nlohmann::json data,
                       const ProgressObserver& progress = {}, const CancellationToken& cancellation = {});

}  // namespace latentpath
