#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "latentpath/core/error.h"
#include "latentpath/core/figure_text.h"
#include "latentpath/molecule/molecules_job.h"
#include "latentpath/run/run_progress.h"
#include "latentpath/run/verdict.h"
#include "molecule/line_command.h"
#include "molecule/molecule_tables.h"
#include "molecule/molecules_setup.h"
#include "run/path_tables.h"

namespace latentpath {
namespace {

using nlohmann::json;

constexpr size_t kPictures = 50, kTold = 10;
constexpr size_t kTimedPairs = 3;    // after which, or
constexpr double kTimedSeconds = 5;  // after which it is said how long the rest of a list takes

/// The sentences of a list would flood a terminal: the first are told, all are in run.json.
void tell(const std::vector<std::string>& sentences,
          const std::function<void(const std::string&)>& listener) {
  if (!listener) return;
  for (size_t i = 0; i < std::min(sentences.size(), kTold); ++i) listener(sentences[i]);
  if (sentences.size() > kTold)
    listener("and " + std::to_string(sentences.size() - kTold) + " more sentences like these, in run.json");
}

/// A list goes on without pairs that cannot be.
class Runner {
 public:
  Runner(const MoleculesJob& job, const RunObserver& observer, const CancellationToken& token,
         MoleculesRun& run)
      : job_(job), observer_(observer), token_(token), run_(run) {}

  void execute() {
    const auto hear = [this](const MoleculePairs& ends) {
      run_.assumptions = ends.notes;
      tell(ends.notes, observer_.note);
      warn_all(ends.left_out);
    };
    const MoleculesSetup setup(
        job_, {[this](const std::string& sentence) { note(sentence); },
               [this](const std::string& sentence) { warn(sentence); }, hear, observer_.progress, token_});
    const MoleculePairs& list = setup.ends;
    if (!setup.learned.is_null()) run_.facts["property"]["regressors"] = setup.learned;
    begin_ = std::chrono::steady_clock::now();
    for (size_t i = 0; i < list.pairs.size() && !run_.failure; ++i) {
      find(list, i, setup);
      tell_how_long_the_rest_takes(i + 1, list.pairs.size() - i - 1);
    }
    LATENTPATH_CHECK(!run_.results.empty(), kInput, "no pair in ", job_.pairs.value_or(""),
                     " has a path; the first: ", first_left_out_);
    run_.facts["model"] = setup.decoder->describe();
  }

 private:
  void note(const std::string& sentence) {
    run_.assumptions.push_back(sentence);
    if (observer_.note) observer_.note(sentence);
  }

  void warn(const std::string& sentence) {
    run_.warnings.emplace_back(sentence, WarningKind::kScope);
    if (observer_.warning) observer_.warning(sentence);
  }

  void warn_all(const std::vector<std::string>& sentences) {
    std::vector<std::string> told;
    for (const std::string& sentence : sentences) told.push_back("left out: " + sentence);
    if (first_left_out_.empty() && !told.empty()) first_left_out_ = told.front();
    for (const std::string& sentence : told) run_.warnings.emplace_back(sentence, WarningKind::kScope);
    tell(told, observer_.warning);
  }

  /// By the first pairs: it depends on the machine, the model and the options.
  void tell_how_long_the_rest_takes(size_t done, size_t left) {
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin_;
    const bool known =
        run_.results.size() >= kTimedPairs || (!run_.results.empty() && seconds.count() >= kTimedSeconds);
    if (told_ || !known || left < 2 || run_.failure || !observer_.note) return;
    told_ = true;
    const double each = seconds.count() / static_cast<double>(done);
    observer_.note(join_message(done, " of ", done + left, " pairs took ", figure_text(seconds.count(), 2),
                                " s: the rest takes about ",
                                duration_text(each * static_cast<double>(left))));
  }

  void find(const MoleculePairs& list, size_t index, const MoleculesSetup& setup) {
    const MoleculePair& pair = list.pairs[index];
    const bool alone = !job_.pairs;
    const BuiltInProperty* known = job_.built_in();
    const MoleculePathProblem problem{pair.from,
                                      pair.to,
                                      setup.property,
                                      job_.threshold.value_or(known != nullptr ? known->threshold : 0),
                                      job_.high_is_sought(),
                                      job_.requirements,
                                      pair.from_code,
                                      pair.to_code};
    try {
      MoleculePathResult result =
          find_molecule_path({*setup.decoder, *setup.regressors, *setup.accessibility}, problem, job_.search,
                             progress_of(index, list.pairs.size()), token_);
      const std::string of = alone ? "" : pair.place + ": ";
      for (const std::string& sentence : result.notes) note(of + sentence);
      run_.places.push_back(pair.place);
      run_.problems.push_back(problem);
      run_.results.push_back(std::move(result));
    } catch (const CommandError& failed) {
      if (run_.results.empty()) throw;
      run_.failure = {
          failed.kind(),
          join_message("after ", run_.results.size(), " of ", list.pairs.size(), " pairs: ", failed.what()),
          "they are in"};
    } catch (const Error& refusal) {
      if (alone || refusal.kind() == ErrorKind::kNumerical) throw;
      if (refusal.kind() == ErrorKind::kInterrupted) {
        if (run_.results.empty()) throw;
        run_.failure = {
            ErrorKind::kInterrupted,
            join_message("interrupted after ", run_.results.size(), " of ", list.pairs.size(), " pairs"),
            "they are in"};
        return;
      }
      warn_all({pair.place + ": " + refusal.what()});
    }
  }

