#include "latentpath/run/verdict.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "latentpath/core/error.h"
#include "latentpath/core/figure_text.h"
#include "run/tour_summary.h"
#include "verdict_rules.h"

namespace latentpath {
namespace {

using detail::figure_of;
using detail::Level;
using detail::level_name;
using detail::Reason;
using detail::text_of;
using detail::verdict_rules;
using detail::VerdictFigures;
using detail::VerdictRule;
using nlohmann::json;

constexpr double kBatchBad = 0.1;  ///< the share of bad paths from which on a batch is bad

json point(const std::string& topic, Level level, const std::string& text) {
  return {{"topic", topic}, {"level", level_name(level)}, {"text", text}};
}

void add_once(std::vector<std::string>& list, const std::string& text) {
  if (!text.empty() && std::find(list.begin(), list.end(), text) == list.end()) list.push_back(text);
}

std::string capital(std::string text) {
  if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text;
}

std::string joined(const std::vector<std::string>& parts, const char* between) {
  std::string text;
  for (size_t i = 0; i < parts.size(); ++i) text += (i ? between : "") + parts[i];
  return text;
}

/// What has been said so far, and what follows from it.
struct Findings {
  json points = json::array();
  Level level = Level::kGood;
  std::vector<std::string> complaints, severe, remedies;

