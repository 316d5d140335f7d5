#pragma once
// `to` nearest:C@P: the end of a path is wherever the classifier gives the class C a probability of P or
// more, and the path the shortest that leads there (path/nearest_end.h).

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "latentpath/core/progress.h"
#include "latentpath/models/classifier.h"
#include "latentpath/path/nearest_end.h"

namespace latentpath {

struct NearestClass {
  std::string name;         ///< number or name of the class
  double certainty = 0.99;  ///< the probability that the end has at least
};

/// Of "8" or "8@0.95". Throws Error(kArgument) where the certainty is none between 0 and 1.
NearestClass parse_nearest(const std::string& text);

/// The quality P(C) by a classifier; classes are those of `named`, where it is another one.
QualityPointer probability_of(const std::shared_ptr<const Classifier>& classifier, const NearestClass& asked,
                              const Classifier* named = nullptr);

/// What is told of each end: class, the certainty asked for, its probability by the classifier and, where
/// there is one, by the judge; how many samples of the prior were of the class. [pairs] objects.
nlohmann::json nearest_end_figures(const NearestClass& asked, const NearestEnds& found,
                                   const Embedding& decoder, const Quality& condition,
                                   const QualityPointer& judged);

/// A line for the terminal; empty where no end is free.
std::string nearest_end_text(const nlohmann::json& summary);

}  // namespace latentpath