  ProgressObserver progress_of(size_t index, size_t count) const {
    if (!observer_.progress || count == 1) return observer_.progress;
    return [this, index, count](const Progress& progress) {
      observer_.progress({join_message("pair ", index + 1, " of ", count, ", ", progress.stage),
                          static_cast<int64_t>(index), static_cast<int64_t>(count), 0});
    };
  }

  const MoleculesJob& job_;
  const RunObserver& observer_;
  const CancellationToken& token_;
  MoleculesRun& run_;
  std::chrono::steady_clock::time_point begin_ = {};
  bool told_ = false;  ///< how long the rest takes
  std::string first_left_out_;
};

json pair_json(const MoleculePathResult& result, const MoleculePathProblem& problem) {
  json path = figures_of(result.path);
  const json verdict = molecule_verdict(result, problem);
  path["start"] = result.start;
  path["seconds"] = result.search_seconds + result.decode_seconds;
  path["ends_exact"] = {result.from.exact, result.to.exact};
  path["verdict"] = verdict["level"];
  path["verdict_reasons"] = verdict["points"];
  json pair{{"path", path}, {"linear", figures_of(result.linear)}};
  if (!is_loop(problem)) pair["spherical"] = figures_of(result.spherical);
  return pair;
}

/// Files that a command names are of this machine: pages are to have their names alone.
void hide_paths_of(const std::string& command, const char* option, MoleculesRun& run) {
  std::error_code unreadable;
  for (const std::string& word : words_of_command(command, option))
    if (std::filesystem::exists(word, unreadable)) run.local_paths.push_back(word);
}

/// Of several pairs. A loop's straight line is a point, and no baseline.
void add_tables(MoleculesRun& run) {
  json compared = run.summary;
  for (size_t i = 0; i < run.problems.size(); ++i)
    if (is_loop(run.problems[i])) compared["pairs"][i].erase("linear");
  for (auto& table : detail::path_tables(compared, 1)) run.files.push_back(std::move(table));
}

/// What the run folder holds of it.
void describe(MoleculesRun& run) {
  json pairs = json::array(), molecules = json::array();
  std::vector<Tensor> nodes;
  for (size_t i = 0; i < run.results.size(); ++i) {
    const MoleculePathResult& result = run.results[i];
    pairs.push_back(pair_json(result, run.problems[i]));
    json one{{"steps", steps_of(result.path)}, {"linear_steps", steps_of(result.linear)}};
    if (!is_loop(run.problems[i])) one["spherical_steps"] = steps_of(result.spherical);
    if (!run.places[i].empty()) one["place"] = run.places[i];
    molecules.push_back(std::move(one));
    nodes.push_back(result.nodes);
    if (i < kPictures) run.pictures.push_back(molecules_svg(result.path, run.problems[i]));
    if (i < kPictures && run.results.size() > 1) run.text += "pair " + std::to_string(i + 1) + "\n";
    if (i < kPictures) run.text += molecules_text(result, run.problems[i]);
  }
  if (run.results.size() > kPictures)
    run.text += "of " + std::to_string(run.results.size()) + " pairs the first " + std::to_string(kPictures) +
                " are shown; molecules.csv has all\n";
  run.summary = {{"pairs", pairs}};
  write_warnings(run.summary, run.warnings);
  run.summary["verdict"] = molecule_verdict(run.results, run.problems);
  const MoleculePathProblem& problem = run.problems[0];
  run.facts["property"].update(json{
      {"name", problem.property.name}, {"threshold", problem.threshold}, {"maximise", problem.maximise}});
  run.facts["molecules"] = molecules;
  run.text += verdict_text(run.summary["verdict"]);
  run.arrays = {{"path.npy", at::stack(nodes)}};
  run.files = {{"molecules.csv", molecules_csv(run.results)}, {"molecules.sdf", molecules_sdf(run.results)}};
  if (run.results.size() > 1) add_tables(run);
  for (size_t i = 0; i < run.pictures.size(); ++i)
    run.files.emplace_back(i == 0 ? "molecules.svg" : "molecules-" + std::to_string(i + 1) + ".svg",
                           run.pictures[i]);
}

}  // namespace

MoleculesRun execute(const MoleculesJob& job, const RunObserver& observer,
                     const CancellationToken& cancellation) {
  molecules_option_table().validate(job);
  const auto begin = std::chrono::steady_clock::now();
  MoleculesRun run;
  describe_job(run, "molecules", molecules_option_table(), job, job.search.seed, job.threads);
  for (const auto& [command, option] : {std::pair(job.property_command, "`property_command`"),
                                        std::pair(job.decoder_command, "`decoder_command`"),
                                        std::pair(job.encoder_command, "`encoder_command`")})
    if (command) hide_paths_of(*command, option, run);
  if (job.ends_are_latents())
    for (const std::string& end : {job.from, job.to, job.loop.value_or("")})
      if (!end.empty()) run.local_paths.push_back(end);
  Runner(job, observer, cancellation, run).execute();
  describe(run);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  run.facts["seconds"] = seconds.count();
  return run;
}

}  // namespace latentpath
