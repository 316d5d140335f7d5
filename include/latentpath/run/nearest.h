#pragma once
// `to` nearest:C@P or level-set:FILE: the end of a path is wherever the classifier gives the class C a
// probability of P or more, or where a function of the latent is 0, and the path the shortest that leads
// there (path/nearest_end.h).
//
//   const FreeEnd asked = free_end({"8", 0.95}, models);       // what `nearest:8@0.95` says of these models
//
// find_free_ends() then finds the ends, which are those of a PathProblem like any other.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "latentpath/core/progress.h"
#include "latentpath/path/find_path.h"
#include "latentpath/path/nearest_end.h"
#include "latentpath/run/models.h"
#include "latentpath/run/prior.h"

namespace latentpath {

/// What `to` says of an end that is free.
struct AskedEnd {
  std::string name;            ///< number or name of the class
  double certainty = 0.99;     ///< the probability that the end has at least
  std::string level_set = {};  ///< or the file of a function of the latent that is 0 there
};

/// Of "nearest:8", "nearest:8@0.95", "level-set:FILE"; none of any other text. Throws Error(kArgument) where
/// the certainty is none between 0 and 1, or the file has no name.
std::optional<AskedEnd> asked_end(const std::string& to);

/// Whether `to` is of an end that is free.
bool names_free_end(const std::string& to);

/// What an end is to have.
struct FreeEnd {
  Feature condition;        ///< its quality, and what that is called
  double certainty = 0.99;  ///< that the end has at least
  QualityPointer judged;    ///< the same asked of a judge; null for none
  /// Or f, [n, D] -> [n, 1]: the end lies where f is 0, and condition.name is its file.
  std::shared_ptr<const Embedding> level_set = {};
};

/// Where f, [n, D] -> [n, 1], is 0; `name`: what f is called. Throws Error(kInput) where f has no gradient.
FreeEnd level_set_end(std::shared_ptr<const Embedding> f, const std::string& name);

/// P(C) by the classifier and, where there is one, by the judge; or f of a level set.
FreeEnd free_end(const AskedEnd& asked, const Models& models);

struct FoundEnds {
  NearestEnds nearest;
  std::vector<int64_t> inside, drawn;  ///< of each pair: samples that had what its end is to have, of so many
  int64_t decoded = 0;                 ///< points that the search for them decoded
};

/// The nearest ends by images, weighted by guard and prior as `problem`'s paths will be. `search` says how;
/// its certainty and seed are those of `asked` and `options`. `guarded`: with the guard where the starts
/// allow it.
FoundEnds find_free_ends(const FreeEnd& asked, const PathProblem& problem, const Prior& prior,
                         const PathOptions& options, NearestEndOptions search, bool guarded,
                         const ProgressObserver& progress = {}, const CancellationToken& cancellation = {});

/// What is told of each end: class, the certainty asked for, its probability by the classifier and, where
/// there is one, by the judge, or level_set and the value there; how many samples of the prior were of the
/// class, or beyond the set. [pairs] objects.
nlohmann::json nearest_end_figures(const FreeEnd& asked, const FoundEnds& found, const Embedding& decoder);

/// A line for the terminal; empty where no end is free.
std::string nearest_end_text(const nlohmann::json& summary);

}  // namespace latentpath
