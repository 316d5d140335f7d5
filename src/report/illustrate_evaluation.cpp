#include <algorithm>
#include <nlohmann/json.hpp>

#include "latentpath/core/error.h"
#include "latentpath/report/evaluation_report.h"
#include "latentpath/report/html_report.h"
#include "latentpath/report/illustrate.h"

namespace latentpath {

constexpr size_t kMostPictures = 24;

void illustrate(const EvaluateJob& job, const EvaluateRun& run, const std::filesystem::path& folder,
                const ProgressObserver&, const CancellationToken&) {
  if (!job.shard.empty()) return;
  const size_t groups = run.rows.size() / run.methods;
  for (size_t group = 0; group < std::min(groups, kMostPictures); ++group) {
    std::vector<const EvaluationRow*> members;
    for (size_t i = 0; i < run.methods; ++i) members.push_back(&run.rows[group * run.methods + i]);
    const std::string epsilon =
        run.epsilons > 1 ? join_message(", ε = ", members[0]->epsilon) : std::string();
    write_picture(folder / "frames" / (group == 0 ? "steps" : join_message("steps-", group)),
                  draw_profiles(members, members[0]->feature + epsilon), picture_formats(job.picture_format));
  }
  write_report_data(folder, shareable_page(run, folder, evaluation_page(run)), run.words);
  write_html_report(folder);
}

void illustrate(const MergeJob&, const EvaluateRun& run, const std::filesystem::path& folder,
                const ProgressObserver& progress, const CancellationToken& cancellation) {
  EvaluateJob job;
  job.picture_format = run.options.at("picture-format").get<std::vector<std::string>>();
  illustrate(job, run, folder, progress, cancellation);
}

}  // namespace latentpath
