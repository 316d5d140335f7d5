#include "latentpath/molecule/molecules_job.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "latentpath/core/error.h"
#include "latentpath/core/figure_text.h"
#include "latentpath/metric/epsilon.h"
#include "latentpath/molecule/molecule_models.h"
#include "latentpath/molecule/molecule_pairs.h"
#include "latentpath/molecule/property_command.h"
#include "latentpath/run/run_progress.h"
#include "latentpath/run/verdict.h"
#include "molecule/line_command.h"
#include "molecule/molecule_tables.h"

namespace latentpath {
namespace {

using nlohmann::json;

constexpr size_t kPictures = 50, kTold = 10;
constexpr double kLowR2 = 0.2;       // of the regressors that LatentPath ships the worst has 0.45
constexpr size_t kTimedPairs = 3;    // after which, or
constexpr double kTimedSeconds = 5;  // after which it is said how long the rest of a list takes

/// None for a property of one's own.
const BuiltInProperty* built_in(const MoleculesJob& job) {
  return job.property_command ? nullptr : find_built_in(job.property);
}

bool maximised(const MoleculesJob& job) {
  const BuiltInProperty* known = built_in(job);
  return job.maximise || (!job.minimise && (known == nullptr || known->maximise));
}

/// That there may be molecules on both sides of it.
void check_threshold(const MoleculesJob& o, const BuiltInProperty& property) {
  const bool high = maximised(o);
  LATENTPATH_CHECK(high == property.maximise || o.threshold, kArgument,
                   "`threshold` is missing: it is known for low logp and sa and for high qed alone");
  const double threshold = o.threshold.value_or(property.threshold);
  const bool none = high ? threshold >= property.most : threshold <= property.least;
  LATENTPATH_CHECK(!none && threshold >= property.least && threshold <= property.most, kArgument,
                   none ? "no" : "every", " molecule has a value of ", property.shown,
                   high ? " above " : " below ", figure_text(threshold, 6), ": `threshold` must lie between ",
                   figure_text(property.least), " and ", figure_text(property.most, 4), ", as ",
                   property.shown, " does");
  LATENTPATH_CHECK(property.name != "sa" || !high || threshold < o.requirements.max_sa, kArgument,
                   "no molecule can have an SA above `threshold`, ", figure_text(threshold),
                   ", where none may exceed `max_sa`, ", figure_text(o.requirements.max_sa),
                   ": give a larger `max_sa` or a lower `threshold`");
}

void check_property(const MoleculesJob& o) {
  LATENTPATH_CHECK(!(o.minimise && o.maximise), kArgument, "`minimise` and `maximise` cannot both be given");
  const MoleculesJob usual;
  if (o.property_command) {
    LATENTPATH_CHECK(o.property == usual.property, kArgument,
                     "`property` and `property_command` cannot both be given: one property is sought");
    words_of_command(*o.property_command, "`property_command`");
    LATENTPATH_CHECK(o.threshold, kArgument, "`threshold` is missing: what the values of `property_command` ",
                     *o.property_command, " are to pass is not known without it");
    return;
  }
  for (const auto& [given, field] :
       {std::pair(o.property_molecules != usual.property_molecules, "property_molecules"),
        std::pair(o.command_seconds != usual.command_seconds, "command_seconds")})
    LATENTPATH_CHECK(!given, kArgument, "`", field, "` is for `property_command` alone, which is not given");
  if (const BuiltInProperty* known = find_built_in(o.property)) {
    check_threshold(o, *known);
    return;
  }
  LATENTPATH_CHECK(
      std::filesystem::is_regular_file(o.property), kArgument, "`property` ", o.property,
      " is neither logp, qed or sa nor a file: a property of one's own is a TorchScript file, or "
      "a program by `property_command`");
  LATENTPATH_CHECK(o.threshold, kArgument, "`threshold` is missing: what ", o.property,
                   " is to pass is not known without it");
}

void check_job(const MoleculesJob& o) {
  const bool ends = !o.from.empty() || !o.to.empty();
  LATENTPATH_CHECK(!o.pairs || !o.pairs->empty(), kArgument,
                   "`pairs` is empty: give a file with a list of pairs, or leave the option out");
  LATENTPATH_CHECK(!o.loop || !o.loop->empty(), kArgument,
                   "`loop` is empty: give a molecule as SMILES, such as CCO, or leave the option out");
  LATENTPATH_CHECK(!o.pairs || (!ends && !o.loop), kArgument,
                   "`pairs` brings the ends of all paths: `from`, `to` and `loop` cannot be given with it");
  LATENTPATH_CHECK(!o.loop || !ends, kArgument,
                   "`loop` begins and ends at its molecule: `from` and `to` cannot be given with it");
  if (!o.pairs && !o.loop) {
    LATENTPATH_CHECK(!o.from.empty(), kArgument,
                     "a molecule is missing: give `from` and `to` (SMILES), or `loop`, or a list as `pairs`");
    LATENTPATH_CHECK(!o.to.empty(), kArgument, "`to` is missing: give the molecule at the end of the path");
  }
  check_epsilon_of_a_quality(o.search.epsilon);
  check_property(o);
}

OptionTable<MoleculePathOptions> search_table() {
  using O = MoleculePathOptions;
  OptionTable<O> t;
  t.group("How it is sought")
      .add("segments", &O::segments)
      .help("Segments of the path in the latent space")
      .range(4, 1024);
  add_epsilon(t, &O::epsilon)
      .above(0)
      .add("starts", &O::starts)
      .help("Searches, of which the one with the best molecule is kept")
      .range(1, 100)
      .add("frames", &O::frames)
      .help("Points that are decoded first, evenly along the path")
      .range(2, 1000)
      .add("halvings", &O::halvings)
      .help("How often an interval between different molecules is halved")
      .range(0, 10)
      .add("seed", &O::seed)
      .help("Seed of the random numbers");
  return t;
}

OptionTable<MoleculeRequirements> requirement_table() {
  using R = MoleculeRequirements;
  OptionTable<R> t;
  t.group("What the path is for")
      .add("keep", &R::keep)
      .help("SMARTS of a part, a scaffold, that every molecule must have; both ends have it")
      .add("min-similarity", &R::min_similarity)
      .help("Tanimoto similarity that every molecule must have to the start or the end")
      .range(0, 1)
      .add("max-sa", &R::max_sa)
      .help("SA score that no molecule may exceed; 1 is easy")
      .range(1, 10)
      .rule(check_requirements);
  return t;
}

OptionTable<MoleculesJob> make_table() {
  using J = MoleculesJob;
  OptionTable<J> t;
  t.group("Molecules")
      .add("from", &J::from)
      .help("Molecule at the start, as SMILES")
      .add("to", &J::to)
      .help("Molecule at the end, as SMILES")
      .add("loop", &J::loop)
      .help("Molecule at which a path starts and ends, in place of both")
      .add("pairs", &J::pairs)
      .help("List of pairs: .smi (two SMILES a line), .csv (columns from and to), .sdf (each two records)")
      .names_file()
      .add("neutralise", &J::neutralise)
      .help("Remove charges that protons make; they fake a low log P")
      .group("What the path is for")
      .add("property", &J::property)
      .help(
          "Property that the molecules on the way are to have: logp (octanol-water partition, Crippen), qed "
          "(drug-likeness), sa (synthetic accessibility, 1 is easy), or a TorchScript FILE.pt, latents "
          "[n, D] to [n]")
      .names_file()
      .add("property-command", &J::property_command)
      .help(
          "Property of one's own in place of it: a program with its arguments, such as 'python3 score.py', "
          "that reads SMILES and prints numbers, a line each; nan: no value")
      .add("property-molecules", &J::property_molecules)
      .help("Molecules that it scores first: networks learn from them how a path is to be led")
      .range(100, 1e6)
      .add("command-seconds", &J::command_seconds)
      .help("A call of the command, of up to 1000 molecules, is ended when it takes longer")
      .unit("s")
      .above(0)
      .at_most(1e6)
      .add("minimise", &J::minimise)
      .help("Low values are sought; without either: low log P and SA, high QED, high values of one's own")
      .add("maximise", &J::maximise)
      .help("High values are sought")
      .add("threshold", &J::threshold)
      .help("Value that is to be passed")
      .unset("0 for log P, 0.9 for QED, 2.5 for SA");
  static const OptionTable<MoleculeRequirements> requirements = requirement_table();
  t.include(&J::requirements, requirements)
      .group("Model")
      .add("model", &J::model)
      .help(
          "Shipped model or file of one that latentpath train jtvae made, or a folder that latentpath data "
          "jtvae-zinc filled")
      .names_file();
  static const OptionTable<MoleculePathOptions> search = search_table();
  t.include(&J::search, search);
  add_threads(t.group("How it is sought"), &J::threads);
  add_output(t, &J::out, &J::overwrite,
             "run.json, molecules.csv, molecules.sdf, molecules.svg, path.npy, report.html")
      .rule(check_job);
  return t;
}

MoleculePairs pairs_of(const MoleculesJob& job) {
  ParseOptions parsing;
  parsing.neutralise = job.neutralise;
  if (job.pairs) return read_molecule_pairs(*job.pairs, parsing);
  MoleculePairs one;
  const auto read = [&](const std::string& text, const char* name) {
    ParsedMolecule parsed = parse_molecule(text, name, parsing);
    one.notes.insert(one.notes.end(), parsed.notes.begin(), parsed.notes.end());
    return parsed.molecule;
  };
  const Molecule from = job.loop ? read(*job.loop, "`loop`") : read(job.from, "`from`");
  one.pairs.push_back({"", from, job.loop ? from : read(job.to, "`to`")});
  return one;
}

/// What a job runs on. The property is added when the ends are known.
struct Loaded {
  explicit Loaded(const MoleculesJob& job) : Loaded(find_molecule_model_files(job.model, job.folders)) {}
  explicit Loaded(const MoleculeModelFiles& files)
      : vae(files.vae),
        regressors(files.properties),
        accessibility(find_fragment_scores({files.vae.parent_path()})) {}

