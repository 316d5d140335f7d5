// Fit to memory: how many points of a search may be mapped at once, and whether its path fits at all.

#include <ATen/ATen.h>

#include <chrono>
#include <cmath>
#include <iomanip>

#include "latentpath/core/error.h"
#include "latentpath/metric/point_memory.h"
#include "path/search.h"

namespace latentpath {

void fit_to_memory(const PathProblem& problem, const PathOptions& options, EvaluationCounter& counter,
                   const ProgressObserver& progress) {
  const auto begin = std::chrono::steady_clock::now();
  const auto scope = counter.count_verification();
  const Tensor points = at::cat({problem.start.narrow(0, 0, 1), problem.end.narrow(0, 0, 1)}).detach();
  const BatchLimits limits = find_batch_limits(*counter.map(), problem.quality.get(), points, options.memory);
  counter.limit_batches(limits);
  const int64_t outputs = 4 * (options.segments + 1);
  LATENTPATH_CHECK(limits.images >= outputs, kInput, "a path of ", options.segments, " segments through ",
                   problem.embedding->describe(), " takes ", std::setprecision(3),
                   limits.gigabytes * static_cast<double>(outputs) / static_cast<double>(limits.images),
                   " GB, and ", limits.gigabytes,
                   " GB are to be used: give fewer `segments`, or more `memory`");
  // Two calls of two points; a search takes some sixty passes over its path.
  const std::chrono::duration<double> used = std::chrono::steady_clock::now() - begin;
  const double minutes =
      used.count() / 4 * 60 * static_cast<double>((2 * options.segments + 1) * problem.start.size(0)) / 60;
  if (minutes > 2 && progress) {
    Progress said;
    said.note =
        join_message("about ", std::lround(minutes), " minutes, by the time that the first points take");
    progress(said);
  }
}

}  // namespace latentpath
