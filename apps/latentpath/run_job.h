#pragma once
// How a job becomes a subcommand: declared from its option table, executed, written into a run folder,
// printed.
//
//   Subcommand measures() {
//     return job_subcommand("measures", "A path between two samples", kExamples, measures_option_table());
//   }

#include <exception>
#include <optional>
#include <string>

#include "latentpath/core/error.h"
#include "latentpath/report/illustrate.h"
#include "latentpath/run/command_text.h"
#include "program.h"
#include "progress_line.h"
#include "run_folder_guard.h"

namespace latentpath::program {

/// How much is printed: options of the program, not of the job.
struct Shell {
  bool quiet = false, json = false, open = false;
};
const OptionTable<Shell>& shell_option_table();

/// Notes and warnings to stderr, progress to its line, as far as they are wanted.
RunObserver observer_for(const Shell& shell, ProgressLine& line);

/// Prints the results, opens the page, and throws where the run is no success. `target` is the run folder, if
/// any.
void finish(const RunRecord& run, const Shell& shell, const std::optional<std::filesystem::path>& target);

template <class Job>
struct Call {
  Job job;
  Shell shell;
};

/// What is done with a run beside its folder, or in it: nothing.
struct NothingElse {
  template <class... Arguments>
  void operator()(const Arguments&...) const {}
};

/// `show` is called with a run that is a success, when its folder is written and its results are printed.
/// `add` is called with such a run when its folder is written but has not its name yet, and with where it is:
/// what it throws is the program's failure once the folder is there without what it would have added.
template <class JobCall, class Show = NothingElse, class Add = NothingElse>
void run_job(JobCall& call, const OptionTable<JobCall>& table, const Show& show = {}, const Add& add = {}) {
  table.validate(call);
  auto& job = call.job;
  if constexpr (requires { job.models.folders; }) job.models.folders = model_folders();
  if constexpr (requires { job.folders; }) job.folders = model_folders();
  if (call.shell.open && job.out.empty())
    throw Error(ErrorKind::kArgument, "`open` shows the report of a run folder: it needs `out`");
  std::optional<GuardedRunFolder> folder;  // before the long computation: fails early
  if (!job.out.empty()) folder.emplace(job.out, job.overwrite);
  std::vector<RunPhase> phases = run_phases(job);
  if constexpr (requires { call.film; })
    if (call.film.wanted()) phases = with_film(std::move(phases), call.film.moving_frames());
  ProgressLine line("cost", call.shell.quiet || call.shell.json, std::move(phases));
  const RunObserver observer = observer_for(call.shell, line);
  std::exception_ptr not_added;
  auto run = execute(job, observer, interrupt_token());
  line.finish();
  rename_options(run, option_names_as_dashes);
  run.facts["command"] = command_text(run.subcommand, table, run.options);
  if (folder) {
    run.local_paths.push_back(folder->target().string());
    const auto draw = [&] { illustrate(job, run, folder->path(), observer.progress, interrupt_token()); };
    write_run(run, folder->path(), draw, interrupt_token());
    try {
      if (!run.failure && !interrupt_token().cancelled()) add(run, observer, folder->path());
    } catch (...) {
      not_added = std::current_exception();
    }
    folder->commit();
    if constexpr (requires { forget_batches(run); }) forget_batches(run);
  }
  line.finish();
  finish(run, call.shell, folder ? std::optional(folder->target()) : std::nullopt);
  if (not_added) std::rethrow_exception(not_added);
  show(run, observer);
}

inline constexpr const char* kJobExitCodes =
    "Exit codes: 0 done; 2 bad arguments; 3 bad input file; 4 numerical failure; 130 interrupted (what was "
    "done is "
    "saved).";

/// Declares the subcommand that executes a job.
template <class Job>
Subcommand job_subcommand(std::string name, std::string summary, std::string footer,
                          const OptionTable<Job>& job_table) {
  static const OptionTable<Call<Job>> table = OptionTable<Call<Job>>()
                                                  .include(&Call<Job>::job, job_table)
                                                  .include(&Call<Job>::shell, shell_option_table());
  footer += kJobExitCodes;
  return declare<Call<Job>>(std::move(name), std::move(summary), std::move(footer), table,
                            [](Call<Job>& call) { run_job(call, table); });
}

}  // namespace latentpath::program
