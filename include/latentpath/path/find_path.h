#pragma once
// find_path: the best path between two points, for a batch of pairs.
//
// Maximises the quality measure Q(γ) = exp(−∫ −log Q_ε ‖(Φγ)'‖ dt) of a curve (paper A, Definition 1) by
// minimising its energy, from several first paths, coarse to fine, and reports figures of a refined grid.
//
//   PathProblem problem{.embedding = decoder,
//                       .quality   = time_ramp(class_probability(classifier, 8)),
//                       .start = z0, .end = z1};                    // [pairs, D]
//   PathResult result = find_path(problem, {.segments = 64});
//   std::cout << result.brief_report();

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "latentpath/core/progress.h"
#include "latentpath/curve/curve.h"
#include "latentpath/metric/path_energy.h"
#include "latentpath/path/second_order_path.h"
#include "latentpath/path/via_points.h"
#include "latentpath/solver/solver.h"

namespace latentpath {

/// What is asked. It does not change while a path is sought.
struct PathProblem {
  std::shared_ptr<const Embedding> embedding;
  QualityPointer quality;
  Tensor start, end;  ///< z0, z1 [pairs, D]; equal ends ask for a loop
  QualityPointer feature =
      {};  ///< reported along each path (mean_class_probability); the quality without its ramp
  LatentSampler prior = {};  ///< where via points are drawn; none: N(0, I) if the quality looks at decoded
                             ///< points, else no via points
};

/// The paths as they are after an iteration, for those who plot or time convergence.
struct PathSnapshot {
  Tensor nodes;  ///< [rows, n + 1, D]; several rows a pair while several starts are in the race
  Tensor pair;   ///< [rows] int64
  Tensor times;  ///< [n + 1]
  const std::vector<int64_t>& decoder_evaluations;  ///< [pairs], so far
};

/// How it is sought. Every field has a default that suits most problems.
struct PathOptions {
  int64_t segments = 64;
  double epsilon = 0.1;       ///< 0 ≤ ε ≤ ½ (paper A, Eq. 10)
  std::string cost = "auto";  ///< "chord", "dynamic", "length"; auto: dynamic where Q depends on time or an
                              ///< end equals its start, else chord
  std::optional<double> time_weight =
      {};  ///< λ of the dynamic cost; empty: default_time_weight() with a prior, else 1
  OutputNorm norm = OutputNorm::kSum;
  std::shared_ptr<const Kernel> kernel = {};

  std::string method = "auto";  ///< "auto" = "lbfgs"; "adam" and "sgd": Algorithm 1 of paper A; "newton",
                                ///< "gauss-newton", "newton-cg", "georce": as lbfgs, and then to a stationary
                                ///< point with a certificate (D ≤ 64)
  std::string curve = "auto";   ///< "polyline", "neural"; auto: polyline for lbfgs, neural for adam and sgd
  std::string init = "auto";    ///< "linear", "spherical", "via", "graph", "given" (first_paths alone); auto:
                              ///< linear, via, and, where Q does not depend on time, graph: the best path is
                              ///< kept
  Tensor first_paths = {};     ///< [pairs, nodes, D]: a further start for each pair, from elsewhere
  int64_t max_iterations = 0;  ///< 0: 60 a level for lbfgs, 1000 for adam and sgd
  double tolerance = 1e-3;  ///< converged when 3 iterations together lower the cost by less than this share
  /// None: 1e-3 for adam and sgd; for paper2019 each pair's own 1/(80 max_i k_i), k_i = w_i² s_i/Δ_i along
  /// its straight line, s_i the squared stretch ‖ΔΦ_i‖²/‖Δz_i‖²: a twentieth of the largest step at which
  /// gradient descent on Σ k_i ‖z_{i+1} − z_i‖² is stable, since k_i grows on the way.
  std::optional<double> learning_rate = {};
  int64_t random_points = 50;  ///< adam, sgd: times drawn each step (paper A, Algorithm 1)
  NeuralCurveOptions neural = {};
  double max_seconds = 0;  ///< 0: no limit

