#pragma once
// `to` nearest:C@P: the end of a path is wherever the classifier gives the class C a probability of P or
// more, and the path the shortest that leads there (path/nearest_end.h).
//
//   const FreeEnd asked = free_end({"8", 0.95}, models);       // what `nearest:8@0.95` says of these models
//
// find_free_ends() then finds the ends, which are those of a PathProblem like any other.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "latentpath/core/progress.h"
#include "latentpath/path/find_path.h"
#include "latentpath/path/nearest_end.h"
#include "latentpath/run/models.h"
#include "latentpath/run/prior.h"

namespace latentpath {

struct NearestClass {
  std::string name;         ///< number or name of the class
  double certainty = 0.99;  ///< the probability that the end has at least
};

/// Of "8" or "8@0.95". Throws Error(kArgument) where the certainty is none between 0 and 1.
NearestClass parse_nearest(const std::string& text);

/// What an end is to have.
struct FreeEnd {
  Feature condition;        ///< its quality, and what that is called
  double certainty = 0.99;  ///< that the end has at least
  QualityPointer judged;    ///< the same asked of a judge; null for none
};

/// P(C) by the classifier and, where there is one, by the judge.
FreeEnd free_end(const NearestClass& asked, const Models& models);

struct FoundEnds {
  NearestEnds nearest;
  int64_t decoded = 0;  ///< points that the search for them decoded
};

/// The nearest ends by images, weighted by guard and prior as `problem`'s paths will be. `search` says how;
/// its certainty and seed are those of `asked` and `options`. `guarded`: with the guard where the starts
/// allow it.
FoundEnds find_free_ends(const FreeEnd& asked, const PathProblem& problem, const Prior& prior,
                         const PathOptions& options, NearestEndOptions search, bool guarded,
                         const ProgressObserver& progress = {}, const CancellationToken& cancellation = {});

/// What is told of each end: class, the certainty asked for, its probability by the classifier and, where
/// there is one, by the judge; how many samples of the prior were of the class. [pairs] objects.
nlohmann::json nearest_end_figures(const FreeEnd& asked, const NearestEnds& found, const Embedding& decoder);

/// A line for the terminal; empty where no end is free.
std::string nearest_end_text(const nlohmann::json& summary);

}  // namespace latentpath
