#include "molecule/molecule_tables.h"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <sstream>

#include "latentpath/core/figure_text.h"
#include "latentpath/core/listed.h"
#include "latentpath/molecule/drawing.h"
#include "run/json_numbers.h"

namespace latentpath {
namespace {

using nlohmann::json;

using detail::number_or_null;

/// log P < 0
std::string aim_of(const MoleculePathProblem& problem) {
  return problem.property.shown + (problem.maximise ? " above " : " below ") + figure_text(problem.threshold);
}

/// The step of the best value between the ends; 0 where there is none.
size_t best_step(const MoleculeSequence& sequence, const MoleculePathProblem& problem) {
  size_t best = 0;
  for (size_t i = 0; i < sequence.steps.size(); ++i) {
    if (sequence.steps[i].given) continue;
    if (best == 0 || better(problem, sequence.steps[i].value, sequence.steps[best].value)) best = i;
  }
  return best;
}

std::vector<size_t> drawn_steps(const MoleculeSequence& sequence, const MoleculePathProblem& problem) {
  constexpr size_t kMost = 8;
  const size_t count = sequence.steps.size(), best = best_step(sequence, problem);
  std::vector<size_t> chosen;
  for (size_t i = 0; i < std::min(count, kMost); ++i)
    chosen.push_back(count <= kMost ? i : i * (count - 1) / (kMost - 1));
  if (count <= kMost || best == 0) return chosen;
  const auto distance = [best](size_t step) { return step > best ? step - best : best - step; };
  size_t nearest = 1;
  for (size_t i = 1; i + 1 < kMost; ++i)
    if (distance(chosen[i]) < distance(chosen[nearest])) nearest = i;
  chosen[nearest] = best;
  return chosen;
}

json point(const char* topic, const char* level, const std::string& text) {
  return {{"topic", topic}, {"level", level}, {"text", text}};
}

double value_of_start(const MoleculePathResult& result) { return result.path.steps.front().value; }
double value_of_end(const MoleculePathResult& result) { return result.path.steps.back().value; }

/// Whether the best molecule betters that of the straight line; of a loop, whose straight line is one
/// molecule, whether it betters that.
bool gained(const MoleculePathResult& result, const MoleculePathProblem& problem) {
  return result.path.between > 0 &&
         better(problem, result.path.best, is_loop(problem) ? value_of_start(result) : result.linear.best);
}

/// How many of the two ends pass the threshold.
int ends_that_pass(const MoleculePathResult& result, const MoleculePathProblem& problem) {
  return passes(problem, value_of_start(result)) + passes(problem, value_of_end(result));
}

json tile(const std::string& value, const std::string& label, const std::string& note) {
  return {{"value", value}, {"label", label}, {"note", note}};
}

std::string counted(int64_t count, const char* one, const char* several) {
  return std::to_string(count) + " " + (count == 1 ? one : several);
}

/// Pairs of a list.
struct ListCounts {
  int64_t loops = 0, loop_gain = 0;        ///< of loops alone
  int64_t gain = 0, reached_straight = 0;  ///< of the others alone: the straight line of a loop is a point
  int64_t reached = 0, inexact = 0, empty = 0, an_end_passes = 0, both_ends_pass = 0;
  int64_t rejected = 0;  ///< molecules, where the threshold is not reached
};

ListCounts counts_of(const std::vector<MoleculePathResult>& results,
                     const std::vector<MoleculePathProblem>& problems) {
  ListCounts n;
  for (size_t i = 0; i < results.size(); ++i) {
    const MoleculePathResult& result = results[i];
    const bool loop = is_loop(problems[i]), gain = gained(result, problems[i]);
    const int ends = ends_that_pass(result, problems[i]);
    n.loops += loop;
    (loop ? n.loop_gain : n.gain) += gain;
    n.reached_straight += !loop && result.linear.reached;
    n.reached += result.path.reached;
    n.inexact += !result.from.exact || !result.to.exact;
    n.empty += result.path.between == 0;
    n.an_end_passes += ends > 0;
    n.both_ends_pass += ends == 2;
    if (!result.path.reached) n.rejected += result.path.rejected_reached;
  }
  return n;
}

/// That the wish was fulfilled before.
json point_of_ends(const MoleculePathResult& result, const MoleculePathProblem& problem) {
  const std::string of = problem.property.shown + " ", start = decimal(value_of_start(result), 2),
                    end = decimal(value_of_end(result), 2);
  const bool first = passes(problem, value_of_start(result));
  return point("property", "note",
               is_loop(problem) ? "The molecule itself passes that already: " + of + start + "."
               : ends_that_pass(result, problem) == 2
                   ? "Both ends pass that already: " + of + start + " and " + end + "."
                   : (first ? "The start passes that already: " : "The end passes that already: ") + of +
                         (first ? start : end) + ".");
}

/// @param nearer    whether a threshold nearer to what the ends have is easier
/// @param rejected  molecules that would have passed, and lack what is required
json advice(const MoleculeRequirements& requirements, bool nearer, int64_t rejected) {
  std::vector<std::string> ways{"another `seed`", "more `starts`"};
  if (nearer) ways.emplace_back("a `threshold` nearer to what the ends have");
  std::string text;
  if (requirements.any()) {
    const std::string given = listed(requirements.given());
    ways.push_back((given == "`keep`" ? "a smaller part in " : "less strict ") + given);
    if (rejected > 0)
      text = " " + counted(rejected, "molecule that passes is", "molecules that pass are") +
             " ruled out by " + given + ".";
  }
  std::string list;
  for (size_t i = 0; i < ways.size(); ++i)
    list += (i == 0 ? "" : i + 1 < ways.size() ? ", " : ", or ") + ways[i];
  return point("advice", "note", "What to try: " + list + "." + text);
}

}  // namespace

std::string decimal(double value, int digits) {
  return std::isfinite(value) ? fixed_text(value, digits) : "-";
}

json figures_of(const MoleculeSequence& sequence) {
  return {{"best", number_or_null(sequence.best)}, {"mean", number_or_null(sequence.mean)},
          {"reached", sequence.reached},           {"molecules", sequence.between},
          {"decoded", sequence.decoded},           {"partial", sequence.partial},
          {"gave_up", sequence.gave_up},           {"undecoded", sequence.undecoded},
          {"left_out", sequence.left_out},         {"rejected_reached", sequence.rejected_reached}};
}

json steps_of(const MoleculeSequence& sequence) {
  json steps = json::array();
  for (const MoleculeStep& s : sequence.steps)
    steps.push_back({{"smiles", s.molecule.smiles()},
                     {"time", s.time},
                     {"given", s.given},
                     {"partial", s.partial},
                     {"replaced", s.replaced},
                     {"value", number_or_null(s.value)},
                     {"predicted", s.given ? json() : number_or_null(s.predicted)},
                     {"log_p", s.properties.log_p},
                     {"qed", s.properties.qed},
                     {"sa", s.properties.sa},
                     {"weight", s.properties.weight},
                     {"tpsa", s.properties.tpsa},
                     {"similarity_to_start", s.similarity_to_start},
                     {"similarity_to_end", s.similarity_to_end},
                     {"similarity_to_previous", s.similarity_to_previous}});
  return steps;
}

std::string molecules_csv(const std::vector<MoleculePathResult>& results) {
  // SMILES have no commas; what is predicted is of decoded latents alone.
  const std::vector<std::string> columns{"smiles",
                                         "time",
                                         "given",
                                         "value",
                                         "predicted",
                                         "log_p",
                                         "qed",
                                         "sa",
                                         "weight",
                                         "tpsa",
                                         "similarity_to_start",
                                         "similarity_to_end",
                                         "similarity_to_previous",
                                         "partial",
                                         "replaced"};
  std::ostringstream text;
  text << "pair";
  for (const std::string& column : columns) text << "," << column;
  text << "\n" << std::setprecision(6);
  for (size_t pair = 0; pair < results.size(); ++pair)
    for (const json& step : steps_of(results[pair].path)) {
      text << pair + 1;
      for (const std::string& column : columns) {
        const json& value = step[column];
        text << ",";
        if (value.is_string())
          text << value.get<std::string>();
        else if (value.is_boolean())
          text << (value.get<bool>() ? 1 : 0);
        else if (value.is_number())
          text << value.get<double>();
      }
      text << "\n";
    }
  return text.str();
}

std::string molecules_sdf(const std::vector<MoleculePathResult>& results) {
  std::string text;
  for (size_t pair = 0; pair < results.size(); ++pair) {
    std::vector<Molecule> molecules;
    std::vector<std::vector<std::pair<std::string, std::string>>> values;
    const json steps = steps_of(results[pair].path);
    for (size_t i = 0; i < steps.size(); ++i) {
      molecules.push_back(results[pair].path.steps[i].molecule);
      values.emplace_back().emplace_back("pair", std::to_string(pair + 1));
      for (const char* name : {"value", "predicted", "log_p", "qed", "sa", "weight", "tpsa",
                               "similarity_to_start", "similarity_to_end"})
        if (steps[i][name].is_number())
          values.back().emplace_back(name, decimal(steps[i][name].get<double>(), 4));
    }
    text += sd_file(molecules, values);
  }
  return text;
}

std::string molecules_svg(const MoleculeSequence& sequence, const MoleculePathProblem& problem) {
  std::vector<Molecule> molecules;
  std::vector<std::vector<std::string>> captions;
  for (const size_t i : drawn_steps(sequence, problem)) {
    const MoleculeStep& step = sequence.steps[i];
    const bool end = i == 0 || i + 1 == sequence.steps.size();
    molecules.push_back(step.molecule);
    captions.push_back({problem.property.shown + " " + decimal(step.value, 2) +
                            (end ? (i == 0 ? " (start)" : " (end)") : ""),
                        "QED " + decimal(step.properties.qed, 2) + ", SA " + decimal(step.properties.sa, 1) +
                            ", similarity " + decimal(step.similarity_to_start, 2)});
  }
  return molecule_row_svg(molecules, captions);
}

std::string molecules_text(const MoleculePathResult& result, const MoleculePathProblem& problem) {
  std::ostringstream text;
  const std::string& shown = problem.property.shown;
  text << std::left << std::setw(9) << shown.substr(0, 8) << "QED   SA    like start  molecule\n";
  for (const MoleculeStep& step : result.path.steps)
    text << std::setw(9) << decimal(step.value, 2) << std::setw(6) << decimal(step.properties.qed, 2)
         << std::setw(6) << decimal(step.properties.sa, 1) << std::setw(12)
         << decimal(step.similarity_to_start, 2) << step.molecule.smiles() << (step.given ? "  (given)" : "")
         << (step.partial ? "  (partial)" : "") << "\n";
  return text.str();
}

json molecule_verdict(const MoleculePathResult& result, const MoleculePathProblem& problem) {
  const MoleculeSequence &path = result.path, &line = result.linear;
  const std::string shown = problem.property.shown;
  json points = json::array();
  const bool gain = gained(result, problem), loop = is_loop(problem);
  if (path.between == 0)
    points.push_back(point("property", "bad", "Nothing lies between the ends."));
  else
    points.push_back(point("property", path.reached ? "good" : "fair",
                           aim_of(problem) + (path.reached ? " is reached: " : " is not reached: ") +
                               "the best of " + counted(path.between, "molecule", "molecules") + " has " +
                               decimal(path.best, 2) + ", their mean is " + decimal(path.mean, 2) + "."));
  if (ends_that_pass(result, problem) > 0) points.push_back(point_of_ends(result, problem));
  if (!loop && line.between > 0)
    points.push_back(point("gain", gain ? "good" : "fair",
                           "On the straight line the best of " +
                               counted(line.between, "molecule", "molecules") + " has " +
                               decimal(line.best, 2) + ", their mean is " + decimal(line.mean, 2) + "."));
  if (!result.from.exact || !result.to.exact)
    points.push_back(point("ends", "fair",
                           "The model does not decode to one of the given molecules: beside it stands "
                           "the nearest that it decodes to."));
  if (path.partial > 0 || path.gave_up > 0)
    points.push_back(point("decoding", "note",
                           counted(std::max(path.partial, path.gave_up), "latent", "latents") + " of " +
                               std::to_string(path.decoded) + " decode to a part of a molecule."));
  std::string level = "good";
  for (const json& each : points)
    if (each["level"] == "bad" || (each["level"] == "fair" && level == "good")) level = each["level"];
  if (level != "good" && !path.reached)
    points.push_back(
        advice(problem.requirements, ends_that_pass(result, problem) == 0, path.rejected_reached));
  const std::string headline = path.between == 0 ? "No molecule was found between the two"
                               : loop
                                   ? "On a loop " + shown + " goes from " +
                                         decimal(path.steps.front().value, 2) + " to " + decimal(path.best, 2)
                                   : "Best " + shown + " on the way is " + decimal(path.best, 2) +
                                         ", on the straight line " + decimal(line.best, 2);
  const std::string against = loop ? "the molecule itself " + decimal(path.steps.front().value, 2)
                                   : "straight line " + decimal(line.best, 2);
  return {{"level", level},
          {"headline", headline},
          {"points", points},
          {"tiles", json::array({tile(decimal(path.best, 2), "best " + shown, against),
                                 tile(decimal(path.mean, 2), "mean " + shown,
                                      loop ? "" : "straight line " + decimal(line.mean, 2)),
                                 tile(std::to_string(path.between), "molecules on the way",
                                      loop ? "" : "straight line " + std::to_string(line.between))})}};
}

json molecule_verdict(const std::vector<MoleculePathResult>& results,
                      const std::vector<MoleculePathProblem>& problems) {
  if (results.size() == 1) return molecule_verdict(results[0], problems[0]);
  const ListCounts n = counts_of(results, problems);
  const auto all = static_cast<int64_t>(results.size()), lines = all - n.loops;
  const auto of_all = [all](int64_t some) {
    return std::to_string(some) + " of " + std::to_string(all) + " pairs";
  };
  const std::string aim = aim_of(problems[0]), among = counted(lines, "pair", "pairs") + " with two ends";
  const std::string straight =
      std::to_string(n.reached_straight) + (n.loops > 0 ? " of " + among : std::string());
  json points{point("property", n.reached == all ? "good" : "fair",
                    aim + " is reached on " + of_all(n.reached) +
                        (lines > 0 ? ", by straight lines on " + straight : "") + ".")};
  if (n.an_end_passes > 0)
    points.push_back(point("property", "note",
                           "An end passes that already on " + of_all(n.an_end_passes) + ", both ends on " +
                               std::to_string(n.both_ends_pass) + "."));
  if (lines > 0)
    points.push_back(point("gain", n.gain == lines ? "good" : "fair",
                           "The best molecule betters that of the straight line on " +
                               (n.loops > 0 ? std::to_string(n.gain) + " of " + among : of_all(n.gain)) +
                               "."));
  if (n.loops > 0)
    points.push_back(point("gain", n.loop_gain == n.loops ? "good" : "fair",
                           "The best molecule betters the one it starts from on " +
                               std::to_string(n.loop_gain) + " of " + counted(n.loops, "loop", "loops") +
                               "."));
  if (n.inexact > 0)
    points.push_back(
        point("ends", "note", "On " + of_all(n.inexact) + " the model does not decode to an end."));
  if (n.empty > 0)
    points.push_back(point("property", "fair", "Nothing lies between the ends of " + of_all(n.empty) + "."));
  if (n.reached < all) points.push_back(advice(problems[0].requirements, true, n.rejected));
  std::string level = n.empty * 10 >= all ? "bad" : "good";
  for (const json& each : points)
    if (each["level"] == "fair" && level == "good") level = "fair";
  return {{"level", level},
          {"headline", aim + " is reached on " + of_all(n.reached) +
                           (lines > 0 ? " (straight lines: " + straight + ")" : "")},
          {"points", points}};
}

}  // namespace latentpath
