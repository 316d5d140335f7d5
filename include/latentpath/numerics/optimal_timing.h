#pragma once
// When to be where on a given curve: the optimal time parametrisation, exactly.
//
// On a fixed curve the energy of a path is a problem in one dimension. With the position s along the curve,
// its arc length A(s) in H and the weight n(t, s) = −log Q_ε, the positions s_0 … s_n at the times t_0 … t_n
// cost
//
//     Σ_i [ (∫_{s_i}^{s_{i+1}} n(t_{i+½}, s) dA)² / Δ_i
//           + λ Δ_i (n(t_{i+½}, s_i)² + n(t_{i+½}, s_{i+1})²)/2 ],
//
// the energy of paper A's Eq. 8 with the weight integrated over the arc, so that no bad place is leapt over
// unseen. Dynamic programming over a fine grid of positions finds the least: for each segment the least over
// its first position is a lower envelope of parabolas, found for all last positions in one sweep (P.
// Felzenszwalb, D. Huttenlocher, "Distance transforms of sampled functions", Theory of Computing 8 (2012)).
//
//   OptimalTiming best = optimal_timing(arc, weights, times, lambda);
//   best.positions;   // [n + 1], from 0 to m

#include <span>
#include <vector>

namespace latentpath {

struct OptimalTiming {
  std::vector<double> positions;  ///< [n + 1] in chords: 0 first, m last, not necessarily ascending
  double cost = 0;                ///< the sum above
};

/// `arc` [m] ≥ 0: ‖ΔΦ‖ of the curve's chords; `weights` [n, m + 1] ≥ 0: n at the chords' ends for the middle
/// time of each segment; `times` [n + 1] ascending; λ ≥ 0. Positions are found to within 1/`substeps` of a
/// chord. Throws Error(kArgument) for sizes that do not fit.
OptimalTiming optimal_timing(std::span<const double> arc, std::span<const double> weights,
                             std::span<const double> times, double time_weight, int substeps = 8);

}  // namespace latentpath
