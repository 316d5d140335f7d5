#include "latentpath/molecule/molecules_job.h"

#include <chrono>
#include <iomanip>
#include <sstream>

#include "latentpath/core/error.h"
#include "latentpath/core/figure_text.h"
#include "latentpath/io/file.h"
#include "latentpath/molecule/drawing.h"
#include "latentpath/molecule/published_jtvae.h"

namespace latentpath {
namespace {

using nlohmann::json;

void check_job(const MoleculesJob& o) {
  LATENTPATH_CHECK(o.loop.empty() || (o.from.empty() && o.to.empty()), kArgument,
                   "`loop` begins and ends at its molecule: `from` and `to` cannot be given with it");
  LATENTPATH_CHECK(!o.loop.empty() || !o.from.empty(), kArgument,
                   "a molecule is missing: give `from` and `to` (SMILES), or `loop`");
  LATENTPATH_CHECK(!o.loop.empty() || !o.to.empty(), kArgument,
                   "`to` is missing: give the molecule at the end of the path");
  LATENTPATH_CHECK(!(o.minimise && o.maximise), kArgument, "`minimise` and `maximise` cannot both be given");
}

OptionTable<MoleculePathOptions> search_table() {
  using O = MoleculePathOptions;
  OptionTable<O> t;
  t.group("How it is sought")
      .add("segments", &O::segments)
      .help("Segments of the path in the latent space")
      .range(4, 1024)
      .add("epsilon", &O::epsilon)
      .help("How dear places are where the property is not reached: weights run to -log(epsilon)")
      .above(0)
      .below(0.5)
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
      .add("neutralise", &J::neutralise)
      .help("Remove charges that protons make; they fake a low log P")
      .group("What the path is for")
      .add("property", &J::property)
      .help("Property that the molecules on the way are to have")
      .choices({{"logp", "octanol-water partition, Crippen"},
                {"qed", "drug-likeness"},
                {"sa", "synthetic accessibility, 1 is easy"}})
      .add("minimise", &J::minimise)
      .help("Low values are sought; without either: low log P and SA, high QED")
      .add("maximise", &J::maximise)
      .help("High values are sought")
      .add("threshold", &J::threshold)
      .help("Value that is to be passed")
      .unset("0 for log P, 0.9 for QED, 2.5 for SA")
      .group("Model")
      .add("model", &J::model)
      .help("Folder that latentpath data jtvae-zinc filled")
      .names_file();
  static const OptionTable<MoleculePathOptions> search = search_table();
  t.include(&J::search, search);
  add_threads(t.group("How it is sought"), &J::threads);
  add_output(t, &J::out, &J::overwrite,
             "run.json, molecules.csv, molecules.sdf, molecules.svg, path.npy, report.html")
      .rule(check_job);
  return t;
}

std::string number(double value, int digits = 3) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(digits) << value;
  return text.str();
}

json figures_of(const MoleculeSequence& sequence) {
  int64_t between = 0;
  for (const MoleculeStep& step : sequence.steps) between += !step.given;
  return {{"best", sequence.best},      {"mean", sequence.mean},       {"reached", sequence.reached},
          {"molecules", between},       {"decoded", sequence.decoded}, {"partial", sequence.partial},
          {"gave_up", sequence.gave_up}};
}

json steps_of(const MoleculeSequence& sequence) {
  json steps = json::array();
  for (const MoleculeStep& s : sequence.steps)
    steps.push_back({{"smiles", s.molecule.smiles()},
                     {"time", s.time},
                     {"given", s.given},
                     {"partial", s.partial},
                     {"log_p", s.properties.log_p},
                     {"qed", s.properties.qed},
                     {"sa", s.properties.sa},
                     {"weight", s.properties.weight},
                     {"tpsa", s.properties.tpsa},
                     {"predicted", s.predicted},
                     {"similarity_to_start", s.similarity_to_start},
                     {"similarity_to_end", s.similarity_to_end},
                     {"similarity_to_previous", s.similarity_to_previous}});
  return steps;
}

std::string csv_of(const json& steps) {
  // SMILES have no commas; predicted is of decoded latents alone.
  const std::vector<std::string> columns{"smiles",
                                         "time",
                                         "given",
                                         "log_p",
                                         "qed",
                                         "sa",
                                         "weight",
                                         "tpsa",
                                         "predicted",
                                         "similarity_to_start",
                                         "similarity_to_end",
                                         "similarity_to_previous",
                                         "partial"};
  std::ostringstream text;
  for (size_t i = 0; i < columns.size(); ++i) text << (i > 0 ? "," : "") << columns[i];
  text << "\n" << std::setprecision(6);
  for (const json& step : steps) {
    for (size_t i = 0; i < columns.size(); ++i) {
      const json& value = step[columns[i]];
      text << (i > 0 ? "," : "");
      if (value.is_string())
        text << value.get<std::string>();
      else if (value.is_boolean())
        text << (value.get<bool>() ? 1 : 0);
      else
        text << value.get<double>();
    }
    text << "\n";
  }
  return text.str();
}

const char* shown_name(const std::string& property) {
  return property == "logp" ? "log P" : property == "qed" ? "QED" : "SA";
}

/// The formulas of a row: all of a short path, and of a long one the ends and evenly chosen steps with the
/// best among them.
std::vector<size_t> drawn_steps(const MoleculeSequence& sequence, int64_t column,
                                const MoleculePathProblem& problem) {
  constexpr size_t kMost = 10;
  const auto& steps = sequence.steps;
  std::vector<size_t> chosen;
  if (steps.size() <= kMost) {
    for (size_t i = 0; i < steps.size(); ++i) chosen.push_back(i);
    return chosen;
  }
  size_t best = 1;
  for (size_t i = 1; i + 1 < steps.size(); ++i)
    if (better(problem, property_value(steps[i].properties, column),
               property_value(steps[best].properties, column)))
      best = i;
  for (size_t i = 0; i < kMost; ++i) chosen.push_back(i * (steps.size() - 1) / (kMost - 1));
  size_t nearest = 1;
  for (size_t i = 1; i + 1 < kMost; ++i)
    if (std::max(chosen[i], best) - std::min(chosen[i], best) <
        std::max(chosen[nearest], best) - std::min(chosen[nearest], best))
      nearest = i;
  chosen[nearest] = best;
  return chosen;
}

std::string svg_of(const MoleculeSequence& sequence, const MoleculePathProblem& problem) {
  const int64_t column = latent_property(problem.property);
  std::vector<Molecule> molecules;
  std::vector<std::vector<std::string>> captions;
  for (const size_t i : drawn_steps(sequence, column, problem)) {
    const MoleculeStep& step = sequence.steps[i];
    molecules.push_back(step.molecule);
    captions.push_back({std::string(shown_name(problem.property)) + " " +
                            number(property_value(step.properties, column), 2) +
                            (step.given ? " (given)" : ""),
                        "QED " + number(step.properties.qed, 2) + ", SA " + number(step.properties.sa, 1) +
                            ", similarity " + number(step.similarity_to_start, 2)});
  }
  return molecule_row_svg(molecules, captions);
}

std::string sdf_of(const MoleculeSequence& sequence, const json& steps) {
  std::vector<Molecule> molecules;
  std::vector<std::vector<std::pair<std::string, std::string>>> values;
  for (size_t i = 0; i < sequence.steps.size(); ++i) {
    molecules.push_back(sequence.steps[i].molecule);
    values.emplace_back();
    for (const char* name :
         {"log_p", "qed", "sa", "weight", "tpsa", "predicted", "similarity_to_start", "similarity_to_end"})
      values.back().emplace_back(name, number(steps[i][name].get<double>(), 4));
  }
  return sd_file(molecules, values);
}

MoleculePathProblem problem_of(const MoleculesJob& job, std::vector<std::string>& notes) {
  ParseOptions parsing;
  parsing.neutralise = job.neutralise;
  const bool loop = !job.loop.empty();
  const auto read = [&](const std::string& text, const char* name) {
    ParsedMolecule parsed = parse_molecule(text, name, parsing);
    notes.insert(notes.end(), parsed.notes.begin(), parsed.notes.end());
    return parsed.molecule;
  };
  const Molecule from = loop ? read(job.loop, "`loop`") : read(job.from, "`from`");
  const Molecule to = loop ? from : read(job.to, "`to`");
  const bool maximise = job.maximise || (!job.minimise && job.property == "qed");
  const double threshold = job.threshold.value_or(job.property == "logp"  ? 0.0
                                                  : job.property == "qed" ? 0.9
                                                                          : 2.5);
  return {from, to, job.property, threshold, maximise};
}

std::string text_of(const MoleculePathResult& result, const MoleculePathProblem& problem) {
  const int64_t column = latent_property(problem.property);
  std::ostringstream text;
  const char* name = shown_name(problem.property);
  text << std::left << std::setw(8) << name << "QED   SA    like start  molecule\n";
  for (const MoleculeStep& step : result.path.steps)
    text << std::setw(8) << number(property_value(step.properties, column), 2) << std::setw(6)
         << number(step.properties.qed, 2) << std::setw(6) << number(step.properties.sa, 1) << std::setw(12)
         << number(step.similarity_to_start, 2) << step.molecule.smiles() << (step.given ? "  (given)" : "")
         << (step.partial ? "  (partial)" : "") << "\n";
  text << name << (problem.maximise ? " above " : " below ") << figure_text(problem.threshold)
       << (result.path.reached ? " is reached: " : " is not reached: ") << "best "
       << number(result.path.best, 2) << ", mean " << number(result.path.mean, 2)
       << "; on the straight line best " << number(result.linear.best, 2) << ", mean "
       << number(result.linear.mean, 2) << "\n";
  return text.str();
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
  run.subcommand = "molecules";
  run.options = options_json(molecules_option_table(), job);
  run.seed = job.search.seed;
  run.threads = use_threads(job.threads);
  run.local_paths = file_options(molecules_option_table(), job);
  const MoleculePathProblem problem = problem_of(job, run.assumptions);
  const std::filesystem::path folder = job.model;
  const JunctionTreeVae vae(published_jtvae_file(folder));
  const PropertyModel model(published_property_file(folder));
  const SyntheticAccessibility accessibility(find_fragment_scores({folder}));
  run.result =
      find_molecule_path(vae, model, accessibility, problem, job.search, observer.progress, cancellation);
  MoleculePathResult& result = run.result;
  run.assumptions.insert(run.assumptions.end(), result.notes.begin(), result.notes.end());
  for (const std::string& sentence : run.assumptions)
    if (observer.note) observer.note(sentence);
  const json steps = steps_of(result.path);
  json path = figures_of(result.path);
  path["start"] = result.start;
  path["seconds"] = result.search_seconds + result.decode_seconds;
  run.summary = {{"pairs", json::array({{{"path", path}, {"linear", figures_of(result.linear)}}})}};
  run.facts = {{"property",
                {{"name", job.property}, {"threshold", problem.threshold}, {"maximise", problem.maximise}}},
               {"model", vae.describe()},
               {"ends_exact", {result.from.exact, result.to.exact}},
               {"molecules", steps},
               {"linear_molecules", steps_of(result.linear)}};
  run.text = text_of(result, problem);
  run.arrays = {{"path.npy", result.nodes.unsqueeze(0)}};
  run.files = {{"molecules.csv", csv_of(steps)},
               {"molecules.sdf", sdf_of(result.path, steps)},
               {"molecules.svg", svg_of(result.path, problem)}};
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  run.facts["seconds"] = seconds.count();
  return run;
}

void illustrate(const MoleculesJob&, const MoleculesRun& run, const std::filesystem::path& folder,
                const ProgressObserver&, const CancellationToken&) {
  std::ostringstream page;
  page << "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>LatentPath: "
          "molecules</title>\n<style>"
          "body{font-family:sans-serif;margin:2em;color:#222}.row{overflow-x:auto}table{border-collapse:"
          "collapse}"
          "td,th{padding:.2em "
          ".7em;text-align:right}td:last-child,th:last-child{text-align:left;font-family:monospace}"
          "</style></head><body>\n<h1>A path between two molecules</h1>\n";
  std::string svg;
  for (const auto& [name, text] : run.files)
    if (name == "molecules.svg") svg = text;
  page << "<div class=\"row\">" << svg.substr(svg.find("<svg")) << "</div>\n<table><tr>";
  for (const char* heading :
       {"log P", "QED", "SA", "like the start", "like the end", "predicted", "molecule"})
    page << "<th>" << heading << "</th>";
  page << "</tr>\n";
  for (const MoleculeStep& s : run.result.path.steps) {
    page << "<tr>";
    for (const double value : {s.properties.log_p, s.properties.qed, s.properties.sa, s.similarity_to_start,
                               s.similarity_to_end, s.predicted})
      page << "<td>" << number(value, 2) << "</td>";
    page << "<td>" << s.molecule.smiles() << (s.given ? " (given)" : "") << "</td></tr>\n";
  }
  page << "</table>\n<p>Atoms that the molecule before does not have are marked. Properties are those of the "
          "molecules "
          "themselves, but for the column <i>predicted</i>, the regressors' opinion of the property that was "
          "sought.</p>\n"
          "</body></html>\n";
  write_file(folder / "report.html", page.str());
}

}  // namespace latentpath