  JunctionTreeVae vae;
  PropertyModel regressors;
  SyntheticAccessibility accessibility;
  SoughtProperty property = {};
};

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
    const MoleculePairs list = pairs_of(job_);
    run_.assumptions = list.notes;
    tell(list.notes, observer_.note);
    warn_all(list.left_out);
    Loaded loaded(job_);
    loaded.property = property_of(loaded, list.pairs.front());
    begin_ = std::chrono::steady_clock::now();
    for (size_t i = 0; i < list.pairs.size() && !run_.failure; ++i) {
      find(list, i, loaded);
      tell_how_long_the_rest_takes(i + 1, list.pairs.size() - i - 1);
    }
    LATENTPATH_CHECK(!run_.results.empty(), kInput, "no pair in ", job_.pairs.value_or(""),
                     " has a path; the first: ", first_left_out_);
    run_.facts["model"] = loaded.vae.describe();
  }

 private:
  SoughtProperty property_of(const Loaded& loaded, const MoleculePair& first) {
    if (job_.property_command) return learned_property(loaded, first);
    return built_in(job_) != nullptr ? built_in_property(job_.property, loaded.regressors)
                                     : property_of_file(job_.property, loaded.vae, loaded.regressors);
  }

  SoughtProperty learned_property(const Loaded& loaded, const MoleculePair& first) {
    PropertyCommand command({*job_.property_command, job_.command_seconds});
    command.score({first.from, first.to}, {}, token_);  // what is wrong with it shows before anything is made
    const CommandProperty learned =
        property_of_command(command, loaded.vae, loaded.regressors,
                            {job_.property_molecules, job_.search.seed}, observer_.progress, token_);
    run_.facts["property"]["regressors"] = {
        {"r2", learned.r2},
        {"residual", learned.residual},
        {"molecules", learned.seen},
        {"held_out", learned.held_out},
        {"without_value", learned.without_value},
        {"least", learned.least},
        {"most", learned.most},
    };
    const std::string r2 = std::isfinite(learned.r2) ? "R2 " + figure_text(learned.r2, 2)
                                                     : "no R2, which needs different values,";
    note(join_message(
        "networks that see the values of `property_command` from latents have ", r2, " on ", learned.held_out,
        " molecules held out of ", learned.seen + learned.held_out, ", whose values lie between ",
        figure_text(learned.least), " and ", figure_text(learned.most),
        learned.without_value == 0 ? std::string()
                                   : join_message("; ", learned.without_value, " more have no value")));
    if (!(learned.r2 >= kLowR2))
      warn(join_message("networks see little of `property_command` in latents (", r2,
                        "): its values are right, but paths are hardly led to them; try more "
                        "`property_molecules`"));
    const bool high = maximised(job_);
    if (high ? learned.most <= *job_.threshold : learned.least >= *job_.threshold)
      warn(join_message("no molecule of ", learned.seen + learned.held_out, " that the model made passes ",
                        "`threshold`, ", figure_text(*job_.threshold), ": their values lie between ",
                        figure_text(learned.least), " and ", figure_text(learned.most)));
    return learned.property;
  }

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

