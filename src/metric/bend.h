#pragma once
// How an inner product of differentials changes with the place: the gradient of log determinants.

#include "latentpath/metric/embedding.h"

namespace latentpath {

/// Σ_k ∂_z ⟨a_k, J u_k⟩ at z [n, D], the directions u [n, r, D] and covectors a [n, r, M] held fixed: [n, D]
/// float64. One pass through Φ of n points, r back, and one through all these.
Tensor bend(const Embedding& embedding, const Tensor& z, const Tensor& directions, const Tensor& covectors);

}  // namespace latentpath
