#pragma once
// What a path of samples costs, and its figures. Internal.

#include <utility>

#include "measure/neighbour_distances.h"

namespace latentpath {

MeasureFigures figures_of(const MeasurePath& path, const NeighbourDistances& distances,
                          const Quality* quality, double epsilon, double squared_mmd);

/// Σ_j ½(n_j² + n_{j+1}²) MMD²(X^{j+1}, X^j), or Eq. 13 without a quality, and its gradient with respect to
/// all nodes, [K + 1, N, d].
std::pair<double, Tensor> cost_of(const MeasurePath& path, const NeighbourDistances& distances,
                                  const Quality* quality, double epsilon);

}  // namespace latentpath
