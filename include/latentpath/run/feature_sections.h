#pragma once
// Classes that are asked for, of all of a path or of parts of it: "8@0.0-0.4" is the class 8 from time 0 to
// 0.4.
//
//   AskedFeature asked = asked_feature(classifier, {"8@0-0.4", "3@0.6-1"}, {}, "auto");
//   asked.feature.name;         // "P(8 until 0.4, then 3 from 0.6)"

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "latentpath/metric/quality_sections.h"
#include "latentpath/path/find_path.h"
#include "latentpath/run/models.h"

namespace latentpath {

/// Classes of one section, as the options `favor` and `avoid` name them.
struct AskedClasses {
  double from = 0, to = 1;
  std::vector<std::string> favor, avoid;
};

/// The sections that the options ask for, in the order of time; one from 0 to 1 where they name none. Throws
/// Error(kArgument) for a section that is empty, outside of [0, 1], or overlaps another one.
std::vector<AskedClasses> asked_classes(const std::vector<std::string>& favor,
                                        const std::vector<std::string>& avoid);

/// What is asked in a part of the time, and what it is called: "P(8)".
struct FeatureSection {
  double from = 0, to = 1;
  Feature feature;
};

struct AskedFeature {
  Feature feature;                       ///< of sections: that of the nearest in time
  std::vector<FeatureSection> sections;  ///< none where all of the path is asked the same
};

/// `combine` says what several favoured classes of one section are: any of them, all of them, or auto: any of
/// classes that exclude each other, all of attributes. As a judge of `classifier`, where that is given.
/// Throws Error(kArgument) for what cannot be.
AskedFeature asked_feature(const std::shared_ptr<const Classifier>& asked,
                           const std::vector<std::string>& favor, const std::vector<std::string>& avoid,
                           const std::string& combine, const Classifier* classifier = nullptr);

/// Adds `sections` to every pair's path, linear and spherical: [{"feature", "from", "to",
/// "mean_class_probability", "least_class_probability"}, …], and takes the mean over all sections as
/// `mean_feature` of the result's curves. Returns what path_summary() has no place for: [pairs] of {"path",
/// "linear", "spherical"}.
nlohmann::json section_figures(const PathProblem& problem, const std::vector<FeatureSection>& sections,
                               PathResult& result);

/// A line of the summary for people; empty where no pair has sections.
std::string sections_text(const nlohmann::json& summary);

}  // namespace latentpath
