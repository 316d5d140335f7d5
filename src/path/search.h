#pragma once
// What the stages of find_path() share, and the stages themselves. Each is described in the header or page of
// its name: docs/algorithms/find_path.md lists them.

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "latentpath/metric/density_regularisation.h"
#include "latentpath/path/evaluation_counter.h"
#include "latentpath/path/path_options.h"
#include "latentpath/path/path_result.h"
#include "latentpath/path/path_set.h"

namespace latentpath {

/// Samples of the prior that serve all pairs, candidates for via points and the nodes of a roadmap: drawn and
/// decoded when first asked for (candidate_source.cpp).
class CandidateSource {
 public:
  CandidateSource(const PathProblem& problem, const PathOptions& options, const CandidatePool* given,
                  const ProgressObserver& progress, const CancellationToken& cancellation);
  const CandidatePool& get(EvaluationCounter& counter);
  /// The roadmap, its edges weighed by `energy`: until it is asked for with another one.
  RouteStarts& roadmap(const PathEnergy& energy, EvaluationCounter& counter);

 private:
  const PathProblem& problem_;
  const PathOptions& options_;
  const ProgressObserver& progress_;
  const CancellationToken& cancellation_;
  std::optional<CandidatePool> pool_;
  std::unique_ptr<RouteStarts> roadmap_;
};

/// Nodes of a roadmap.
int64_t sample_count(const PathOptions& options, int64_t dim);

/// Pairs whose problem is the same but for their ends: they are solved in lock-step.
struct PairGroup {
  std::vector<int64_t> pairs;
  bool loop = false;
  std::string cost;  ///< "chord", "dynamic", …
  double time_weight = 0;
  double density_weight = 0;                 ///< μ
  std::vector<double> density_weights = {};  ///< of each pair, where it is its own
  bool own_quality = false;                  ///< one pair, whose quality depends on its ends

  PairGroup select(const std::vector<int64_t>& rows) const;
};
/// The problem of some pairs, [rows] int64, its map counted.
PathProblem part_of(const PathProblem& problem, const Tensor& pairs, const EvaluationCounter& counter);
/// A group for each pair.
std::vector<PairGroup> one_pair_each(const std::vector<PairGroup>& groups);

/// What density regularisation adds to the energies of a search; nothing where it is not asked for.
struct DensityTerm {
  DensityPotentialPointer potential;
  double scale = 1;  ///< EnergyOptions::density_scale
};

/// The paths of one group of pairs, sought together.
struct Search {
  PathProblem problem;  ///< of the group: its ends, and the map that counts
  const PathOptions& options;
  const ProgressObserver& progress;
  const CancellationToken& cancellation;
  EvaluationCounter& counter;
  CandidateSource& candidates;
  std::chrono::steady_clock::time_point begin;
  PairGroup group;
  PathEnergy energy;
  Tensor start, end;  ///< float64 [pairs, D]
  Tensor pairs;       ///< [pairs] int64: their places in the caller's batch
  std::vector<LevelRecord> history = {};

