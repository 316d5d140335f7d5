#pragma once
// The search of a problem's pairs as find_path() sets it up, for tests of a single stage.

#include <ATen/ATen.h>

#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "latentpath/metric/embedding.h"
#include "path/search.h"

namespace latentpath::testing {

/// One group, of all pairs and with the chord cost unless told otherwise.
struct StageSearch {
  StageSearch(PathProblem asked, PathOptions how, PairGroup which = {}, const CandidatePool* pool = nullptr,
              ProgressObserver observer = {})
      : problem(std::move(asked)),
        options(std::move(how)),
        progress(std::move(observer)),
        counter(problem.embedding, problem.start.size(0)),
        candidates(problem, options, pool, progress, cancellation),
        search(search_of(std::move(which))) {}
  StageSearch(const StageSearch&) = delete;
  StageSearch& operator=(const StageSearch&) = delete;

  const PathProblem problem;
  const PathOptions options;
  const ProgressObserver progress;
  const CancellationToken cancellation;
  EvaluationCounter counter;
  CandidateSource candidates;
  Search search;

 private:
  Search search_of(PairGroup group) {
    if (group.pairs.empty()) {
      group.pairs.resize(static_cast<size_t>(problem.start.size(0)));
      std::iota(group.pairs.begin(), group.pairs.end(), 0);
    }
    if (group.cost.empty()) group.cost = "chord";
    const Tensor pairs = at::tensor(group.pairs, at::kLong);
    const PathProblem part = latentpath::part_of(problem, pairs, counter);
    EnergyOptions energy = energy_options(options, group, {});
    energy.held = problem.held;
    return {part,
            options,
            progress,
            cancellation,
            counter,
            candidates,
            std::chrono::steady_clock::now(),
            group,
            {part.embedding, part.quality, energy},
            part.start.to(at::kDouble),
            part.end.to(at::kDouble),
            pairs};
  }
};

/// [n, 2], from x0, y0, x1, y1, …
inline Tensor points_of_plane(const std::vector<double>& coordinates) {
  return at::tensor(coordinates, at::kDouble).view({-1, 2});
}

/// Pairs of the plane, Φ the identity.
inline PathProblem in_plane(QualityPointer quality, const std::vector<double>& start,
                            const std::vector<double>& end) {
  PathProblem problem;
  problem.embedding = identity_embedding(2);
  problem.quality = std::move(quality);
  problem.start = points_of_plane(start);
  problem.end = points_of_plane(end);
  return problem;
}

/// Names of the first paths that rows come from.
inline std::vector<std::string> names_of(const std::vector<Start>& starts) {
  std::vector<std::string> names;
  for (const Start& start : starts) names.push_back(start.name());
  return names;
}

}  // namespace latentpath::testing
