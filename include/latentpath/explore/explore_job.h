#pragma once
// Looking around in a model's latent space by hand: the job of `latentpath explore`.
//
//   ExploreJob job;
//   job.search.models = {.decoder = "mnist-vae-8", .classifier = "mnist-classifier"};
//   explore_option_table().validate(job);
//   ExploreSession session(job);

#include <cstdint>
#include <string>

#include "latentpath/core/option_table.h"
#include "latentpath/run/interpolate_job.h"

namespace latentpath {

struct ExploreJob {
  /// Models, and how paths are sought. Its ends and features are what a page begins with.
  InterpolateJob search;
  int64_t port = 0;          ///< 0: any free one
  std::string out = "runs";  ///< the folder that run folders are exported to

  /// Ends that every prior has: seed:0 and seed:1.
  ExploreJob();
};
const OptionTable<ExploreJob>& explore_option_table();

}  // namespace latentpath
