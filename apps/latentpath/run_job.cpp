#include "run_job.h"

#include <iostream>

#include "latentpath/core/error.h"
#include "open_file.h"

namespace latentpath::program {

const OptionTable<Shell>& shell_option_table() {
  static const OptionTable<Shell> table = OptionTable<Shell>()
                                              .group("Output")
                                              .add("open", &Shell::open)
                                              .help("Open report.html when it is written")
                                              .not_recorded()
                                              .add("quiet", &Shell::quiet)
                                              .help("No progress, notes or warnings on stderr")
                                              .not_recorded()
                                              .add("json", &Shell::json)
                                              .help("Print the summary as JSON and nothing else")
                                              .not_recorded();
  return table;
}

RunObserver observer_for(const Shell& shell, ProgressLine& line) {
  RunObserver observer;
  observer.progress = [&line](const Progress& progress) { line(progress); };
  const auto say = [&line](const char* what) {
    return [&line, what](const std::string& sentence) {
      line.finish();
      std::cerr << what << ": " << option_names_as_dashes(sentence) << "\n";
    };
  };
  if (!shell.quiet && !shell.json) observer.note = say("note");
  if (!shell.quiet) observer.warning = say("warning");
  observer.kept = [](const std::filesystem::path& folder) {
    on_abandon().kept = "the batches finished until then are in " + folder.string();
  };
  return observer;
}

void finish(const RunRecord& run, const Shell& shell, const std::optional<std::filesystem::path>& target) {
  if (shell.json) {
    std::cout << run.summary.dump(2) << "\n";
  } else {
    std::cout << option_names_as_dashes(run.text);
    if (target) std::cout << "written to " << target->string() << "\n";
  }
  std::cout.flush();
  if (shell.open && target) open_file(*target / "report.html");
  check_standard_output();
  std::optional<RunFailure> failure = run.failure;
  if (!failure && interrupt_token().cancelled())
    failure = {
        ErrorKind::kInterrupted,
        "interrupted after the search: the paths are complete, pictures, films or references may be missing",
        "they are in"};
  if (failure)
    throw Error(failure->kind, failure->sentence +
                                   (target ? "; " + failure->saved + " " + target->string() : std::string()));
}

}  // namespace latentpath::program
