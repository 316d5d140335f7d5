#include "latentpath/run/feature_sections.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cctype>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>

#include "latentpath/core/error.h"
#include "latentpath/core/figure_text.h"
#include "latentpath/core/read_number.h"
#include "run/json_numbers.h"
#include "run/pair_curves.h"

namespace latentpath {
namespace {

using detail::number_or_null;
using nlohmann::json;

/// Places of a section that are looked at.
constexpr int64_t kPlaces = 33;

/// A class, and the section behind its last @; the whole path where what stands there begins with no number,
/// and is a part of the name.
struct AskedClass {
  std::string name;
  double from = 0, to = 1;
  bool whole = true;
};

AskedClass parse(const char* field, const std::string& text) {
  const size_t at = text.rfind('@');
  const auto begins = [&](size_t place) {
    return place < text.size() && (std::isdigit(static_cast<unsigned char>(text[place])) ||
                                   text[place] == '.' || text[place] == '-');
  };
  if (at == std::string::npos || at == 0 || !begins(at + 1)) return {text};
  const std::string section = text.substr(at + 1);
  const size_t dash = section.find('-', 1);
  const auto from = read_number<double>(section.substr(0, dash));
  const auto to = dash == std::string::npos ? std::nullopt : read_number<double>(section.substr(dash + 1));
  LATENTPATH_CHECK(from && to, kArgument, "`", field, "` ", text,
                   ": behind the @ stands a section FROM-TO of the time, like 0.0-0.4");
  LATENTPATH_CHECK(*from >= 0 && *to <= 1, kArgument, "`", field, "` ", text,
                   ": time runs from 0 to 1 along the path, and a section lies within");
  LATENTPATH_CHECK(*from < *to, kArgument, "`", field, "` ", text, ": the section ",
                   *from == *to ? "is empty" : "ends before it begins", ", and must run from less to more");
  return {text.substr(0, at), *from, *to, false};
}

std::string short_text(double value) { return figure_text(value, 3); }

/// "until 0.4", "from 0.6", "from 0.2 to 0.4".
std::string when(double from, double to) {
  if (from <= 0) return "until " + short_text(to);
  return to >= 1 ? "from " + short_text(from) : "from " + short_text(from) + " to " + short_text(to);
}

/// "8", of "P(8)".
std::string inner(const std::string& name) {
  return name.size() > 3 && name.rfind("P(", 0) == 0 ? name.substr(2, name.size() - 3) : name;
}

using Make =
    std::function<Feature(const std::vector<std::string>& favor, const std::vector<std::string>& avoid)>;

/// What the classes of one section ask for, and its name in words.
Feature combined(const Make& make, const std::vector<std::string>& favor,
                 const std::vector<std::string>& avoid, const std::string& combine, bool exclusive) {
  if (favor.size() < 2) return make(favor, avoid);
  LATENTPATH_CHECK(
      combine != "all" || !exclusive, kArgument,
      "`combine` all: the classes of this classifier exclude each other, and no image is in all of ",
      favor.size(), "; `combine` any asks for one of them");
  const bool any = combine == "any" || (combine == "auto" && exclusive);
  std::string words;
  std::vector<QualityPointer> without;
  for (const std::string& name : favor) {
    const Feature one = make({name}, {});
    words += (words.empty() ? "" : any ? " or " : " and ") + inner(one.name);
    without.push_back(complement(one.quality));
  }
  Feature feature = make(favor, avoid);
  if (any && !exclusive) {
    feature.quality = complement(product(without));
    if (!avoid.empty()) feature.quality = product({feature.quality, make({}, avoid).quality});
  }
  if (!avoid.empty()) words += ", " + inner(make({}, avoid).name);
  feature.name = "P(" + words + ")";
  return feature;
}

}  // namespace

std::vector<AskedClasses> asked_classes(const std::vector<std::string>& favor,
                                        const std::vector<std::string>& avoid) {
  std::vector<AskedClasses> sections;
  bool whole = false, parts = false;
  const auto add = [&](const char* field, const std::string& text,
                       std::vector<std::string> AskedClasses::*list) {
    const AskedClass asked = parse(field, text);
    (asked.whole ? whole : parts) = true;
    LATENTPATH_CHECK(
        !whole || !parts, kArgument, "`", field, "` ", text,
        ": some classes are asked of a section and others of the whole path; give each a section, like ",
        asked.name, "@0-1");
    auto found = std::find_if(sections.begin(), sections.end(), [&](const AskedClasses& section) {
      return section.from == asked.from && section.to == asked.to;
    });
    if (found == sections.end()) found = sections.insert(sections.end(), {asked.from, asked.to, {}, {}});
    ((*found).*list).push_back(asked.name);
  };
  for (const std::string& text : favor) add("favor", text, &AskedClasses::favor);
  for (const std::string& text : avoid) add("avoid", text, &AskedClasses::avoid);
  std::sort(sections.begin(), sections.end(),
            [](const AskedClasses& a, const AskedClasses& b) { return a.from < b.from; });
  for (size_t k = 1; k < sections.size(); ++k)
    LATENTPATH_CHECK(sections[k].from >= sections[k - 1].to, kArgument, "the sections ", sections[k - 1].from,
                     "-", sections[k - 1].to, " and ", sections[k].from, "-", sections[k].to,
                     " of `favor` and `avoid` overlap: sections follow one another, or are the same");
  return sections;
}

AskedFeature asked_feature(const std::shared_ptr<const Classifier>& asked,
                           const std::vector<std::string>& favor, const std::vector<std::string>& avoid,
                           const std::string& combine, const Classifier* classifier) {
  const Make make = [&](const std::vector<std::string>& favored, const std::vector<std::string>& avoided) {
    return classifier != nullptr ? make_feature(asked, favored, avoided, *classifier)
                                 : make_feature(asked, favored, avoided);
  };
  const std::vector<AskedClasses> classes = asked_classes(favor, avoid);
  AskedFeature result;
  std::vector<QualitySection> qualities;
  std::string words;
  for (const AskedClasses& section : classes) {
    const Feature feature = combined(make, section.favor, section.avoid, combine, asked->exclusive());
    result.sections.push_back({section.from, section.to, feature});
    qualities.push_back({section.from, section.to, feature.quality});
    words += (words.empty() ? "" : ", then ") + inner(feature.name) + " " + when(section.from, section.to);
  }
  if (classes.size() == 1 && classes[0].from <= 0 && classes[0].to >= 1) {
    result.feature = result.sections[0].feature;
    result.sections.clear();
  } else {
    result.feature = {feature_of_sections(qualities), "P(" + words + ")"};
  }
  return result;
}

json section_figures(const PathProblem& problem, const std::vector<FeatureSection>& sections,
                     PathResult& result) {
  const at::NoGradGuard no_gradient;
  const int64_t pairs = problem.start.size(0);
  json all(static_cast<size_t>(pairs), json::object());
  double time = 0;
  for (const FeatureSection& section : sections) time += section.to - section.from;
  for (const detail::PairCurve& curve : detail::pair_curves(problem, result)) {
    Tensor mean_of_all = at::zeros({pairs}, at::kDouble);
    for (const FeatureSection& section : sections) {
      const Tensor times = at::linspace(section.from, section.to, kPlaces, at::kDouble);
      const Tensor points = curve.at(times);
      for (int64_t pair = 0; pair < pairs; ++pair) {
        const Tensor z = points[pair].to(problem.start.scalar_type());
        const Tensor p =
            section.feature.quality->evaluate({z, times.to(z.options()), (*problem.embedding)(z)})
                .to(at::kDouble);
        const double mean = at::trapezoid(p, times).item<double>() / (section.to - section.from);
        mean_of_all[pair] += mean * (section.to - section.from) / time;
        all[static_cast<size_t>(pair)][curve.name].push_back(
            {{"feature", section.feature.name},
             {"from", section.from},
             {"to", section.to},
             {"mean_class_probability", number_or_null(mean)},
             {"least_class_probability", number_or_null(p.min().item<double>())}});
      }
    }
    (result.*curve.figures).mean_feature = mean_of_all;
  }
  return all;
}

std::string sections_text(const json& summary) {
  const json& pairs = summary.at("pairs");
  if (pairs.empty() || !pairs[0].at("path").contains("sections")) return {};
  const json& sections = pairs[0]["path"]["sections"];
  // Pairs that were sought in groups may be asked different things.
  const auto asked_alike = [&](const json& pair) {
    const json own = pair.at("path").value("sections", json::array());
    if (own.size() != sections.size()) return false;
    for (size_t k = 0; k < sections.size(); ++k)
      for (const char* name : {"feature", "from", "to"})
        if (own[k].at(name) != sections[k].at(name)) return false;
    return true;
  };
  if (!std::all_of(pairs.begin(), pairs.end(), asked_alike)) return {};
  std::string text = pairs.size() == 1 ? "asked in sections: " : "asked in sections, medians: ";
  for (size_t k = 0; k < sections.size(); ++k) {
    const auto median = [&](const char* curve) {
      std::vector<double> values;
      for (const json& pair : pairs)
        if (const json& value = pair.at(curve).at("sections").at(k).at("mean_class_probability");
            value.is_number())
          values.push_back(value.get<double>());
      return values.empty() ? std::string("–") : share_text(median_of(values));
    };
    text += join_message(k == 0 ? "" : "; ", sections[k]["feature"].get<std::string>(), " ",
                         when(sections[k]["from"].get<double>(), sections[k]["to"].get<double>()), ": mean ",
                         median("path"), " (straight line ", median("linear"), ")");
  }
  return text + "\n";
}

}  // namespace latentpath
