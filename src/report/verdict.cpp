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

}  // namespace

json path_verdict(const json& pair, const std::string& feature) {
  const auto cost = figure(pair, "path", "cost_refined"), linear = figure(pair, "linear", "cost_refined"),
             spherical = figure(pair, "spherical", "cost_refined");
  const auto probability = figure(pair, "path", "mean_class_probability"),
             straight = figure(pair, "linear", "mean_class_probability");
  const json path = pair.value("path", json::object());
  json points = json::array();

  std::string headline;
  const bool gained = cost && linear && *linear > 1.005 * *cost;
  const std::string less = cost && linear ? compared(*cost, *linear) : std::string();
  if (!cost) {
    headline = "This path has no cost: the model gives values that are no numbers along it";
  } else if (!linear) {
    headline = "This path costs " + number(*cost) + ", where the straight line has no finite cost";
  } else if (probability && straight && !feature.empty()) {
    headline = "Mean " + feature + " is " + number(*probability, "%.2f") + " on this path and " +
               number(*straight, "%.2f") + " on the straight line, at " +
               (less == "the same" ? "the same cost" : less + " cost");
  } else {
    headline = gained ? "This path costs " + less + " than the straight line"
                      : "Nothing better than the straight line was found";
  }

  if (cost && linear) {
    std::string text = "Its cost is " + number(*cost) + ". The straight line costs " + number(*linear);
    const auto than = [&](double other) {
      const std::string words = compared(*cost, other);
      return words == "the same" ? std::string("the same") : "the path " + words;
    };
    text += " (" + than(*linear) + ")";
    if (spherical) text += ", the spherical path " + number(*spherical) + " (" + than(*spherical) + ")";
    text += ".";
    if (const auto lowest = figure(pair, "path", "min_quality"))
      text += " The lowest quality met is " + number(*lowest, "%.2f") +
              (figure(pair, "linear", "min_quality")
                   ? ", on the straight line " + number(*figure(pair, "linear", "min_quality"), "%.2f")
                   : std::string()) +
              ".";
    add(points, "gain", gained ? "good" : "fair", text);
  }

  const auto length = figure(pair, "path", "length"), bound = figure(pair, "path", "lower_bound"),
             residual = figure(pair, "path", "gradient_residual");
  if (length && bound && *bound > 0) {
    const double factor = *length / *bound;
    if (factor <= kNearTheBound) {
      add(points, "certificate", "good",
          "Certified: no path is shorter than " + number(*bound) + ", and this one, at " + number(*length) +
              ", is at most " + percent(factor - 1) + " longer.");
    } else {
      add(points, "certificate", "fair",
          "Not certified as the best: its length is " + number(*length) +
              ", and all that is proved is that no path is shorter than " + number(*bound) + "." +
              (residual ? std::string(*residual <= kStationary ? " It is all but stationary"
                                                               : " It is not stationary yet") +
                              " (gradient residual " + number(*residual, "%.2g") + ")."
                        : std::string()));
    }
  }

  const auto coarse = figure(pair, "path", "cost");
  const bool unresolved = path.value("under_resolved", false);
  const double apart = cost && coarse && *coarse > 0 ? std::abs(*cost / *coarse - 1) : 0;
  if (cost && coarse) {
    const std::string finer =
        figure(pair, "path", "refinement")
            ? "on a grid " + number(*figure(pair, "path", "refinement")) + " times finer"
            : "on a finer grid";
    add(points, "resolution", unresolved ? "bad" : "good",
        unresolved ? "Under-resolved: the cost is " + number(*coarse) + " on the path's own nodes and " +
                         number(*cost) + " " + finer + ", so the path crosses bad places between its nodes."
                   : "Resolved: " + finer + " the cost changes by " + percent(apart) + ".");
  }

  const std::string start = text_of(path, "start"), termination = text_of(path, "termination");
  if (const std::string text = sentence_about_start(start); !text.empty()) add(points, "start", "good", text);
  if (const std::string text = sentence_about_end(termination); !text.empty())
    add(points, "ending",
        termination == "converged"           ? "good"
        : termination == "numerical-failure" ? "bad"
                                             : "fair",
        text);

  std::vector<std::string> advice;
  if (termination == "numerical-failure" || !cost)
    advice.emplace_back(
        "ends nearer to the middle of the prior, `dtype` float64, or another decoder: this one gives NaN "
        "or infinity here");
  if (unresolved) advice.emplace_back("twice as many `segments`");
  if (termination == "iteration-limit") advice.emplace_back("a larger `max_iterations`");
  if (termination == "time-limit") advice.emplace_back("a larger `max_seconds`");
  if (termination == "interrupted") advice.emplace_back("let the same command run to its end");
  if (probability && *probability < kGoodProbability)
    advice.emplace_back(
        "another `seed` (other via points), or a smaller `epsilon`, which makes bad places dearer; if no "
        "sample of the prior has the feature, no path can");
  else if (cost && linear && !gained)
    advice.emplace_back(
        "`init` via with another `seed`; where the quality is the same everywhere on the way, the "
        "straight line may well be the best path");
  if (!advice.empty()) {
    std::string text = "What to try: ";
    for (size_t i = 0; i < advice.size(); ++i) text += (i ? "; " : "") + advice[i];
    add(points, "advice", "fair", text + ".");
  }
  return {{"headline", headline}, {"points", points}};
}

