#pragma once
// The models of InterpolateJobs that differ in their ends and features alone, loaded once: for whoever asks
// one question after the other.
//
//   InterpolateJob job{.models = {.decoder = "mnist-vae-8"}, .ends = {.from = "seed:23", .to = "seed:30"}};
//   const LoadedInterpolation loaded = load_interpolation(job);
//   job.ends.to = "seed:31";
//   const InterpolateRun run = execute(job, loaded);         // as execute(job), to the bit

#include <functional>
#include <memory>

#include "latentpath/models/torchscript_module.h"
#include "latentpath/run/end_points.h"
#include "latentpath/run/kept.h"
#include "latentpath/run/models.h"
#include "latentpath/run/prior.h"
#include "latentpath/run/run_record.h"

namespace latentpath {

struct InterpolateJob;
struct InterpolateRun;

struct LoadedInterpolation {
  Models models;
  std::shared_ptr<TorchScriptModule> encoder;  ///< null where there is none
  Prior prior;
  KeptModels kept;
};

LoadedInterpolation load_interpolation(const InterpolateJob& job, const ProgressObserver& progress = {},
                                       const CancellationToken& cancellation = {});

/// What such a job's ends are read with.
EndPointContext end_point_context(const InterpolateJob& job, const LoadedInterpolation& loaded);

/// execute(job), of a job that differs from the loaded one in `ends`, `favor`, `avoid`, `odds` and
/// `sharpness` alone. `prepared` hears of the run when its problem is there and before the search, `found`
/// when its paths are there and its summary is not. Whoever throws from them, from the job's snapshot or from
/// the observer ends the call.
InterpolateRun execute(const InterpolateJob& job, const LoadedInterpolation& loaded,
                       const RunObserver& observer = {}, const CancellationToken& cancellation = {},
                       const std::function<void(const InterpolateRun&)>& found = {},
                       const std::function<void(const InterpolateRun&)>& prepared = {});

}  // namespace latentpath
