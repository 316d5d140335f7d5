#pragma once
// The pictures and the page of a run: what a run folder holds beside numbers.
//
//   InterpolateRun run = execute(job);
//   write_run(run, folder.path(), [&] { illustrate(job, run, folder.path()); });
//
// Writes frames/…, report/… and report.html into the run's folder. A cancelled run gets the first pair's
// pictures.

#include <filesystem>

#include "latentpath/report/path_report.h"
#include "latentpath/run/evaluate_job.h"
#include "latentpath/run/geodesic_job.h"
#include "latentpath/run/interpolate_job.h"
#include "latentpath/run/measures_job.h"
#include "latentpath/run/merge_job.h"

namespace latentpath {

void illustrate(const InterpolateJob& job, const InterpolateRun& run, const std::filesystem::path& folder,
                const ProgressObserver& progress = {}, const CancellationToken& cancellation = {});
void illustrate(const GeodesicJob& job, const GeodesicRun& run, const std::filesystem::path& folder,
                const ProgressObserver& progress = {}, const CancellationToken& cancellation = {});
void illustrate(const MeasuresJob& job, const MeasuresRun& run, const std::filesystem::path& folder,
                const ProgressObserver& progress = {}, const CancellationToken& cancellation = {});
/// Of a shard nothing: it is no table yet.
void illustrate(const EvaluateJob& job, const EvaluateRun& run, const std::filesystem::path& folder,
                const ProgressObserver& progress = {}, const CancellationToken& cancellation = {});
/// As of the table that one run would have made.
void illustrate(const MergeJob& job, const EvaluateRun& run, const std::filesystem::path& folder,
                const ProgressObserver& progress = {}, const CancellationToken& cancellation = {});

/// What the report of a run says beside its paths; the plane and how many frames are the caller's to choose.
PathReportOptions report_options(const InterpolateRun& run);

/// What every page says of its run: version, settings that were given, warnings, assumptions. Nothing of this
/// machine belongs into a page that is passed on: folders are removed from `page` and all that is added.
nlohmann::json shareable_page(const RunRecord& run, const std::filesystem::path& folder,
                              nlohmann::json page = nlohmann::json::object());

}  // namespace latentpath
