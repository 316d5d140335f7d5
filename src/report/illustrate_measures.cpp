#include <nlohmann/json.hpp>

#include "latentpath/report/html_report.h"
#include "latentpath/report/illustrate.h"
#include "latentpath/report/measure_report.h"

namespace latentpath {

void illustrate(const MeasuresJob& job, const MeasuresRun& run, const std::filesystem::path& folder,
                const ProgressObserver&, const CancellationToken&) {
  write_picture(folder / "frames" / "strip",
                draw_measure_strip(run.problem, run.result, {.frames = job.frames}),
                picture_formats(job.picture_format));
  write_report_data(folder, shareable_page(run, folder, measure_report_data(run.result)), run.words);
  write_html_report(folder);
}

}  // namespace latentpath