  void add(const VerdictRule& rule, Level at, const std::string& text, const std::string& remedy) {
    add(rule.topic, at, text, remedy, rule.complaint);
  }
  void add(const std::string& topic, Level at, const std::string& text, const std::string& remedy,
           const std::string& complaint) {
    points.push_back(point(topic, at, text));
    if (at < Level::kFair) return;
    level = std::max(level, at);
    add_once(at == Level::kBad ? severe : complaints, complaint);
    add_remedy(remedy);
  }
  /// One that another begins with is said by it.
  void add_remedy(const std::string& remedy) {
    for (std::string& known : remedies) {
      if (known.rfind(remedy, 0) == 0) return;
      if (remedy.rfind(known, 0) == 0) {
        known = remedy;
        return;
      }
    }
    add_once(remedies, remedy);
  }
  /// The headline agrees with the level: a finding that cannot be relied on is not announced as one.
  json verdict(const std::string& finding) {
    if (!remedies.empty())
      points.push_back(point("advice", Level::kNote, "What to try: " + joined(remedies, "; ") + "."));
    std::string headline = finding;
    if (level == Level::kBad)
      headline = "Not to be relied on (" + joined(severe, ", ") + "): " + finding;
    else if (level == Level::kFair)
      headline = finding + "; with reservations: " + joined(complaints, ", ");
    return {{"level", level_name(level)}, {"headline", headline}, {"points", points}};
  }
};

std::string finding_of(const VerdictFigures& f) {
  if (f.kind == RunKind::kMeasures) {
    const auto ratio = figure_of(f.path, "cost_over_lower_bound");
    return ratio ? "K·cost/MMD² is " + figure_text(*ratio, 5) + " on this path, where 1 is a geodesic"
                 : std::string("A path between two samples");
  }
  if (f.kind == RunKind::kGeodesic) {
    const std::string what = f.title.empty() ? std::string() : f.title + ": ";
    if (!f.length) return what + "no path of finite length was found";
    const bool weighted = f.path.value("weighted", json()) == json(true);
    return what + (weighted ? "weighted length " : "length ") + figure_text(*f.length, 6) +
           (f.path.value("minimum", json()) == json(true) ? ", a minimum" : "");
  }
  if (!f.cost) return "this path has no cost: the model gives values that are no numbers along it";
  if (!f.linear)
    return "This path costs " + figure_text(*f.cost) + ", where the straight line has no finite cost";
  const std::string less = compared_text(*f.cost, *f.linear);
  if (f.probability && f.straight_probability && !f.feature.empty())
    return "Mean " + f.feature + " is " + share_text(*f.probability) + " on this path and " +
           share_text(*f.straight_probability) + " on the straight line, at " +
           (less == "the same" ? "the same cost" : less + " cost");
  return f.gained() ? "This path costs " + less + " than the straight line"
                    : "The straight line is the best path found";
}

json tile(const std::string& value, const std::string& label, const std::string& note = {}) {
  return {{"value", value}, {"label", label}, {"note", note}};
}

json ratio_tile(double ratio, const std::string& note) {
  return ratio >= 1.95
             ? tile(figure_text(ratio, 2) + "×", "less cost than the straight line", note)
             : tile(percent_text(1 - 1 / std::max(ratio, 1e-9)), "less cost than the straight line", note);
}

json tiles_of(const VerdictFigures& f) {
  json tiles = json::array();
  if (f.cost && f.linear && *f.cost > 0)
    tiles.push_back(
        ratio_tile(*f.linear / *f.cost, figure_text(*f.cost) + " against " + figure_text(*f.linear)));
  else
    tiles.push_back(tile(f.cost ? figure_text(*f.cost) : "NaN", "cost"));
  const auto against = [](const std::optional<double>& straight) {
    return straight ? "straight line " + share_text(*straight) : std::string();
  };
  if (f.probability)
    tiles.push_back(tile(share_text(*f.probability),
                         "mean " + (f.feature.empty() ? "probability" : f.feature),
                         against(f.straight_probability)));
  else if (f.has_quality())
    tiles.push_back(tile(share_text(*f.mean_quality), "mean quality", against(f.straight_quality)));
  if (const auto weight = figure_of(f.path, "density_regularisation"); weight && f.negative_log_density)
    tiles.push_back(tile(
        figure_text(*f.negative_log_density), "mean −log p(x), μ = " + figure_text(*weight, 3),
        f.straight_negative_log_density ? "straight line " + figure_text(*f.straight_negative_log_density)
                                        : ""));
  if (f.length)
    tiles.push_back(tile(figure_text(*f.length), f.weighted ? "weighted length" : "length",
                         f.bound ? "no path is below " + figure_text(*f.bound) : ""));
  if (const auto decoded = figure_of(f.path, "decoder_evaluations")) {
    const auto iterations = figure_of(f.path, "iterations");
    std::string count = std::to_string(static_cast<int64_t>(*decoded));
    for (auto at = static_cast<std::ptrdiff_t>(count.size()) - 3; at > 0; at -= 3)
      count.insert(static_cast<size_t>(at), ",");
    tiles.push_back(tile(
        count, "points decoded to find it",
        iterations ? figure_text(*iterations, 9) + (*iterations == 1 ? " iteration" : " iterations") : ""));
  }
  return tiles;
}

std::string of_all(size_t some, size_t all) {
  if (some == all) return all == 1 ? "the path" : "all " + std::to_string(all) + " paths";
  return std::to_string(some) + " of " + std::to_string(all) + " paths";
}

/// All pairs of a batch, and what the rules say of each.
struct Batch {
  bool legs = false;  ///< the pairs are those of tours
  std::vector<VerdictFigures> pairs;
  std::vector<std::string> names;
  std::vector<std::vector<std::optional<Reason>>> reasons;  ///< [rule][pair]

