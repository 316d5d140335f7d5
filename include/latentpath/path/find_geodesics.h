#pragma once
// find_geodesics: geodesics of the metric g = n² JᵀJ between pairs of points of a chart, with their
// certificates.
//
// Minimises the chord cost Σ n²(m_i) ‖Φ(z_{i+1}) − Φ(z_i)‖² / Δ_i (paper A, Eq. 5) or the dynamic cost
// Σ n²(m_i) (λΔ_i + ‖…‖²/Δ_i) (Eqs. 7–8) over the inner nodes of a polyline, by Newton's method on the
// block-tridiagonal Hessian, coarse to fine. Pairs are solved in parallel (OpenMP).
//
//   GeodesicProblem problem{.metric = WeightedMetric(latentpath::stereographic_chart(2)),
//                           .start = {0.2, 0.1}, .end = {-0.9, 1.4}};
//   GeodesicResult result = latentpath::find_geodesics(problem);
//   result.geodesics[0].extrapolated_length;

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "latentpath/core/option_table.h"
#include "latentpath/core/progress.h"
#include "latentpath/core/warning.h"
#include "latentpath/metric/weighted_metric.h"
#include "latentpath/solver/second_order.h"
#include "latentpath/solver/termination.h"

namespace latentpath {

struct GeodesicProblem {
  WeightedMetric metric;
  std::vector<double> start, end;    ///< [pairs, D], row after row
  double time_weight = 0;            ///< λ > 0: the dynamic cost; equal ends then ask for a loop
  std::vector<double> initial = {};  ///< [pairs, m + 1, D]: first paths, for any m ≥ 1; empty: straight in
                                     ///< the chart. Their ends are ignored: start and end stand.
};

/// Coarse to fine (docs/algorithms/newton.md).
struct GeodesicLevelOptions {
  /// Converged below this residual, on all levels but the last: the error of a length is the square of that
  /// of its path.
  double tolerance = 1e-6;
  /// A path that is longer by more than this share than its own grid believes has hidden between the grid's
  /// points, and is sought again on a grid four times finer; on the last level by more than `last_hidden`.
  double hidden = 0.03, last_hidden = 0.01;
  int most_subdivisions = 64;     ///< of a segment, at which that ends
  int weighted_subdivisions = 4;  ///< of a segment, where search_subdivisions() has weights
  /// On each level where GeodesicOptions::max_iterations is 0: of methods that take a learning rate, as many
  /// as their publications took; of all others, which stop by themselves long before.
  int first_order_iterations = 1000, iterations = 200;
};

/// Level sets, whose walls are stiff and have kinks (docs/algorithms/level_sets.md).
struct ContinuationOptions {
  int subdivisions = 4;       ///< of each segment, since it may cross a kink, where
                              ///< GeodesicOptions::subdivisions is 0
  double first_weight = 0.5;  ///< K starts where it adds this share of n_M at the first path's deepest point
  double tolerance = 1e-4;    ///< converged below this residual, until K and kinks are as asked for
  /// Widths of kinks, as shares of n_M/K: while K grows; at first once it has grown, then halved; and at the
  /// end this over n², where it changes the weight on the set by no more than discretisation does.
  double growing_width = 0.2, first_width = 0.1, last_width = 4;
};

/// Latent dimensions up to which dense blocks of the Hessian, O(D³) each, cost less than conjugate gradients.
struct BlockLimits {
  int metric = 8;
  int level_set = 32;  ///< whose stiff walls conjugate gradients are slow to feel
};

struct GeodesicOptions {
  int segments = 100;
  std::string method = "auto";  ///< of solver_methods(); auto: newton for small D, newton-cg for large D
  int max_iterations = 0;       ///< per level; 0: as `levels` says
  /// Converged when the scale-free gradient residual falls below; none: 1e-9.
  std::optional<double> tolerance = {};
  double residual() const { return tolerance.value_or(1e-9); }
  bool escape_saddles = true;  ///< leave saddles along negative curvature
  int coarsest_segments = 20;  ///< of the first level, at least; equal to `segments`: no coarser level
  int subdivisions = 0;        ///< of each segment, for the cost; 0: chosen, and raised where a path
                               ///< hides between the points of its grid
  int threads = 0;             ///< OpenMP threads over pairs; 0: all
  bool keep_stages = false;    ///< keep the path after every level in Geodesic::stages
  double resolution_tolerance = 0.05;  ///< length and refined length may differ by this share, or it is said
  GeodesicLevelOptions levels = {};
  ContinuationOptions continuation = {};
  BlockLimits blocks = {};
};

/// What is known about how good a path is. B is the weighted Laplacian; the least curvature is ≈ 0 where the
/// ends are conjugate (1 in a flat space, 1 − (θ/π)² on an arc θ of the unit sphere).
struct Certificate : MinimumCertificate {
  double lower_bound = 0;  ///< no path is shorter: least weight · ‖Φ(z1) − Φ(z0)‖
};

/// The path after a stage of the optimisation, for pictures.
struct GeodesicStage {
  std::string name;           ///< "straight line", "25 segments", "25 segments, K = 2.5"
  std::vector<double> nodes;  ///< [m + 1, D]
};

struct Geodesic {
  std::vector<double> nodes;  ///< [n + 1, D]; the ends are start and end to the last bit
  Termination termination = Termination::kIterationLimit;
  int iterations = 0;           ///< in all levels together
  int64_t evaluations = 0;      ///< points that the chart's model mapped; 0 of formulas
  double cost = 0;              ///< what was minimised, on its own grid
  int subdivisions = 1;         ///< that each segment was cut into for cost and length
  double length = 0;            ///< Σ n(m_i) ‖ΔΦ_i‖ on its own grid of n · subdivisions segments
  double refined_length = 0;    ///< of the polyline as the curve it is (WeightedMetric::length)
  double embedding_length = 0;  ///< unweighted, refined
  double extrapolated_length =
      0;  ///< Richardson, from n/4, n/2 and n segments; refined_length where not smooth
  double extrapolation_change = 0;  ///< |difference of the last two extrapolations|: its error estimate
  Certificate certificate;
  std::vector<Warning> warnings;
  std::vector<GeodesicStage> stages;
  double seconds = 0;
};

struct GeodesicResult {
  std::vector<Geodesic> geodesics;  ///< [pairs]
  std::string method;               ///< what was used
  std::string method_reason;        ///< why "auto" chose it, one sentence; empty when asked for by name
  double seconds = 0;               ///< wall time of all
};

/// Throws Error(kArgument) for options and shapes that cannot be, Error(kNumerical), naming the point, where
/// chart or quality is not finite on the first path.
GeodesicResult find_geodesics(const GeodesicProblem& problem, const GeodesicOptions& options = {},
                              const CancellationToken& cancellation = {});

/// Outputs of a chart up to which its tensor operations are too small to share among threads: an operation on
/// a few thousand numbers takes microseconds, and a thread that has to be woken up on a machine that does
/// other work too takes milliseconds.
inline constexpr int kSmallOutput = 64;

/// The metric is given by tensor operations (it is not concurrent) of at most kSmallOutput outputs: a search
/// runs each of them by one thread.
bool too_small_to_share(const WeightedMetric& metric);

/// What there is to say about GeodesicOptions: names, ranges, choices and words.
const OptionTable<GeodesicOptions>& geodesic_option_table();

}  // namespace latentpath
