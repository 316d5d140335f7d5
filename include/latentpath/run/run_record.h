#pragma once
// What a job did: everything that run.json tells, in one place, and the one writer of run folders.
//
//   InterpolateRun run = execute(job);                            // an InterpolateRun is a RunRecord
//   RunFolder folder("runs/eights");
//   write_run(run, folder.path(), [&] { illustrate(job, run, folder.path()); });   // report/illustrate.h
//   folder.commit();
//
// The library prints nothing: what people should read stands in `text`, `assumptions` and `warnings`, and
// those who cannot wait for the record are told by the observer.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "latentpath/core/error.h"
#include "latentpath/core/option_table.h"
#include "latentpath/core/progress.h"
#include "latentpath/core/tensor.h"
#include "latentpath/core/warning.h"

namespace latentpath {

/// Who listens while a job is executed. Every part may be empty.
struct RunObserver {
  ProgressObserver progress = {};
  std::function<void(const std::string&)> note = {};     ///< an assumption, as soon as it is made
  std::function<void(const std::string&)> warning = {};  ///< a warning, as soon as it is known
  /// Evaluations alone: the folder where finished batches are kept from now on.
  std::function<void(const std::filesystem::path&)> kept = {};
};

/// Why a run that has a record is no success all the same.
struct RunFailure {
  ErrorKind kind = ErrorKind::kNumerical;
  std::string sentence;  ///< "interrupted: the paths are the best ones reached until then"
  std::string saved;     ///< what is in the run folder, where there is one: "they are in"
};

struct RunRecord {
  std::string subcommand;                             ///< "interpolate"
  nlohmann::json options = nlohmann::json::object();  ///< by name, as the option table gives them
  uint64_t seed = 0;
  int64_t threads = 0;  ///< as used
  std::vector<std::string> assumptions;
  std::vector<Warning> warnings;
  nlohmann::json facts = nlohmann::json::object();  ///< further entries of run.json: "quality", "latent_dim"
  nlohmann::json summary;
  std::string text;                                        ///< the summary for people
  std::vector<std::pair<std::string, Tensor>> arrays;      ///< files of numbers: {"path.npy", …}
  std::vector<std::pair<std::string, std::string>> files;  ///< files of text: {"table.csv", …}
  std::vector<std::string> local_paths;  ///< of this machine: they are not passed on in a page
  std::optional<RunFailure> failure;
  /// How whoever reads it calls options: maps the library's sentences; none: fields, in backquotes.
  std::function<std::string(const std::string&)> words = {};

  bool interrupted() const { return failure && failure->kind == ErrorKind::kInterrupted; }
};

/// The values of an options struct by name: null for what is not set, an empty text included.
nlohmann::json options_json(const std::vector<BoundOption>& options);
template <class Options>
nlohmann::json options_json(const OptionTable<Options>& table, Options options) {
  return options_json(table.bind(options));
}
/// The values that may be paths of this machine.
std::vector<std::string> file_options(const std::vector<BoundOption>& options);
template <class Options>
std::vector<std::string> file_options(const OptionTable<Options>& table, Options options) {
  return file_options(table.bind(options));
}

/// LibTorch's threads: as many as asked, or one a core for 0. Returns how many that is.
int64_t use_threads(int64_t threads);

/// What every record says first, of a job that its table has passed. The threads are used from now on.
template <class Job>
void describe_job(RunRecord& run, const char* subcommand, const OptionTable<Job>& table, const Job& job,
                  uint64_t seed, int64_t threads) {
  run.subcommand = subcommand;
  run.options = options_json(table, job);
  run.seed = seed;
  run.threads = use_threads(threads);
  run.local_paths = file_options(table, job);
}

/// `warnings` of a summary, a list of sentences, with `warning_kinds` (warning_kind_name()) and
/// `warning_pairs` (counted from 1, null for all) beside it; nothing where there are none.
void write_warnings(nlohmann::json& summary, const std::vector<Warning>& warnings);

/// Says everything in the record in other words, and pages that are made from it, too.
void rename_options(RunRecord& record, const std::function<std::string(const std::string&)>& words);

/// The same of every text in a document.
nlohmann::json renamed(nlohmann::json document, const std::function<std::string(const std::string&)>& words);

/// Writes arrays, files and run.json into `folder`, which exists; then calls `draw`, which adds frames/ and
/// report.html. When `cancellation` is raised while it draws, run.json says that the run was interrupted.
void write_run(const RunRecord& record, const std::filesystem::path& folder,
               const std::function<void()>& draw = {}, const CancellationToken& cancellation = {});

/// LibTorch's own warnings concern whoever wrote a model's code, not whoever uses it: silent while this
/// lives.
class NoLibraryWarnings {
 public:
  NoLibraryWarnings();
  ~NoLibraryWarnings();
  NoLibraryWarnings(const NoLibraryWarnings&) = delete;
  NoLibraryWarnings& operator=(const NoLibraryWarnings&) = delete;

 private:
  struct Guard;
  std::unique_ptr<Guard> guard_;
};

// Rows that several jobs have.

/// `threads`: 0 for all cores.
template <class Options, class Number>
OptionTable<Options>& add_threads(OptionTable<Options>& table, Number Options::*threads) {
  return table.add("threads", threads).help("Threads").range(1, 1024).zero("all cores");
}
/// `out` and `overwrite`, of which run.json says nothing; `files` is what the folder will hold.
template <class Options>
OptionTable<Options>& add_output(OptionTable<Options>& table, std::string Options::*out,
                                 bool Options::*overwrite, const std::string& files) {
  return table.group("Output")
      .add("out", out)
      .help("Run folder: " + files)
      .names_file()
      .not_recorded()
      .add("overwrite", overwrite)
      .help("Replace an existing run folder")
      .not_recorded();
}

/// The formats of the pictures, `picture_format`: a row of every job that draws.
template <class Options>
OptionTable<Options>& add_picture_format(OptionTable<Options>& table,
                                         std::vector<std::string> Options::*formats) {
  return table.group("Output")
      .add("picture-format", formats)
      .help("Formats of the pictures in frames/; several: svg,pdf")
      .separated()
      .choices({{"png", "always written"}, {"svg"}, {"pdf"}});
}

}  // namespace latentpath
