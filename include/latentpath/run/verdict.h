#pragma once
// The verdict on a run: good, fair or bad, with its reasons. One table of rules (src/run/verdict_rules.cpp),
// each with its topic, the figures that it reads, its thresholds, its sentence and its remedy, evaluated once
// a pair and once a batch. What it says goes into the summary, and from there, to the letter, to the
// terminal, to run.json and to the page.
//
//   nlohmann::json summary = path_summary(result);
//   add_verdicts(summary, RunKind::kInterpolate);
//   summary["pairs"][0]["path"]["verdict"];           // "good", "fair" or "bad"
//   summary["pairs"][0]["path"]["verdict_reasons"];   // [{"topic", "level", "text"}, …]
//   std::cout << verdict_text(summary["verdict"]);
//
// The verdict is a function of the summary alone. A rule whose figures are absent or null says nothing.
// Levels of a reason: good, fair, bad, and note for what is said without being judged; the verdict is the
// worst of them.

#include <limits>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "latentpath/run/run_kind.h"

namespace latentpath {

/// What a rule reads and where it begins to object.
struct VerdictThresholds {
  std::string topic, figure;  ///< "resolution", "max/min of cost and cost_refined, less 1"
  bool below = false;         ///< objects below the thresholds, not from them on
  double fair = std::numeric_limits<double>::quiet_NaN();  ///< NaN: never
  double bad = std::numeric_limits<double>::quiet_NaN();
};
/// The table, in the order of the reasons.
std::vector<VerdictThresholds> verdict_thresholds();

/// The verdict on pair `pair` of a summary: {"level", "headline", "points": [{"topic", "level", "text"}],
/// "tiles": [{"value", "label", "note"}], "against_line": "52 times less", "gained": true}; the last three
/// for paths only.
nlohmann::json pair_verdict(const nlohmann::json& summary, size_t pair, RunKind kind);

/// The same on the whole run: of one pair its own; of a batch with medians, with how many paths a rule
/// objects to, and with "attention": the pair to look at first. A rule is bad for a batch from a tenth of bad
/// pairs on, and fair from one on to which it objects.
nlohmann::json run_verdict(const nlohmann::json& summary, RunKind kind);

/// Writes `verdict` and `verdict_reasons` into every pair's path, and run_verdict() into `verdict`.
void add_verdicts(nlohmann::json& summary, RunKind kind);

/// What the rules that hold for tables object to in the paths of a row, each as it would stand in a summary's
/// pairs, with its number: {"pair": 17, "path": {"least_guard_rank": 0.002, …}} → {"guard": {"paths": 200,
/// "fair": 3, "bad": 0, "pair": 17, "text": "The path leaves …"}, …}. Topics that no path has figures for are
/// absent.
nlohmann::json row_objections(const std::vector<nlohmann::json>& paths);
/// The same of one path more, for rows whose paths come one by one.
void add_objections(const nlohmann::json& pair, nlohmann::json& objections);

/// The same for a table over many pairs, whose summary has "rows" with their "objections": each row gets
/// `verdict` and `verdict_reasons`, and the summary a `verdict` whose finding is the given sentence. As of a
/// batch, a rule is fair from one path on to which it objects, and bad from a tenth of bad paths on; a path
/// that failed is bad.
void add_evaluation_verdicts(nlohmann::json& summary, const std::string& finding);

/// A verdict for terminals: a line a reason.
std::string verdict_text(const nlohmann::json& verdict);

}  // namespace latentpath