  void find(const MoleculePairs& list, size_t index, const Loaded& loaded) {
    const MoleculePair& pair = list.pairs[index];
    const bool alone = !job_.pairs;
    const BuiltInProperty* known = built_in(job_);
    const MoleculePathProblem problem{
        pair.from,       pair.to,
        loaded.property, job_.threshold.value_or(known != nullptr ? known->threshold : 0),
        maximised(job_), job_.requirements};
    try {
      MoleculePathResult result =
          find_molecule_path({loaded.vae, loaded.regressors, loaded.accessibility}, problem, job_.search,
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
  return {{"path", path}, {"linear", figures_of(result.linear)}};
}

/// Files that a command names are of this machine: pages are to have their names alone.
void hide_paths_of(const std::string& command, MoleculesRun& run) {
  std::error_code unreadable;
  for (const std::string& word : words_of_command(command, "`property_command`"))
    if (std::filesystem::exists(word, unreadable)) run.local_paths.push_back(word);
}

/// What the run folder holds of it.
void describe(MoleculesRun& run) {
  json pairs = json::array(), molecules = json::array();
  std::vector<Tensor> nodes;
  for (size_t i = 0; i < run.results.size(); ++i) {
    const MoleculePathResult& result = run.results[i];
    pairs.push_back(pair_json(result, run.problems[i]));
    json one{{"steps", steps_of(result.path)}, {"linear_steps", steps_of(result.linear)}};
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
  for (size_t i = 0; i < run.pictures.size(); ++i)
    run.files.emplace_back(i == 0 ? "molecules.svg" : "molecules-" + std::to_string(i + 1) + ".svg",
                           run.pictures[i]);
}

}  // namespace

const OptionTable<MoleculesJob>& molecules_option_table() {
  static const OptionTable<MoleculesJob> table = make_table();
  return table;
}

MoleculesRun execute(const MoleculesJob& job, const RunObserver& observer,
                     const CancellationToken& cancellation) {
  molecules_option_table().validate(job);
  const auto begin = std::chrono::steady_clock::now();
  MoleculesRun run;
  describe_job(run, "molecules", molecules_option_table(), job, job.search.seed, job.threads);
  if (job.property_command) hide_paths_of(*job.property_command, run);
  Runner(job, observer, cancellation, run).execute();
  describe(run);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  run.facts["seconds"] = seconds.count();
  return run;
}

}  // namespace latentpath
