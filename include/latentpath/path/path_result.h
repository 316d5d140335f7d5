#pragma once
// PathResult: the paths that find_path() found, and figures about them that can be trusted.
//
//   std::cout << result.brief_report();
//   result.path.cost_refined;   // [pairs]

#include <cstdint>
#include <string>
#include <vector>

#include "latentpath/metric/path_energy.h"
#include "latentpath/path/second_order_path.h"
#include "latentpath/path/stage_options.h"
#include "latentpath/solver/solver.h"

namespace latentpath {

/// One run of a solver, for the history.
struct LevelRecord {
  int64_t segments = 0;
  int64_t subdivisions = 1;  ///< the sum minimised was on a grid so many times finer
  int64_t iterations = 0;
  int64_t paths = 0;
  double mean_cost = 0;
  double seconds = 0;
};

struct PathResult {
  Tensor nodes;  ///< [pairs, n + 1, D]; ends equal start and end to the last bit
  Tensor times;  ///< [n + 1]
  CurveFigures<Tensor> path, linear, spherical;  ///< figures of our path and of the two baselines
  std::vector<Termination> termination;          ///< [pairs]
  std::vector<std::string> start;   ///< [pairs]: which first path won: "linear", "spherical", "via-1", …
  std::vector<int64_t> iterations;  ///< [pairs]: those of its busiest path, over all stages
  /// Points decoded, counted on their way into the model (EvaluationCounter): together they are what the
  /// model was asked in this call.
  std::vector<int64_t> decoder_evaluations;  ///< [pairs]: to find the path
  int64_t verification_evaluations =
      0;  ///< to measure paths and baselines on refined grids, and by the probe, in all
  int64_t candidate_evaluations = 0;  ///< for candidates and the roadmap, which serve all pairs, in all
  double seconds = 0;                 ///< wall time to find all paths; verification excluded
  double verification_seconds = 0;
  Tensor gradient_residual;  ///< [pairs]: √(gᵀH₀g / 2·cost) of the sum that was minimised last, H₀ the
                             ///< inverse of PathObjective's model of the Hessian: scale-free
  Tensor lower_bound;  ///< [pairs]: L ≥ −log(1 − ε) ‖Φ(z1) − Φ(z0)‖ for every path
  /// [pairs]: ‖Φ(z1) − Φ(z0)‖, below which no path's length in H is; by a metric, what is known to be below
  /// it. 0 where nothing is known: ε = 0.
  Tensor ends_output_distance;
  std::vector<PathCertificate> certificates;  ///< [pairs] by second-order methods, else none
  std::vector<bool> under_resolved;  ///< [pairs]: coarse and refined cost differ by over resolution_tolerance
  std::vector<std::string> cost;     ///< [pairs]: what was minimised, "chord", "dynamic", …
  std::vector<double> time_weight;   ///< [pairs]: its λ; 0 where there is none
  std::vector<double> density_regularisation;  ///< [pairs]: its μ; 0 where there is none
  double density_reference = 0;  ///< V₀: what −log p(x) is counted from, where any μ is above 0
  std::string method, curve;     ///< what was used
  std::vector<LevelRecord> history;
  StageSettings stage_settings;  ///< of the stages, as used
  std::vector<std::string> warnings;
  uint64_t seed = 0;
  /// By a quality that was asked for. Else one constant weight stands in costs and lengths, and people are
  /// told lengths in H; whoever knows that nothing was asked says so.
  bool weighted = true;

  /// Puts path `row` of another result, of as many nodes, in the place of path `pair`: nodes, figures,
  /// residual, start and termination. What was spent is left as it is.
  void take(int64_t pair, const PathResult& other, int64_t row);

  /// Puts the result of some of `count` pairs in their places, `pairs` [rows] int64.
  void place(const PathResult& part, const Tensor& pairs, int64_t count);

  /// "dynamic"; "chord and dynamic" where pairs differ.
  std::string cost_summary() const;
  /// The largest λ of any pair.
  double largest_time_weight() const;

  /// A paragraph for people: how it ended, cost against the baselines, what was spent.
  std::string brief_report() const;
};

}  // namespace latentpath
