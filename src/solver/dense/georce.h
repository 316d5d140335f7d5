#pragma once
// GEORCE as published (Rygaard & Hauberg, arXiv 2505.05961, 2025): a baseline, and an option. Internal.

#include <vector>

#include "latentpath/core/progress.h"
#include "latentpath/metric/weighted_metric.h"
#include "solver/dense/newton.h"

namespace latentpath::detail {

/// Minimises E = Σ u_iᵀ G(z_i) u_i, z_{i+1} = z_i + u_i, from `nodes` [T + 1, D]. The outcome's cost is T·E,
/// which compares with the chord cost; its residual is √(−slope/2E) of the last step. `length` becomes Σ
/// √(u_iᵀ G_i u_i), the length that the method itself reports.
MinimiseOutcome georce(const WeightedMetric& metric, std::vector<double>& nodes,
                       const MinimiseOptions& options, const CancellationToken& cancellation, double& length);

}  // namespace latentpath::detail
