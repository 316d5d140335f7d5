#include "latentpath/report/verdict.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

namespace latentpath {
namespace {

using nlohmann::json;

std::string number(double value, const char* format = "%.3g") {
  char text[32];
  std::snprintf(text, sizeof text, std::abs(value) >= 999.5 && std::abs(value) < 1e7 ? "%.0f" : format,
                value);
  return text;
}

std::string percent(double share) { return number(100 * share, "%.2g") + " %"; }

/// The figure, where it is a finite number.
std::optional<double> figure(const json& figures, const char* name) {
  if (!figures.is_object()) return std::nullopt;
  const auto found = figures.find(name);
  if (found == figures.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

std::optional<double> figure(const json& pair, const char* curve, const char* name) {
  const auto found = pair.find(curve);
  return found == pair.end() ? std::nullopt : figure(*found, name);
}

std::string text_of(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// "52 times less", "3 % less", "the same", "4 % more".
std::string compared(double ours, double theirs) {
  if (!(ours > 0) || !(theirs > 0)) return ours == theirs ? "the same" : ours < theirs ? "less" : "more";
  const double ratio = theirs / ours;
  if (ratio >= 1.95) return number(ratio, "%.2g") + " times less";
  if (ratio >= 1.005) return percent(1 - 1 / ratio) + " less";
  if (ratio > 0.995) return "the same";
  return percent(1 / ratio - 1) + " more";
}

void add(json& points, const char* topic, const char* level, const std::string& text) {
  points.push_back({{"topic", topic}, {"level", level}, {"text", text}});
}

// From here on a certificate, a resolution or a probability is called good.
constexpr double kNearTheBound = 1.05;
constexpr double kGoodProbability = 0.6;
constexpr double kStationary = 0.05;

std::string sentence_about_end(const std::string& termination) {
  static const std::map<std::string, std::string> sentences{
      {"converged", "The search converged: further iterations changed the cost by less than the tolerance."},
      {"iteration-limit", "The search reached its limit of iterations before it converged."},
      {"time-limit", "The search reached its time limit before it converged."},
      {"stalled", "The search stalled: no step lowered the cost any more."},
      {"interrupted", "The search was interrupted; this is the best path reached until then."},
      {"numerical-failure",
       "The cost is NaN or infinite along this path: none of its figures can be relied on."}};
  const auto found = sentences.find(termination);
  return found == sentences.end() ? std::string() : found->second;
}

std::string sentence_about_start(const std::string& start) {
  if (start == "linear") return "The best result came from the straight line as first path.";
  if (start == "spherical") return "The best result came from the great circle as first path.";
  if (start.rfind("via", 0) == 0)
    return "The best result came from a first path through good samples of the prior (" + start + ").";
  if (start.rfind("route", 0) == 0)
    return "The best result came from a shortest route through samples of the latent space (" + start + ").";
  if (start == "given")
    return "The best result came from a path given as a start: with `certify`, the globally shortest one.";
  return start.empty() ? std::string() : "The best result came from the first path “" + start + "”.";
}

double median(std::vector<double> values) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  const size_t middle = values.size() / 2;
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(middle), values.end());
  return values[middle];
}

std::vector<double> column(const json& pairs, const char* curve, const char* name) {
  std::vector<double> values;
  for (const json& pair : pairs)
    if (const auto value = figure(pair, curve, name)) values.push_back(*value);
  return values;
}

std::string of_all(size_t some, size_t all) {
  if (some == all) return all == 1 ? "the path" : "all " + std::to_string(all) + " paths";
  return std::to_string(some) + " of " + std::to_string(all) + " paths";
}

/// The figures that the sentences about one path are made of.
struct PairFigures {
  explicit PairFigures(const json& pair) : path(pair.value("path", json::object())) {
    const auto of = [&](const char* curve, const char* name) { return figure(pair, curve, name); };
    cost = of("path", "cost_refined"), linear = of("linear", "cost_refined");
    spherical = of("spherical", "cost_refined"), coarse = of("path", "cost");
    probability = of("path", "mean_class_probability");
    straight_probability = of("linear", "mean_class_probability");
    lowest = of("path", "min_quality"), straight_lowest = of("linear", "min_quality");
    length = of("path", "length"), bound = of("path", "lower_bound");
    residual = of("path", "gradient_residual"), refinement = of("path", "refinement");
    unresolved = path.value("under_resolved", false);
    start = text_of(path, "start"), termination = text_of(path, "termination");
  }
  /// The path costs less than the straight line.
  bool gained() const { return cost && linear && *linear > 1.005 * *cost; }
  bool has_bound() const { return length && bound && *bound > 0; }
  bool certified() const { return has_bound() && *length <= kNearTheBound * *bound; }

  json path;
  std::optional<double> cost, linear, spherical, coarse, probability, straight_probability, lowest,
      straight_lowest, length, bound, residual, refinement;
  bool unresolved;
  std::string start, termination;
};

std::string headline_of(const PairFigures& f, const std::string& feature) {
  if (!f.cost) return "This path has no cost: the model gives values that are no numbers along it";
  if (!f.linear) return "This path costs " + number(*f.cost) + ", where the straight line has no finite cost";
  const std::string less = compared(*f.cost, *f.linear);
  if (f.probability && f.straight_probability && !feature.empty())
    return "Mean " + feature + " is " + number(*f.probability, "%.2f") + " on this path and " +
           number(*f.straight_probability, "%.2f") + " on the straight line, at " +
           (less == "the same" ? "the same cost" : less + " cost");
  return f.gained() ? "This path costs " + less + " than the straight line"
                    : "Nothing better than the straight line was found";
}

void add_gain(json& points, const PairFigures& f) {
  if (!f.cost || !f.linear) return;
  const auto than = [&](double other) {
    const std::string words = compared(*f.cost, other);
    return words == "the same" ? words : "the path " + words;
  };
  std::string text = "Its cost is " + number(*f.cost) + ". The straight line costs " + number(*f.linear) +
                     " (" + than(*f.linear) + ")";
  if (f.spherical) text += ", the spherical path " + number(*f.spherical) + " (" + than(*f.spherical) + ")";
  text += ".";
  if (f.lowest)
    text +=
        " The lowest quality met is " + number(*f.lowest, "%.2f") +
        (f.straight_lowest ? ", on the straight line " + number(*f.straight_lowest, "%.2f") : std::string()) +
        ".";
  add(points, "gain", f.gained() ? "good" : "fair", text);
}

void add_certificate(json& points, const PairFigures& f) {
  if (!f.has_bound()) return;
  if (f.certified()) {
    add(points, "certificate", "good",
        "Certified: no path is shorter than " + number(*f.bound) + ", and this one, at " + number(*f.length) +
            ", is at most " + percent(*f.length / *f.bound - 1) + " longer.");
    return;
  }
  std::string text = "Not certified as the best: its length is " + number(*f.length) +
                     ", and all that is proved is that no path is shorter than " + number(*f.bound) + ".";
  if (f.residual)
    text +=
        std::string(*f.residual <= kStationary ? " It is all but stationary" : " It is not stationary yet") +
        " (gradient residual " + number(*f.residual, "%.2g") + ").";
  add(points, "certificate", "fair", text);
}

void add_resolution(json& points, const PairFigures& f) {
  if (!f.cost || !f.coarse) return;
  const std::string finer =
      f.refinement ? "on a grid " + number(*f.refinement) + " times finer" : std::string("on a finer grid");
  const double apart = *f.coarse > 0 ? std::abs(*f.cost / *f.coarse - 1) : 0;
  add(points, "resolution", f.unresolved ? "bad" : "good",
      f.unresolved ? "Under-resolved: the cost is " + number(*f.coarse) + " on the path's own nodes and " +
                         number(*f.cost) + " " + finer + ", so the path crosses bad places between its nodes."
                   : "Resolved: " + finer + " the cost changes by " + percent(apart) + ".");
}

void add_start_and_ending(json& points, const PairFigures& f) {
  if (const std::string text = sentence_about_start(f.start); !text.empty())
    add(points, "start", "good", text);
  if (const std::string text = sentence_about_end(f.termination); !text.empty())
    add(points, "ending",
        f.termination == "converged"           ? "good"
        : f.termination == "numerical-failure" ? "bad"
                                               : "fair",
        text);
}

void add_advice(json& points, const std::vector<std::string>& advice) {
  if (advice.empty()) return;
  std::string text = "What to try: ";
  for (size_t i = 0; i < advice.size(); ++i) text += (i ? "; " : "") + advice[i];
  add(points, "advice", "fair", text + ".");
}

std::vector<std::string> advice_on(const PairFigures& f) {
  std::vector<std::string> advice;
  if (f.termination == "numerical-failure" || !f.cost)
    advice.emplace_back(
        "ends nearer to the middle of the prior, `dtype` float64, or another decoder: this one gives NaN "
        "or infinity here");
  if (f.unresolved) advice.emplace_back("twice as many `segments`");
  if (f.termination == "iteration-limit") advice.emplace_back("a larger `max_iterations`");
  if (f.termination == "time-limit") advice.emplace_back("a larger `max_seconds`");
  if (f.termination == "interrupted") advice.emplace_back("let the same command run to its end");
  if (f.probability && *f.probability < kGoodProbability)
    advice.emplace_back(
        "another `seed` (other via points), or a smaller `epsilon`, which makes bad places dearer; if no "
        "sample of the prior has the feature, no path can");
  else if (f.cost && f.linear && !f.gained())
    advice.emplace_back(
        "`init` via with another `seed`; where the quality is the same everywhere on the way, the "
        "straight line may well be the best path");
  return advice;
}

/// What is counted over the pairs of a batch.
struct BatchCounts {
  size_t pairs = 0, better = 0, converged = 0, unresolved = 0, certified = 0, certifiable = 0, failed = 0;
  size_t worst = 0;            ///< the pair most in need of a look
  std::vector<double> ratios;  ///< cost of the straight line over that of the path
  std::map<std::string, size_t> starts, endings;
};

/// What failed comes first, then what is under-resolved, then the lowest probability or highest cost.
double need_of_a_look(const PairFigures& f) {
  double score = f.cost ? 0 : 1e6;
  if (f.unresolved) score += 1e3;
  if (f.probability)
    score += 1 - *f.probability;
  else if (f.cost && f.linear && *f.linear > 0)
    score += *f.cost / *f.linear;
  return score;
}

BatchCounts count(const json& pairs) {
  BatchCounts counts;
  counts.pairs = pairs.size();
  double most = -std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < pairs.size(); ++i) {
    const PairFigures f(pairs[i]);
    counts.failed += f.cost ? 0 : 1;
    counts.better += f.gained() && *f.cost > 0;
    if (f.cost && f.linear && *f.cost > 0) counts.ratios.push_back(*f.linear / *f.cost);
    ++counts.endings[f.termination];
    counts.converged += f.termination == "converged";
    counts.unresolved += f.unresolved;
    ++counts.starts[f.start.rfind("via", 0) == 0     ? "good samples of the prior"
                    : f.start.rfind("route", 0) == 0 ? "routes through samples"
                    : f.start == "linear"            ? "the straight line"
                                                     : f.start];
    counts.certifiable += f.has_bound();
    counts.certified += f.certified();
    if (const double score = need_of_a_look(f); score > most) most = score, counts.worst = i;
  }
  return counts;
}

std::string headline_of(const BatchCounts& counts, const json& pairs, const std::string& feature) {
  const std::string all = std::to_string(counts.pairs);
  if (counts.ratios.empty()) return "None of " + all + " paths has a finite cost";
  const auto probability = column(pairs, "path", "mean_class_probability"),
             straight = column(pairs, "linear", "mean_class_probability");
  if (!probability.empty() && !straight.empty() && !feature.empty())
    return "Over " + all + " pairs, the median of mean " + feature + " is " +
           number(median(probability), "%.2f") + ", on straight lines " + number(median(straight), "%.2f");
  const double middle = median(counts.ratios);
  return middle > 1.005 ? "Over " + all + " pairs, the median path costs " + compared(1, middle) +
                              " than its straight line"
                        : "Over " + all + " pairs, the median path is no better than its straight line";
}

/// "linear 3, via 2", leaving out what has no name.
std::string list_of(const std::map<std::string, size_t>& counted) {
  std::string list;
  for (const auto& [name, times] : counted)
    if (!name.empty()) list += (list.empty() ? "" : ", ") + name + " " + std::to_string(times);
  return list;
}

json points_of(const BatchCounts& counts, const json& pairs) {
  json points = json::array();
  const auto costs = column(pairs, "path", "cost_refined"),
             straight = column(pairs, "linear", "cost_refined");
  if (!costs.empty() && !straight.empty())
    add(points, "gain", counts.better * 2 >= counts.pairs ? "good" : "fair",
        "The median cost is " + number(median(costs)) + " (straight lines: " + number(median(straight)) +
            "); " + of_all(counts.better, counts.pairs) + (counts.better == 1 ? " costs" : " cost") +
            " less than the straight line.");
  if (counts.certifiable > 0)
    add(points, "certificate", counts.certified == counts.certifiable ? "good" : "fair",
        counts.certified == counts.certifiable
            ? "Certified: every path is within " + percent(kNearTheBound - 1) +
                  " of the lower bound on its length."
            : std::to_string(counts.certified) + " of " + std::to_string(counts.pairs) +
                  " paths are certified to within " + percent(kNearTheBound - 1) +
                  " of the shortest length; for the others the lower bound is too far away to tell.");
  add(points, "resolution", counts.unresolved == 0 ? "good" : "bad",
      counts.unresolved == 0
          ? "Resolved: no path's cost changes by over 5 % on the refined grid."
          : of_all(counts.unresolved, counts.pairs) + (counts.unresolved == 1 ? " is" : " are") +
                " under-resolved: the cost changes by over 5 % on the refined grid.");
  if (const std::string started = list_of(counts.starts); !started.empty())
    add(points, "start", "good", "First paths that won: " + started + ".");
  if (const std::string ended = list_of(counts.endings); !ended.empty())
    add(points, "ending",
        counts.failed                      ? "bad"
        : counts.converged == counts.pairs ? "good"
                                           : "fair",
        "How the searches ended: " + ended + ".");
  return points;
}

std::vector<std::string> advice_on(const BatchCounts& counts, const json& pairs) {
  std::vector<std::string> advice;
  if (counts.failed)
    advice.emplace_back("look at the pairs without a cost first: the model gives NaN or infinity there");
  if (counts.unresolved) advice.emplace_back("twice as many `segments` for the under-resolved pairs");
  if (counts.endings.count("iteration-limit")) advice.emplace_back("a larger `max_iterations`");
  double least = kGoodProbability;
  size_t poorest = counts.pairs;
  for (size_t i = 0; i < counts.pairs; ++i)
    if (const auto p = figure(pairs[i], "path", "mean_class_probability"); p && *p < least)
      least = *p, poorest = i;
  if (poorest < counts.pairs)
    advice.emplace_back("look at pair " + std::to_string(poorest + 1) +
                        ", which sees least of the feature (" + number(least, "%.2f") +
                        "); another `seed` draws other via points");
  return advice;
}

}  // namespace

json path_verdict(const json& pair, const std::string& feature) {
  const PairFigures figures(pair);
  json points = json::array();
  add_gain(points, figures);
  add_certificate(points, figures);
  add_resolution(points, figures);
  add_start_and_ending(points, figures);
  add_advice(points, advice_on(figures));
  return {{"headline", headline_of(figures, feature)}, {"points", points}};
}

json batch_verdict(const json& summary, const std::string& feature) {
  const json pairs = summary.value("pairs", json::array());
  if (pairs.size() == 1) return path_verdict(pairs[0], feature);
  const BatchCounts counts = count(pairs);
  json points = points_of(counts, pairs);
  add_advice(points, advice_on(counts, pairs));
  return {{"headline", headline_of(counts, pairs, feature)}, {"points", points}, {"attention", counts.worst}};
}

}  // namespace latentpath