  int64_t size() const { return start.size(0); }
  int64_t dim() const { return start.size(1); }
  Tensor grid(int64_t segments) const;
  double seconds_left() const;
  bool out_of_time() const;
  void report(const Progress& now) const {
    if (progress) progress(now);
  }
  /// Points decoded from now on belong to these rows, or pairs of the group.
  EvaluationCounter::Scope count_for(const PathSet& paths) const {
    return counter.count_for(pairs.index_select(0, paths.pair));
  }
  EvaluationCounter::Scope count_for_all() const { return counter.count_for(pairs); }
};

/// What the quality decodes by itself is decoded by the map that counts, too.
PathProblem counted_in_quality(const PathProblem& problem, const EvaluationCounter& counter);

/// The paths that a search has so far: one a pair, row r being that of pair r of the group.
struct FoundPaths {
  Tensor nodes;  ///< [pairs, n + 1, D]; undefined: none yet
  Tensor times;  ///< [n + 1]
  std::vector<Start> start;
  std::vector<Termination> termination;
  std::vector<int64_t> iterations;
  std::vector<int64_t> subdivisions;  ///< midpoints a segment of the sum that was minimised last
  std::string method, curve;
  std::vector<PathCertificate> certificates = {};  ///< [pairs] by second-order methods, else none
};
FoundPaths no_paths(const Search& search, const Tensor& times);

// Resolve (resolve.cpp).
void validate(const PathProblem& problem, const PathOptions& options);
bool has_prior(const PathProblem& problem);
/// What `cost` auto is.
std::string default_cost(const PathOptions& options, bool loop, bool depends_on_time);
bool starts_via(const PathProblem& problem, const PathOptions& options);
bool starts_by_routes(const Search& search);
EnergyOptions energy_options(const PathOptions& options, const PairGroup& group, const DensityTerm& density);
LatentSampler prior_of(const PathProblem& problem);
std::vector<PairGroup> resolve(const PathProblem& problem, const PathOptions& options,
                               CandidateSource& candidates, EvaluationCounter& counter);

// Fit to memory (fit_to_memory.cpp).
/// What memory allows the counted map, models of the quality included; and how long the work will take, where
/// that is long.
void fit_to_memory(const PathProblem& problem, const PathOptions& options, EvaluationCounter& counter,
                   const ProgressObserver& progress);

// Density regularisation (density_term.cpp).
void check_density(const PathProblem& problem, const PathOptions& options);
/// The potential of a problem that asks for one, and each group's μ: with auto each pair has its own. What is
/// to be known is added to `notes`.
DensityTerm regularise_density(const PathProblem& problem, const PathOptions& options,
                               CandidateSource& candidates, EvaluationCounter& counter,
                               std::vector<PairGroup>& groups, std::vector<std::string>& notes);
/// The mean eigenvalue of JᵀJ over Jacobians [n, M, D]; of it, the share that is δ of Algorithm 1's
/// pseudo-inverse.
double mean_eigenvalue(const Tensor& jacobian);
inline constexpr double kPseudoInverse = kDegenerateShare;
/// What is to be known at the end of the search: paths on which J loses rank.
void say_regularised(const DensityTerm& density, const PathOptions& options, EvaluationCounter& counter,
                     const PathResult& result, std::vector<std::string>& notes);

// Starts (starts.cpp).
PathSet first_paths(Search& search, const Tensor& times);
PathSet route_paths(Search& search, const Tensor& times);
PathSet given_paths(Search& search, const Tensor& times);

// Refine (descend.cpp, coarse_to_fine.cpp, finer_subdivision.cpp, rounds.cpp).
struct Descent {
  int64_t subdivisions = 1;          ///< the sum is on a grid so many times finer than the nodes
  int64_t iterations = 0;            ///< at most
  double tolerance = 0;              ///< relative decrease in three iterations that ends a row
  bool competing = false;            ///< rows of a pair are pruned
  bool sparse = false;               ///< …with the care that few segments need
  bool models_by_iterations = true;  ///< Gauss–Newton models only where so many pay for them; else always
  std::string stage;
};
struct Descended {
  PathSet paths;
  std::vector<Termination> termination;  ///< [rows]
  std::vector<int64_t> iterations;       ///< [rows]
};
/// "64 segments, 8 midpoints each".
std::string stage_name(const Tensor& times, int64_t subdivisions);
Descended descend(Search& search, const PathSet& paths, const Tensor& times, const Descent& how);
/// Adds to each pair what the busiest of its rows took.
void add_iterations(std::vector<int64_t>& of_pairs, const PathSet& paths,
                    const std::vector<int64_t>& of_rows);
PathSet coarsest_paths(Search& search);
FoundPaths refine_coarse_to_fine(Search& search, PathSet paths);
void refine_on_finer_subdivision(Search& search, FoundPaths& found);
/// Refines rivals in rounds; each that ends up cheaper than what is found takes its place.
void improve_in_rounds(Search& search, FoundPaths& found, PathSet rivals);

// Finish (second_order_path.cpp has the part that needs no search).
/// Refuses a second-order method where the energy does not offer what it needs.
void check_second_order(Search& search);
/// Moves what is found to a stationary point, by the second-order method asked for.
void finish(Search& search, FoundPaths& found);

// Select (best_rows.cpp; select.cpp has the parts that need no search).
std::vector<int64_t> best_rows(Search& search, const PathSet& paths, const Tensor& times, const Tensor& grid,
                               bool kinds_apart);

// Verify and certify (verify.cpp, certify.cpp).
PathResult verify(Search& search, FoundPaths& found);
void certify(Search& search, const FoundPaths& found, PathResult& result);

// The analytic realisation, in place of starts and refinement (newton_paths.cpp).
struct NewtonPaths {
  std::vector<int64_t> solved, rest;  ///< pairs of the group
  FoundPaths found;                   ///< of the solved ones
};
/// All pairs are left where the problem has no analytic realisation, or what is asked for is not what
/// Newton's method finds; a pair is left where it does not converge, or where the first path is not finite.
NewtonPaths newton_paths(Search& search);

// Published methods (published_methods.cpp, kim_zhang.cpp).
/// The straight line, unless `init` says otherwise: then the cheapest of what it names.
PathSet published_first_paths(Search& search, const Tensor& times);

}  // namespace latentpath
