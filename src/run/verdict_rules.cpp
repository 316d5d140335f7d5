// What each rule says, and from where on it objects. Thresholds stand in the table at the end, the conditions
// of a rule in the constants below; numbers are written by core/figure_text.h alone.

#include "verdict_rules.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "latentpath/core/figure_text.h"

namespace latentpath::detail {
namespace {

using nlohmann::json;

constexpr double kNever = std::numeric_limits<double>::quiet_NaN();
constexpr double kRatedHigh = 0.6;      // a path with the feature, as far as its own classifier is concerned
constexpr double kAtRounding = 1e-3;    // a residual with which a stalled search has nothing left to gain
constexpr double kFlat = 1e-9;          // of a step in the latent space: less is less than float32 can tell
constexpr double kFloat32Slack = 1e-4;  // what float32 values may be off by, beside a bound
constexpr double kStraightSlack = 1.001;  // a path so much longer than the chord of its ends is straight

std::optional<double> figure_in(const json& pair, const char* curve, const char* name) {
  const auto found = pair.find(curve);
  return found == pair.end() ? std::nullopt : figure_of(*found, name);
}

/// The warnings that question the figures of pair `pair`: of all pairs, or of this one ("pair 3: …"). What
/// kind a warning is, and of which pair, stands beside it; without that it questions all.
std::vector<std::string> warnings_of(const json& summary, size_t pair) {
  std::vector<std::string> chosen;
  const json sentences = summary.value("warnings", json::array()),
             kinds = summary.value("warning_kinds", json::array()),
             pairs = summary.value("warning_pairs", json::array());
  const std::string own = "pair " + std::to_string(pair + 1) + ": ";
  for (size_t i = 0; i < sentences.size(); ++i) {
    if (!sentences[i].is_string()) continue;
    if (i < kinds.size() && kinds[i] != "figures") continue;
    if (i < pairs.size() && pairs[i].is_number() && pairs[i].get<size_t>() != pair + 1) continue;
    std::string sentence = sentences[i].get<std::string>();
    if (sentence.rfind(own, 0) == 0)
      sentence = sentence.substr(own.size());  // which is plain from where it stands
    chosen.push_back(sentence);
  }
  return chosen;
}

// Rules, in the order of the reasons.

std::optional<Reason> gain_rule(const VerdictFigures& f, const VerdictRule& rule) {
  if (!f.cost || !f.linear || f.kind != RunKind::kInterpolate) return std::nullopt;
  const auto than = [&](double other) {
    const std::string words = compared_text(*f.cost, other);
    return words == "the same" ? words : "the path " + words;
  };
  std::string text = "Its cost is " + figure_text(*f.cost) + ". The straight line costs " +
                     figure_text(*f.linear) + " (" + than(*f.linear) + ")";
  if (f.spherical)
    text += ", the great circle " + figure_text(*f.spherical) + " (" + than(*f.spherical) + ")";
  text += ".";
  if (f.lowest && f.has_quality())
    text += " The lowest quality met is " + share_text(*f.lowest) +
            (f.straight_lowest ? ", on the straight line " + share_text(*f.straight_lowest) : "") + ".";
  if (f.gained() || !f.mean_quality || rule.grade(*f.mean_quality) == Level::kGood)
    return Reason{Level::kGood, text};
  return Reason{rule.grade(*f.mean_quality),
                text + " Nothing better than the straight line was found, though its mean quality is only " +
                    share_text(*f.mean_quality) + ".",
                "`init` via with another `seed`: other first paths"};
}

std::optional<Reason> feature_rule(const VerdictFigures& f, const VerdictRule& rule) {
  if (!f.probability) return std::nullopt;
  std::string text = "Mean " + (f.feature.empty() ? std::string("class probability") : f.feature) + " is " +
                     share_text(*f.probability) + " on the path";
  if (f.straight_probability) text += " and " + share_text(*f.straight_probability) + " on the straight line";
  const Level level = rule.grade(*f.probability);
  return Reason{level, text + ".",
                "another `seed` (other via points), or a smaller `epsilon`, which makes bad places dearer "
                "(if no sample of the prior has the feature, no path can)"};
}

std::optional<Reason> quality_rule(const VerdictFigures& f, const VerdictRule& rule) {
  if (!f.lowest || f.kind == RunKind::kMeasures) return std::nullopt;
  const Level level = rule.grade(*f.lowest);
  if (level == Level::kGood) return std::nullopt;  // the gain says it
  return Reason{level,
                "The lowest quality met is " + figure_text(*f.lowest) +
                    ": the path crosses, or begins in, places that are as bad as they come.",
                "other ends, if they are themselves such places, else more `segments` or other first paths"};
}

std::optional<Reason> guard_rule(const VerdictFigures& f, const VerdictRule& rule) {
  const auto rank = figure_of(f.path, "least_guard_rank");
  if (!rank) return std::nullopt;
  Level level = rule.grade(*rank);
  const auto ends = figure_of(f.path, "least_end_rank");
  std::string text = level == Level::kGood
                         ? "In the data: its strangest place is stranger than " +
                               figure_text(100 * (1 - *rank)) + " of 100 samples of the prior."
                         : "The path leaves the data: only a share " + figure_text(*rank, 2) +
                               " of the prior lies in places as strange as its strangest.";
  if (level != Level::kGood && ends && *ends <= *rank * (1 + 1e-6)) {
    level = Level::kNote;
    text = "Its strangest place is an end that was given (share of the prior in places as strange: " +
           figure_text(*ends, 2) + ").";
  }
  return Reason{
      level, text,
      "leave `guard` on, or give a `prior` fitted to the codes of your data (`prior` samples:FILE.npy)"};
}

std::optional<Reason> images_rule(const VerdictFigures& f, const VerdictRule& rule) {
  const auto stranger = figure_of(f.path, "stranger_than");
  if (!stranger) return std::nullopt;
  std::string text =
      "On average its frames are stranger than " + figure_text(*stranger, 2) + " of 100 samples of the prior";
  std::vector<std::string> parts;
  if (const auto image = figure_of(f.path, "mean_image_rank"))
    parts.push_back("by the distance to the nearest of the model's images, than " +
                    figure_text(100 * (1 - *image), 2));
  if (const auto cycle = figure_of(f.path, "mean_cycle_rank"))
    parts.push_back("by what the encoder gives back of them, than " + figure_text(100 * (1 - *cycle), 2));
  for (size_t i = 0; i < parts.size(); ++i) text += (i == 0 ? " (" : "; ") + parts[i];
  return Reason{rule.grade(*stranger), text + (parts.empty() ? "." : ")."),
                "look at the frames, leave `guard` on, or give a `prior` fitted to the codes of your data"};
}

std::optional<Reason> judge_rule(const VerdictFigures& f, const VerdictRule& rule) {
  const auto share = figure_of(f.path, "judge_disagreement");
  if (!share && f.probability && f.kind == RunKind::kInterpolate)
    return Reason{Level::kNote,
                  "No second classifier has looked at it: the search believes the one it optimises; `judge` "
                  "names another."};
  if (!share) return std::nullopt;
  Level level = rule.grade(*share);
  const auto mean = figure_of(f.path, "mean_judge_probability");
  std::string text =
      level == Level::kGood
          ? "A second classifier, which was not optimised, agrees"
          : "A second classifier disagrees on " + percent_text(*share) +
                " of the frames (the optimised one gives 0.8 or more, the judge less than half)";
  // Neither denied nor seen: a classifier of something else says one half of anything.
  if (level == Level::kGood && mean && *mean < kRatedHigh && f.probability.value_or(0) >= kRatedHigh) {
    level = Level::kFair;
    text = "A second classifier, which was not optimised, is not sure of it";
  }
  if (mean && f.probability)
    text +=
        ": its mean is " + share_text(*mean) + ", that of the optimised one " + share_text(*f.probability);
  return Reason{level, text + ".",
                "look at the frames, ask for surer places by higher `odds`, and keep the path in the data by "
                "`guard` or by a `prior` fitted to your data's codes"};
}

/// What was to be kept, by one of its figures: `unit` says what the numbers are.
std::optional<Reason> kept_reason(const VerdictFigures& f, const VerdictRule& rule, const char* mean_name,
                                  const char* largest_name, const std::optional<double>& straight,
                                  const std::string& what, const std::string& unit) {
  const auto mean = figure_of(f.path, mean_name), largest = figure_of(f.path, largest_name);
  if (!mean) return std::nullopt;
  const Level level = rule.grade(*mean);
  std::string text = level == Level::kGood   ? "What was to be kept is kept: "
                     : level == Level::kFair ? "What was to be kept changes on the way: "
                                             : "What was to be kept is lost on the way: ";
  text += what + share_text(*mean) + " on average" + unit;
  if (largest) text += ", " + share_text(*largest) + " at most";
  if (straight) text += "; on the straight line it is " + share_text(*straight) + " on average";
  return Reason{level, text + ".",
                "a smaller `keep_scale`, features that do not tell what is favoured (what is asked for and "
                "what is kept may exclude each other), or ends that are nearer in what is kept"};
}

std::optional<Reason> kept_features_rule(const VerdictFigures& f, const VerdictRule& rule) {
  return kept_reason(f, rule, "mean_feature_distance", "largest_feature_distance",
                     f.straight_feature_distance, "the distance of its features to the nearer end's is ",
                     " (1 is what two samples of the prior are apart)");
}

std::optional<Reason> kept_classes_rule(const VerdictFigures& f, const VerdictRule& rule) {
  return kept_reason(f, rule, "mean_class_change", "largest_class_change", f.straight_class_change,
                     "the change of the kept classes from the nearer end is ",
                     " (0 is none, 1 the loss of one of them)");
}

std::optional<Reason> classifier_rule(const VerdictFigures& f, const VerdictRule& rule) {
  const auto sure = figure_of(f.classifier, "sure");
  if (!sure) return std::nullopt;
  const Level level = rule.grade(*sure);
  const auto samples = figure_of(f.classifier, "samples");
  const std::string of_samples = samples ? "of " + figure_text(*samples) + " samples of the prior"
                                         : std::string("of the prior's samples");
  if (level == Level::kGood && f.classifier.value("one_answer", json(false)) == json(true))
    return Reason{Level::kNote, "The classifier gives one answer to all " + of_samples.substr(3) +
                                    ": whether it knows what this model makes cannot be told."};
  if (level == Level::kGood)
    return Reason{level, "The classifier knows what this model makes: it is sure (0.8 or more) of " +
                             percent_text(*sure) + " " + of_samples + "."};
  std::string text = "The classifier does not know what this model makes: it is sure (0.8 or more) of " +
                     percent_text(*sure) + " " + of_samples + " only";
  if (const std::string adapted = text_of(f.classifier, "adapted"); !adapted.empty())
    text += "; its input was converted (" + adapted + ")";
  return Reason{level, text + ".",
                "a classifier trained on what the decoder makes, its `input_range`, `input_mean` and "
                "`input_shape` as it was trained, or a `prior` fitted to the codes of your data"};
}

std::optional<Reason> unseen_rule(const VerdictFigures& f, const VerdictRule& rule) {
  const auto share = figure_of(f.classifier, "share_of_prior"), samples = figure_of(f.classifier, "samples");
  if (!share || !samples || !f.probability || *share > 0 || *f.probability < kRatedHigh) return std::nullopt;
  return Reason{
      rule.grade(*share),
      "None of " + figure_text(*samples) + " samples of the prior has " + f.feature +
          " above one half, and the path has " + share_text(*f.probability) +
          ": what satisfies the classifier here may be no image of the class.",
      "look at the frames, take a second classifier as `judge`, or a `prior` fitted to your data's codes"};
}

/// What a certificate rests on, as far as the summary says.
std::string assumptions_of(const VerdictFigures& f, const json& reference) {
  std::vector<std::string> parts;
  const auto add_box = [&](const json& lower, const json& upper) {
    std::string box = "the box ";
    for (size_t d = 0; d < lower.size() && d < upper.size(); ++d)
      if (lower[d].is_number() && upper[d].is_number())
        box += (d ? " × [" : "[") + figure_text(lower[d].get<double>()) + ", " +
               figure_text(upper[d].get<double>()) + "]";
    parts.push_back(box);
  };
  const json box = reference.value("box", json());
  if (box.is_object() && box.contains("lower") && box.contains("upper")) {
    add_box(box["lower"], box["upper"]);
  } else if (box.is_array() && !box.empty() && box[0].is_array()) {
    json lower = json::array(), upper = json::array();
    for (const json& side : box)
      if (side.size() == 2) lower.push_back(side[0]), upper.push_back(side[1]);
    add_box(lower, upper);
  } else {
    parts.emplace_back("the box searched");
  }
  if (const json grid = reference.value("grid", json()); grid.is_array() && !grid.empty()) {
    std::string text = "a grid of ";
    for (size_t d = 0; d < grid.size(); ++d) text += (d ? " × " : "") + grid[d].dump();
    parts.push_back(text);
  } else if (const auto nodes = figure_of(grid, "nodes")) {
    const auto spacing = figure_of(grid, "spacing");
    parts.push_back("a grid of " + figure_text(*nodes) + " nodes" +
                    (spacing ? ", " + figure_text(*spacing, 2) + " apart" : std::string()));
  } else if (grid.is_number()) {
    parts.push_back("a grid of " + figure_text(grid.get<double>()) + " nodes");
  } else if (grid.is_string()) {
    parts.push_back(grid.get<std::string>());
  } else if (const auto evaluations = figure_of(reference, "evaluations")) {
    parts.push_back("a grid of up to " + figure_text(*evaluations) + " nodes");
  }
  const std::string dtype = text_of(reference, "dtype").empty() ? f.dtype : text_of(reference, "dtype");
  if (!dtype.empty()) parts.push_back("values in " + dtype);
  std::string text;
  for (size_t i = 0; i < parts.size(); ++i)
    text += (i == 0 ? "" : i + 1 < parts.size() ? ", " : " and ") + parts[i];
  return text;
}

json reference_of(const json& path) {
  for (const char* name : {"reference", "global_certificate"})
    if (const auto found = path.find(name); found != path.end() && found->is_object()) return *found;
  return json::object();
}

bool contradicts_bound(const VerdictFigures& f, double length) {
  return f.bound && *f.bound > 0 && length < *f.bound * (1 - kFloat32Slack);
}

std::optional<Reason> contradiction_rule(const VerdictFigures& f, const VerdictRule& rule) {
  if (!f.length || !f.bound || !contradicts_bound(f, *f.length)) return std::nullopt;
  return Reason{rule.grade(1 - *f.length / *f.bound),
                "Its length, " + figure_text(*f.length) + ", lies below " + figure_text(*f.bound) +
                    ", the bound that no path is shorter than: the path leaps between its nodes, and its "
                    "figures cannot be relied on.",
                "more `segments`, or `dtype` float64"};
}

/// A closed form decides alone: a reference by fast marching, or a bound, has no say beside it.
std::optional<Reason> exact_rule(const VerdictFigures& f, const VerdictRule& rule) {
  if (!f.exact || !f.length) return std::nullopt;
  const double gap = *f.length / *f.exact - 1;
  const std::string distance = "the distance, known in closed form, is " + figure_text(*f.exact, 6) +
                               ", and this path, at " + figure_text(*f.length, 6) + ", is ";
  const Level level = rule.grade(std::abs(gap));
  if (level == Level::kGood)
    return Reason{level, "Certified: " + distance + "within " + percent_text(std::max(std::abs(gap), 1e-5)) +
                             " of it."};
  return Reason{level,
                std::string(gap > 0 ? "Not the shortest: " : "Shorter than can be: ") + distance +
                    percent_text(std::abs(gap)) + (gap > 0 ? " longer." : " shorter."),
                "more `segments`, more `samples` and `routes`, or the closed form itself"};
}

/// An end that was sought where the classifier sees a class, and what the judge sees there.
std::optional<Reason> nearest_end_rule(const VerdictFigures& f, const VerdictRule& rule) {
  if (!f.end_by_judge) return std::nullopt;
  const Level level = rule.grade(*f.end_by_judge);
  const std::string seen =
      "the judge gives the class a probability of " + share_text(*f.end_by_judge) + " there";
  if (level == Level::kGood) return Reason{level, "The nearest end is of the class asked for: " + seen + "."};
  return Reason{level, "The nearest end may not be of the class asked for: " + seen + ".",
                "a surer end (`to` nearest:C@0.999), or a classifier trained on what the decoder makes"};
}

std::optional<Reason> reference_rule(const VerdictFigures& f, const VerdictRule& rule) {
  if (!f.reference || !f.length || f.exact) return std::nullopt;
  const char* const remedy = "a smaller `box` around the path, or no reference (`reference` off)";
  const std::string by = "the reference by fast marching, " + figure_text(*f.reference, 6) + ", ";
  if (!(*f.reference > 0) || contradicts_bound(f, *f.reference))
    return Reason{Level::kFair,
                  "Not certified: " + by + "lies below the length that no path is below, " +
                      figure_text(f.bound.value_or(0), 6) + ", and so is wrong here.",
                  remedy};
  const double share = f.reference_error.value_or(0) / *f.reference;
  Level level = rule.grade(share);
  // The reference may say so itself.
  if (reference_of(f.path).value("uncertain", json()) == json(true)) level = std::max(level, Level::kFair);
  const double gap = *f.length / *f.reference - 1;
  if (gap > share + rule.fair) return std::nullopt;  // another path is shorter: the next rule
  if (level != Level::kGood)
    return Reason{level,
                  "Not certified: " + by + "is uncertain by " +
                      (share < 1 ? percent_text(share) : std::string("more than its own length")) + ".",
                  remedy};
  if (gap < -share - rule.fair)
    return Reason{Level::kFair,
                  "Not certified: the path, " + figure_text(*f.length, 6) + " long, is shorter than " + by +
                      "by " + percent_text(-gap) + ", more than that reference's estimated error of " +
                      percent_text(share) + ".",
                  remedy};
  const json reference = reference_of(f.path);
  return Reason{
      Level::kGood,
      "Certified: as short as the shortest path by fast marching, " + figure_text(*f.reference, 6) +
          ", to within " + percent_text(std::max({share, std::abs(gap), 1e-5})) + ". It rests on " +
          assumptions_of(f, reference) +
          (reference.value("box_suffices", false) ? "; paths that leave the box are longer."
                                                  : "; paths that leave the box are not excluded.")};
}

std::optional<Reason> shorter_rule(const VerdictFigures& f, const VerdictRule& rule) {
  if (!f.reference || !f.length || f.exact || !(*f.reference > 0) || contradicts_bound(f, *f.reference))
    return std::nullopt;
  const double share = f.reference_error.value_or(0) / *f.reference, gap = *f.length / *f.reference - 1;
  const Level level = rule.grade(gap - share);
  if (level == Level::kGood) return std::nullopt;
  return Reason{level,
                "Not the shortest: by fast marching there is a path of length " +
                    figure_text(*f.reference, 6) + ", and this one, at " + figure_text(*f.length, 6) +
                    ", is " + percent_text(gap) + " longer.",
                "more `samples` and `routes`, another `seed`, or `init` graph"};
}

std::optional<Reason> bound_rule(const VerdictFigures& f, const VerdictRule& rule) {
  if (!f.length || !f.bound || !(*f.bound > 0) || f.reference || f.exact || contradicts_bound(f, *f.length))
    return std::nullopt;
  const double apart = *f.length / *f.bound - 1;
  if (apart <= rule.fair)  // here the threshold is where a certificate begins
    return Reason{Level::kGood, "Certified: no path is shorter than " + figure_text(*f.bound, 6) +
                                    ", and this one, at " + figure_text(*f.length, 6) + ", is at most " +
                                    percent_text(std::max(0.0, apart)) + " longer" +
                                    (f.dtype.empty() ? "" : " (in " + f.dtype + ")") + "."};
  const int digits = f.kind == RunKind::kGeodesic ? 6 : 3;  // as the headline has it
  const bool weighted = f.path.value("weighted", json()) == json(true);
  return Reason{Level::kNote, "Not certified as the best: its " + std::string(weighted ? "weighted " : "") +
                                  "length is " + figure_text(*f.length, digits) +
                                  ", and all that is proved is that no path is shorter than " +
                                  figure_text(*f.bound, digits) + "."};
}

std::optional<Reason> resolution_rule(const VerdictFigures& f, const VerdictRule& rule) {
  if (!f.cost || !f.coarse) return std::nullopt;
  const std::string finer = f.refinement ? "on a grid " + figure_text(*f.refinement) + " times finer"
                                         : std::string("on a finer grid");
  const double low = std::min(*f.cost, *f.coarse), high = std::max(*f.cost, *f.coarse);
  const double apart = low > 0 ? high / low - 1 : high > 0 ? 1e300 : 0;
  Level level = rule.grade(apart);
  if (f.under_resolved) level = std::max(level, Level::kFair);
  if (level == Level::kGood)
    return Reason{level, "Resolved: " + finer + " the cost changes by " + percent_text(apart) + "."};
  return Reason{level,
                "Under-resolved: the cost is " + figure_text(*f.coarse) + " on the path's own nodes and " +
                    figure_text(*f.cost) + " " + finer +
                    (*f.cost > *f.coarse ? ", so the path crosses bad places between its nodes."
                                         : ", so its nodes are too far apart."),
                "twice as many `segments` (if it stays so, the model leaps: rounded or quantised outputs "
                "have no shortest path)"};
}

std::optional<Reason> extrapolation_rule(const VerdictFigures& f, const VerdictRule& rule) {
  const auto extrapolated = figure_of(f.path, "extrapolated_length");
  if (!extrapolated || !f.length || !(*f.length > 0)) return std::nullopt;
  const double apart = std::abs(*extrapolated / *f.length - 1);
  const Level level = rule.grade(apart);
  if (level == Level::kGood) return std::nullopt;
  return Reason{level,
                "The length still changes with the grid: it is " + figure_text(*f.length, 6) +
                    " and extrapolates to " + figure_text(*extrapolated, 6) + ".",
                "twice as many `segments`"};
}

std::optional<Reason> detour_rule(const VerdictFigures& f, const VerdictRule& rule) {
  if (!f.embedding_length || !f.straight_embedding_length || !(*f.straight_embedding_length > 0))
    return std::nullopt;
  // A loop leaves on purpose; its straight line is rounding.
  if (f.ends_distance == 0.0) return std::nullopt;
  // Without a quality there is nothing but distance, and what is unweighted is a chart's own length.
  if (!f.weighted && !figure_of(f.path, "density_regularisation")) return std::nullopt;
  const double ratio = *f.embedding_length / *f.straight_embedding_length;
  const Level level = rule.grade(ratio);
  if (level == Level::kGood) return std::nullopt;
  return Reason{level,
                "A wild detour: unweighted, the path is " + figure_text(*f.embedding_length) + " long, " +
                    figure_text(ratio, 2) +
                    " times the straight line, through places that seem to cost nothing.",
                "a quality below 1 everywhere that matters, a larger `epsilon`, or a prior"};
}

std::optional<Reason> minimum_rule(const VerdictFigures& f, const VerdictRule& rule) {
  if (const auto directions = figure_of(f.path, "negative_directions"); directions && *directions > 0)
    return Reason{rule.grade(*directions),
                  "A saddle, not a minimum: the cost falls in " + figure_text(*directions) +
                      (*directions == 1 ? " direction" : " directions") + " from here.",
                  f.kind == RunKind::kGeodesic ? "`escape_saddles`, or other first paths (`init`)"
                                               : "other first paths (`init`)"};
  if (f.path.value("minimum", json()) == json(true) && !f.failed())
    return Reason{Level::kGood, "A minimum: the Hessian of the cost is positive definite."};
  return std::nullopt;
}

bool is_constant(const VerdictFigures& f) {
  return f.cost && f.kind != RunKind::kMeasures && f.embedding_length && f.straight_embedding_length &&
         f.ends_distance.value_or(0) > 0 && !f.exact &&
         std::max(*f.embedding_length, *f.straight_embedding_length) < kFlat * *f.ends_distance;
}

std::optional<Reason> constant_rule(const VerdictFigures& f, const VerdictRule&) {
  if (!is_constant(f)) return std::nullopt;
  return Reason{
      Level::kBad,
      "The model gives the same output all along: nothing was optimised, and the path means nothing.",
      "another decoder, or ends whose outputs differ"};
}

std::optional<Reason> movement_rule(const VerdictFigures& f, const VerdictRule& rule) {
  if (!f.cost || f.kind == RunKind::kMeasures || is_constant(f)) return std::nullopt;
  // A path that is straight where lengths are measured, or a minimum by its inertia, need not move.
  const bool straight = (f.embedding_length && f.ends_output_distance &&
                         *f.embedding_length <= kStraightSlack * *f.ends_output_distance) ||
                        (f.length && f.bound && *f.length <= kStraightSlack * *f.bound);
  const bool minimum = f.path.value("minimum", json()) == json(true);
  if (!f.residual || !(*f.cost > 0) || straight || minimum) return std::nullopt;
  const Level level = rule.grade(*f.residual);
  if (level == Level::kGood) return std::nullopt;
  return Reason{level,
                "The gradient of its cost is zero: the search could not move it. A model that is detached, "
                "rounded or piecewise constant has no gradient; at a saddle, symmetry hides it.",
                "another first path (`init`), or a decoder that is differentiable"};
}

std::optional<Reason> winding_rule(const VerdictFigures& f, const VerdictRule&) {
  const auto second = figure_of(f.path.value("second_shortest", json()), "length");
  if (!second || !f.length) return std::nullopt;
  return Reason{Level::kNote, "The shortest path found that winds another way is " + figure_text(*second, 6) +
                                  " long, this one " + figure_text(*f.length, 6) + "."};
}

std::optional<Reason> start_rule(const VerdictFigures& f, const VerdictRule&) {
  if (f.start.empty()) return std::nullopt;
  return Reason{Level::kNote, "The best result came from " + start_in_words(f.start) + "."};
}

/// How the search ended and how near a stationary point it is, in one sentence: neither is told alone.
std::optional<Reason> ending_rule(const VerdictFigures& f, const VerdictRule& rule) {
  if (!f.termination) return std::nullopt;
  if (f.failed())
    return Reason{
        Level::kBad, "The cost is NaN or infinite along this path: none of its figures can be relied on.",
        "ends nearer to the middle of the prior, `dtype` float64, or another decoder: this one gives NaN "
        "or infinity here"};
  const std::string residual = f.residual ? "gradient residual " + figure_text(*f.residual, 2) : "";
  const Level stationary = f.residual ? rule.grade(*f.residual) : Level::kGood;
  if (f.termination == Termination::kConverged) {
    if (stationary == Level::kGood)
      return Reason{Level::kGood, residual.empty() ? "The search converged."
                                                   : "The search converged, and the path is stationary (" +
                                                         residual + ")."};
    return Reason{
        stationary,
        "The search ended because its iterations changed the cost by less than the tolerance, but the "
        "path is not stationary yet (" +
            residual + "; " + figure_text(rule.fair) + " or less is wanted).",
        f.path.contains("density_regularisation") ? "a smaller `tolerance`, or more `max_iterations`"
                                                  : "a smaller `tolerance`, or a second-order `method`"};
  }
  // At rounding: there is nothing left to gain, whatever the reason given.
  if (f.termination == Termination::kStalled && f.residual && *f.residual <= kAtRounding)
    return Reason{Level::kGood,
                  "The search went on until rounding let no step lower the cost, and the path is "
                  "stationary (" +
                      residual + ")."};
  static const std::map<Termination, std::pair<const char*, const char*>> sentences{
      {Termination::kIterationLimit,
       {"The search reached its limit of iterations before it converged", "a larger `max_iterations`"}},
      {Termination::kTimeLimit,
       {"The search reached its time limit before it converged", "a larger `max_seconds`"}},
      {Termination::kStalled,
       {"The search stalled: no step lowered the cost any more, and it did not converge",
        "more `segments`, `dtype` float64, or another `method` (a model with kinks or leaps stalls "
        "everywhere)"}},
      {Termination::kInterrupted,
       {"The search was interrupted; this is the best path reached until then",
        "let the same command run to its end"}}};
  const auto found = sentences.find(*f.termination);
  const std::string sentence = found == sentences.end()
                                   ? "The search ended: " + termination_name(*f.termination)
                                   : found->second.first;
  return Reason{std::max(Level::kFair, stationary),
                sentence + (residual.empty() ? "" : " (" + residual + ")") + ".",
                found == sentences.end() ? "" : found->second.second};
}

std::optional<Reason> measure_rule(const VerdictFigures& f, const VerdictRule&) {
  if (f.kind != RunKind::kMeasures || !f.cost) return std::nullopt;
  std::string text = "Its cost is " + figure_text(*f.cost, 5);
  if (f.bound)
    text += "; no path of as many steps costs less than " + figure_text(*f.bound, 5) +
            ", which the mixture reaches";
  if (f.squared_wasserstein)
    text += ". W₂² between the samples, what optimal transport costs, is " +
            figure_text(*f.squared_wasserstein, 5);
  return Reason{Level::kNote, text + "."};
}

std::optional<Reason> warnings_rule(const VerdictFigures& f, const VerdictRule& rule) {
  if (f.warnings.empty()) return std::nullopt;
  std::string text = "A warning questions these figures: " + f.warnings[0];
  if (f.warnings.size() > 1)
    text =
        std::to_string(f.warnings.size()) + " warnings question these figures. The first: " + f.warnings[0];
  if (text.back() != '.') text += ".";
  return Reason{rule.grade(static_cast<double>(f.warnings.size())), text, "what the warnings say"};
}

}  // namespace

std::string start_in_words(const std::string& name) {
  const auto start = Start::named(name);
  if (!start) return "the first path “" + name + "”";
  switch (start->kind) {
    case StartKind::kStraight:
      return "the straight line";
    case StartKind::kSpherical:
      return "the great circle";
    case StartKind::kVia:
      return "a first path through good samples of the prior (" + name + ")";
    case StartKind::kRoute:
      return "a shortest route through samples of the latent space (" + name + ")";
    case StartKind::kSections:
      return "a first path through what each section asks, one after another";
    case StartKind::kGiven:
      break;
  }
  return "a path given as a start: one of yours, the reference's, or that of the search for the end";
}

const char* level_name(Level level) {
  switch (level) {
    case Level::kGood:
      return "good";
    case Level::kFair:
      return "fair";
    case Level::kBad:
      return "bad";
    default:
      return "note";
  }
}

std::optional<double> figure_of(const json& figures, const char* name) {
  if (!figures.is_object()) return std::nullopt;
  const auto found = figures.find(name);
  if (found == figures.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

std::string text_of(const json& object, const char* name) {
  if (!object.is_object()) return {};
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

VerdictFigures::VerdictFigures(const json& summary, size_t pair_index, RunKind which) : kind(which) {
  const auto pairs = summary.find("pairs");
  const json pair =
      pairs != summary.end() && pair_index < pairs->size() ? (*pairs)[pair_index] : json::object();
  path = pair.value("path", json::object());
  // Of pairs that ask for different things, each says so itself.
  classifier = pair.value("classifier", summary.value("classifier", json::object()));
  start = text_of(path, "start");
  if (const auto known = Start::named(start)) start_kind = known->kind;
  termination = termination_named(text_of(path, "termination"));
  feature = text_of(pair.contains("feature") ? pair : summary, "feature"), title = text_of(summary, "title"),
  dtype = text_of(summary, "dtype");
  warnings = warnings_of(summary, pair_index);
  under_resolved = path.value("under_resolved", json()) == json(true);
  cost = figure_of(path, kind == RunKind::kMeasures ? "cost" : "cost_refined");
  coarse = kind == RunKind::kMeasures ? std::nullopt : figure_of(path, "cost");
  linear = figure_in(pair, "linear", "cost_refined");
  spherical = figure_in(pair, "spherical", "cost_refined");
  refinement = figure_of(path, "refinement");
  probability = figure_of(path, "mean_class_probability");
  straight_probability = figure_in(pair, "linear", "mean_class_probability");
  mean_quality = figure_of(path, "mean_quality"),
  straight_quality = figure_in(pair, "linear", "mean_quality");
  lowest = figure_of(path, "min_quality"), straight_lowest = figure_in(pair, "linear", "min_quality");
  length = figure_of(path, "length"), bound = figure_of(path, "lower_bound");
  residual = figure_of(path, "gradient_residual");
  embedding_length = figure_of(path, "embedding_length");
  straight_embedding_length = figure_in(pair, "linear", "embedding_length");
  negative_log_density = figure_of(path, "mean_negative_log_density");
  straight_negative_log_density = figure_in(pair, "linear", "mean_negative_log_density");
  squared_wasserstein = figure_in(pair, "displacement", "squared_wasserstein");
  straight_feature_distance = figure_in(pair, "linear", "mean_feature_distance");
  straight_class_change = figure_in(pair, "linear", "mean_class_change");
  ends_distance = figure_of(path, "ends_distance");
  ends_output_distance = figure_of(path, "ends_output_distance");
  const json given = reference_of(path);
  reference = figure_of(given, "length"), reference_error = figure_of(given, "error_estimate");
  if (!reference)
    reference = figure_of(given, "reference_length"), reference_error = figure_of(given, "reference_error");
  exact = figure_of(path, "exact_length");
  end_by_judge = figure_in(pair, "nearest_end", "judge_probability");
  if (kind == RunKind::kMeasures) length.reset(), residual.reset();  // of other scales there
  weighted = path.value("weighted", true);
}

bool VerdictFigures::has_quality() const {
  if (!mean_quality) return false;
  const auto differs = [&](const std::optional<double>& other) {
    return other && std::abs(*other - *mean_quality) > 1e-9;
  };
  return differs(lowest) || differs(straight_lowest) || differs(straight_quality);
}

Level VerdictRule::grade(double value) const {
  const auto beyond = [&](double threshold) { return below ? value < threshold : value >= threshold; };
  return beyond(bad) ? Level::kBad : beyond(fair) ? Level::kFair : Level::kGood;  // NaN is never reached
}

const std::vector<VerdictRule>& verdict_rules() {
  static const std::vector<VerdictRule> rules{
      {"gain", "mean_quality, where the straight line is not bettered", true, 0.3, kNever,
       "nothing better than the straight line was found", nullptr, gain_rule},
      {"cost", "", false, kNever, kNever, "", nullptr, measure_rule},
      {"feature", "mean_class_probability", true, 0.6, 0.3, "the feature is hardly there",
       "Every path has the feature: its mean probability is 0.6 or more.", feature_rule},
      {"quality", "min_quality", true, 0.02, kNever, "it crosses bad places", nullptr, quality_rule},
      {"guard", "least_guard_rank, unless an end is as strange", true, 0.01, 1e-4, "it leaves the data",
       "In the data: no path is stranger than 99 of 100 samples of the prior.", guard_rule, true},
      {"images", "stranger_than", false, 95, kNever, "its images are strange", nullptr, images_rule},
      {"judge", "judge_disagreement", false, 0.1, 0.5, "a second classifier disagrees",
       "A second classifier, which was not optimised, agrees on every path.", judge_rule, true},
      {"kept", "mean_feature_distance", false, 0.5, 1, "what was to be kept changes",
       "What was to be kept is kept on every path.", kept_features_rule},
      {"kept", "mean_class_change", false, 0.3, 0.6, "what was to be kept changes",
       "What was to be kept is kept on every path.", kept_classes_rule},
      {"classifier", "classifier.sure: share of prior samples with a probability of 0.8 or more", true, 0.5,
       0.2, "the classifier does not know what this model makes",
       "The classifier knows what this model makes.", classifier_rule},
      {"classifier", "classifier.share_of_prior, where mean_class_probability is 0.6 or more", true, 1e-12,
       kNever, "no sample of the prior has the feature", nullptr, unseen_rule},
      {"end", "nearest_end.judge_probability", true, 0.5, 0.1, "the judge denies its end",
       "The judge sees the class asked for at every nearest end.", nearest_end_rule},
      {"certificate", "1 − length/lower_bound", false, kNever, 1e-4, "its length contradicts the lower bound",
       nullptr, contradiction_rule},
      {"certificate", "length/exact_length − 1, either way", false, 1e-3, 0.05, "it is not the distance",
       "Certified: every path is as short as the closed form.", exact_rule},
      {"certificate", "reference.error_estimate/reference.length, and what it contradicts", false, 0.01,
       kNever, "the reference is uncertain", "Certified: every path is as short as its reference.",
       reference_rule},
      {"certificate", "length/reference.length − 1, beyond the reference's error", false, 0.01, 0.05,
       "a shorter path is known", nullptr, shorter_rule},
      {"certificate", "length/lower_bound − 1: a certificate up to here", false, 0.05, kNever, "", nullptr,
       bound_rule},
      {"resolution", "max/min of cost and cost_refined, less 1", false, 0.05, 0.25, "under-resolved",
       "Resolved: no path's cost changes by over 5 % on the refined grid.", resolution_rule, true},
      {"resolution", "share by which extrapolated_length and length differ", false, 0.01, 0.1,
       "its length changes with the grid", nullptr, extrapolation_rule},
      {"detour", "embedding_length over that of the straight line", false, 30, 1000, "a wild detour", nullptr,
       detour_rule},
      {"minimum", "negative_directions", false, 1, kNever, "a saddle, not a minimum",
       "Every path is a minimum: the Hessian of its cost is positive definite.", minimum_rule},
      {"movement", "embedding_length over the distance of the ends", true, kNever, kFlat,
       "the model gives the same output all along", nullptr, constant_rule},
      {"movement", "gradient_residual, unless the path is straight or a minimum", true, 1e-14, kNever,
       "its gradient is zero", nullptr, movement_rule},
      {"winding", "", false, kNever, kNever, "", nullptr, winding_rule},
      {"start", "", false, kNever, kNever, "", nullptr, start_rule},
      {"ending", "gradient_residual, and termination", false, 0.05, 0.3, "the search ended early",
       "Every search converged, to a stationary path.", ending_rule},
      {"warnings", "number of warnings", false, 1, kNever, "warnings question it", nullptr, warnings_rule},
  };
  return rules;
}

}  // namespace latentpath::detail