  Batch(const json& summary, RunKind kind) {
    legs = summary.contains("tours");
    for (size_t i = 0; i < summary.at("pairs").size(); ++i) {
      pairs.emplace_back(summary, i, kind);
      names.push_back(pair_name(summary.at("pairs"), i));
    }
    for (const VerdictRule& rule : verdict_rules()) {
      reasons.emplace_back();
      for (const VerdictFigures& f : pairs) reasons.back().push_back(rule.evaluate(f, rule));
    }
  }
  std::string count() const { return join_message(pairs.size(), legs ? " legs" : " pairs"); }
  std::vector<double> column(std::optional<double> VerdictFigures::*figure) const {
    std::vector<double> values;
    for (const VerdictFigures& f : pairs)
      if (f.*figure) values.push_back(*(f.*figure));
    return values;
  }
  /// What is asked for: of all pairs, or in words where they differ.
  std::string feature() const {
    for (const VerdictFigures& f : pairs)
      if (f.feature != pairs[0].feature) return "probability of what each pair asks for";
    return pairs[0].feature;
  }
  bool objected() const {
    for (const auto& of_rule : reasons)
      for (const auto& reason : of_rule)
        if (reason && reason->level >= Level::kFair) return true;
    return false;
  }
  std::vector<double> ratios() const {  ///< cost of the straight line over that of the path
    std::vector<double> values;
    for (const VerdictFigures& f : pairs)
      if (f.cost && f.linear && *f.cost > 0) values.push_back(*f.linear / *f.cost);
    return values;
  }
  /// The pair most in need of a look: the worst verdict, then most objections, then the least probability or
  /// the highest cost against the straight line.
  size_t attention() const {
    size_t worst = 0;
    double most = -1;
    for (size_t i = 0; i < pairs.size(); ++i) {
      double score = 0;
      for (const auto& rule : reasons)
        if (rule[i]) score += rule[i]->level == Level::kBad ? 1000 : rule[i]->level == Level::kFair ? 10 : 0;
      const VerdictFigures& f = pairs[i];
      if (f.probability)
        score += 1 - *f.probability;
      else if (f.cost && f.linear && *f.linear > 0)
        score += std::min(9.0, *f.cost / *f.linear);
      if (score > most) most = score, worst = i;
    }
    return worst;
  }
};

std::string finding_of(const Batch& batch, RunKind kind) {
  const std::string over = "Over " + batch.count() + ", ";
  const auto probability = batch.column(&VerdictFigures::probability),
             straight = batch.column(&VerdictFigures::straight_probability),
             lengths = batch.column(&VerdictFigures::length);
  const std::string feature = batch.feature();
  if (kind == RunKind::kGeodesic)
    return over + (lengths.empty() ? "none has a path of finite length"
                                   : "the median length is " + figure_text(median_of(lengths), 6));
  const std::vector<double> ratios = batch.ratios();
  if (ratios.empty())
    return "None of " + std::to_string(batch.pairs.size()) + " paths has a finite cost above zero";
  if (!probability.empty() && !straight.empty() && !feature.empty())
    return over + "the median of mean " + feature + " is " + share_text(median_of(probability)) +
           ", on straight lines " + share_text(median_of(straight));
  const double middle = median_of(ratios);
  return over + (middle > 1.005
                     ? "the median path costs " + compared_text(1, middle) + " than its straight line"
                     : "the median path is as its straight line");
}

/// "converged 2, iteration-limit 1", leaving out what has no name.
std::string tally_of(const std::map<std::string, size_t>& counted) {
  std::string list;
  for (const auto& [name, times] : counted)
    if (!name.empty()) list += (list.empty() ? "" : ", ") + name + " " + std::to_string(times);
  return list;
}

/// For a tally: all first paths of a kind under one name.
std::string kind_of_start(const VerdictFigures& f) {
  if (f.start_kind == StartKind::kVia) return "good samples of the prior";
  if (f.start_kind == StartKind::kRoute) return "routes through samples";
  if (f.start_kind == StartKind::kSections) return "paths through all sections";
  if (f.start_kind == StartKind::kStraight) return "the straight line";
  return f.start;
}

/// What a topic is about over all pairs, before any objection; empty: the rule's praise says it.
std::string figures_of(const Batch& batch, const std::string& topic) {
  std::map<std::string, size_t> starts, endings;
  size_t better = 0;
  for (const VerdictFigures& f : batch.pairs) {
    better += f.gained();
    if (f.termination) ++endings[termination_name(*f.termination)];
    ++starts[kind_of_start(f)];
  }
  if (topic == "gain")
    return "The median cost is " + figure_text(median_of(batch.column(&VerdictFigures::cost))) +
           " (straight lines: " + figure_text(median_of(batch.column(&VerdictFigures::linear))) + "); " +
           of_all(better, batch.pairs.size()) + (better == 1 ? " costs" : " cost") +
           " less than the straight line.";
  if (topic == "start") return "First paths that won: " + tally_of(starts) + ".";
  if (topic == "ending") return "How the searches ended: " + tally_of(endings) + ".";
  return {};
}

void add_rule(Findings& findings, const Batch& batch, size_t which) {
  const VerdictRule& rule = verdict_rules()[which];
  const auto& reasons = batch.reasons[which];
  size_t said = 0, fair = 0, bad = 0, worst = 0;
  bool alike = true;
  std::vector<std::string> remedies;
  Level most = Level::kNote;
  const Reason* first = nullptr;
  for (size_t i = 0; i < reasons.size(); ++i) {
    if (!reasons[i]) continue;
    ++said;
    if (!first) first = &*reasons[i];
    alike = alike && reasons[i]->text == first->text;
    fair += reasons[i]->level == Level::kFair, bad += reasons[i]->level == Level::kBad;
    if (reasons[i]->level > most) most = reasons[i]->level, worst = i;
  }
  if (said == 0) return;
  std::string text = figures_of(batch, rule.topic);
  // What all pairs have in common, such as the classifier, is said once.
  if (text.empty() && alike && said == reasons.size())
    return findings.add(rule, first->level, first->text, first->remedy);
  if (fair + bad == 0) {
    if (text.empty() && most == Level::kGood && said == reasons.size() && rule.praise) text = rule.praise;
    if (!text.empty()) findings.add(rule, most, text, "");
    return;
  }
  const double share = static_cast<double>(bad) / static_cast<double>(reasons.size());
  text += (text.empty() ? "" : " ") + capital(rule.complaint) + ": " + of_all(fair + bad, reasons.size()) +
          ". " + capital(batch.names[worst]) + (fair + bad > 1 ? ", for one: " : ": ") + reasons[worst]->text;
  findings.add(rule, share >= kBatchBad ? Level::kBad : Level::kFair, text, reasons[worst]->remedy);
}

/// What tours cost beside their legs, and whether they are as smooth as was asked.
void add_tours(Findings& findings, const json& tours) {
  const bool corners = std::any_of(tours.begin(), tours.end(), keeps_corners);
  findings.add("tour", corners ? Level::kFair : Level::kNote, capital(tours_text(tours)) + ".",
               "a larger `tour_allowance`, which rounds corners, or `corners` sharp where they are wanted",
               "corners are left at a tour's points");
}

json batch_tiles(const Batch& batch) {
  json tiles = json::array();
  const std::string count = "of " + std::to_string(batch.pairs.size());
  if (const auto ratios = batch.ratios(); !ratios.empty())
    tiles.push_back(ratio_tile(median_of(ratios), "median of " + batch.count()));
  if (const auto probability = batch.column(&VerdictFigures::probability); !probability.empty()) {
    const auto straight = batch.column(&VerdictFigures::straight_probability);
    tiles.push_back(tile(share_text(median_of(probability)), "median of mean " + batch.feature(),
                         straight.empty() ? "" : "straight lines " + share_text(median_of(straight))));
  }
  std::map<std::string, size_t> levels;
  for (size_t i = 0; i < batch.pairs.size(); ++i) {
    Level worst = Level::kGood;
    for (const auto& rule : batch.reasons)
      if (rule[i]) worst = std::max(worst, rule[i]->level);
    ++levels[level_name(worst)];
  }
  tiles.push_back(tile(std::to_string(levels["good"]), "good paths", count));
  tiles.push_back(tile(std::to_string(levels["bad"]), "bad paths", count));
  return tiles;
}

}  // namespace

std::vector<VerdictThresholds> verdict_thresholds() {
  std::vector<VerdictThresholds> list;
  for (const VerdictRule& rule : verdict_rules())
    list.push_back({rule.topic, rule.figure, rule.below, rule.fair, rule.bad});
  return list;
}

json pair_verdict(const json& summary, size_t pair, RunKind kind) {
  const VerdictFigures f(summary, pair, kind);
  Findings findings;
  for (const VerdictRule& rule : verdict_rules())
    if (const auto reason = rule.evaluate(f, rule))
      findings.add(rule, reason->level, reason->text, reason->remedy);
  json verdict = findings.verdict(finding_of(f));
  if (kind == RunKind::kInterpolate) {
    verdict["tiles"] = tiles_of(f);
    verdict["gained"] = f.gained();
    if (f.cost && f.linear) verdict["against_line"] = compared_text(*f.cost, *f.linear);
  }
  return verdict;
}

json run_verdict(const json& summary, RunKind kind) {
  const auto pairs = summary.find("pairs");
  if (pairs == summary.end() || pairs->size() <= 1) return pair_verdict(summary, 0, kind);
  const Batch batch(summary, kind);
  Findings findings;
  if (batch.legs) add_tours(findings, summary["tours"]);
  for (size_t rule = 0; rule < verdict_rules().size(); ++rule) add_rule(findings, batch, rule);
  const size_t attention = batch.attention();
  if (batch.objected())
    findings.remedies.insert(findings.remedies.begin(), "look at " + batch.names[attention] + " first");
  json verdict = findings.verdict(finding_of(batch, kind));
  verdict["attention"] = attention;
  if (kind == RunKind::kInterpolate) verdict["tiles"] = batch_tiles(batch);
  return verdict;
}

void add_verdicts(json& summary, RunKind kind) {
  if (const auto pairs = summary.find("pairs"); pairs != summary.end())
    for (size_t i = 0; i < pairs->size(); ++i) {
      const json verdict = pair_verdict(summary, i, kind);
      json& path = (*pairs)[i]["path"];
      path["verdict"] = verdict["level"];
      path["verdict_reasons"] = verdict["points"];
      // A reference's own sentence is the certificate's, in the same words.
      for (const char* name : {"reference", "global_certificate"})
        if (path.contains(name) && path[name].is_object())
          for (const json& each : verdict["points"])
            if (each["topic"] == "certificate") path[name]["sentence"] = each["text"];
    }
  summary["verdict"] = run_verdict(summary, kind);
}

void add_objections(const json& pair, json& objections) {
  const VerdictFigures f({{"pairs", {pair}}}, 0, RunKind::kInterpolate);
  for (const VerdictRule& rule : verdict_rules()) {
    if (!rule.of_tables) continue;
    const auto reason = rule.evaluate(f, rule);
    if (!reason) continue;
    json& topic = objections[rule.topic];
    if (topic.is_null()) topic = {{"paths", 0}, {"fair", 0}, {"bad", 0}};
    topic["paths"] = topic["paths"].get<int64_t>() + 1;
    if (reason->level < Level::kFair) continue;
    const char* level = level_name(reason->level);
    topic[level] = topic[level].get<int64_t>() + 1;
    if (topic.contains("text") && topic["level"] == "bad") continue;  // the worst is told, the first of them
    if (topic.contains("text") && reason->level == Level::kFair) continue;
    topic["level"] = level, topic["pair"] = pair.value("pair", 0), topic["text"] = reason->text;
    topic["remedy"] = reason->remedy;
  }
}

json row_objections(const std::vector<json>& paths) {
  json objections = json::object();
  for (const json& pair : paths) add_objections(pair, objections);
  return objections;
}

namespace {

Level level_of_share(double objected, double bad, double of) {
  return bad > 0 && bad >= kBatchBad * of ? Level::kBad : objected > 0 ? Level::kFair : Level::kGood;
}

/// What is wrong with the paths of one row, or of all.
struct RowCounts {
  double failed = 0, paths = 0;
  json objections = json::object();