  int64_t coarsest_segments = 8;  ///< lbfgs: the first of the levels (8, 32, 64, 128, … segments)
  double grading = -1;  ///< of the time grid (graded_times); negative: 0.8 where Q depends on time, else 0
  int64_t coarse_quadrature = 2;  ///< lbfgs: cost midpoints per segment on levels below 32 segments
  int64_t via_starts = 3;         ///< via-point paths kept as starts for each pair
  CandidateOptions candidates = {};
  int64_t route_samples = 0;  ///< points of the routes' graph; 0: 2048 for up to 3 latents, 512 beyond
  int64_t route_starts = 3;   ///< routes kept as starts for each pair
  double resolution_tolerance =
      0.05;  ///< refined and coarse cost may differ by this share before a path is polished on a
             ///< finer quadrature, and, if that does not help, flagged under-resolved
  uint64_t seed = 0;
  std::function<void(const PathSnapshot&)> snapshot = {};  ///< called after every iteration, when set
};

/// λ = 9 · mean ‖Φ(a) − Φ(b)‖² over prior samples: a unit of time weighs as much as crossing three typical
/// image distances in it.
///
/// Where Q depends on time, the chord cost has a loophole: a path may hurry to any place while nothing is
/// asked yet, wait there at no cost while everything is asked, and hurry on at the end. The time term charges
/// for waiting in a bad place. With λ far below this scale the loophole stays open, and a loop never leaves
/// its end; far above, nothing keeps the path short (docs/algorithms/cost.md has figures).
double default_time_weight(double typical_squared_distance);

/// One solver run of a level, for the history.
struct LevelRecord {
  int64_t segments = 0;
  int64_t iterations = 0;
  int64_t paths = 0;
  double mean_cost = 0;
  double seconds = 0;
};

struct PathResult {
  Tensor nodes;                          ///< [pairs, n + 1, D]; ends equal start and end to the last bit
  Tensor times;                          ///< [n + 1]
  CurveFigures path, linear, spherical;  ///< figures of our path and of the two baselines
  std::vector<Termination> termination;  ///< [pairs]
  std::vector<std::string> start;   ///< [pairs]: which first path won: "linear", "spherical", "via-1", …
  std::vector<int64_t> iterations;  ///< [pairs]
  std::vector<int64_t> decoder_evaluations;  ///< [pairs]: points decoded to find the path
  int64_t verification_evaluations =
      0;  ///< points decoded to measure paths and baselines on refined grids, in all
  int64_t candidate_evaluations = 0;  ///< points decoded for via points, shared by all pairs, in all
  double seconds = 0;                 ///< wall time to find all paths; verification excluded
  double verification_seconds = 0;
  Tensor gradient_residual;  ///< [pairs]: √(gᵀH₀g / 2·cost) of the sum that was minimised last, H₀ the
                             ///< inverse of PathObjective's model of the Hessian: scale-free
  Tensor lower_bound;  ///< [pairs]: L ≥ −log(1 − ε) ‖Φ(z1) − Φ(z0)‖ for every path
  std::vector<PathCertificate> certificates;  ///< [pairs] by second-order methods, else none
  std::vector<bool> under_resolved;  ///< [pairs]: coarse and refined cost differ by over resolution_tolerance
  double time_weight = 0;            ///< λ used
  std::string cost, method, curve;   ///< what was used
  std::vector<LevelRecord> history;
  std::vector<std::string> warnings;
  uint64_t seed = 0;

  /// Puts path `row` of another result, of as many nodes, in the place of path `pair`: nodes, figures,
  /// residual, start and termination. What was spent is left as it is.
  void take(int64_t pair, const PathResult& other, int64_t row);

  /// A paragraph for people: how it ended, cost against the baselines, what was spent.
  std::string brief_report() const;
};

/// Throws Error(kArgument) for options and shapes that cannot be, Error(kNumerical) where the cost at the
/// ends is not finite. Cancellation is a result: the best path reached.
PathResult find_path(const PathProblem& problem, const PathOptions& options = {},
                     const ProgressObserver& progress = {}, const CancellationToken& cancellation = {});

/// Whether find_path starts through candidates for via points.
bool draws_candidates(const PathProblem& problem, const PathOptions& options);
/// The candidates that find_path would draw: pass them to several calls to decode them once.
PathResult find_path(const PathProblem& problem, const PathOptions& options, const CandidatePool& candidates,
                     const ProgressObserver& progress = {}, const CancellationToken& cancellation = {});
/// Cancelled, those of the draws made so far.
CandidatePool make_candidates(const PathProblem& problem, const PathOptions& options,
                              const CancellationToken& cancellation = {});

}  // namespace latentpath
