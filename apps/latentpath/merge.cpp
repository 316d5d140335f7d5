// latentpath merge: one table from the shards of many machines.

#include "latentpath/run/merge_job.h"

#include "run_job.h"

namespace latentpath::program {
namespace {

using MergeCall = Call<MergeJob>;

const OptionTable<MergeCall>& merge_call_table() {
  static const OptionTable<MergeCall> table = OptionTable<MergeCall>()
                                                  .include(&MergeCall::job, merge_option_table())
                                                  .include(&MergeCall::shell, shell_option_table());
  return table;
}

void run_merge(MergeCall& call) {
  merge_call_table().validate(call);
  GuardedRunFolder folder(call.job.out, call.job.overwrite);
  ProgressLine line("cost", call.shell.quiet || call.shell.json);
  const RunObserver observer = observer_for(call.shell, line);
  EvaluateRun run = merge_shards(call.job, folder.path(), observer, interrupt_token());
  line.finish();
  rename_options(run, option_names_as_dashes);
  run.facts["command"] = command_text(run.subcommand, evaluate_option_table(), run.options);
  run.local_paths.push_back(folder.target().string());
  const auto draw = [&] { illustrate(call.job, run, folder.path(), observer.progress, interrupt_token()); };
  write_run(run, folder.path(), draw, interrupt_token());
  folder.commit();
  finish(run, call.shell, folder.target());
}

}  // namespace

Subcommand merge() {
  return declare<MergeCall>("merge", "One table from shards that were computed apart",
                            "Examples:\n"
                            "  for k in 1 2 3; do\n"
                            "    latentpath evaluate --decoder mnist-dcgan-8 --classifier mnist-classifier "
                            "--favor 8 --pairs 60 \\\n"
                            "        --threads 1 --shard $k/3 --out runs/shard-$k\n"
                            "  done\n"
                            "  latentpath merge runs/shard-1 runs/shard-2 runs/shard-3 --out runs/eights\n"
                            "Exit codes: 0 done; 2 bad arguments; 3 a shard that is missing, unfinished, "
                            "damaged or of another table; "
                            "4 no path of the table is any good; 130 interrupted.",
                            merge_call_table(), run_merge);
}

}  // namespace latentpath::program