json batch_verdict(const json& summary, const std::string& feature) {
  const json pairs = summary.value("pairs", json::array());
  if (pairs.size() == 1) return path_verdict(pairs[0], feature);
  const size_t count = pairs.size();
  json points = json::array();
  const auto costs = column(pairs, "path", "cost_refined"),
             straight = column(pairs, "linear", "cost_refined");
  const auto probability = column(pairs, "path", "mean_class_probability"),
             straight_probability = column(pairs, "linear", "mean_class_probability");

  std::vector<double> ratios;
  size_t better = 0, converged = 0, unresolved = 0, certified = 0, certifiable = 0, failed = 0;
  size_t worst = 0;
  double worst_score = -std::numeric_limits<double>::infinity();
  std::map<std::string, size_t> starts, endings;
  for (size_t i = 0; i < count; ++i) {
    const json& pair = pairs[i];
    const json path = pair.value("path", json::object());
    const auto cost = figure(pair, "path", "cost_refined"), linear = figure(pair, "linear", "cost_refined");
    if (!cost) ++failed;
    if (cost && linear && *cost > 0) {
      ratios.push_back(*linear / *cost);
      if (*linear > 1.005 * *cost) ++better;
    }
    const std::string ending = text_of(path, "termination");
    ++endings[ending];
    if (ending == "converged") ++converged;
    if (path.value("under_resolved", false)) ++unresolved;
    const std::string start = text_of(path, "start");
    ++starts[start.rfind("via", 0) == 0     ? "good samples of the prior"
             : start.rfind("route", 0) == 0 ? "routes through samples"
             : start == "linear"            ? "the straight line"
                                            : start];
    const auto length = figure(pair, "path", "length"), bound = figure(pair, "path", "lower_bound");
    if (length && bound && *bound > 0) {
      ++certifiable;
      if (*length <= kNearTheBound * *bound) ++certified;
    }
    // Most in need of a look: what failed, then what is under-resolved, then the lowest probability or
    // highest cost.
    double score = cost ? 0 : 1e6;
    if (path.value("under_resolved", false)) score += 1e3;
    if (const auto p = figure(pair, "path", "mean_class_probability"))
      score += 1 - *p;
    else if (cost && linear && *linear > 0)
      score += *cost / *linear;
    if (score > worst_score) worst_score = score, worst = i;
  }

  std::string headline;
  const std::string all = std::to_string(count);
  if (ratios.empty()) {
    headline = "None of " + all + " paths has a finite cost";
  } else if (!probability.empty() && !straight_probability.empty() && !feature.empty()) {
    headline = "Over " + all + " pairs, the median of mean " + feature + " is " +
               number(median(probability), "%.2f") + ", on straight lines " +
               number(median(straight_probability), "%.2f");
  } else {
    const double middle = median(ratios);
    headline = middle > 1.005 ? "Over " + all + " pairs, the median path costs " + compared(1, middle) +
                                    " than its straight line"
                              : "Over " + all + " pairs, the median path is no better than its straight line";
  }
  if (!costs.empty() && !straight.empty())
    add(points, "gain", better * 2 >= count ? "good" : "fair",
        "The median cost is " + number(median(costs)) + " (straight lines: " + number(median(straight)) +
            "); " + of_all(better, count) + (better == 1 ? " costs" : " cost") +
            " less than the straight line.");
  if (certifiable > 0)
    add(points, "certificate", certified == certifiable ? "good" : "fair",
        certified == certifiable
            ? "Certified: every path is within " + percent(kNearTheBound - 1) +
                  " of the lower bound on its length."
            : std::to_string(certified) + " of " + all + " paths are certified to within " +
                  percent(kNearTheBound - 1) +
                  " of the shortest length; for the others the lower bound is too far away to tell.");
  add(points, "resolution", unresolved == 0 ? "good" : "bad",
      unresolved == 0 ? "Resolved: no path's cost changes by over 5 % on the refined grid."
                      : of_all(unresolved, count) + (unresolved == 1 ? " is" : " are") +
                            " under-resolved: the cost changes by over 5 % on the refined grid.");
  std::string started;
  for (const auto& [name, times] : starts)
    if (!name.empty()) started += (started.empty() ? "" : ", ") + name + " " + std::to_string(times);
  if (!started.empty()) add(points, "start", "good", "First paths that won: " + started + ".");
  std::string ended;
  for (const auto& [name, times] : endings)
    if (!name.empty()) ended += (ended.empty() ? "" : ", ") + name + " " + std::to_string(times);
  if (!ended.empty())
    add(points, "ending",
        failed               ? "bad"
        : converged == count ? "good"
                             : "fair",
        "How the searches ended: " + ended + ".");

  std::vector<std::string> advice;
  if (failed)
    advice.emplace_back("look at the pairs without a cost first: the model gives NaN or infinity there");
  if (unresolved) advice.emplace_back("twice as many `segments` for the under-resolved pairs");
  if (endings.count("iteration-limit")) advice.emplace_back("a larger `max_iterations`");
  double least = kGoodProbability;
  size_t poorest = count;
  for (size_t i = 0; i < count; ++i)
    if (const auto p = figure(pairs[i], "path", "mean_class_probability"); p && *p < least)
      least = *p, poorest = i;
  if (poorest < count)
    advice.emplace_back("look at pair " + std::to_string(poorest + 1) +
                        ", which sees least of the feature (" + number(least, "%.2f") +
                        "); another `seed` draws other via points");
  if (!advice.empty()) {
    std::string text = "What to try: ";
    for (size_t i = 0; i < advice.size(); ++i) text += (i ? "; " : "") + advice[i];
    add(points, "advice", "fair", text + ".");
  }
  return {{"headline", headline}, {"points", points}, {"attention", worst}};
}

}  // namespace latentpath