  RowCounts() = default;
  explicit RowCounts(const json& row)
      : failed(figure_of(row, "failures").value_or(0)), paths(figure_of(row, "pairs").value_or(0)) {
    objections = row.value("objections", json());
    if (objections.is_object()) return;
    objections = json::object();  // of another version: what it counted
    if (const auto rough = figure_of(row, "under_resolved"))
      objections["resolution"] = {{"paths", paths - failed}, {"fair", *rough}, {"bad", 0}};
  }
  void add(const RowCounts& other, const std::string& row) {
    failed += other.failed, paths += other.paths;
    for (const auto& [topic, counted] : other.objections.items()) {
      json& sum = objections[topic];
      if (sum.is_null()) sum = {{"paths", 0}, {"fair", 0}, {"bad", 0}};
      for (const char* name : {"paths", "fair", "bad"})
        sum[name] = sum[name].get<double>() + counted.value(name, 0.0);
      if (!counted.contains("text") || (sum.contains("text") && sum["level"] >= counted["level"])) continue;
      for (const char* name : {"level", "pair", "text", "remedy"}) sum[name] = counted[name];
      sum["row"] = row;
    }
  }
  void judge(Findings& findings) const {
    findings.add("failures", level_of_share(failed, failed, paths),
                 failed == 0 ? "All " + figure_text(paths, 9) + " paths have finite figures."
                             : figure_text(failed, 9) + " of " + figure_text(paths, 9) +
                                   " paths have NaN or infinity among their figures and belong to no mean.",
                 "look at the failed pairs in paths.csv: the model gives NaN or infinity there",
                 "paths failed");
    for (const VerdictRule& rule : verdict_rules())
      if (rule.of_tables && objections.contains(rule.topic)) judge(rule, objections[rule.topic], findings);
  }

