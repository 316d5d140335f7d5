#pragma once
// Published methods: one curve, one solver, one grid, from the straight line unless `init` says otherwise.
// Algorithm 1 of paper A (`method = "adam"`, `"sgd"`: a neural curve, fresh random times each step), gradient
// descent on a polyline's nodes of paper B (`"paper2019"`), and other combinations of curve and solver asked
// for by name. They are what the search is compared with.
//
//   PathResult result = find_path(problem, {.method = "adam"});

#include "latentpath/metric/path_energy.h"

namespace latentpath {

/// share/max_i k_i [pairs] along each straight line, k_i = w_i² s_i/Δ_i, s_i the squared stretch
/// ‖ΔΦ_i‖²/‖Δz_i‖².
Tensor stable_rates(const PathEnergy& energy, const Tensor& start, const Tensor& end, const Tensor& times,
                    double share);

}  // namespace latentpath
