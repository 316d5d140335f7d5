#pragma once
// Shards of one table (run/shard.h), one after the other in one process: models are loaded, ends drawn and
// via points found once, for whoever hands out shards one by one. Each is what `latentpath evaluate --shard`
// would have made, byte for byte.
//
//   const EvaluateJob job{.models = {.decoder = "mnist-dcgan-8"}, .pairs = "70"};   // run/evaluate_job.h
//   ShardEvaluator evaluator(job);
//   for (const int64_t index : {3, 5}) {
//     const EvaluateRun run = evaluator.evaluate({index, 7});
//     RunFolder folder("runs/shard-" + std::to_string(index));
//     write_run(run, folder.path());
//     folder.commit();
//   }

#include <memory>
#include <string>
#include <vector>

#include "latentpath/core/progress.h"
#include "latentpath/run/run_record.h"
#include "latentpath/run/shard.h"

namespace latentpath {

struct EvaluateJob;
struct EvaluateRun;

class ShardEvaluator {
 public:
  /// Loads what all shards have in common. `shard`, `out` and `resume` of the job are not looked at, and
  /// nothing is written. Throws as execute() does, and Error(kArgument) for models, features or pairs in
  /// memory.
  explicit ShardEvaluator(const EvaluateJob& job, const RunObserver& observer = {},
                          const CancellationToken& cancellation = {});
  ~ShardEvaluator();
  ShardEvaluator(const ShardEvaluator&) = delete;
  ShardEvaluator& operator=(const ShardEvaluator&) = delete;

  /// Throws Error(kInterrupted) when cancelled.
  EvaluateRun evaluate(const Shard& shard);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The files of this machine that a job reads: those that its options name and those that are found beside
/// them. A machine that has the same bytes under the same names computes the same.
std::vector<std::string> files_of(const EvaluateJob& job);

}  // namespace latentpath