 private:
  static void judge(const VerdictRule& rule, const json& counted, Findings& findings) {
    const double all = counted.value("paths", 0.0), bad = counted.value("bad", 0.0),
                 objected = counted.value("fair", 0.0) + bad;
    const Level level = level_of_share(objected, bad, all);
    if (level == Level::kGood) {
      if (all > 0) findings.add(rule, level, rule.praise, "");
      return;
    }
    std::string text = capital(rule.complaint) + ": " + figure_text(objected, 9) + " of " +
                       figure_text(all, 9) +
                       (all == 1 ? " path that was sought." : " paths that were sought.");
    if (const std::string one = text_of(counted, "text"); !one.empty()) {
      const std::string row = text_of(counted, "row");
      text += " Pair " + std::to_string(counted.value("pair", 0)) + " in paths.csv" +
              (row.empty() ? "" : " (" + row + ")") + (objected > 1 ? ", for one: " : ": ") + one;
    }
    findings.add(rule, level, text,
                 counted.contains("remedy") ? text_of(counted, "remedy") : "more `segments`");
  }
};

}  // namespace

void add_evaluation_verdicts(json& summary, const std::string& finding) {
  RowCounts all;
  for (json& row : summary["rows"]) {
    const RowCounts counts(row);
    Findings own;
    counts.judge(own);
    const json verdict = own.verdict("");
    row["verdict"] = verdict["level"];
    row["verdict_reasons"] = verdict["points"];
    all.add(counts, text_of(row, "feature") + ", " + text_of(row, "method"));
  }
  Findings findings;
  all.judge(findings);
  json one = summary;
  one["pairs"] = json::array();
  one.erase("warning_pairs");  // whichever pair a warning is about, it is about the table
  const VerdictFigures f(one, 0, RunKind::kInterpolate);
  for (const VerdictRule& rule : verdict_rules()) {
    const std::string topic = rule.topic;
    if (topic != "classifier" && topic != "warnings") continue;
    if (const auto reason = rule.evaluate(f, rule))
      findings.add(rule, reason->level, reason->text, reason->remedy);
  }
  summary["verdict"] = findings.verdict(finding);
}

std::string verdict_text(const json& verdict) {
  std::string text = "verdict: " + text_of(verdict, "level") + ". " + text_of(verdict, "headline") + "\n";
  for (const json& each : verdict.value("points", json::array())) {
    const std::string level = text_of(each, "level");
    text +=
        "  " + level + std::string(6 - std::min<size_t>(5, level.size()), ' ') + text_of(each, "text") + "\n";
  }
  return text;
}

}  // namespace latentpath
