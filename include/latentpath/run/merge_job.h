#pragma once
// The table of shards (run/shard.h) that were computed apart: the job of `latentpath merge`.
//
//   RunFolder folder("runs/table");
//   EvaluateRun run = merge_shards({.shards = {"runs/shard-1", "runs/shard-2"}}, folder.path());
//   write_run(run, folder.path());
//   folder.commit();
//
// The folder is the one that a single run would have made, byte for byte but for seconds. Shards are read as
// streams: what is held of a path are its figures, 152 bytes at most, and those of one row of the table at a
// time.

#include <filesystem>
#include <string>
#include <vector>

#include "latentpath/core/option_table.h"
#include "latentpath/core/progress.h"
#include "latentpath/run/evaluate_job.h"

namespace latentpath {

struct MergeJob {
  std::vector<std::string> shards;  ///< their folders, in any order
  std::string out;                  ///< whoever writes the folder looks at it
  bool overwrite = false;
};
const OptionTable<MergeJob>& merge_option_table();

/// Writes paths.csv, frames.csv and ends.npy into `folder`, which exists, and gives back what is left to
/// write. Throws Error(kInput) with one sentence that names the shard where one is missing, unfinished, given
/// twice, no shard, damaged, or of another table; Error(kInterrupted) when cancelled.
EvaluateRun merge_shards(const MergeJob& job, const std::filesystem::path& folder,
                         const RunObserver& observer = {}, const CancellationToken& cancellation = {});

}  // namespace latentpath
