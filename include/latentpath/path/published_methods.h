#pragma once
// Published methods: one curve, one solver, one grid, from the straight line unless `init` says otherwise.
// Algorithm 1 of paper A (`method = "adam"`, `"sgd"`: a neural curve, fresh random times each step), gradient
// descent on a polyline's nodes of paper B (`"paper2019"`), and other combinations of curve and solver asked
// for by name. They are what the search is compared with.
//
// Algorithm 1 of Kim and Zhang (`"kim-zhang"`, K), literally: 35 points z^k, x^k = Φ(z^k), J^k = J(z^k), and
// in every iteration, ends fixed,
//   v^k = (x^{k+1} − x^k)/‖x^{k+1} − x^k‖,  a^k = v^k − v^{k−1},  b^k = (J^kᵀJ^k)⁻¹ J^kᵀ a^k,
//   z^k ← z^k + η (b^k − μ ∂_z(½ log det JᵀJ − log p(z)))  at z = z^k,
// with the μ of `density_regularisation`. It is no descent of K's energy: b is a vector and ∂_z V a covector,
// and points are free to slide along the path. docs/algorithms/density_regularisation.md says what follows.
//
//   PathResult result = find_path(problem, {.method = "adam"});

#include "latentpath/metric/path_energy.h"
#include "latentpath/path/path_options.h"

namespace latentpath {

/// False where `method` asks for no quality: that of Kim and Zhang.
bool takes_quality(const PathOptions& options);

/// share/max_i k_i [pairs] along each straight line, k_i = w_i² s_i/Δ_i, s_i the squared stretch
/// ‖ΔΦ_i‖²/‖Δz_i‖².
Tensor stable_rates(const PathEnergy& energy, const Tensor& start, const Tensor& end, const Tensor& times,
                    double share);

}  // namespace latentpath
