#include <ATen/ATen.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "latentpath/core/thread_pool.h"
#include "latentpath/path/points.h"
#include "latentpath/report/html_report.h"
#include "latentpath/report/illustrate.h"
#include "latentpath/report/path_pictures.h"
#include "latentpath/report/path_report.h"
#include "latentpath/report/projection.h"
#include "latentpath/report/tour_pictures.h"

namespace latentpath {
namespace {

using nlohmann::json;

PictureOptions picture_options(const InterpolateJob& job, const InterpolateRun& run) {
  PictureOptions pictures;
  pictures.frames = job.frames;
  pictures.by_arc_length = job.spacing == "arc";
  pictures.output_range = run.output_range;
  pictures.feature_name = run.feature;
  return pictures;
}

/// "strip", "strip-1", …
std::string numbered(const std::string& name, int64_t number) {
  return number == 0 ? name : name + "-" + std::to_string(number);
}

/// The pictures of one pair.
void draw_pair(const InterpolateJob& job, const InterpolateRun& run, const std::filesystem::path& frames,
               int64_t pair, bool images, const std::optional<PathPlane>& plane) {
  const int64_t dim = run.problem.start.size(1);
  const PictureFormats formats = picture_formats(job.picture_format);
  PictureOptions pictures = picture_options(job, run);
  if (images)
    write_picture(frames / numbered("strip", pair), draw_path_strip(run.problem, run.result, pair, pictures),
                  formats);
  if (pair < static_cast<int64_t>(run.certificates.size()))
    pictures.reference = tensor_of_points(run.certificates[static_cast<size_t>(pair)].marching.path);
  if (dim == 2)
    write_picture(frames / numbered("latent", pair),
                  draw_path_plane(run.problem, run.result, pair, *plane, run.prior.normal, pictures),
                  formats);
  if (dim > 2 && run.prior.density)
    write_picture(
        frames / numbered("projection", pair),
        draw_path_projection(run.problem, run.result, pair, *run.prior.density, *run.prior.rank, run.seed),
        formats);
}

/// The strips of tours, as many as there are pictures of pairs at most.
void draw_tours(const InterpolateJob& job, const InterpolateRun& run, const std::filesystem::path& frames) {
  const PictureOptions pictures = picture_options(job, run);
  const int64_t tours = std::min(static_cast<int64_t>(run.tours.size()), job.strips);
  for (int64_t tour = 0; tour < tours; ++tour)
    write_picture(
        frames / numbered("tour", tour),
        draw_tour_strip(run.problem, run.tours[static_cast<size_t>(tour)], run.legs_of_tour, pictures),
        picture_formats(job.picture_format));
}

}  // namespace

PathReportOptions report_options(const InterpolateRun& run) {
  PathReportOptions report;
  report.output_range = run.output_range;
  report.feature_name = run.feature;
  report.normal_prior = run.prior.normal;
  report.prior_rank = run.prior.rank;
  report.norm = run.path.norm;
  report.seed = run.seed;
  report.words = run.words;
  return report;
}

void illustrate(const InterpolateJob& job, const InterpolateRun& run, const std::filesystem::path& folder,
                const ProgressObserver& progress, const CancellationToken& cancellation) {
  std::optional<SerialOperations> serial;
  if (run.problem.embedding->concurrent()) serial.emplace();
  const int64_t dim = run.problem.start.size(1), strips = std::min(run.result.nodes.size(0), job.strips);
  const bool images = decodes_images(*run.problem.embedding, dim);
  PathReportOptions report = report_options(run);
  if (dim == 2) report.plane = evaluate_path_plane(run.problem, run.result, run.prior.normal);
  for (int64_t pair = 0; pair < strips; ++pair) {
    if (pair > 0 && cancellation.cancelled()) break;  // the first pair's pictures belong to every run
    if (progress)
      progress({.stage = "drawing", .done = pair, .total = strips, .activity = Activity::kPictures});
    draw_pair(job, run, folder / "frames", pair, images, report.plane);
  }
  if (images) draw_tours(job, run, folder / "frames");
  report.frames = job.report_frames;
  write_path_report(
      folder, run.problem, run.result, report,
      shareable_page(run, folder, {{"convergence", run.convergence.json()}, {"summary", run.summary}}),
      progress, cancellation);
  write_html_report(folder);
}

}  // namespace latentpath
