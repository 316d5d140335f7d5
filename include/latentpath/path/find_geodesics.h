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
#include <string>
#include <vector>

#include "latentpath/core/option_table.h"
#include "latentpath/core/progress.h"
#include "latentpath/core/warning.h"
#include "latentpath/metric/weighted_metric.h"
#include "latentpath/solver/termination.h"

namespace latentpath {

struct GeodesicProblem {
  WeightedMetric metric;
  std::vector<double> start, end;    ///< [pairs, D], row after row
  double time_weight = 0;            ///< λ > 0: the dynamic cost; equal ends then ask for a loop
  std::vector<double> initial = {};  ///< [pairs, m + 1, D]: first paths, for any m ≥ 1; empty: straight in
                                     ///< the chart. Their ends are ignored: start and end stand.
};

struct GeodesicOptions {
  int segments = 100;
  std::string method = "auto";  ///< of solver_methods(); auto: newton for small D, newton-cg for large D
  int max_iterations = 200;     ///< per level
  double tolerance = 1e-9;      ///< converged when the scale-free gradient residual falls below
  bool escape_saddles = true;   ///< leave saddles along negative curvature
  int coarsest_segments = 0;    ///< of the first level; 0: chosen; equal to `segments`: no coarser level
  int subdivisions = 0;         ///< of each segment, for the cost; 0: chosen, and raised where a path
                                ///< hides between the points of its grid
  int threads = 0;              ///< OpenMP threads over pairs; 0: all
  bool keep_stages = false;     ///< keep the path after every level in Geodesic::stages
};

/// What is known about how good a path is.
struct Certificate {
  double gradient_residual =
      0;  ///< √(gᵀB⁻¹g / 2·cost), B the weighted Laplacian: scale-free, 0 when stationary
  int negative_directions = -1;  ///< inertia: negative eigenvalues of the Hessian; −1: not counted
  double least_curvature = 0;    ///< smallest μ of H v = μ B v: > 0 at a minimum, ≈ 0 where the ends are
                               ///< conjugate (1 in a flat space, 1 − (θ/π)² on an arc θ of the unit sphere)
  double lower_bound = 0;  ///< no path is shorter: least weight · ‖Φ(z1) − Φ(z0)‖
  bool minimum = false;    ///< residual below tolerance and positive inertia
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
