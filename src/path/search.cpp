#include "path/search.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "latentpath/core/error.h"
#include "latentpath/metric/decoding_by.h"
#include "latentpath/solver/methods.h"
#include "path/path_methods.h"

namespace latentpath {

namespace {

/// What is left of a limit of seconds, at least: 0 would be none.
constexpr double kLeastSeconds = 1e-3;

}  // namespace

double default_time_weight(double typical_squared_distance, const ResolveOptions& options) {
  return options.time_weight * typical_squared_distance;
}

PathProblem part_of(const PathProblem& problem, const Tensor& pairs, const EvaluationCounter& counter) {
  PathProblem part = problem;
  part.embedding = counter.map();
  part.start = problem.start.detach().index_select(0, pairs);
  part.end = problem.end.detach().index_select(0, pairs);
  return part;
}

PairGroup PairGroup::select(const std::vector<int64_t>& rows) const {
  PairGroup part = *this;
  part.pairs.clear();
  part.density_weights.clear();
  for (const int64_t row : rows) {
    const auto index = static_cast<size_t>(row);
    part.pairs.push_back(pairs[index]);
    if (!density_weights.empty()) part.density_weights.push_back(density_weights[index]);
  }
  return part;
}

Tensor Search::grid(int64_t segments) const {
  const double wanted = options.grading >= 0                 ? options.grading
                        : problem.quality->depends_on_time() ? options.resolve.grading
                                                             : 0.0;
  return graded_times(segments, wanted);
}

double Search::seconds_left() const {
  if (options.max_seconds <= 0) return 0;
  const std::chrono::duration<double> used = std::chrono::steady_clock::now() - begin;
  return std::max(kLeastSeconds, options.max_seconds - used.count());
}

bool Search::out_of_time() const { return options.max_seconds > 0 && seconds_left() <= kLeastSeconds; }

PathProblem counted_in_quality(const PathProblem& problem, const EvaluationCounter& counter) {
  PathProblem counted = problem;
  counted.quality = decoding_by(problem.quality, problem.embedding, counter.map());
  return counted;
}

FoundPaths no_paths(const Search& search, const Tensor& times) {
  const auto pairs = static_cast<size_t>(search.size());
  FoundPaths found;
  found.times = times;
  found.start.resize(pairs);
  found.termination.assign(pairs, Termination::kRunning);
  found.iterations.assign(pairs, 0);
  found.subdivisions.assign(pairs, 1);
  const std::string solver = path_method(search.options).solver;
  if (!solver.empty())
    found.method = join_message(make_solver<Tensor>(solver)->describe(), ", coarse to fine");
  found.curve = join_message("polyline of ", search.options.segments, " segments");
  return found;
}

}  // namespace latentpath
